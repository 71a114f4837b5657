// The engine with slots on the emulated card: many requests at once get what each gets alone,
// whatever slots hold; constraints, cancelling, the queue and failures.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <vector>

#include "daemon_process.hpp"
#include "recording_sink.hpp"
#include "redbolt/llm/engine/batch_engine.hpp"
#include "redbolt/llm/error.hpp"
#include "reference_model.hpp"
#include "test_paths.hpp"

namespace redbolt::llm {
namespace {

using test::RecordingSink;
using Tokens = std::vector<TokenId>;
using Sink = std::shared_ptr<RecordingSink>;

const std::filesystem::path kModels = std::filesystem::path(REDBOLT_TEST_DATA) / "models";

constexpr std::uint32_t kContext = 96;
constexpr std::uint32_t kBatch = 32;
constexpr std::uint32_t kSlots = 4;

Tokens some_tokens(std::size_t count, std::uint32_t start = 0) {
  Tokens tokens;
  for (std::size_t i = 0; i < count; ++i)
    tokens.push_back(static_cast<TokenId>((i * 37 + start * 101) % 2000 + 1));
  return tokens;
}

// A card with the model on it.
struct Loaded {
  explicit Loaded(EngineShape shape) : device(options()), model(files, device, shape) {}

  runtime::DeviceOptions options() const {
    runtime::DeviceOptions options;
    options.socket = daemon->socket();
    return options;
  }
  static EngineShape shape() {
    EngineShape shape;
    shape.context = kContext;
    shape.batch = kBatch;
    shape.slots = kSlots;
    return shape;
  }

  std::unique_ptr<test::DaemonProcess> daemon = std::make_unique<test::DaemonProcess>();
  runtime::Device device;
  ModelFiles files{kModels / "tiny-qwen3-Q4_K_M.gguf"};
  LoadedModel model;
};

class BatchEngineTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    loaded_ = new Loaded(Loaded::shape());
    engine_ = new BatchEngine(loaded_->model);
  }
  static void TearDownTestSuite() {
    delete engine_;
    delete loaded_;
  }

  static TokenRequest request(Tokens prompt, std::uint32_t limit) {
    TokenRequest request;
    request.prompt = std::move(prompt);
    request.limit = limit;
    return request;
  }
  static TokenRequest seeded(Tokens prompt, std::uint32_t limit, std::uint64_t seed) {
    TokenRequest asked = request(std::move(prompt), limit);
    asked.sampling.temperature = 1.5F;
    asked.sampling.top_k = 0;
    asked.sampling.top_p = 1;
    asked.sampling.min_p = 0;
    asked.sampling.seed = seed;
    return asked;
  }

  static Sink start(TokenRequest request) {
    auto sink = std::make_shared<RecordingSink>();
    engine_->submit(std::move(request), sink);
    return sink;
  }
  static EndReport finish(const Sink& sink) {
    const auto end = sink->wait_for_end();
    EXPECT_TRUE(end);
    EXPECT_EQ(sink->calls_after_end(), 0U);
    return end.value_or(EndReport{});
  }
  static Tokens alone(TokenRequest request) {
    const Sink sink = start(std::move(request));
    finish(sink);
    return sink->tokens();
  }

  static inline Loaded* loaded_ = nullptr;
  static inline BatchEngine* engine_ = nullptr;
};

TEST_F(BatchEngineTest, RequestsTogetherGetWhatEachGetsAlone) {
  // More than there are slots; prompts from one token to several chunks.
  const std::size_t lengths[] = {1, 7, 33, 70, 12, 40};
  std::vector<TokenRequest> (*make)() = nullptr;
  make = [] {
    std::vector<TokenRequest> requests;
    std::uint32_t i = 0;
    for (const std::size_t length : {1, 7, 33, 70, 12, 40}) {
      Tokens prompt = some_tokens(length, i);
      requests.push_back(i % 2 == 0 ? request(std::move(prompt), 12 + i)
                                    : seeded(std::move(prompt), 12 + i, i));
      ++i;
    }
    return requests;
  };
  std::vector<Tokens> expected;
  for (TokenRequest& one : make()) expected.push_back(alone(std::move(one)));
  const std::uint64_t steps = engine_->status().steps;
  std::vector<Sink> sinks;
  for (TokenRequest& one : make()) sinks.push_back(start(std::move(one)));
  std::size_t tokens = 0;
  for (std::size_t i = 0; i < sinks.size(); ++i) {
    const EndReport report = finish(sinks[i]);
    EXPECT_EQ(report.reason, EndReason::limit);
    EXPECT_EQ(report.prompt_tokens, lengths[i]);
    EXPECT_EQ(report.generated_tokens, 12 + i);
    EXPECT_EQ(sinks[i]->tokens(), expected[i]) << "request " << i;
    tokens += 12 + i;
  }
  // Steps were shared.
  EXPECT_LT(engine_->status().steps - steps, tokens * 2 / 3);
}

