// The arithmetic that the definitions compute with, against the host's.
#include "soft_float.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cfenv>
#include <cmath>

#include "operands.hpp"

namespace redbolt::pseudocode {
namespace {

constexpr int host_directions[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};

// Through memory, so that nothing is computed before the direction is set.
template <class T>
T host_fma(T x, T y, T z, int direction) {
  volatile T a = x, b = y, c = z;
  std::fesetround(direction);
  volatile T result = std::fma(a, b, c);
  std::fesetround(FE_TONEAREST);
  return result;
}

template <class T, class Bits>
void compare_fma(Random& random, emulator::ValueType type, const FloatFormat& format) {
  const auto draw = [&] { return static_cast<Bits>(random_operand(random, type)); };
  for (unsigned i = 0; i < 20000 && !testing::Test::HasFailure(); ++i) {
    const Bits a = draw(), b = draw(), c = random.chance(3) ? a ^ Bits { 1 } : draw();
    for (unsigned d = 0; d < 4; ++d) {
      const auto direction = static_cast<Direction>(d);
      const Number sum =
          fused_multiply_add(unpack(a, format), unpack(b, format), unpack(c, format), direction);
      const auto got = static_cast<Bits>(pack(sum, format, direction));
      const T host = host_fma(std::bit_cast<T>(a), std::bit_cast<T>(b), std::bit_cast<T>(c),
                              host_directions[d]);
      if (host != host) {
        EXPECT_EQ(sum.kind, Number::Kind::nan);
      } else {
        EXPECT_EQ(got, std::bit_cast<Bits>(host))
            << std::hexfloat << std::bit_cast<T>(a) << " * " << std::bit_cast<T>(b) << " + "
            << std::bit_cast<T>(c) << " in direction " << d;
      }
    }
  }
}

TEST(SoftFloat, MultipliesAndAddsLikeTheHost) {
  Random random(seed_of_run() + 4);
  compare_fma<float, std::uint32_t>(random, emulator::ValueType::f32, format_f32);
  compare_fma<double, std::uint64_t>(random, emulator::ValueType::f64, format_f64);
}

TEST(SoftFloat, EveryFloat16ComesBackFromItsParts) {
  for (std::uint64_t bits = 0; bits < 0x10000; ++bits) {
    for (unsigned d = 0; d < 4; ++d)
      EXPECT_EQ(pack(unpack(bits, format_f16), format_f16, static_cast<Direction>(d)), bits);
  }
}

TEST(SoftFloat, NarrowsLikeTheHost) {
  Random random(seed_of_run() + 5);
  for (unsigned i = 0; i < 20000 && !HasFailure(); ++i) {
    const u64 bits = random_operand(random, emulator::ValueType::f64);
    const auto value = std::bit_cast<double>(bits);
    if (value != value) continue;
    const auto host = std::bit_cast<u32>(static_cast<float>(value));
    EXPECT_EQ(pack(unpack(bits, format_f64), format_f32, Direction::nearest_even), host);
  }
}

}  // namespace
}  // namespace redbolt::pseudocode
