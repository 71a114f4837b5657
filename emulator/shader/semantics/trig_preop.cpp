// V_TRIG_PREOP_F64: 53 bits of 2/pi, from which programs reduce large angles.
#include <array>
#include <bit>
#include <cmath>

#include "semantics/lanes.hpp"
#include "semantics/registry.hpp"

namespace redbolt::emulator {
namespace {

using u32 = std::uint32_t;
using u64 = std::uint64_t;

// The first 1201 bits of the fraction 2/pi, highest first.
constexpr std::array<u32, 38> two_over_pi{
    0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0, 0xdb629599, 0x3c439041, 0xfe5163ab, 0xdebbc561,
    0xb7246e3a, 0x424dd2e0, 0x06492eea, 0x09d1921c, 0xfe1deb1c, 0xb129a73e, 0xe88235f5, 0x2ebb4484,
    0xe99c7026, 0xb45f7e41, 0x3991d639, 0x835339f4, 0x9c845f8b, 0xbdf9283b, 0x1ff897ff, 0xde05980f,
    0xef2f118b, 0x5a0a6d1f, 0x6d367ecf, 0x27cb09b7, 0x4f463f66, 0x9e5fea2d, 0x7527bac7, 0xebe5f17b,
    0x3d0739f7, 0x8a5292ea, 0x6bfb5fb1, 0x1f8d5d08, 0x56033046, 0xfc7b0000,
};
constexpr unsigned segment_bits = 53;

// Bits `first` to first + 52 of the fraction, counted from its highest; what lies behind its end is
// 0.
u64 segment(u32 first) {
  u64 result = 0;
  for (unsigned i = 0; i < segment_bits; ++i) {
    const u32 position = first + i;
    const u32 word = position / 32 < two_over_pi.size() ? two_over_pi[position / 32] : 0;
    result = result << 1 | (word >> (31 - position % 32) & 1);
  }
  return result;
}

double prepared(double angle, u32 number) {
  const auto exponent = static_cast<int>(std::bit_cast<u64>(angle) >> 52 & 0x7ff);
  int shift = static_cast<int>(number & 31) * static_cast<int>(segment_bits);
  if (exponent > 1077) shift += exponent - 1077;
  int scale = -static_cast<int>(segment_bits) - shift;
  if (exponent >= 1968) scale += 128;
  return std::ldexp(static_cast<double>(segment(static_cast<u32>(shift))), scale);
}

constexpr Binding bindings[] = {
    {"V_TRIG_PREOP_F64", lanes<[](double a, u32 n) { return prepared(a, n); }>},
};

}  // namespace

std::span<const Binding> trig_preop_bindings() {
  return bindings;
}

}  // namespace redbolt::emulator
