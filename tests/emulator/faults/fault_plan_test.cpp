// The grammar of fault plans.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "redbolt/emulator/card.hpp"

namespace redbolt::emulator::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string error_of(const char* text) {
  try {
    parse_fault_plan(text);
  } catch (const EmulatorError& error) {
    EXPECT_EQ(error.code(), EmulatorErrorCode::bad_option);
    return error.what();
  }
  return "";
}

TEST(FaultPlan, EmptyTextIsAnEmptyPlan) {
  EXPECT_TRUE(parse_fault_plan("").clauses.empty());
  EXPECT_TRUE(parse_fault_plan(" ; ;").clauses.empty());
}

TEST(FaultPlan, TimesCountsAndProbabilities) {
  const FaultPlan plan = parse_fault_plan(
      "unplug@2.5s+1s; hang-wave:p=0.01;drop-fence@n=3;delay-fence:ms=50:p=0.1;seed=7;"
      "hang-wave@250ms:times=2");
  ASSERT_EQ(plan.clauses.size(), 5u);
  EXPECT_EQ(plan.seed, 7u);

  const FaultClause& unplug = plan.clauses[0];
  EXPECT_EQ(unplug.kind, FaultKind::unplug);
  EXPECT_EQ(unplug.after, 2500ms);
  EXPECT_EQ(unplug.lasts, 1s);
  EXPECT_EQ(unplug.times, 1u);

  EXPECT_EQ(plan.clauses[1].kind, FaultKind::hang_wave);
  EXPECT_EQ(plan.clauses[1].probability, 0.01);
  EXPECT_FALSE(plan.clauses[1].times);

  EXPECT_EQ(plan.clauses[2].kind, FaultKind::drop_fence);
  EXPECT_EQ(plan.clauses[2].nth, 3u);
  EXPECT_EQ(plan.clauses[2].times, 1u);

  EXPECT_EQ(plan.clauses[3].kind, FaultKind::delay_fence);
  EXPECT_EQ(plan.clauses[3].lasts, 50ms);

  EXPECT_EQ(plan.clauses[4].after, 250ms);
  EXPECT_EQ(plan.clauses[4].times, 2u);
}

// psp_ids.csv: PSP_FW_TYPE_PSP_SOS 1, GFX_FW_TYPE_RS64_MEC 89, GFX_FW_TYPE_SDMA_UCODE_TH0/1 71/72.
TEST(FaultPlan, TargetsHaveTheNumbersOfTheTables) {
  const FaultPlan plan = parse_fault_plan(
      "refuse-firmware=mec;refuse-firmware=sdma;refuse-firmware=sos;stall-mailbox=smu@boot;"
      "drop-fence=sdma;refuse-firmware");
  EXPECT_THAT(plan.clauses[0].targets, ElementsAre(0x10000 | 89));
  EXPECT_THAT(plan.clauses[1].targets, ElementsAre(0x10000 | 71, 0x10000 | 72));
  EXPECT_THAT(plan.clauses[2].targets, ElementsAre(1));
  EXPECT_THAT(plan.clauses[3].targets, ElementsAre(mailbox_smu));
  EXPECT_EQ(plan.clauses[3].after, 0s);
  EXPECT_THAT(plan.clauses[4].targets, ElementsAre(fence_sdma));
  EXPECT_TRUE(plan.clauses[5].targets.empty());
}

TEST(FaultPlan, ErrorsQuoteTheClause) {
  EXPECT_THAT(error_of("hang-wave;explode@1s"), HasSubstr("\"explode@1s\""));
  EXPECT_THAT(error_of("explode"), HasSubstr("hang-wave"));  // what there is
  EXPECT_THAT(error_of("hang-wave:p=0"), HasSubstr("hang-wave:p=0"));
  EXPECT_THAT(error_of("hang-wave:p=1.5"), HasSubstr("above 0, up to 1"));
  EXPECT_THAT(error_of("hang-wave:p=nan"), HasSubstr("probability"));
  EXPECT_THAT(error_of("hang-wave@n=0"), HasSubstr("counts from 1"));
  EXPECT_THAT(error_of("hang-wave@n=99999999999999999999"), HasSubstr("no number"));
  EXPECT_THAT(error_of("hang-wave@5"), HasSubstr("us, ms or s"));
  EXPECT_THAT(error_of("hang-wave@-5s"), HasSubstr("from 0 to a day"));
  EXPECT_THAT(error_of("hang-wave@1e300s"), HasSubstr("a time such as"));
  EXPECT_THAT(error_of("hang-wave@1s@2s"), HasSubstr("two @"));
  EXPECT_THAT(error_of("hang-wave@1s+1s"), HasSubstr("no duration"));
  EXPECT_THAT(error_of("hang-wave=mec"), HasSubstr("no target"));
  EXPECT_THAT(error_of("hang-wave:colour=red"), HasSubstr("\"colour\""));
  EXPECT_THAT(error_of("hang-wave:p"), HasSubstr("needs a value"));
  EXPECT_THAT(error_of("hang-wave@n=2:p=0.5"), HasSubstr("exclude"));
  EXPECT_THAT(error_of("drop-fence=gfx"), HasSubstr("compute, sdma"));
  EXPECT_THAT(error_of("delay-fence"), HasSubstr("needs a duration"));
  EXPECT_THAT(error_of("delay-fence:ms=5:for=5ms"), HasSubstr("given twice"));
  EXPECT_THAT(error_of("unplug"), HasSubstr("when?"));
  EXPECT_THAT(error_of("seed=1;seed=2"), HasSubstr("given twice"));
  EXPECT_THAT(error_of("seed=x"), HasSubstr("no number"));
  EXPECT_THAT(error_of(std::string(5000, ';').c_str()), HasSubstr("longer"));
}

TEST(FaultPlan, IsACardOption) {
  const CardOptions options = parse_card_options("vram=1G,fault=hang-wave@n=2;seed=9,threads=2");
  EXPECT_EQ(options.threads, 2u);
  ASSERT_EQ(options.faults.clauses.size(), 1u);
  EXPECT_EQ(options.faults.seed, 9u);
  EXPECT_THROW(parse_card_options("fault=nonsense"), EmulatorError);
}

TEST(FaultPlan, HelpNamesEveryKind) {
  for (std::size_t kind = 0; kind < fault_kinds; ++kind) {
    EXPECT_THAT(std::string(fault_plan_help()),
                HasSubstr("  " + std::string(fault_name(static_cast<FaultKind>(kind)))));
  }
}

}  // namespace
}  // namespace redbolt::emulator::test
