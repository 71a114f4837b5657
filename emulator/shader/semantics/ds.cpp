// Loads and stores of LDS, and the DS instructions that move data between lanes without touching
// it. Atomics are in ds_atomic.cpp.
#include <algorithm>
#include <array>
#include <cstring>

#include "semantics/lds.hpp"
#include "semantics/registry.hpp"
#include "semantics/transpose.hpp"

namespace redbolt::emulator {
namespace {

using u32 = std::uint32_t;

constexpr u32 dwords(u32 bytes) {
  return (bytes + 3) / 4;
}

// Whether every lane, disabled ones too, accesses LDS that the workgroup has.
template <u32 bytes>
bool all_inside(const Wave& wave, const u32* base, u32 offset) {
  u32 highest = 0;
  for (unsigned lane = 0; lane < lane_count; ++lane) highest = std::max(highest, base[lane]);
  return std::uint64_t{highest} + offset + bytes <= wave.workgroup->lds_size;
}

// `bytes` at each lane's offset, as rows of registers.
template <u32 bytes>
void read_rows(const Wave& wave, const u32* base, u32 offset, Row* rows) {
  if (bytes % 4 == 0 && all_inside<bytes>(wave, base, offset)) {
    const std::uint8_t* lds = wave.workgroup->lds + offset;
    if constexpr (bytes == 16) {
      load_transposed_128([&](unsigned lane) { return lds + base[lane]; }, rows);
    } else {
      for (unsigned lane = 0; lane < lane_count; ++lane) {
        u32 words[dwords(bytes)];
        std::memcpy(words, lds + base[lane], bytes);
        for (u32 r = 0; r < dwords(bytes); ++r) rows[r].lane[lane] = words[r];
      }
    }
    return;
  }
  for (unsigned lane = 0; lane < lane_count; ++lane) {
    const auto value = lds_read<std::array<std::uint8_t, bytes>>(wave, base[lane] + offset);
    u32 words[dwords(bytes)] = {};
    std::memcpy(words, value.data(), bytes);
    for (u32 r = 0; r < dwords(bytes); ++r) rows[r].lane[lane] = words[r];
  }
}

template <u32 bytes>
void write_rows(Wave& wave, const u32* base, u32 offset, u32 first_row, u32 shift = 0) {
  if (bytes % 4 == 0 && wave.exec() == all_lanes && all_inside<bytes>(wave, base, offset)) {
    std::uint8_t* lds = wave.workgroup->lds + offset;
    const u32* rows = wave.vgpr[first_row].data();
    for (unsigned lane = 0; lane < lane_count; ++lane) {
      u32 words[dwords(bytes)];
      for (u32 r = 0; r < dwords(bytes); ++r) words[r] = rows[r * lane_count + lane];
      std::memcpy(lds + base[lane], words, bytes);
    }
    return;
  }
  for (unsigned lane = 0; lane < lane_count; ++lane) {
    if (!lane_enabled(wave, lane)) continue;
    u32 words[dwords(bytes)];
    for (u32 r = 0; r < dwords(bytes); ++r) words[r] = wave.vgpr[first_row + r][lane] >> shift;
    std::array<std::uint8_t, bytes> value;
    std::memcpy(value.data(), words, bytes);
    lds_write(wave, base[lane] + offset, value);
  }
}

const u32* address_row(const Wave& wave, const Instruction& instruction) {
  return wave.vgpr[instruction.source[0].value].data();
}

template <u32 bytes>
void load(Wave& wave, const Instruction& instruction) {
  Row rows[dwords(bytes)];
  read_rows<bytes>(wave, address_row(wave, instruction), ds_offset(instruction), rows);
  count_lds(wave);
  for (u32 r = 0; r < dwords(bytes); ++r)
    store_row(wave, instruction.destination + r, rows[r].lane);
}

// T: the type in memory, sign- or zero-extended to 32 bits.
template <class T>
u32 extended(u32 bits) {
  return static_cast<u32>(static_cast<std::int32_t>(static_cast<T>(bits)));
}

template <class T>
void load_narrow(Wave& wave, const Instruction& instruction) {
  Row row;
  read_rows<sizeof(T)>(wave, address_row(wave, instruction), ds_offset(instruction), &row);
  count_lds(wave);
  for (u32& bits : row.lane) bits = extended<T>(bits);
  store_row(wave, instruction.destination, row.lane);
}

enum class Half16 : std::uint8_t { low, high };

// Into one half of the register; the other is kept.
template <class T, Half16 half>
void load_half(Wave& wave, const Instruction& instruction) {
  Row row;
  read_rows<sizeof(T)>(wave, address_row(wave, instruction), ds_offset(instruction), &row);
  count_lds(wave);
  const u32* old = wave.vgpr[instruction.destination].data();
  for (unsigned lane = 0; lane < lane_count; ++lane) {
    const u32 value = extended<T>(row.lane[lane]) & 0xffff;
    row.lane[lane] =
        half == Half16::low ? (old[lane] & 0xffff0000) | value : (old[lane] & 0xffff) | value << 16;
  }
  store_row(wave, instruction.destination, row.lane);
}

template <u32 bytes, u32 shift = 0>
void store(Wave& wave, const Instruction& instruction) {
  write_rows<bytes>(wave, address_row(wave, instruction), ds_offset(instruction),
                    instruction.source[1].value, shift);
  count_lds(wave);
}

// Two elements per lane; offsets count elements, or 64 elements.
template <u32 bytes, u32 stride>
void load_two(Wave& wave, const Instruction& instruction) {
  Row rows[2 * dwords(bytes)];
  const u32* base = address_row(wave, instruction);
  read_rows<bytes>(wave, base, ds_offset0(instruction) * bytes * stride, rows);
  read_rows<bytes>(wave, base, ds_offset1(instruction) * bytes * stride, rows + dwords(bytes));
  count_lds(wave, 2);
  for (u32 r = 0; r < 2 * dwords(bytes); ++r) {
    store_row(wave, instruction.destination + r, rows[r].lane);
  }
}

template <u32 bytes, u32 stride>
void store_two(Wave& wave, const Instruction& instruction) {
  const u32* base = address_row(wave, instruction);
  write_rows<bytes>(wave, base, ds_offset0(instruction) * bytes * stride,
                    instruction.source[1].value);
  write_rows<bytes>(wave, base, ds_offset1(instruction) * bytes * stride,
                    instruction.source[2].value);
  count_lds(wave, 2);
}

// Consecutive dwords from an address in M0, one per lane.
void lane_offsets_from_m0(const Wave& wave, u32* offsets) {
  const u32 base = wave.scalar[scalar_index::m0] & 0xffff;
  for (unsigned lane = 0; lane < lane_count; ++lane) offsets[lane] = base + lane * 4;
}

void load_by_lane_number(Wave& wave, const Instruction& instruction) {
  Row offsets;
  Row row;
  lane_offsets_from_m0(wave, offsets.lane);
  read_rows<4>(wave, offsets.lane, ds_offset(instruction), &row);
  count_lds(wave);
  store_row(wave, instruction.destination, row.lane);
}

void store_by_lane_number(Wave& wave, const Instruction& instruction) {
  Row offsets;
  lane_offsets_from_m0(wave, offsets.lane);
  write_rows<4>(wave, offsets.lane, ds_offset(instruction), instruction.source[1].value);
  count_lds(wave);
}

// Each enabled lane sends its data to the lane it names; the highest sender wins.
void permute_forward(Wave& wave, const Instruction& instruction) {
  const u32* address = address_row(wave, instruction);
  const u32* data = wave.vgpr[instruction.source[1].value].data();
  Row result{};
  for (unsigned lane = 0; lane < lane_count; ++lane) {
    if (!lane_enabled(wave, lane)) continue;
    result.lane[(address[lane] + ds_offset(instruction)) / 4 % lane_count] = data[lane];
  }
  store_row(wave, instruction.destination, result.lane);
}

// Each lane fetches from the lane it names; a disabled source gives 0.
void permute_backward(Wave& wave, const Instruction& instruction) {
  const u32* address = address_row(wave, instruction);
  const u32* data = wave.vgpr[instruction.source[1].value].data();
  Row result;
  for (unsigned lane = 0; lane < lane_count; ++lane) {
    const unsigned from = (address[lane] + ds_offset(instruction)) / 4 % lane_count;
    result.lane[lane] = lane_enabled(wave, from) ? data[from] : 0;
  }
  store_row(wave, instruction.destination, result.lane);
}

u32 reversed5(u32 value) {
  u32 result = 0;
  for (unsigned bit = 0; bit < 5; ++bit) result |= (value >> bit & 1) << (4 - bit);
  return result;
}

// The lane that `lane` reads, by the swizzle modes of the offset field.
u32 swizzle_source(u32 offset, u32 lane) {
  const u32 low = offset & 31;
  if (offset >= 0xe000) {  // butterfly of an FFT
    return ((reversed5(lane) >> __builtin_popcount(low)) | (lane & low)) & 31;
  }
  if (offset >= 0xc000) {  // rotate within groups that the mask keeps
    const u32 distance = offset >> 5 & 31;
    const bool right = (offset >> 10 & 1) != 0;
    const u32 moved = right ? lane - distance : lane + distance;
    return ((lane & low) | (moved & ~low)) & 31;
  }
  if (offset >= 0x8000)
    return (lane & ~3u) | (offset >> (2 * (lane & 3)) & 3);                 // four lanes, any order
  return (((lane & low) | (offset >> 5 & 31)) ^ (offset >> 10 & 31)) & 31;  // and, or, xor masks
}

void swizzle(Wave& wave, const Instruction& instruction) {
  const u32* data = address_row(wave, instruction);
  Row result;
  for (u32 lane = 0; lane < lane_count; ++lane) {
    const u32 from = swizzle_source(ds_offset(instruction), lane);
    result.lane[lane] = lane_enabled(wave, from) ? data[from] : 0;
  }
  store_row(wave, instruction.destination, result.lane);
}

void nothing(Wave&, const Instruction&) {}

using i8 = std::int8_t;
using i16 = std::int16_t;
using u8 = std::uint8_t;
using u16 = std::uint16_t;
constexpr auto lds = InstructionClass::lds;

constexpr Binding bindings[] = {
    {"DS_NOP", nothing, lds},
    {"DS_LOAD_B32", load<4>, lds},
    {"DS_LOAD_B64", load<8>, lds},
    {"DS_LOAD_B96", load<12>, lds},
    {"DS_LOAD_B128", load<16>, lds},
    {"DS_LOAD_I8", load_narrow<i8>, lds},
    {"DS_LOAD_U8", load_narrow<u8>, lds},
    {"DS_LOAD_I16", load_narrow<i16>, lds},
    {"DS_LOAD_U16", load_narrow<u16>, lds},
    {"DS_LOAD_U8_D16", load_half<u8, Half16::low>, lds},
    {"DS_LOAD_U8_D16_HI", load_half<u8, Half16::high>, lds},
    {"DS_LOAD_I8_D16", load_half<i8, Half16::low>, lds},
    {"DS_LOAD_I8_D16_HI", load_half<i8, Half16::high>, lds},
    {"DS_LOAD_U16_D16", load_half<u16, Half16::low>, lds},
    {"DS_LOAD_U16_D16_HI", load_half<u16, Half16::high>, lds},
    {"DS_LOAD_2ADDR_B32", load_two<4, 1>, lds},
    {"DS_LOAD_2ADDR_STRIDE64_B32", load_two<4, 64>, lds},
    {"DS_LOAD_2ADDR_B64", load_two<8, 1>, lds},
    {"DS_LOAD_2ADDR_STRIDE64_B64", load_two<8, 64>, lds},
    {"DS_LOAD_ADDTID_B32", load_by_lane_number, lds},
    {"DS_STORE_B8", store<1>, lds},
    {"DS_STORE_B16", store<2>, lds},
    {"DS_STORE_B32", store<4>, lds},
    {"DS_STORE_B64", store<8>, lds},
    {"DS_STORE_B96", store<12>, lds},
    {"DS_STORE_B128", store<16>, lds},
    {"DS_STORE_B8_D16_HI", store<1, 16>, lds},
    {"DS_STORE_B16_D16_HI", store<2, 16>, lds},
    {"DS_STORE_2ADDR_B32", store_two<4, 1>, lds},
    {"DS_STORE_2ADDR_STRIDE64_B32", store_two<4, 64>, lds},
    {"DS_STORE_2ADDR_B64", store_two<8, 1>, lds},
    {"DS_STORE_2ADDR_STRIDE64_B64", store_two<8, 64>, lds},
    {"DS_STORE_ADDTID_B32", store_by_lane_number, lds},
    {"DS_PERMUTE_B32", permute_forward, lds},
    {"DS_BPERMUTE_B32", permute_backward, lds},
    {"DS_SWIZZLE_B32", swizzle, lds},
};

}  // namespace

std::span<const Binding> ds_bindings() {
  return bindings;
}

}  // namespace redbolt::emulator