TEST_F(BatchEngineTest, WhatASlotHoldsIsNotFedAgain) {
  const Tokens prompt = some_tokens(50, 20);
  const Sink first = start(request(prompt, 8));
  EXPECT_EQ(finish(first).cached_tokens, 0U);
  const Sink again = start(request(prompt, 8));
  // The last token is always fed.
  EXPECT_EQ(finish(again).cached_tokens, 49U);
  EXPECT_EQ(again->tokens(), first->tokens());
  EXPECT_EQ(again->prompt().front(), std::pair(49U, 50U));
  EXPECT_EQ(again->prompt().back(), std::pair(50U, 50U));

  // A conversation goes on: what was answered is held too, all but the last token.
  Tokens longer = prompt;
  const Tokens answer = first->tokens();
  longer.insert(longer.end(), answer.begin(), answer.end());
  longer.push_back(5);
  const Sink next = start(request(longer, 8));
  EXPECT_EQ(finish(next).cached_tokens, 57U);
  // Where the whole of it is fed anew, the same comes out.
  for (std::uint32_t i = 0; i < 2 * kSlots; ++i) alone(request(some_tokens(10, 30 + i), 1));
  const Sink fresh = start(request(longer, 8));
  EXPECT_EQ(finish(fresh).cached_tokens, 0U);
  EXPECT_EQ(fresh->tokens(), next->tokens());
}

TEST_F(BatchEngineTest, PromptsThatPartWaysShareTheirBeginning) {
  Tokens one = some_tokens(40, 50), other = one;
  other.resize(30);
  for (const TokenId token : {3, 1, 4, 1, 5}) other.push_back(token);
  const Tokens expected = alone(request(other, 8));
  for (std::uint32_t i = 0; i < 2 * kSlots; ++i) alone(request(some_tokens(10, 60 + i), 1));
  alone(request(one, 8));
  const Sink sink = start(request(other, 8));
  EXPECT_EQ(finish(sink).cached_tokens, 30U);
  EXPECT_EQ(sink->tokens(), expected);
}

TEST_F(BatchEngineTest, CancellingEndsWithinAToken) {
  const Tokens expected = alone(request(some_tokens(5, 70), 40));
  const Tokens other = alone(request(some_tokens(6, 71), 20));
  TokenRequestId id = 0;
  std::size_t seen = 0;
  // From the sink itself, as a server does that finds its client gone.
  const auto sink = std::make_shared<RecordingSink>([&](std::size_t count) {
    seen = count;
    if (count == 5) engine_->cancel(id);
  });
  id = engine_->submit(request(some_tokens(5, 70), 80), sink);
  const Sink beside = start(request(some_tokens(6, 71), 20));
  const EndReport report = finish(sink);
  EXPECT_EQ(report.reason, EndReason::cancelled);
  EXPECT_GE(seen, 5U);
  EXPECT_LE(sink->tokens().size(), 6U);
  EXPECT_TRUE(std::ranges::equal(sink->tokens(), std::span(expected).first(sink->tokens().size())));
  finish(beside);
  EXPECT_EQ(beside->tokens(), other);
  EXPECT_EQ(alone(request(some_tokens(5, 70), 40)), expected);
  engine_->cancel(id);
  engine_->cancel(12345678);
  EXPECT_EQ(alone(request(some_tokens(6, 71), 20)), other);
}

