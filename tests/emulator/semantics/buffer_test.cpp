// Buffer instructions: addressing, bounds and formats, with expected values from chapter 9 of AMD's
// document.
#include "semantics/buffer_format.hpp"
#include "single_wave.hpp"

namespace redbolt::emulator {
namespace {

struct BufferSetup {
  u32 stride = 0;
  u32 records = 4096;
  u32 swizzle = 0;       // 1: elements of 4 bytes, 3: of 16
  u32 index_stride = 0;  // 8 << n
  u32 format = 22;       // BUF_FMT_32_FLOAT
  u32 bounds = 3;        // OOB_SELECT
  bool adds_lane = false;
  u32 type = 0;
  u32 select = 4 | 5 << 3 | 6 << 6 | 7 << 9;
};

class BufferTest : public SingleWave {
 protected:
  static constexpr u32 descriptor = 8;
  static constexpr u64 base = FlatMemory::base;

  BufferTest() {
    for (std::size_t offset = 0; offset < 4096; offset += 4)
      memory.write(offset, static_cast<u32>(0x01010000 + offset));
  }
  void set(const BufferSetup& setup) {
    auto& s = wave->scalar;
    s[descriptor] = static_cast<u32>(base);
    s[descriptor + 1] = static_cast<u32>(base >> 32) | setup.stride << 16 | setup.swizzle << 30;
    s[descriptor + 2] = setup.records;
    s[descriptor + 3] = setup.select | setup.format << 12 | setup.index_stride << 21 |
                        (setup.adds_lane ? 1u << 23 : 0) | setup.bounds << 28 | setup.type << 30;
  }
  // Index in v0, offset behind it, data in v4 and on.
  Instruction access(std::uint8_t flags, u32 scalar_offset = 0, int immediate = 0) {
    Instruction instruction = make(4, vgpr(0), vgpr(4), constant(scalar_offset));
    instruction.flags = flags;
    instruction.scalar_destination = descriptor;
    instruction.immediate = immediate;
    return instruction;
  }
  u32 word(u64 offset) { return memory.read<u32>(offset); }
};

constexpr auto indexed = flag::buffer_index;
constexpr auto offset_given = flag::buffer_offset;

TEST_F(BufferTest, LinearAddressIsBaseScalarOffsetIndexAndOffset) {
  set({.stride = 16, .records = 4096, .bounds = 2});
  for (unsigned i = 0; i < lane_count; ++i) {
    v(0, i) = i;
    v(1, i) = 4 * (i % 3);
  }
  run("BUFFER_LOAD_B32", access(indexed | offset_given, 64, 8));
  for (unsigned i = 0; i < lane_count; ++i) EXPECT_EQ(v(4, i), word(64 + 8 + 16 * i + 4 * (i % 3)));
}

TEST_F(BufferTest, OffsetAloneUsesTheFirstRegister) {
  set({});
  for (unsigned i = 0; i < lane_count; ++i) v(0, i) = 8 * i;
  run("BUFFER_LOAD_B64", access(offset_given));
  for (unsigned i = 0; i < lane_count; ++i) {
    EXPECT_EQ(v(4, i), word(8 * i));
    EXPECT_EQ(v(5, i), word(8 * i + 4));
  }
}

TEST_F(BufferTest, LaneNumberIsAddedToTheIndexWhenTheDescriptorSays) {
  set({.stride = 4, .bounds = 2, .adds_lane = true});
  run("BUFFER_LOAD_B32", access(0));
  for (unsigned i = 0; i < lane_count; ++i) EXPECT_EQ(v(4, i), word(4 * i));
}

// Raw: each dword that ends behind num_records, less the scalar offset, reads 0.
TEST_F(BufferTest, RawBoundsAreCheckedByDword) {
  set({.records = 64});
  for (unsigned i = 0; i < lane_count; ++i) v(0, i) = 4 * i;
  run("BUFFER_LOAD_B128", access(offset_given, 16));
  for (unsigned i = 0; i < lane_count; ++i) {
    for (unsigned d = 0; d < 4; ++d) {
      const u64 end = 4 * i + 4 * d + 4;
      EXPECT_EQ(v(4 + d, i), end + 16 <= 64 ? word(16 + 4 * i + 4 * d) : 0) << i << " " << d;
    }
  }
}

TEST_F(BufferTest, StructuredBoundsCheckIndexAndOffsetInTheRecord) {
  set({.stride = 12, .records = 10, .bounds = 0});
  for (unsigned i = 0; i < lane_count; ++i) {
    v(0, i) = i / 2;
    v(1, i) = i % 2 == 0 ? 8 : 9;  // 9 + 4 leaves the record
  }
  run("BUFFER_LOAD_B32", access(indexed | offset_given));
  for (unsigned i = 0; i < lane_count; ++i) {
    EXPECT_EQ(v(4, i), i / 2 < 10 && i % 2 == 0 ? word(i / 2 * 12 + 8) : 0) << i;
  }
}

TEST_F(BufferTest, IndexOnlyAndEmptyBounds) {
  set({.stride = 4, .records = 5, .bounds = 1});
  for (unsigned i = 0; i < lane_count; ++i) v(0, i) = i;
  run("BUFFER_LOAD_B32", access(indexed, 0, 100));
  EXPECT_EQ(v(4, 4), word(116));
  EXPECT_EQ(v(4, 5), 0u);
  set({.records = 0, .bounds = 2});
  run("BUFFER_LOAD_B32", access(0));
  EXPECT_EQ(v(4, 0), 0u);
}

TEST_F(BufferTest, StoresOutOfBoundsAreDropped) {
  set({.records = 8});
  for (unsigned i = 0; i < lane_count; ++i) {
    v(0, i) = 4 * i;
    v(4, i) = 0xabc00000 + i;
  }
  run("BUFFER_STORE_B32", access(offset_given));
  EXPECT_EQ(word(0), 0xabc00000u);
  EXPECT_EQ(word(4), 0xabc00001u);
  EXPECT_EQ(word(8), 0x01010008u);
}

// The document's example: records of 24 bytes, elements of 4, groups of 8 records.
TEST_F(BufferTest, SwizzledAddresses) {
  set({.stride = 24, .records = 32, .swizzle = 1, .index_stride = 0, .bounds = 0});
  for (unsigned i = 0; i < lane_count; ++i) {
    v(0, i) = i;
    v(1, i) = 8;
  }
  run("BUFFER_LOAD_B32", access(indexed | offset_given));
  for (unsigned i = 0; i < lane_count; ++i) {
    EXPECT_EQ(v(4, i), word((i / 8 * 24 + 8) * 8 + i % 8 * 4)) << i;
  }
}

TEST_F(BufferTest, NarrowAndHalfLoads) {
  set({});
  memory.write(0, u32{0x80ff7f01});
  run("BUFFER_LOAD_I8", access(0, 0, 2));
  EXPECT_EQ(v(4, 0), 0xffffffffu);
  run("BUFFER_LOAD_U16", access(0, 0, 2));
  EXPECT_EQ(v(4, 0), 0x80ffu);
  v(4, 0) = 0x12345678;
  run("BUFFER_LOAD_D16_I8", access(0, 0, 2));
  EXPECT_EQ(v(4, 0), 0x1234ffffu);
  run("BUFFER_LOAD_D16_HI_U8", access(0));
  EXPECT_EQ(v(4, 0), 0x0001ffffu);
  run("BUFFER_LOAD_D16_HI_B16", access(0, 0, 2));
  EXPECT_EQ(v(4, 0), 0x80ffffffu);
}

TEST_F(BufferTest, UnboundAndMismatchedDescriptors) {
  set({.format = 0});
  run("BUFFER_LOAD_B32", access(0));
  EXPECT_EQ(v(4, 0), 0u);
  v(4, 0) = 7;
  run("BUFFER_STORE_B32", access(0));
  EXPECT_EQ(word(0), 0x01010000u);
  set({.type = 2});
  v(4, 0) = 0x5555;
  run("BUFFER_LOAD_B32", access(0));
  EXPECT_EQ(v(4, 0), 0x5555u);
}

TEST_F(BufferTest, AtomicsReturnTheOldValueAndRespectBounds) {
  set({.records = 64});
  for (unsigned i = 0; i < lane_count; ++i) {
    v(0, i) = 4 * i;
    v(4, i) = 5;
  }
  run("BUFFER_ATOMIC_ADD_U32", access(offset_given | flag::glc));
  EXPECT_EQ(v(4, 3), 0x0101000cu);
  EXPECT_EQ(word(12), 0x01010011u);
  EXPECT_EQ(v(4, 16), 0u);
  EXPECT_EQ(word(64), 0x01010040u);
}

TEST_F(BufferTest, MisalignedAtomicIsAViolation) {
  set({});
  run("BUFFER_ATOMIC_OR_B32", access(0, 0, 2));
  EXPECT_EQ(wave->status, WaveStatus::failed);
  EXPECT_EQ(wave->failure.kind, DispatchResult::Kind::memory_fault);
}

TEST_F(BufferTest, TypedLoadsConvertAndSelect) {
  set({.format = 42, .select = 6 | 5 << 3 | 4 << 6 | 1 << 9});  // 8_8_8_8_UNORM, BGR1
  memory.write(0, u32{0x00ff8000});
  run("BUFFER_LOAD_FORMAT_XYZW", access(0));
  EXPECT_EQ(v(4, 0), std::bit_cast<u32>(1.0f));
  EXPECT_EQ(v(5, 0), std::bit_cast<u32>(128.0f / 255.0f));
  EXPECT_EQ(v(6, 0), 0u);
  EXPECT_EQ(v(7, 0), std::bit_cast<u32>(1.0f));
}

TEST_F(BufferTest, TypedInstructionBringsItsFormat) {
  set({});
  auto instruction = access(0);
  instruction.output_modifier = 28;  // 16_16_SINT
  memory.write(0, u32{0x0005fffe});
  run("TBUFFER_LOAD_FORMAT_XYZ", instruction);
  EXPECT_EQ(v(4, 0), 0xfffffffeu);
  EXPECT_EQ(v(5, 0), 5u);
  EXPECT_EQ(v(6, 0), 0u);
  run("TBUFFER_LOAD_D16_FORMAT_XY", instruction);
  EXPECT_EQ(v(4, 0), 0x0005fffeu);
}

TEST_F(BufferTest, TypedStoresConvert) {
  set({});
  auto instruction = access(0);
  instruction.output_modifier = 42;  // 8_8_8_8_UNORM
  const float values[] = {1.5f, -1.0f, 0.5f, 0.25f};
  wave->set_exec(1);
  for (u32 c = 0; c < 4; ++c) v(4 + c, 0) = std::bit_cast<u32>(values[c]);
  run("TBUFFER_STORE_FORMAT_XYZW", instruction);
  EXPECT_EQ(word(0), 0x408000ffu);  // 127.5 and 63.75, to nearest even
}

TEST_F(BufferTest, LoadsIntoLds) {
  set({});
  wave->scalar[scalar_index::m0] = 256;
  for (unsigned i = 0; i < lane_count; ++i) v(0, i) = 4 * i;
  run("BUFFER_LOAD_LDS_B32", access(offset_given));
  for (unsigned i = 0; i < lane_count; ++i) {
    u32 value = 0;
    std::memcpy(&value, &lds[256 + 4 * i], 4);
    EXPECT_EQ(value, word(4 * i));
  }
}

// Every format: what has been stored is loaded again, and the size is that of its bits.
TEST(BufferFormatTest, RoundTrips) {
  unsigned known = 0;
  for (unsigned number = 0; number < 128; ++number) {
    const BufferFormat* format = buffer_format(number);
    if (format == nullptr) continue;
    ++known;
    for (unsigned c = 0; c < format->components(); ++c) {
      const bool negative = format->kind == NumberKind::snorm ||
                            format->kind == NumberKind::sscaled || format->kind == NumberKind::sint;
      const float number_in = format->kind == NumberKind::unorm   ? 1.0f
                              : format->kind == NumberKind::snorm ? -1.0f
                              : negative                          ? -1.0f
                                                                  : 1.0f;
      const u32 value = is_float(*format) ? std::bit_cast<u32>(number_in) : negative ? ~0u : 1u;
      std::array<u32, 4> element{};
      component_to_memory(*format, c, value, element);
      EXPECT_EQ(component_from_memory(*format, c, element), value) << number << " " << c;
      for (unsigned other = 0; other < format->components(); ++other) {
        if (other == c) continue;
        EXPECT_EQ(component_from_memory(*format, other, element), 0u);
      }
    }
  }
  EXPECT_EQ(known, 63u);
}

TEST(BufferFormatTest, SmallFloats) {
  const BufferFormat* format = buffer_format(30);  // 10_11_11_FLOAT
  std::array<u32, 4> element{};
  const auto store = [&](unsigned c, float value) {
    component_to_memory(*format, c, std::bit_cast<u32>(value), element);
  };
  store(0, 1.0f);
  store(1, 0.5f);
  store(2, -3.0f);
  EXPECT_EQ(element[0], 0x3c0u | 0x380u << 11);  // exponent bias 15, mantissas of 6 and 5 bits
  store(0, 1.0f + 1.0f / 128);                   // halfway between two: to the even one
  EXPECT_EQ(element[0] & 0x7ff, 0x3c0u);
  store(0, 1.0f + 3.0f / 128);
  EXPECT_EQ(element[0] & 0x7ff, 0x3c2u);
  store(2, 1e9f);
  EXPECT_EQ(element[0] >> 22, 0x3dfu);  // the largest finite value
}

}  // namespace
}  // namespace redbolt::emulator
