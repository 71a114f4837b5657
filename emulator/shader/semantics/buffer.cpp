// Untyped and typed loads and stores of buffers, loads from buffers into LDS, and the cache control
// that a compute kernel's fences are made of. Atomics are in buffer_atomic.cpp.
#include <array>
#include <atomic>
#include <bit>
#include <cstring>

#include "semantics/addresses.hpp"
#include "semantics/buffer_address.hpp"
#include "semantics/buffer_format.hpp"
#include "semantics/lds.hpp"
#include "semantics/registry.hpp"
#include "semantics/rows.hpp"

namespace redbolt::emulator {
namespace {

using u32 = std::uint32_t;
using Element = std::array<u32, 4>;

// Where the values of a load go, or those of a store come from.
enum class Placement : std::uint8_t { dwords, low_half, high_half, halves };

struct Shape {
  u32 bytes = 4;  // per component, or of the whole value where that is less than a dword
  u32 components = 1;
  bool is_signed = false;
  Placement placement = Placement::dwords;
};

bool read(Wave& wave, const Instruction& instruction, std::uint64_t address, void* into,
          u32 bytes) {
  std::uint64_t faulted = 0;
  wave.counts.bytes_read += bytes;
  if (wave.memory->read(address, into, bytes, faulted)) return true;
  fail_memory(wave, instruction, faulted, "reads memory that is not mapped or not readable");
  return false;
}

bool write(Wave& wave, const Instruction& instruction, std::uint64_t address, const void* from,
           u32 bytes) {
  std::uint64_t faulted = 0;
  wave.counts.bytes_written += bytes;
  if (wave.memory->write(address, from, bytes, faulted)) return true;
  fail_memory(wave, instruction, faulted, "writes memory that is not mapped or not writable");
  return false;
}

// Puts the components of all lanes into the destination's registers.
void store_components(Wave& wave, const Instruction& instruction, Placement placement,
                      unsigned components, const Row* values) {
  const auto old = [&](unsigned r) { return wave.vgpr[instruction.destination + r].data(); };
  for (unsigned c = 0; c < components; ++c) {
    const bool upper =
        placement == Placement::high_half || (placement == Placement::halves && c % 2 != 0);
    const unsigned r = placement == Placement::halves ? c / 2 : c;
    if (placement == Placement::dwords) {
      store_row(wave, instruction.destination + r, values[c].lane);
      continue;
    }
    Row merged;
    for (unsigned i = 0; i < lane_count; ++i) {
      const u32 half = values[c].lane[i] & 0xffff;
      merged.lane[i] = upper ? (old(r)[i] & 0xffff) | half << 16 : (old(r)[i] & 0xffff0000) | half;
    }
    store_row(wave, instruction.destination + r, merged.lane);
  }
}

u32 component_to_store(const Wave& wave, const Instruction& instruction, Placement placement,
                       unsigned component, unsigned lane) {
  const u32 row = instruction.source[1].value;
  switch (placement) {
    case Placement::high_half:
      return wave.vgpr[row][lane] >> 16;
    case Placement::halves:
      return wave.vgpr[row + component / 2][lane] >> (component % 2 * 16) & 0xffff;
    case Placement::dwords:
    case Placement::low_half:
      break;
  }
  return wave.vgpr[row + component][lane];
}

u32 extended(const Shape& shape, u32 value) {
  if (!shape.is_signed) return value;
  return shape.bytes == 1 ? static_cast<u32>(static_cast<std::int8_t>(value))
                          : static_cast<u32>(static_cast<std::int16_t>(value));
}

// Each dword is checked against the bounds by itself.
template <Shape shape>
void load(Wave& wave, const Instruction& instruction) {
  const BufferAccess access(wave, instruction);
  if (!access.descriptor().is_buffer) return;
  Row values[4] = {};
  for (unsigned lane = 0; lane < lane_count; ++lane) {
    if (!lane_enabled(wave, lane) || access.descriptor().unbound()) continue;
    for (unsigned c = 0; c < shape.components; ++c) {
      if (!access.inside(lane, c * shape.bytes, shape.bytes)) continue;
      u32 value = 0;
      if (!read(wave, instruction, access.address(lane, c * shape.bytes), &value, shape.bytes))
        return;
      values[c].lane[lane] = extended(shape, value);
    }
  }
  store_components(wave, instruction, shape.placement, shape.components, values);
}

template <Shape shape>
void store(Wave& wave, const Instruction& instruction) {
  const BufferAccess access(wave, instruction);
  if (!access.descriptor().is_buffer || access.descriptor().unbound()) return;
  for (unsigned lane = 0; lane < lane_count; ++lane) {
    if (!lane_enabled(wave, lane)) continue;
    for (unsigned c = 0; c < shape.components; ++c) {
      if (!access.inside(lane, c * shape.bytes, shape.bytes)) continue;
      const u32 value = component_to_store(wave, instruction, shape.placement, c, lane);
      if (!write(wave, instruction, access.address(lane, c * shape.bytes), &value, shape.bytes))
        return;
    }
  }
}

// The format of the instruction (MTBUF) or of the descriptor, and how components are selected.
struct Conversion {
  const BufferFormat* format = nullptr;
  std::array<std::uint8_t, 4> select{4, 5, 6, 7};
};

template <bool from_instruction>
Conversion conversion_of(const Instruction& instruction, const BufferDescriptor& descriptor) {
  Conversion result;
  result.format = buffer_format(from_instruction ? instruction.output_modifier : descriptor.format);
  if (!from_instruction) result.select = descriptor.select;
  if (descriptor.unbound()) result.format = nullptr;
  return result;
}

// What the selector of a component gives: a constant, a component in memory, or 0 where the format
// has no such component.
u32 selected(const Conversion& conversion, std::uint8_t select, const Element& element) {
  const BufferFormat& format = *conversion.format;
  if (select == 1) return is_float(format) ? std::bit_cast<u32>(1.0f) : 1;
  if (select < 4 || select - 4u >= format.components()) return 0;
  return component_from_memory(format, select - 4u, element);
}

// Typed accesses are inside or outside as a whole.
template <bool from_instruction, unsigned components, Placement placement>
void load_format(Wave& wave, const Instruction& instruction) {
  const BufferAccess access(wave, instruction);
  if (!access.descriptor().is_buffer) return;
  const auto conversion = conversion_of<from_instruction>(instruction, access.descriptor());
  Row values[4] = {};
  for (unsigned lane = 0; lane < lane_count && conversion.format != nullptr; ++lane) {
    if (!lane_enabled(wave, lane)) continue;
    const u32 bytes = conversion.format->bytes();
    Element element{};
    if (access.inside(lane, 0, bytes) &&
        !read(wave, instruction, access.address(lane, 0), element.data(), bytes))
      return;
    for (unsigned c = 0; c < components; ++c) {
      const u32 value = selected(conversion, conversion.select[c], element);
      values[c].lane[lane] =
          placement == Placement::dwords ? value : narrowed(*conversion.format, value);
    }
  }
  store_components(wave, instruction, placement, components, values);
}

// Component n of the element in memory is the one whose selector names it; the others are 0.
template <bool from_instruction, unsigned components, Placement placement>
void store_format(Wave& wave, const Instruction& instruction) {
  const BufferAccess access(wave, instruction);
  const auto conversion = conversion_of<from_instruction>(instruction, access.descriptor());
  if (!access.descriptor().is_buffer || conversion.format == nullptr) return;
  const BufferFormat& format = *conversion.format;
  for (unsigned lane = 0; lane < lane_count; ++lane) {
    if (!lane_enabled(wave, lane) || !access.inside(lane, 0, format.bytes())) continue;
    Element element{};
    for (unsigned c = 0; c < components; ++c) {
      const unsigned target = conversion.select[c] - 4u;
      if (conversion.select[c] < 4 || target >= format.components()) continue;
      const u32 value = component_to_store(wave, instruction, placement, c, lane);
      component_to_memory(format, target,
                          placement == Placement::dwords ? value : widened(format, value), element);
    }
    if (!write(wave, instruction, access.address(lane, 0), element.data(), format.bytes())) return;
  }
}

// One dword per lane, from the address in M0 on; what is narrower is extended.
template <class Value>
void into_lds(Wave& wave, const Instruction& instruction, Value value_of) {
  const u32 base =
      (wave.scalar[scalar_index::m0] & 0xffff) + static_cast<u32>(instruction.immediate);
  for (unsigned lane = 0; lane < lane_count; ++lane) {
    if (!lane_enabled(wave, lane)) continue;
    u32 value = 0;
    if (!value_of(lane, value)) return;
    lds_write(wave, base + 4 * lane, value);
  }
  count_lds(wave);
}

template <Shape shape>
void load_to_lds(Wave& wave, const Instruction& instruction) {
  const BufferAccess access(wave, instruction);
  if (!access.descriptor().is_buffer) return;
  into_lds(wave, instruction, [&](unsigned lane, u32& value) {
    if (access.descriptor().unbound() || !access.inside(lane, 0, shape.bytes)) return true;
    if (!read(wave, instruction, access.address(lane, 0), &value, shape.bytes)) return false;
    value = extended(shape, value);
    return true;
  });
}

void load_format_to_lds(Wave& wave, const Instruction& instruction) {
  const BufferAccess access(wave, instruction);
  if (!access.descriptor().is_buffer) return;
  const auto conversion = conversion_of<false>(instruction, access.descriptor());
  into_lds(wave, instruction, [&](unsigned lane, u32& value) {
    if (conversion.format == nullptr) return true;
    const u32 bytes = conversion.format->bytes();
    Element element{};
    if (access.inside(lane, 0, bytes) &&
        !read(wave, instruction, access.address(lane, 0), element.data(), bytes))
      return false;
    value = selected(conversion, conversion.select[0], element);
    return true;
  });
}

// Caches are not modelled: what an invalidation promises holds already, once the host's own
// accesses are ordered.
void invalidate(Wave&, const Instruction&) {
  std::atomic_thread_fence(std::memory_order_acq_rel);
}

constexpr auto loads = InstructionClass::vmem_load;
constexpr auto stores = InstructionClass::vmem_store;
using enum Placement;

constexpr Binding bindings[] = {
    {"BUFFER_GL0_INV", invalidate, InstructionClass::message},
    {"BUFFER_GL1_INV", invalidate, InstructionClass::message},
    {"BUFFER_LOAD_U8", load<Shape{1}>, loads},
    {"BUFFER_LOAD_I8", load<Shape{1, 1, true}>, loads},
    {"BUFFER_LOAD_U16", load<Shape{2}>, loads},
    {"BUFFER_LOAD_I16", load<Shape{2, 1, true}>, loads},
    {"BUFFER_LOAD_B32", load<Shape{4}>, loads},
    {"BUFFER_LOAD_B64", load<Shape{4, 2}>, loads},
    {"BUFFER_LOAD_B96", load<Shape{4, 3}>, loads},
    {"BUFFER_LOAD_B128", load<Shape{4, 4}>, loads},
    {"BUFFER_LOAD_D16_U8", load<Shape{1, 1, false, low_half}>, loads},
    {"BUFFER_LOAD_D16_I8", load<Shape{1, 1, true, low_half}>, loads},
    {"BUFFER_LOAD_D16_B16", load<Shape{2, 1, false, low_half}>, loads},
    {"BUFFER_LOAD_D16_HI_U8", load<Shape{1, 1, false, high_half}>, loads},
    {"BUFFER_LOAD_D16_HI_I8", load<Shape{1, 1, true, high_half}>, loads},
    {"BUFFER_LOAD_D16_HI_B16", load<Shape{2, 1, false, high_half}>, loads},
    {"BUFFER_STORE_B8", store<Shape{1}>, stores},
    {"BUFFER_STORE_B16", store<Shape{2}>, stores},
    {"BUFFER_STORE_B32", store<Shape{4}>, stores},
    {"BUFFER_STORE_B64", store<Shape{4, 2}>, stores},
    {"BUFFER_STORE_B96", store<Shape{4, 3}>, stores},
    {"BUFFER_STORE_B128", store<Shape{4, 4}>, stores},
    {"BUFFER_STORE_D16_HI_B8", store<Shape{1, 1, false, high_half}>, stores},
    {"BUFFER_STORE_D16_HI_B16", store<Shape{2, 1, false, high_half}>, stores},
    {"BUFFER_LOAD_LDS_U8", load_to_lds<Shape{1}>, loads},
    {"BUFFER_LOAD_LDS_I8", load_to_lds<Shape{1, 1, true}>, loads},
    {"BUFFER_LOAD_LDS_U16", load_to_lds<Shape{2}>, loads},
    {"BUFFER_LOAD_LDS_I16", load_to_lds<Shape{2, 1, true}>, loads},
    {"BUFFER_LOAD_LDS_B32", load_to_lds<Shape{4}>, loads},
    {"BUFFER_LOAD_LDS_FORMAT_X", load_format_to_lds, loads},
    {"BUFFER_LOAD_FORMAT_X", load_format<false, 1, dwords>, loads},
    {"BUFFER_LOAD_FORMAT_XY", load_format<false, 2, dwords>, loads},
    {"BUFFER_LOAD_FORMAT_XYZ", load_format<false, 3, dwords>, loads},
    {"BUFFER_LOAD_FORMAT_XYZW", load_format<false, 4, dwords>, loads},
    {"BUFFER_LOAD_D16_FORMAT_X", load_format<false, 1, halves>, loads},
    {"BUFFER_LOAD_D16_FORMAT_XY", load_format<false, 2, halves>, loads},
    {"BUFFER_LOAD_D16_FORMAT_XYZ", load_format<false, 3, halves>, loads},
    {"BUFFER_LOAD_D16_FORMAT_XYZW", load_format<false, 4, halves>, loads},
    {"BUFFER_LOAD_D16_HI_FORMAT_X", load_format<false, 1, high_half>, loads},
    {"BUFFER_STORE_FORMAT_X", store_format<false, 1, dwords>, stores},
    {"BUFFER_STORE_FORMAT_XY", store_format<false, 2, dwords>, stores},
    {"BUFFER_STORE_FORMAT_XYZ", store_format<false, 3, dwords>, stores},
    {"BUFFER_STORE_FORMAT_XYZW", store_format<false, 4, dwords>, stores},
    {"BUFFER_STORE_D16_FORMAT_X", store_format<false, 1, halves>, stores},
    {"BUFFER_STORE_D16_FORMAT_XY", store_format<false, 2, halves>, stores},
    {"BUFFER_STORE_D16_FORMAT_XYZ", store_format<false, 3, halves>, stores},
    {"BUFFER_STORE_D16_FORMAT_XYZW", store_format<false, 4, halves>, stores},
    {"BUFFER_STORE_D16_HI_FORMAT_X", store_format<false, 1, high_half>, stores},
    {"TBUFFER_LOAD_FORMAT_X", load_format<true, 1, dwords>, loads},
    {"TBUFFER_LOAD_FORMAT_XY", load_format<true, 2, dwords>, loads},
    {"TBUFFER_LOAD_FORMAT_XYZ", load_format<true, 3, dwords>, loads},
    {"TBUFFER_LOAD_FORMAT_XYZW", load_format<true, 4, dwords>, loads},
    {"TBUFFER_LOAD_D16_FORMAT_X", load_format<true, 1, halves>, loads},
    {"TBUFFER_LOAD_D16_FORMAT_XY", load_format<true, 2, halves>, loads},
    {"TBUFFER_LOAD_D16_FORMAT_XYZ", load_format<true, 3, halves>, loads},
    {"TBUFFER_LOAD_D16_FORMAT_XYZW", load_format<true, 4, halves>, loads},
    {"TBUFFER_STORE_FORMAT_X", store_format<true, 1, dwords>, stores},
    {"TBUFFER_STORE_FORMAT_XY", store_format<true, 2, dwords>, stores},
    {"TBUFFER_STORE_FORMAT_XYZ", store_format<true, 3, dwords>, stores},
    {"TBUFFER_STORE_FORMAT_XYZW", store_format<true, 4, dwords>, stores},
    {"TBUFFER_STORE_D16_FORMAT_X", store_format<true, 1, halves>, stores},
    {"TBUFFER_STORE_D16_FORMAT_XY", store_format<true, 2, halves>, stores},
    {"TBUFFER_STORE_D16_FORMAT_XYZ", store_format<true, 3, halves>, stores},
    {"TBUFFER_STORE_D16_FORMAT_XYZW", store_format<true, 4, halves>, stores},
};

}  // namespace

std::span<const Binding> buffer_bindings() {
  return bindings;
}

}  // namespace redbolt::emulator
