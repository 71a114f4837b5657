#include "compute_limits.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "errors.hpp"

namespace redbolt::daemon {
namespace {

using Triple = std::array<std::uint32_t, 3>;

class LaunchTest : public testing::Test {
 protected:
  bool runs(Triple grid, Triple block, std::uint64_t dynamic_lds = 0) {
    try {
      check_launch(limits_, "k", kernel_, grid, block, Bytes(dynamic_lds));
      return true;
    } catch (const DaemonError& error) {
      EXPECT_EQ(error.code(), protocol::ERROR_CODE_INVALID_ARGUMENT);
      EXPECT_THAT(error.what(), testing::HasSubstr("\"k\""));
      return false;
    }
  }
  const ComputeLimits& limits_ = *find_compute_limits("gfx1100");
  driver::KernelDescriptor kernel_ = [] {
    driver::KernelDescriptor kernel;
    kernel.vector_registers = 24;
    kernel.rsrc1 = 1u << 29;
    return kernel;
  }();
};

TEST_F(LaunchTest, BoundsTheBlock) {
  EXPECT_TRUE(runs({1, 1, 1}, {1024, 1, 1}));
  EXPECT_TRUE(runs({1, 1, 1}, {8, 8, 16}));
  EXPECT_FALSE(runs({1, 1, 1}, {1025, 1, 1}));
  EXPECT_FALSE(runs({1, 1, 1}, {32, 32, 2}));
  EXPECT_FALSE(runs({1, 1, 1}, {0, 1, 1}));
  EXPECT_FALSE(runs({1, 1, 1}, {1, 1, 0}));
  // Products that would wrap to something small.
  EXPECT_FALSE(runs({1, 1, 1}, {0x80000000, 2, 1}));
  EXPECT_FALSE(runs({1, 1, 1}, {0xffffffff, 0xffffffff, 0xffffffff}));
  EXPECT_FALSE(runs({1, 1, 1}, {1u << 22, 1u << 22, 1u << 22}));
}

TEST_F(LaunchTest, BoundsTheGrid) {
  EXPECT_TRUE(runs({0xffffffff, 1, 1}, {1, 1, 1}));
  EXPECT_FALSE(runs({0x80000000, 1, 1}, {2, 1, 1}));
  EXPECT_FALSE(runs({0, 1, 1}, {32, 1, 1}));
  EXPECT_FALSE(runs({1, 0, 1}, {32, 1, 1}));
  EXPECT_FALSE(runs({1, 1, 0}, {32, 1, 1}));
}

TEST_F(LaunchTest, BoundsLocalMemory) {
  kernel_.lds = Bytes(60000);
  EXPECT_TRUE(runs({1, 1, 1}, {32, 1, 1}, 5536));
  EXPECT_FALSE(runs({1, 1, 1}, {32, 1, 1}, 5537));
  EXPECT_FALSE(runs({1, 1, 1}, {32, 1, 1}, 0xffffffff));
}

// 1536 registers per SIMD and lane in blocks of 24; 4 SIMDs in workgroup-processor mode, 2
// otherwise.
TEST_F(LaunchTest, RefusesAWorkgroupThatNoWorkgroupProcessorHolds) {
  kernel_.vector_registers = 192;  // 8 waves a SIMD
  EXPECT_TRUE(runs({1, 1, 1}, {1024, 1, 1}));
  kernel_.vector_registers = 200;  // 216 as given out: 7 waves
  EXPECT_FALSE(runs({1, 1, 1}, {1024, 1, 1}));
  EXPECT_TRUE(runs({1, 1, 1}, {28 * 32, 1, 1}));
  kernel_.rsrc1 = 0;
  EXPECT_FALSE(runs({1, 1, 1}, {28 * 32, 1, 1}));
  EXPECT_TRUE(runs({1, 1, 1}, {14 * 32, 1, 1}));
  EXPECT_FALSE(runs({1, 1, 1}, {14 * 32 + 1, 1, 1}));
}

TEST(KernelLimits, BoundEachResource) {
  const ComputeLimits& limits = *find_compute_limits("gfx1100");
  driver::KernelDescriptor kernel;
  kernel.vector_registers = 256;
  kernel.lds = Bytes(65536);
  kernel.scratch_per_lane = Bytes(262136);
  check_kernel(limits, "k", kernel);
  auto bad = kernel;
  bad.vector_registers = 264;
  EXPECT_EQ(code_of([&] { check_kernel(limits, "k", bad); }), "ERROR_CODE_INVALID_ARGUMENT");
  bad = kernel;
  bad.lds = Bytes(65537);
  EXPECT_EQ(code_of([&] { check_kernel(limits, "k", bad); }), "ERROR_CODE_INVALID_ARGUMENT");
  bad = kernel;
  bad.scratch_per_lane = Bytes(262137);
  EXPECT_EQ(code_of([&] { check_kernel(limits, "k", bad); }), "ERROR_CODE_INVALID_ARGUMENT");
  bad = kernel;
  bad.kernarg = Bytes(0xffffffff);
  EXPECT_EQ(code_of([&] { check_kernel(limits, "k", bad); }), "ERROR_CODE_INVALID_ARGUMENT");
}

TEST(KernelLimits, AreKnownByChip) {
  EXPECT_EQ(find_compute_limits("gfx906"), nullptr);
  EXPECT_EQ(find_compute_limits("gfx1102")->vgprs_per_simd, 1024u);
}

}  // namespace
}  // namespace redbolt::daemon