TEST_F(BatchEngineTest, CancellingWhatHasNotBegun) {
  std::vector<Sink> running;
  for (std::uint32_t i = 0; i < kSlots; ++i)
    running.push_back(start(request(some_tokens(4, 80 + i), 30)));
  const auto waiting = std::make_shared<RecordingSink>();
  const TokenRequestId id = engine_->submit(request(some_tokens(4, 90), 5), waiting);
  engine_->cancel(id);
  EXPECT_EQ(finish(waiting).reason, EndReason::cancelled);
  EXPECT_TRUE(waiting->tokens().empty());
  for (const Sink& sink : running) EXPECT_EQ(finish(sink).reason, EndReason::limit);
}

// Allows multiples of a number, from the third token on.
class Multiples : public TokenConstraint {
 public:
  Multiples(TokenId factor, std::size_t free, Tokens* accepted)
      : factor_(factor), free_(free), accepted_(accepted) {}
  bool restricts() const override { return accepted_->size() >= free_; }
  void allow(std::span<std::uint32_t> mask) override {
    for (const std::uint32_t word : mask) EXPECT_EQ(word, 0U);
    for (TokenId token = 0; token < 2000; token += factor_) mask[token / 32] |= 1U << token % 32;
  }
  void accept(TokenId token) override { accepted_->push_back(token); }

 private:
  TokenId factor_;
  std::size_t free_;
  Tokens* accepted_;
};

TEST_F(BatchEngineTest, ConstraintsAreFollowedAndDisturbNobody) {
  const Tokens free = alone(request(some_tokens(9, 100), 20));
  Tokens accepted[3];
  std::vector<Sink> sinks;
  const std::pair<TokenId, std::size_t> forms[] = {{7, 0}, {10, 3}, {1999, 1}};
  const Sink beside = start(request(some_tokens(9, 100), 20));
  for (std::size_t i = 0; i < 3; ++i) {
    TokenRequest asked = request(some_tokens(9, 100), 10);
    asked.constraint = std::make_unique<Multiples>(forms[i].first, forms[i].second, &accepted[i]);
    sinks.push_back(start(std::move(asked)));
  }
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(finish(sinks[i]).reason, EndReason::limit);
    const Tokens tokens = sinks[i]->tokens();
    ASSERT_EQ(tokens.size(), 10U);
    EXPECT_EQ(accepted[i], tokens);
    const auto [factor, from] = forms[i];
    for (std::size_t at = 0; at < from; ++at) EXPECT_EQ(tokens[at], free[at]);
    for (std::size_t at = from; at < tokens.size(); ++at) EXPECT_EQ(tokens[at] % factor, 0U);
  }
  finish(beside);
  EXPECT_EQ(beside->tokens(), free);
  EXPECT_EQ(alone(request(some_tokens(9, 100), 20)), free);
}

class Breaks : public TokenConstraint {
 public:
  bool restricts() const override { return true; }
  void allow(std::span<std::uint32_t>) override { throw std::runtime_error("no way on"); }
  void accept(TokenId) override {}
};

TEST_F(BatchEngineTest, AConstraintThatBreaksEndsItsRequestAlone) {
  const Tokens free = alone(request(some_tokens(9, 110), 10));
  const Sink beside = start(request(some_tokens(9, 110), 10));
  TokenRequest asked = request(some_tokens(4, 111), 10);
  asked.constraint = std::make_unique<Breaks>();
  const Sink sink = start(std::move(asked));
  const EndReport report = finish(sink);
  EXPECT_EQ(report.reason, EndReason::failed);
  ASSERT_TRUE(report.error);
  EXPECT_NE(std::string(report.error->what()).find("no way on"), std::string::npos);
  EXPECT_TRUE(sink->tokens().empty());
  finish(beside);
  EXPECT_EQ(beside->tokens(), free);
}

