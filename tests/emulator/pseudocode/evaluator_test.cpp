// The language itself, on sentences whose results are plain.
#include "evaluator.hpp"

#include <gtest/gtest.h>

#include "machine.hpp"
#include "parser.hpp"

namespace redbolt::pseudocode {
namespace {

class Language : public testing::Test {
 protected:
  u64 value_of(const std::string& text) {
    const Block block = parse(text);
    StateSurroundings surroundings(state, false);
    const Definitions none = [](const std::string&) -> const Block* { return nullptr; };
    Evaluator e(surroundings, none);
    e.set("S0", {Kind::bits, 128}, 0x80ff7f01);
    e.set("D0", {Kind::bits, 128}, 0x1234);
    e.run(block);
    return static_cast<u64>(e.bits("D0", 64));
  }
  State state;
};

TEST_F(Language, SlicesAndViews) {
  EXPECT_EQ(value_of("D0.u32 = S0[15 : 8].u32"), 0x7fu);
  EXPECT_EQ(value_of("D0.u32 = S0.u32[31 : 24]"), 0x80u);
  EXPECT_EQ(value_of("D0.i32 = 32'I(signext(S0[31 : 16].i16))"), 0xffff80ffu);
  EXPECT_EQ(value_of("D0.u32[7 : 0] = S0.u32[0 : 7]"), 0x1280u);  // the rest is kept
  EXPECT_EQ(value_of("D0[8 +: 4] = 15"), 0x1f34u);
  EXPECT_EQ(value_of("D0.u16 = { 8'1U, S0[7 : 0] }"), 0x0101u);
}

TEST_F(Language, IntegersAreExactUntilTheyAreStored) {
  EXPECT_EQ(value_of("D0.u32 = (S0.u32[31 : 24] + S0.u32[23 : 16]) >> 1U"), 0xbfu);
  EXPECT_EQ(value_of("D0.u32 = S0.u32 * S0.u32"), static_cast<u32>(0x80ff7f01u * 0x80ff7f01u));
  EXPECT_EQ(value_of("D0.u32 = -1 >> 4"), 0xffffffffu);
  EXPECT_EQ(value_of("D0.u32 = 1U << 40U"), 0u);
  EXPECT_EQ(value_of("D0.u32 = 2 + 3 * 4 == 14 && !(1 > 2) ? 7 : 8"), 7u);
}

TEST_F(Language, ConditionsLoopsAndFunctions) {
  EXPECT_EQ(
      value_of(
          "tmp = 0; for i in 0 : 9 do if i == 5 then break endif; tmp += i endfor; D0.u32 = tmp"),
      10u);
  EXPECT_EQ(
      value_of("F = lambda(a, b) ( if a > b then return a else return b endif); D0.u32 = F(3, 9)"),
      9u);
  EXPECT_EQ(value_of("if S0[0] then D0.u32 = 1U elsif 1 then D0.u32 = 2U else D0.u32 = 3U endif"),
            1u);
  EXPECT_EQ(value_of("declare a : 32'U[4]; a[2] = 5; D0.u32 = a[2] + a[3]"), 5u);
}

TEST_F(Language, FloatsKeepTheirKindOfNan) {
  EXPECT_EQ(value_of("D0.u32 = 0; D0.f16 = 16'1.5 + 16'0.25"), 0x3f00u);
  EXPECT_EQ(value_of("D0.f32 = 32'F(64'F(32'F(0x7f800001)))"), 0x7f800001u);
  EXPECT_EQ(value_of("D0.f32 = 32'F(cvtToQuietNAN(64'F(32'F(0x7f800001))))"), 0x7fc00001u);
  EXPECT_EQ(value_of("D0.f32 = -INF.f32"), 0xff800000u);
}

TEST_F(Language, RefusesWhatItDoesNotKnow) {
  EXPECT_THROW(parse("D0 = (1"), SyntaxError);
  EXPECT_THROW(parse("if 1 then D0 = 1"), SyntaxError);
  EXPECT_THROW(parse("D = A (16x16) * B"), SyntaxError);
  EXPECT_THROW(value_of("D0.u32 = nobody_knows(1)"), EvaluationError);
  EXPECT_THROW(value_of("D0.u32 = NOTHING"), EvaluationError);
}

}  // namespace
}  // namespace redbolt::pseudocode
