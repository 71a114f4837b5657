// What tests of compiled kernels share.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "shader_harness.hpp"

namespace redbolt::test {

inline std::string kernel_file(const char* name) {
  return std::string(REDBOLT_TEST_KERNELS) + "/" + name;
}

class KernelTest : public ::testing::Test {
 protected:
  explicit KernelTest(const char* code_object) : harness(kernel_file(code_object), 3) {}

  ShaderHarness harness;
  FlatMemory& memory = harness.memory();
  std::mt19937 random{20240607};

  void run(const std::string& kernel, const Launch& launch, const KernelArguments& arguments) {
    const emulator::DispatchResult result = harness.launch(kernel, launch, arguments);
    ASSERT_TRUE(result.completed()) << kernel << ": " << result.message;
  }

  std::uint32_t random_bits() { return static_cast<std::uint32_t>(random()); }
  // Random numbers of all magnitudes, with special values among them.
  template <class T, class Bits>
  std::vector<T> random_floats(std::size_t count, unsigned mantissa_bits) {
    std::vector<T> values(count);
    for (std::size_t i = 0; i < count; ++i) {
      auto bits =
          static_cast<Bits>(static_cast<std::uint64_t>(random_bits()) << 32 | random_bits());
      constexpr unsigned width = sizeof(Bits) * 8;
      const auto exponent_ones =
          static_cast<Bits>(((Bits{1} << (width - 1 - mantissa_bits)) - 1) << mantissa_bits);
      const auto mantissa_ones = static_cast<Bits>((Bits{1} << mantissa_bits) - 1);
      const auto sign = static_cast<Bits>(Bits{1} << (width - 1));
      switch (i % 16) {
        case 0:
          bits = static_cast<Bits>(bits & sign);
          break;  // zero
        case 1:
          bits = static_cast<Bits>(bits & (sign | mantissa_ones));
          break;  // denormal
        case 2:
          bits = static_cast<Bits>((bits & sign) | exponent_ones);
          break;  // infinity
        case 3:
          bits = static_cast<Bits>(bits | exponent_ones | Bits{1} << (mantissa_bits - 1));
          break;  // NaN
        default:
          break;
      }
      std::memcpy(&values[i], &bits, sizeof(T));
    }
    return values;
  }
};

// Equal bit for bit, all NaNs being alike.
template <class T>
bool same_number(T a, T b) {
  return (a != a && b != b) || std::memcmp(&a, &b, sizeof(T)) == 0;
}

}  // namespace redbolt::test
