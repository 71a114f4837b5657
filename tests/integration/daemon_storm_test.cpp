// The short form of scripts/storm.
#include <gtest/gtest.h>

#include "storm.hpp"

namespace redbolt::test {
namespace {

TEST(DaemonStorm, EverythingIsWhereItWasAndTheNextPromptIsAnswered) {
  StormPlan plan;
  plan.client_kills = 20;
  plan.daemon_kills = 3;
  plan.unplugs = 3;
  plan.seed = 20261126;
  const StormReport report = run_storm(plan);
  for (const std::string& problem : report.problems) ADD_FAILURE() << problem;
  EXPECT_LE(report.descriptors_after, report.descriptors_before + 16);
  EXPECT_LE(report.resident_after, report.resident_before + (std::uint64_t{32} << 20));
  EXPECT_NE(report.answer.find('4'), std::string::npos) << report.answer;
}

}  // namespace
}  // namespace redbolt::test
