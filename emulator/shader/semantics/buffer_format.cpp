#include "semantics/buffer_format.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "semantics/float16.hpp"

namespace redbolt::emulator {
namespace {

using u32 = std::uint32_t;
using i32 = std::int32_t;
using enum NumberKind;

struct NumberedFormat {
  unsigned number;  // BUF_FMT_* of gfx11
  BufferFormat format;
};

using Bits = std::array<std::uint8_t, 4>;
constexpr Bits b8{8}, b16{16}, b32{32}, b8_8{8, 8}, b16_16{16, 16}, b32_32{32, 32};
constexpr Bits b8_8_8_8{8, 8, 8, 8}, b16_16_16_16{16, 16, 16, 16};
constexpr Bits b32_32_32{32, 32, 32}, b32_32_32_32{32, 32, 32, 32};
// Their names begin with the highest component.
constexpr Bits b10_11_11{11, 11, 10}, b11_11_10{10, 11, 11};
constexpr Bits b10_10_10_2{2, 10, 10, 10}, b2_10_10_10{10, 10, 10, 2};

constexpr NumberedFormat formats[] = {
    {1, {unorm, b8}},
    {2, {snorm, b8}},
    {3, {uscaled, b8}},
    {4, {sscaled, b8}},
    {5, {uint, b8}},
    {6, {sint, b8}},
    {7, {unorm, b16}},
    {8, {snorm, b16}},
    {9, {uscaled, b16}},
    {10, {sscaled, b16}},
    {11, {uint, b16}},
    {12, {sint, b16}},
    {13, {floating, b16}},
    {14, {unorm, b8_8}},
    {15, {snorm, b8_8}},
    {16, {uscaled, b8_8}},
    {17, {sscaled, b8_8}},
    {18, {uint, b8_8}},
    {19, {sint, b8_8}},
    {20, {uint, b32}},
    {21, {sint, b32}},
    {22, {floating, b32}},
    {23, {unorm, b16_16}},
    {24, {snorm, b16_16}},
    {25, {uscaled, b16_16}},
    {26, {sscaled, b16_16}},
    {27, {uint, b16_16}},
    {28, {sint, b16_16}},
    {29, {floating, b16_16}},
    {30, {floating, b10_11_11}},
    {31, {floating, b11_11_10}},
    {32, {unorm, b10_10_10_2}},
    {33, {snorm, b10_10_10_2}},
    {34, {uint, b10_10_10_2}},
    {35, {sint, b10_10_10_2}},
    {36, {unorm, b2_10_10_10}},
    {37, {snorm, b2_10_10_10}},
    {38, {uscaled, b2_10_10_10}},
    {39, {sscaled, b2_10_10_10}},
    {40, {uint, b2_10_10_10}},
    {41, {sint, b2_10_10_10}},
    {42, {unorm, b8_8_8_8}},
    {43, {snorm, b8_8_8_8}},
    {44, {uscaled, b8_8_8_8}},
    {45, {sscaled, b8_8_8_8}},
    {46, {uint, b8_8_8_8}},
    {47, {sint, b8_8_8_8}},
    {48, {uint, b32_32}},
    {49, {sint, b32_32}},
    {50, {floating, b32_32}},
    {51, {unorm, b16_16_16_16}},
    {52, {snorm, b16_16_16_16}},
    {53, {uscaled, b16_16_16_16}},
    {54, {sscaled, b16_16_16_16}},
    {55, {uint, b16_16_16_16}},
    {56, {sint, b16_16_16_16}},
    {57, {floating, b16_16_16_16}},
    {58, {uint, b32_32_32}},
    {59, {sint, b32_32_32}},
    {60, {floating, b32_32_32}},
    {61, {uint, b32_32_32_32}},
    {62, {sint, b32_32_32_32}},
    {63, {floating, b32_32_32_32}},
};

u32 bits_of(float value) {
  return std::bit_cast<u32>(value);
}
float float_of(u32 bits) {
  return std::bit_cast<float>(bits);
}

u32 mask_of(unsigned bits) {
  return bits == 32 ? ~0u : (1u << bits) - 1;
}
i32 sign_extended(u32 value, unsigned bits) {
  return static_cast<i32>(value << (32 - bits)) >> (32 - bits);
}

// Floats of 10 and 11 bits have float16's exponent, no sign, and fewer bits of mantissa.
u32 small_float_to_half(u32 value, unsigned bits) {
  return value << (15 - bits);
}
// Nearest, ties to even; what is finite stays so, what is negative becomes 0.
u32 to_small_float(float value, unsigned bits) {
  if (value != value) return mask_of(bits);
  if (value <= 0) return 0;
  const unsigned shift = 15 - bits;
  constexpr u32 half_infinity = 0x7c00;
  if (std::isinf(value)) return half_infinity >> shift;
  const int mantissa_bits = static_cast<int>(bits) - 5;
  const int exponent = std::max(std::ilogb(value), -14);
  const double step = std::ldexp(1.0, exponent - mantissa_bits);
  const double rounded = std::nearbyint(value / step) * step;
  const u32 largest = (half_infinity >> shift) - 1;
  if (rounded >= 65536.0) return largest;
  return float_to_half_portable(static_cast<float>(rounded)) >> shift;
}

float normalised(float value, float low) {
  return value != value ? 0.0f : std::clamp(value, low, 1.0f);
}

u32 integer_in(double value, double low, double high) {
  const double bounded = value != value ? 0.0 : std::clamp(value, low, high);
  return static_cast<u32>(static_cast<std::int64_t>(bounded));
}

u32 raw_component(const BufferFormat& format, unsigned component,
                  const std::array<u32, 4>& element) {
  if (format.bits[0] == 32) return element[component];
  unsigned first = 0;
  for (unsigned i = 0; i < component; ++i) first += format.bits[i];
  return element[first / 32] >> (first % 32) & mask_of(format.bits[component]);
}

// The bits of a component that stand for a register's value.
u32 encoded(const BufferFormat& format, unsigned bits, u32 value) {
  const auto largest = static_cast<float>(mask_of(bits));
  const auto largest_signed = static_cast<float>(mask_of(bits - 1));
  const float number = float_of(value);
  switch (format.kind) {
    case unorm:
      return static_cast<u32>(std::nearbyint(double{normalised(number, 0.0f)} * largest));
    case snorm:
      return static_cast<u32>(
          static_cast<i32>(std::nearbyint(double{normalised(number, -1.0f)} * largest_signed)));
    case uscaled:
      return integer_in(number, 0, largest);
    case sscaled:
      return integer_in(number, -double{largest_signed} - 1, largest_signed);
    case uint:
      return bits == 32 ? value : std::min(value, mask_of(bits));
    case sint:
      return bits == 32 ? value
                        : static_cast<u32>(std::clamp(static_cast<i32>(value),
                                                      -static_cast<i32>(mask_of(bits - 1)) - 1,
                                                      static_cast<i32>(mask_of(bits - 1))));
    case floating:
      return bits == 32   ? value
             : bits == 16 ? float_to_half_portable(number)
                          : to_small_float(number, bits);
  }
  return 0;
}

}  // namespace

unsigned BufferFormat::components() const {
  return static_cast<unsigned>(
      std::count_if(bits.begin(), bits.end(), [](auto b) { return b != 0; }));
}

unsigned BufferFormat::bytes() const {
  return std::accumulate(bits.begin(), bits.end(), 0u) / 8;
}

const BufferFormat* buffer_format(unsigned number) {
  for (const auto& entry : formats) {
    if (entry.number == number) return &entry.format;
  }
  return nullptr;
}

bool is_float(const BufferFormat& format) {
  return format.kind != uint && format.kind != sint;
}

u32 component_from_memory(const BufferFormat& format, unsigned component,
                          const std::array<u32, 4>& element) {
  const unsigned bits = format.bits[component];
  const u32 raw = raw_component(format, component, element);
  const i32 as_signed = sign_extended(raw, bits);
  switch (format.kind) {
    case unorm:
      return bits_of(static_cast<float>(double(raw) / mask_of(bits)));
    case snorm:
      return bits_of(std::max(-1.0f, static_cast<float>(double(as_signed) / mask_of(bits - 1))));
    case uscaled:
      return bits_of(static_cast<float>(raw));
    case sscaled:
      return bits_of(static_cast<float>(as_signed));
    case uint:
      return raw;
    case sint:
      return static_cast<u32>(as_signed);
    case floating:
      break;
  }
  if (bits == 32) return raw;
  return bits_of(half_to_float_portable(bits == 16 ? raw : small_float_to_half(raw, bits)));
}

void component_to_memory(const BufferFormat& format, unsigned component, u32 value,
                         std::array<u32, 4>& element) {
  const unsigned bits = format.bits[component];
  const u32 raw = encoded(format, bits, value) & mask_of(bits);
  if (format.bits[0] == 32) {
    element[component] = raw;
    return;
  }
  unsigned first = 0;
  for (unsigned i = 0; i < component; ++i) first += format.bits[i];
  u32& word = element[first / 32];
  word = (word & ~(mask_of(bits) << (first % 32))) | raw << (first % 32);
}

u32 narrowed(const BufferFormat& format, u32 value) {
  if (!is_float(format)) return value & 0xffff;
  // Of float32 in memory the conversion truncates (9.3.1 of AMD's document).
  const bool from_f32 = format.kind == floating && format.bits[0] == 32;
  return float_to_half_portable(float_of(value),
                                from_f32 ? Rounding::toward_zero : Rounding::nearest_even);
}

u32 widened(const BufferFormat& format, u32 value) {
  if (is_float(format)) return bits_of(half_to_float_portable(value & 0xffff));
  return format.kind == sint ? static_cast<u32>(sign_extended(value & 0xffff, 16)) : value & 0xffff;
}

}  // namespace redbolt::emulator
