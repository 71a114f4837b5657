// What the tests of vector instructions share: values at which something changes, and a way to run
// an instruction on many of them with a random EXEC; what is disabled must stay.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "single_wave.hpp"

namespace redbolt::emulator {

using i32 = std::int32_t;
using i64 = std::int64_t;

// Values at which something changes.
inline constexpr u32 special32[] = {
    0,        1,        2,          31,         32,         33,         0x7f,
    0x80,     0xff,     0x7fff,     0x8000,     0xffff,     0x10000,    0x7fffff,
    0x800000, 0xffffff, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff};
inline constexpr u32 special_floats[] = {
    0,          0x80000000, 1,          0x80000001, 0x007fffff, 0x00800000, 0x3f000000,
    0x3f800000, 0xbf800000, 0x3fc00000, 0x40200000, 0x4b000001, 0x4f000000, 0xcf000000,
    0x4f800000, 0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000, 0x7fc00000, 0x7f800001,
    0xffc12345, 0x33000000, 0x477fe000, 0x47800000};

inline i32 s(u32 v) {
  return static_cast<i32>(v);
}
inline u32 u(i32 v) {
  return static_cast<u32>(v);
}
inline float f(u32 v) {
  return std::bit_cast<float>(v);
}
inline u32 b(float v) {
  return std::bit_cast<u32>(v);
}
inline u32 lowest_bits(u32 n) {
  return (n & 31) == 0 ? 0 : ~0u >> (32 - (n & 31));
}

class ValuTest : public SingleWave {
 protected:
  void fill(u32 row, std::span<const u32> special) {
    for (auto& value : wave->vgpr[row]) {
      value = random() % 3 == 0 ? special[random() % special.size()] : static_cast<u32>(random());
      if (random() % 4 == 0) value >>= random() % 32;
    }
  }
  // Runs name(v1, v2, v3) -> v4 many times and compares with the definition.
  template <class Definition>
  void check(const std::string& name, std::span<const u32> special, Definition definition,
             std::uint8_t flags = 0) {
    for (int round = 0; round < 40; ++round) {
      for (u32 row = 1; row <= 3; ++row) fill(row, special);
      randomise(4);
      const auto before = wave->vgpr[4];
      wave->set_exec(random_lanes());
      Instruction instruction = make(4, vgpr(1), vgpr(2), vgpr(3));
      instruction.flags = flags;
      run(name, instruction);
      for (unsigned lane = 0; lane < lane_count; ++lane) {
        const u32 expected =
            on(wave->exec(), lane) ? definition(v(1, lane), v(2, lane), v(3, lane)) : before[lane];
        const bool both_nan = special.data() == special_floats && std::isnan(f(expected)) &&
                              std::isnan(f(v(4, lane)));
        ASSERT_TRUE(v(4, lane) == expected || both_nan)
            << name << std::hex << " " << v(1, lane) << " " << v(2, lane) << " " << v(3, lane)
            << ": " << v(4, lane) << ", not " << expected;
      }
    }
  }
};

using Definition32 = u32 (*)(u32, u32, u32);
struct Integer {
  const char* name;
  Definition32 definition;
  bool clamp = false;
};

inline constexpr i64 i32_low = std::numeric_limits<i32>::min(),
                     i32_high = std::numeric_limits<i32>::max();

// Random NaNs are mostly quiet, so that both kinds count as NaN in check().
inline bool signals(u32 v) {
  return std::isnan(f(v)) && (v & 0x400000) == 0;
}

}  // namespace redbolt::emulator