TEST_F(BatchEngineTest, LogprobsAreTheModels) {
  const Tokens prompt = some_tokens(9, 120);
  TokenRequest asked = seeded(prompt, 6, 3);
  asked.top_logprobs = 4;
  const Sink sink = start(std::move(asked));
  finish(sink);
  Tokens all = prompt;
  const Tokens tokens = sink->tokens();
  all.insert(all.end(), tokens.begin(), tokens.end());
  const auto rows = test::ReferenceModel(loaded_->files).logits(all);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const std::vector<double>& row = rows[prompt.size() - 1 + i];
    double sum = 0;
    for (const double logit : row) sum += std::exp(logit);
    const GeneratedToken token = sink->generated()[i];
    ASSERT_TRUE(token.logprob);
    EXPECT_NEAR(*token.logprob, row[token.token] - std::log(sum), 0.02);
    ASSERT_EQ(token.alternatives.size(), 4U);
    for (const TokenLogprob& other : token.alternatives)
      EXPECT_NEAR(other.logprob, row[other.token] - std::log(sum), 0.02);
    const double best = *std::ranges::max_element(row) - std::log(sum);
    EXPECT_NEAR(token.alternatives[0].logprob, best, 0.02);
  }
  TokenRequest plain = request(prompt, 2);
  const Sink without = start(std::move(plain));
  finish(without);
  EXPECT_FALSE(without->generated()[0].logprob);
}

TEST_F(BatchEngineTest, StopTokensAndTheContextEndAnswers) {
  const Tokens prompt = some_tokens(10, 130);
  const Tokens free = alone(request(prompt, 20));
  TokenRequest asked = request(prompt, 20);
  asked.stop_tokens = {free[4]};
  const Sink stopped = start(std::move(asked));
  EXPECT_EQ(finish(stopped).reason, EndReason::stop_token);
  EXPECT_EQ(stopped->tokens().back(), free[4]);
  EXPECT_LE(stopped->tokens().size(), 5U);

  const Sink full = start(request(some_tokens(kContext - 5, 131), 0));
  EXPECT_EQ(finish(full).reason, EndReason::context);
  // As many as have a position, and one more that is not fed.
  EXPECT_EQ(full->tokens().size(), 6U);
}

TEST_F(BatchEngineTest, BadRequestsAreRefused) {
  const auto code_of = [](TokenRequest request) {
    try {
      start(std::move(request));
    } catch (const LlmError& error) {
      return error.code();
    }
    ADD_FAILURE() << "was taken";
    return ErrorCode::io;
  };
  EXPECT_EQ(code_of(request({}, 1)), ErrorCode::bad_argument);
  EXPECT_EQ(code_of(request({loaded_->model.config().vocabulary}, 1)), ErrorCode::bad_argument);
  EXPECT_EQ(code_of(request(some_tokens(kContext), 1)), ErrorCode::context_exceeded);
  TokenRequest asked = request(some_tokens(3), 1);
  asked.top_logprobs = 21;
  EXPECT_EQ(code_of(std::move(asked)), ErrorCode::bad_argument);
}

TEST_F(BatchEngineTest, AStreamGoesOnWhileALongPromptIsFed) {
  const Sink stream = start(request(some_tokens(5, 140), 60));
  ASSERT_TRUE(stream->wait_for_tokens(3));
  const auto before = stream->tokens().size();
  std::size_t at_first_token = 0;
  const auto late = std::make_shared<RecordingSink>([&](std::size_t count) {
    if (count == 1) at_first_token = stream->tokens().size();
  });
  engine_->submit(request(some_tokens(90, 141), 2), late);
  finish(late);
  // Three chunks of its prompt, and a step after each.
  EXPECT_GE(at_first_token, before + 2);
  finish(stream);
  EXPECT_EQ(stream->tokens(), alone(request(some_tokens(5, 140), 60)));
}

TEST_F(BatchEngineTest, RequestsWaitInOrderAndTheQueueIsBounded) {
  BatchEngineOptions options;
  options.queue_length = 2;
  EngineShape shape = Loaded::shape();
  shape.slots = 1;
  const LoadedModel model(loaded_->files, loaded_->device, shape);
  BatchEngine engine(model, options);
  std::vector<int> order;
  std::vector<Sink> sinks;
  for (int i = 0; i < 3; ++i) {
    sinks.push_back(std::make_shared<RecordingSink>([&order, i](std::size_t count) {
      if (count == 1) order.push_back(i);
    }));
    engine.submit(request(some_tokens(5, 150), 20), sinks.back());
  }
  try {
    engine.submit(request(some_tokens(5, 150), 20), std::make_shared<RecordingSink>());
    ADD_FAILURE() << "was taken";
  } catch (const LlmError& error) {
    EXPECT_EQ(error.code(), ErrorCode::queue_full);
  }
  for (const Sink& sink : sinks) finish(sink);
  EXPECT_EQ(order, (std::vector{0, 1, 2}));
  EXPECT_EQ(sinks[1]->tokens(), sinks[0]->tokens());
  // There is room again.
  const auto more = std::make_shared<RecordingSink>();
  engine.submit(request(some_tokens(5, 150), 2), more);
  EXPECT_EQ(finish(more).generated_tokens, 2U);
  EXPECT_EQ(engine.status().requests, 4U);
  EXPECT_EQ(engine.status().waiting, 0U);
}

