// Compiled kernels from end to end: indices, arguments, divergence, faults.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>

#include "shader_harness.hpp"

namespace redbolt::test {
namespace {

using emulator::DispatchResult;

std::string kernel_file(const char* name) {
  return std::string(REDBOLT_TEST_KERNELS) + "/" + name;
}

class Basics : public ::testing::Test {
 protected:
  ShaderHarness harness{kernel_file("basics.co"), 3};

  void run(const std::string& kernel, const Launch& launch, const KernelArguments& arguments) {
    const DispatchResult result = harness.launch(kernel, launch, arguments);
    ASSERT_TRUE(result.completed()) << result.message;
  }
};

TEST_F(Basics, EveryThreadOfEveryWorkgroupRunsOnce) {
  const auto out = harness.memory().allocate(100 * 96 * 4);
  run("store_ids", {.grid = {100, 1, 1}, .block = {96, 1, 1}}, KernelArguments().add(out));
  const auto values = harness.memory().download<std::uint32_t>(out, 100 * 96);
  for (std::uint32_t i = 0; i < values.size(); ++i) ASSERT_EQ(values[i], i);
  EXPECT_EQ(harness.counters().waves.load(), 300u);
  EXPECT_EQ(harness.counters().workgroups.load(), 100u);
  EXPECT_EQ(harness.counters().bytes_written.load(), 100u * 96 * 4);
}

TEST_F(Basics, WorkitemAndWorkgroupIdsInThreeDimensions) {
  const auto out = harness.memory().allocate(8 * 12 * 16 * 4);
  run("ids_3d", {.grid = {2, 3, 4}, .block = {4, 4, 4}},
      KernelArguments().add(out).add(8u).add(12u));
  const auto values = harness.memory().download<std::uint32_t>(out, 8 * 12 * 16);
  for (std::uint32_t z = 0; z < 16; ++z) {
    for (std::uint32_t y = 0; y < 12; ++y) {
      for (std::uint32_t x = 0; x < 8; ++x) {
        ASSERT_EQ(values[(z * 12 + y) * 8 + x], x | y << 8 | z << 16);
      }
    }
  }
}

TEST_F(Basics, ArithmeticWithPartOfTheLanesDisabled) {
  std::mt19937 random(1);
  std::uniform_real_distribution<float> uniform(-10, 10);
  std::vector<float> x(333), y(333);
  for (auto& v : x) v = uniform(random);
  for (auto& v : y) v = uniform(random);
  const auto x_address = harness.memory().upload(x);
  const auto y_address = harness.memory().upload(y);
  run("saxpy", {.grid = {6, 1, 1}, .block = {64, 1, 1}},
      KernelArguments().add(y_address).add(x_address).add(1.5f).add(333u));
  const auto result = harness.memory().download<float>(y_address, 333);
  for (std::size_t i = 0; i < 333; ++i) ASSERT_EQ(result[i], std::fma(1.5f, x[i], y[i])) << i;
}

TEST_F(Basics, DivisionIsCorrectlyRounded) {
  std::mt19937 random(2);
  std::vector<float> a(4096), b(4096);
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto any = [&] {
      const auto bits =
          static_cast<std::uint32_t>((random() & 0x807fffff) | (random() % 254 + 1) << 23);
      float value;
      std::memcpy(&value, &bits, 4);
      return value;
    };
    a[i] = any();
    b[i] = any();
  }
  a[0] = 0;
  b[1] = 0;
  a[2] = INFINITY;
  b[3] = INFINITY;
  a[4] = NAN;
  a[5] = b[5] = 0;
  const auto a_address = harness.memory().upload(a);
  const auto b_address = harness.memory().upload(b);
  const auto out = harness.memory().allocate(a.size() * 4);
  run("divide", {.grid = {64, 1, 1}, .block = {64, 1, 1}},
      KernelArguments().add(out).add(a_address).add(b_address).add(4096u));
  const auto result = harness.memory().download<float>(out, a.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    const float expected = a[i] / b[i];
    if (std::isnan(expected)) {
      ASSERT_TRUE(std::isnan(result[i])) << i;
    } else {
      ASSERT_EQ(result[i], expected) << i << ": " << a[i] << " / " << b[i];
    }
  }
}

TEST_F(Basics, LanesLeaveLoopsOneByOne) {
  const auto out = harness.memory().allocate(1000 * 4);
  run("collatz", {.grid = {16, 1, 1}, .block = {64, 1, 1}}, KernelArguments().add(out).add(1000u));
  const auto steps = harness.memory().download<std::uint32_t>(out, 1000);
  for (std::uint32_t n = 0; n < 1000; ++n) {
    std::uint32_t expected = 0;
    for (std::uint32_t v = n + 1; v != 1; v = v % 2 == 0 ? v / 2 : 3 * v + 1) ++expected;
    ASSERT_EQ(steps[n], expected) << n;
  }
}

TEST_F(Basics, WideLoadsAndStores) {
  std::vector<std::uint32_t> in(64 * 4);
  std::iota(in.begin(), in.end(), 7u);
  const auto in_address = harness.memory().upload(in);
  const auto out = harness.memory().allocate(in.size() * 4);
  run("copy_wide", {.grid = {1, 1, 1}, .block = {64, 1, 1}},
      KernelArguments().add(out).add(in_address));
  EXPECT_EQ(harness.memory().download<std::uint32_t>(out, in.size()), in);
}

TEST_F(Basics, AccessOutsideOfMemoryIsAFault) {
  const auto out = harness.memory().allocate(64 * 4);
  const auto result = harness.launch("store_ids", {.grid = {2, 1, 1}, .block = {64, 1, 1}},
                                     KernelArguments().add(out));
  EXPECT_EQ(result.kind, DispatchResult::Kind::memory_fault);
  EXPECT_EQ(result.address, out + 64 * 4);
  EXPECT_NE(result.message.find("global_store_b32"), std::string::npos) << result.message;
  EXPECT_EQ(harness.memory().faults(), std::vector<std::uint64_t>{out + 64 * 4});
}

}  // namespace
}  // namespace redbolt::test
