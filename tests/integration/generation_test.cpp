// The token loop on the emulated card: what a token costs the link, determinism, limits, stop
// tokens and the end of the context.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "daemon_process.hpp"
#include "redbolt/llm/engine/generator.hpp"
#include "redbolt/llm/engine/logits_runner.hpp"
#include "redbolt/llm/error.hpp"
#include "reference_model.hpp"
#include "test_paths.hpp"

namespace redbolt::llm {
namespace {

const std::filesystem::path kModels = std::filesystem::path(REDBOLT_TEST_DATA) / "models";

using Tokens = std::vector<TokenId>;

Tokens some_tokens(std::size_t count) {
  Tokens tokens;
  for (std::size_t i = 0; i < count; ++i) tokens.push_back(static_cast<TokenId>(i * 37 % 2000 + 1));
  return tokens;
}

class TokenLoop : public testing::Test {
 protected:
  static constexpr std::uint32_t kContext = 96;
  static constexpr std::uint32_t kBatch = 32;

  static void SetUpTestSuite() {
    daemon_ = new test::DaemonProcess;
    runtime::DeviceOptions options;
    options.socket = daemon_->socket();
    device_ = new runtime::Device(options);
    files_ = new ModelFiles(kModels / "tiny-qwen3-Q4_K_M.gguf");
    EngineShape shape;
    shape.context = kContext;
    shape.batch = kBatch;
    model_ = new LoadedModel(*files_, *device_, shape);
    generator_ = new Generator(*model_);
  }
  static void TearDownTestSuite() {
    delete generator_;
    delete model_;
    delete files_;
    delete device_;
    delete daemon_;
  }

  static GenerationRequest request(std::size_t prompt, std::uint32_t limit) {
    GenerationRequest request;
    request.prompt = some_tokens(prompt);
    request.limit = limit;
    return request;
  }

  struct Answer {
    Tokens tokens;
    runtime::StopReason stop = runtime::StopReason::none;
  };
  static Answer generate(const GenerationRequest& request) {
    Generation generation(*generator_, request);
    Answer answer;
    while (const auto token = generation.next()) {
      answer.tokens.push_back(token->token);
      answer.stop = token->stop;
    }
    return answer;
  }