TEST_F(BatchEngineTest, AFullContextIsShifted) {
  BatchEngineOptions options;
  options.context_shift = true;
  EngineShape shape = Loaded::shape();
  shape.context = 40;
  shape.slots = 2;
  const LoadedModel model(loaded_->files, loaded_->device, shape);
  BatchEngine engine(model, options);
  const Tokens prompt = some_tokens(30, 160);
  const auto sink = std::make_shared<RecordingSink>();
  TokenRequest asked = request(prompt, 60);
  asked.keep_tokens = 6;
  engine.submit(std::move(asked), sink);
  const EndReport report = finish(sink);
  EXPECT_EQ(report.reason, EndReason::limit);
  ASSERT_EQ(report.generated_tokens, 60U);
  // What comes after the first shift is what comes after the tokens that were left.
  const Tokens answer = sink->tokens();
  Tokens left = prompt;
  left.insert(left.end(), answer.begin(), answer.begin() + 11);
  ASSERT_EQ(left.size(), 41U);  // the cache is full, and one more is to be fed
  left.erase(left.begin() + 6, left.begin() + 6 + (40 - 6) / 2);
  const auto check = std::make_shared<RecordingSink>();
  engine.submit(request(left, 10), check);
  finish(check);
  EXPECT_TRUE(std::ranges::equal(check->tokens(), std::span(answer).subspan(11, 10)));
}

TEST_F(BatchEngineTest, TheEndOfTheEngineEndsEveryRequest) {
  EngineShape shape = Loaded::shape();
  shape.slots = 1;
  const LoadedModel model(loaded_->files, loaded_->device, shape);
  auto engine = std::make_unique<BatchEngine>(model);
  const auto running = std::make_shared<RecordingSink>();
  const auto waiting = std::make_shared<RecordingSink>();
  engine->submit(request(some_tokens(5), 0), running);
  engine->submit(request(some_tokens(5), 0), waiting);
  ASSERT_TRUE(running->wait_for_tokens(2));
  engine.reset();
  ASSERT_TRUE(running->ended());
  ASSERT_TRUE(waiting->ended());
  EXPECT_EQ(finish(running).reason, EndReason::cancelled);
  EXPECT_EQ(finish(waiting).reason, EndReason::cancelled);
}

TEST(BatchEngineFailure, EverySinkHearsOfIt) {
  auto loaded = std::make_unique<Loaded>(Loaded::shape());
  std::optional<LlmError> told;
  {
    BatchEngineOptions options;
    options.on_failure = [&](const LlmError& error) { told = error; };
    BatchEngine engine(loaded->model, options);
    std::vector<Sink> sinks;
    for (std::uint32_t i = 0; i < kSlots + 2; ++i) {
      sinks.push_back(std::make_shared<RecordingSink>());
      TokenRequest request;
      request.prompt = some_tokens(5, i);
      engine.submit(std::move(request), sinks.back());
    }
    ASSERT_TRUE(sinks[0]->wait_for_tokens(2));
    EXPECT_FALSE(engine.failure());
    loaded->daemon.reset();
    for (const Sink& sink : sinks) {
      const auto end = sink->wait_for_end();
      ASSERT_TRUE(end);
      EXPECT_EQ(end->reason, EndReason::failed);
      ASSERT_TRUE(end->error);
      EXPECT_EQ(end->error->code(), ErrorCode::device);
      EXPECT_FALSE(std::string(end->error->what()).empty());
    }
    TokenRequest request;
    request.prompt = some_tokens(5);
    EXPECT_THROW(engine.submit(std::move(request), std::make_shared<RecordingSink>()), LlmError);
    EXPECT_TRUE(engine.failure());
  }
  EXPECT_TRUE(told);
}

}  // namespace
}  // namespace redbolt::llm
