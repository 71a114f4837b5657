// From a request's options to the card's parameters.
#include "engine/sampling_parameters.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "redbolt/llm/error.hpp"

namespace redbolt::llm {
namespace {

constexpr std::uint32_t kVocabulary = 1000;

TEST(SamplingParameters, EveryOptionArrives) {
  SamplingOptions options;
  options.temperature = 0.7F;
  options.top_k = 11;
  options.top_p = 0.8F;
  options.min_p = 0.1F;
  options.seed = 0x0123456789abcdef;
  options.repeat_penalty = 1.2F;
  options.repeat_last_n = 33;
  options.presence_penalty = 0.5F;
  options.frequency_penalty = -0.25F;
  options.logit_bias = {{7, 1}, {3, -100}, {7, 2}};
  const std::vector<TokenId> stops = {5, 6};
  const SamplingContext context{stops, 21, 4, true};
  EXPECT_NO_THROW(check_sampling(options, context, kVocabulary));
  const runtime::SamplingParameters p = sampling_parameters(options, context);
  EXPECT_EQ(p.temperature, 0.7F);
  EXPECT_EQ(p.top_k, 11U);
  EXPECT_EQ(p.top_p, 0.8F);
  EXPECT_EQ(p.min_p, 0.1F);
  EXPECT_EQ(p.seed_low, 0x89abcdefU);
  EXPECT_EQ(p.seed_high, 0x01234567U);
  EXPECT_EQ(p.repeat_penalty, 1.2F);
  EXPECT_EQ(p.repeat_last_n, 33U);
  EXPECT_EQ(p.presence_penalty, 0.5F);
  EXPECT_EQ(p.frequency_penalty, -0.25F);
  EXPECT_EQ(p.answer_start, 21U);
  EXPECT_EQ(p.masked, 1U);
  EXPECT_EQ(p.logprobs, 5U);
  EXPECT_EQ(p.stop_count, 2U);
  EXPECT_EQ(p.stop_tokens[1], 6U);
  const auto biases = logit_biases(options);
  ASSERT_EQ(biases.size(), 2U);
  EXPECT_EQ(p.bias_count, 2U);
  EXPECT_EQ(biases[0].token, 3U);
  EXPECT_EQ(biases[0].bias, -100);
  EXPECT_EQ(biases[1].token, 7U);
  EXPECT_EQ(biases[1].bias, 2) << "the last one counts";
}

TEST(SamplingParameters, NothingIsAskedForByDefault) {
  const runtime::SamplingParameters p = sampling_parameters({}, {});
  EXPECT_EQ(p.repeat_penalty, 1);
  EXPECT_EQ(p.presence_penalty, 0);
  EXPECT_EQ(p.frequency_penalty, 0);
  EXPECT_EQ(p.bias_count, 0U);
  EXPECT_EQ(p.masked, 0U);
  EXPECT_EQ(p.logprobs, 0U);
}

TEST(SamplingParameters, TheHistoryNeedsWhatTheWindowSees) {
  SamplingOptions options;
  EXPECT_EQ(history_needed(options, 100), 0U);
  options.repeat_penalty = 1.1F;
  EXPECT_EQ(history_needed(options, 100), 64U);
  EXPECT_EQ(history_needed(options, 10), 10U);
}

TEST(SamplingParameters, WhatIsOutOfRangeIsRefusedByName) {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  constexpr float infinity = std::numeric_limits<float>::infinity();
  struct Refusal {
    const char* name;
    std::function<void(SamplingOptions&, SamplingContext&)> change;
  };
  const std::vector<TokenId> stops(runtime::max_stop_tokens + 1);
  const Refusal refusals[] = {
      {"temperature", [](auto& o, auto&) { o.temperature = nan; }},
      {"temperature", [](auto& o, auto&) { o.temperature = -1; }},
      {"top_p", [](auto& o, auto&) { o.top_p = -0.5F; }},
      {"min_p", [](auto& o, auto&) { o.min_p = 1.5F; }},
      {"repeat_penalty", [](auto& o, auto&) { o.repeat_penalty = 0; }},
      {"presence_penalty", [](auto& o, auto&) { o.presence_penalty = infinity; }},
      {"frequency_penalty", [](auto& o, auto&) { o.frequency_penalty = nan; }},
      {"logit_bias",
       [](auto& o, auto&) {
         o.logit_bias = {{kVocabulary, 1}};
       }},
      {"logit_bias",
       [](auto& o, auto&) {
         o.logit_bias = {{1, nan}};
       }},
      {"logit_bias", [](auto& o, auto&) { o.logit_bias.resize(1025); }},
      {"stop tokens", [&](auto&, auto& c) { c.stop_tokens = stops; }},
      {"top_logprobs", [](auto&, auto& c) { c.top_logprobs = 21; }},
  };
  for (const Refusal& refusal : refusals) {
    SamplingOptions options;
    SamplingContext context;
    refusal.change(options, context);
    try {
      check_sampling(options, context, kVocabulary);
      ADD_FAILURE() << refusal.name << " was let pass";
    } catch (const LlmError& error) {
      EXPECT_EQ(error.code(), ErrorCode::bad_argument);
      EXPECT_NE(std::string(error.what()).find(refusal.name), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace redbolt::llm
