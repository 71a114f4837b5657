// The data formats of typed buffer instructions: between memory and the 32 bits of a register.
#pragma once

#include <array>
#include <cstdint>

namespace redbolt::emulator {

enum class NumberKind : std::uint8_t { unorm, snorm, uscaled, sscaled, uint, sint, floating };

// Components from the lowest bit on; those of 32 bits fill dwords.
struct BufferFormat {
  NumberKind kind = NumberKind::uint;
  std::array<std::uint8_t, 4> bits{};  // 0 where there is no component

  unsigned components() const;
  unsigned bytes() const;  // of one element
};

// nullptr for INVALID and for numbers that RDNA3 does not have.
const BufferFormat* buffer_format(unsigned number);

// Whether values in registers are floating-point, as against integers.
bool is_float(const BufferFormat& format);

// One component of an element in memory as a register holds it (32 bits).
std::uint32_t component_from_memory(const BufferFormat& format, unsigned component,
                                    const std::array<std::uint32_t, 4>& element);
// The other way: out-of-range values are brought to the nearest that the format has.
void component_to_memory(const BufferFormat& format, unsigned component, std::uint32_t value,
                         std::array<std::uint32_t, 4>& element);

// Between 32 and 16 bits in registers (D16).
std::uint32_t narrowed(const BufferFormat& format, std::uint32_t value);
std::uint32_t widened(const BufferFormat& format, std::uint32_t value);

}  // namespace redbolt::emulator