  static inline test::DaemonProcess* daemon_ = nullptr;
  static inline runtime::Device* device_ = nullptr;
  static inline ModelFiles* files_ = nullptr;
  static inline LoadedModel* model_ = nullptr;
  static inline Generator* generator_ = nullptr;
};

TEST_F(TokenLoop, ReadsNoRegisterAndRingsOneDoorbellPerTokenAtMost) {
  Generation generation(*generator_, request(8, 33));
  ASSERT_TRUE(generation.next());
  const auto before = device_->counters();
  std::uint32_t tokens = 0;
  while (generation.next()) ++tokens;
  const auto after = device_->counters();
  ASSERT_EQ(tokens, 32U);
  EXPECT_EQ(after.link.at("register_reads") - before.link.at("register_reads"), 0U);
  EXPECT_LE(after.link.at("doorbells") - before.link.at("doorbells"), tokens);
  EXPECT_GT(after.link.at("doorbells") - before.link.at("doorbells"), 0U);
  if (test::served_cards_wanted()) {
    // What the card counts stays with its server; the way there is counted here.
    EXPECT_LE(after.card.at("remote_messages") - before.card.at("remote_messages"), 3 * tokens);
    return;
  }
  // The card's own count agrees: nothing went past the driver's.
  EXPECT_EQ(after.card.at("register_reads") - before.card.at("register_reads"), 0U);
  EXPECT_LE(after.card.at("doorbells") - before.card.at("doorbells"), tokens);
  EXPECT_EQ(after.card.at("dispatches") - before.card.at("dispatches"),
            tokens * generator_->dispatches_per_token());
}

TEST_F(TokenLoop, GreedyAnswersRepeat) {
  const Answer first = generate(request(10, 24));
  EXPECT_EQ(first.tokens.size(), 24U);
  EXPECT_EQ(first.stop, runtime::StopReason::limit);
  EXPECT_EQ(generate(request(10, 24)).tokens, first.tokens);
  // A shorter answer is the beginning of the longer one, however steps are queued.
  for (const std::uint32_t limit : {1U, 2U, 9U}) {
    EXPECT_EQ(generate(request(10, limit)).tokens,
              Tokens(first.tokens.begin(), first.tokens.begin() + limit));
  }
}

// Each token must be the exact argmax given the tokens before it, wherever that is clear.
TEST_F(TokenLoop, GreedyTokensAreTheReferencesBest) {
  const Tokens prompt = some_tokens(40);  // more than one batch
  GenerationRequest asked;
  asked.prompt = prompt;
  asked.limit = 16;
  const Answer answer = generate(asked);
  Tokens all = prompt;
  all.insert(all.end(), answer.tokens.begin(), answer.tokens.end());
  const test::ReferenceModel reference(*files_);
  const auto rows = reference.logits(all);
  std::size_t clear = 0;
  for (std::size_t i = 0; i < answer.tokens.size(); ++i) {
    const std::vector<double>& row = rows[prompt.size() - 1 + i];
    const auto best = std::ranges::max_element(row);
    double deviation = 0;
    for (const double logit : row) deviation += logit * logit / static_cast<double>(row.size());
    const double behind = *best - row[answer.tokens[i]];
    EXPECT_LE(behind, 0.02 * std::sqrt(deviation)) << "token " << i;
    if (behind == 0) ++clear;
  }
  EXPECT_GT(clear, answer.tokens.size() / 2);
}

TEST_F(TokenLoop, BiasAndPenaltiesSeePromptAndAnswer) {
  GenerationRequest asked = request(40, 1);
  constexpr std::size_t kPlace = 5;  // the 35th from the prompt's end
  const TokenId favourite = asked.prompt[kPlace];
  const std::vector<double> row = test::ReferenceModel(*files_).logits(asked.prompt).back();
  const double best = *std::ranges::max_element(row);
  ASSERT_GT(best, 0);
  const auto first = [&] { return generate(asked).tokens.front(); };
  EXPECT_NE(first(), favourite);
  // A fifth better than the best, so that half of it is not.
  asked.sampling.logit_bias = {{favourite, static_cast<float>(1.2 * best - row[favourite])}};
  EXPECT_EQ(first(), favourite);
  asked.sampling.repeat_penalty = 2;
  EXPECT_NE(first(), favourite);
  asked.sampling.repeat_last_n = 35;
  EXPECT_NE(first(), favourite);
  asked.sampling.repeat_last_n = 34;
  EXPECT_EQ(first(), favourite);
  asked.sampling = {};
  asked.sampling.presence_penalty = 1000;
  asked.limit = 16;
  Tokens answer = generate(asked).tokens;
  std::ranges::sort(answer);
  EXPECT_EQ(std::ranges::adjacent_find(answer), answer.end()) << "no token twice";
}

TEST_F(TokenLoop, SeedsDecideWhatIsDrawn) {
  GenerationRequest asked = request(10, 24);
  asked.sampling.temperature = 1.5F;
  asked.sampling.top_k = 0;
  asked.sampling.top_p = 1;
  asked.sampling.min_p = 0;
  asked.sampling.seed = 1;
  const Tokens one = generate(asked).tokens;
  EXPECT_EQ(generate(asked).tokens, one);
  asked.sampling.seed = 2;
  EXPECT_NE(generate(asked).tokens, one);
  asked.sampling.seed = 1ULL << 32 | 1;
  EXPECT_NE(generate(asked).tokens, one) << "the seed's upper half counts too";
}

TEST_F(TokenLoop, StopTokensEndTheAnswer) {
  const Tokens free = generate(request(10, 24)).tokens;
  GenerationRequest asked = request(10, 24);
  asked.stop_tokens = {free[5]};
  const Answer answer = generate(asked);
  EXPECT_EQ(answer.stop, runtime::StopReason::stop_token);
  ASSERT_FALSE(answer.tokens.empty());
  EXPECT_EQ(answer.tokens.back(), free[5]);
  EXPECT_LE(answer.tokens.size(), 6U);
  // Steps that were queued beyond the end have changed nothing.
  EXPECT_EQ(generate(request(10, 24)).tokens, free);
}

TEST_F(TokenLoop, TheContextEndsTheAnswer) {
  const Answer answer = generate(request(kContext - 4, 50));
  EXPECT_EQ(answer.stop, runtime::StopReason::context);
  EXPECT_GE(answer.tokens.size(), 4U);
  EXPECT_LE(answer.tokens.size(), 5U);
  EXPECT_EQ(generate(request(kContext, 50)).tokens.size(), 1U);
  EXPECT_THROW(generate(request(kContext + 1, 1)), LlmError);
}

TEST_F(TokenLoop, BadRequestsAreRefused) {
  GenerationRequest asked = request(3, 1);
  asked.prompt[1] = model_->config().vocabulary;
  EXPECT_THROW(generate(asked), LlmError);
  EXPECT_THROW(generate(request(0, 1)), LlmError);
  EXPECT_THROW(generate(request(3, 0)), LlmError);
  asked = request(3, 1);
  asked.stop_tokens.resize(runtime::max_stop_tokens + 1);
  EXPECT_THROW(generate(asked), LlmError);
}

// Prompts of every length around a batch give the same logits fed in batches and one by one.
TEST_F(TokenLoop, BatchesJoinWithoutASeam) {
  EngineShape shape;
  shape.context = kContext;
  shape.batch = kBatch;
  shape.all_logits = true;
  const LoadedModel model(*files_, *device_, shape);
  LogitsRunner batched(model, Feeding::batched);
  LogitsRunner single(model, Feeding::token_by_token);
  const test::ReferenceModel reference(*files_);
  for (const std::size_t count : {1U, 31U, 32U, 33U, 70U}) {
    const Tokens tokens = some_tokens(count);
    const auto exact = reference.logits(tokens);
    for (LogitsRunner* runner : {&batched, &single}) {
      std::size_t row = 0;
      double error = 0, squares = 0;
      runner->run(tokens, true, [&](std::span<const float> logits) {
        for (std::size_t i = 0; i < logits.size(); ++i) {
          const double difference = static_cast<double>(logits[i]) - exact[row][i];
          error += difference * difference;
          squares += exact[row][i] * exact[row][i];
        }
        ++row;
      });
      EXPECT_EQ(row, count);
      EXPECT_LE(std::sqrt(error / squares), 0.005) << count << " tokens";
    }
  }
}

}  // namespace
}  // namespace redbolt::llm
