// Thoughts before a form, and their limit.
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "constraint_walk.hpp"
#include "redbolt/llm/error.hpp"
#include "redbolt/llm/output/answer_parser.hpp"
#include "schema_oracle.hpp"

namespace redbolt::llm {
namespace {

using test::ConstraintModel;

const ThinkingTags kTags{"<think>", "</think>"};
const ThinkingTags kSpelled{"<reasoning>", "</reasoning>"};  // no token of their own
constexpr std::string_view kSchema =
    R"({"type": "object", "properties": {"a": {"type": "integer"}}})";

TEST(ThinkingConstraint, TheFormBeginsAfterThoughts) {
  const ConstraintModel& model = test::qwen3_model();
  const auto problem = [&](const ThinkingPrelude& prelude, const std::string& text) {
    const auto constraint = model.compiler->json_schema(kSchema, prelude);
    return test::feed_text(*constraint, model, text, SpecialTokens::all);
  };
  for (const ThinkingTags& tags : {kTags, kSpelled}) {
    const std::string open(tags.open), close(tags.close);
    EXPECT_FALSE(problem({.tags = tags}, "{\"a\": 1}"));
    EXPECT_FALSE(problem({.tags = tags}, open + "hm {\"é\n" + close + "\n\n{\"a\": 1}"));
    EXPECT_FALSE(problem({.tags = tags, .opened = true}, "hm, < </ " + close + "\n\n{\"a\": 1}"));
    EXPECT_TRUE(problem({.tags = tags}, "hm"));
    EXPECT_TRUE(problem({.tags = tags, .opened = true}, "hm"));  // the answer may not end here
    EXPECT_TRUE(problem({.tags = tags, .opened = true}, "hm" + close + "\n\nhm"));
    EXPECT_TRUE(problem({.tags = tags}, open + "a" + close + open + "b" + close + "{}"));
  }
  EXPECT_TRUE(problem({}, "<think>hm</think>{}"));
}

// A model that always writes the same: what an answer becomes under a constraint.
std::string drive(TokenConstraint& constraint, const ConstraintModel& model,
                  const std::string& text, std::size_t limit) {
  const auto wanted = model.tokenizer->encode(text, SpecialTokens::all);
  std::string out;
  for (std::size_t i = 0; i < limit; ++i) {
    TokenId token = wanted[i % wanted.size()];
    if (constraint.restricts()) {
      const auto mask = test::mask_of(constraint, model);
      if (!test::is_allowed(mask, token)) {
        for (token = 0; !test::is_allowed(mask, token);) ++token;
      }
    }
    constraint.accept(token);
    if (model.tokenizer->vocabulary().ends_generation(token)) break;
    out += model.pieces[token];
  }
  return out;
}

TEST(ThinkingConstraint, ABudgetForcesTheEndOfThoughts) {
  const ConstraintModel& model = test::qwen3_model();
  const auto budget = [&](const ThinkingPrelude& prelude, const std::string& text) {
    const auto constraint = model.compiler->thinking_budget(prelude);
    return drive(*constraint, model, text, 12);
  };
  // " a" is one token.
  EXPECT_EQ(budget({.tags = kTags, .opened = true, .budget = 3}, " a"),
            " a a a</think>\n\n a a a a a a a");
  EXPECT_EQ(budget({.tags = kTags, .opened = true, .budget = 0}, " a").substr(0, 12),
            "</think>\n\n a");
  EXPECT_EQ(budget({.tags = kTags, .budget = 2}, "<think> a a a a a a a a a a a a").substr(0, 27),
            "<think> a a</think>\n\n a a a");
  // Without thoughts, or when they end by themselves, nothing is forced.
  EXPECT_EQ(budget({.tags = kTags, .budget = 1}, " a"), " a a a a a a a a a a a a");
  EXPECT_EQ(budget({.tags = kTags, .budget = 4}, "<think> a</think> b b b b b b b b b b"),
            "<think> a</think> b b b b b b b b b");
  // A tag that is spelled in several tokens is known by its text.
  EXPECT_EQ(budget({.tags = kSpelled, .budget = 2}, "<b> a a a").find("</"), std::string::npos);
  EXPECT_NE(budget({.tags = kSpelled, .budget = 1}, "<reasoning> a a a a").find("</reasoning>"),
            std::string::npos);
  EXPECT_THROW(model.compiler->thinking_budget({.tags = kTags}), LlmError);
  EXPECT_THROW(model.compiler->thinking_budget({.budget = 1}), LlmError);
}

TEST(ThinkingConstraint, ABudgetWaitsForAWholeCharacter) {
  const ConstraintModel& model = test::qwen3_model();
  const std::string character = "\xF0\x9F\xAB\xA8";  // several tokens
  const std::size_t tokens = model.tokenizer->encode(character, SpecialTokens::none).size();
  ASSERT_GT(tokens, 1U);
  const auto constraint =
      model.compiler->thinking_budget({.tags = kTags, .opened = true, .budget = 1});
  EXPECT_EQ(drive(*constraint, model, character, tokens + 2), character + "</think>\n\n");
}

TEST(ThinkingConstraint, AnAnswerWithBudgetAndFormIsThoughtsAndAValidDocument) {
  std::mt19937 random(8);
  const ConstraintModel& model = test::qwen3_model();
  const test::Json schema = test::Json::parse(kSchema);
  for (const bool opened : {false, true}) {
    for (unsigned round = 0; round < 10; ++round) {
      const auto constraint =
          model.compiler->json_schema(kSchema, {.tags = kTags, .opened = opened, .budget = 5});
      const auto walk = test::random_walk(*constraint, model, random, {"\"", "}"}, 200);
      ASSERT_TRUE(walk.ended);
      AnswerParser parser({.starts_in_thinking = opened});
      std::string content;
      auto events = parser.push(walk.text);
      for (const AnswerEvent& event : parser.finish()) events.push_back(event);
      for (const AnswerEvent& event : events) {
        if (const auto* text = std::get_if<ContentText>(&event)) content += text->text;
      }
      const auto document = test::Json::parse(content, nullptr, false);
      ASSERT_FALSE(document.is_discarded()) << walk.text;
      EXPECT_EQ(test::find_violation(schema, schema, document), "") << walk.text;
    }
  }
}

}  // namespace
}  // namespace redbolt::llm
