// The engine with slots on the emulated card: many requests at once get what each gets alone,
// whatever slots hold; constraints, log-probabilities, full contexts.
#include <cmath>
#include <stdexcept>

#include "batch_engine_fixture.hpp"
#include "reference_model.hpp"

namespace redbolt::llm {
namespace {

// More than there are slots; prompts from one token to several chunks; greedy and drawn.
std::vector<TokenRequest> mixed_requests() {
  std::vector<TokenRequest> requests;
  std::uint32_t i = 0;
  for (const std::size_t length : {1U, 7U, 33U, 70U, 12U, 40U}) {
    TokenRequest request;
    request.prompt = some_tokens(length, i);
    request.limit = 8 + i;
    if (i % 2 != 0) make_seeded(request, i);
    requests.push_back(std::move(request));
    ++i;
  }
  return requests;
}

TEST_F(BatchEngineTest, RequestsTogetherGetWhatEachGetsAlone) {
  std::vector<Tokens> expected;
  for (TokenRequest& one : mixed_requests()) expected.push_back(alone(std::move(one)));
  const std::uint64_t steps = engine_->status().steps;
  const std::vector<Sink> sinks = start_together(mixed_requests());
  std::size_t tokens = 0;
  for (std::size_t i = 0; i < sinks.size(); ++i) {
    const EndReport report = finish(sinks[i]);
    EXPECT_EQ(report.reason, EndReason::limit);
    EXPECT_EQ(report.prompt_tokens, mixed_requests()[i].prompt.size());
    EXPECT_EQ(report.generated_tokens, 8 + i);
    EXPECT_EQ(sinks[i]->tokens(), expected[i]) << "request " << i;
    tokens += 8 + i;
  }
  // Steps were shared.
  EXPECT_LT(engine_->status().steps - steps, tokens * 2 / 3);
}

// Steps of eight and of all twelve slots take other forms of the matrices than those of four.
TEST_F(BatchEngineTest, ManySlotsAtOnce) {
  EngineShape shape = Loaded::shape();
  shape.context = 40;
  shape.slots = 12;
  const LoadedModel model(loaded_->files, loaded_->device, shape);
  BatchEngine engine(model);
  for (const std::uint32_t count : {7U, 12U}) {
    std::vector<Sink> sinks;
    // Greater numbers have shorter answers, so that the outer slots end first.
    const auto gate = std::make_shared<RecordingSink>([&](std::size_t) {
      for (std::uint32_t i = 0; i < count; ++i) {
        sinks.push_back(std::make_shared<RecordingSink>());
        engine.submit(request(some_tokens(4, i % 4), 7 - i % 4), sinks.back());
      }
    });
    engine.submit(request({1}, 1), gate);
    finish(gate);
    for (std::uint32_t i = 0; i < count; ++i) {
      EXPECT_EQ(finish(sinks[i]).generated_tokens, 7 - i % 4);
      EXPECT_EQ(sinks[i]->tokens(), alone(request(some_tokens(4, i % 4), 7 - i % 4)));
    }
  }
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
  const std::pair<TokenId, std::size_t> forms[] = {{7, 0}, {10, 3}, {1999, 1}};
  std::vector<TokenRequest> requests;
  for (std::size_t i = 0; i < 3; ++i) {
    requests.push_back(request(some_tokens(9, 100), 10));
    requests.back().constraint =
        std::make_unique<Multiples>(forms[i].first, forms[i].second, &accepted[i]);
  }
  requests.push_back(request(some_tokens(9, 100), 20));
  const std::vector<Sink> sinks = start_together(std::move(requests));
  const Sink beside = sinks[3];
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

// Whoever begins between the halves of a step must not be drawn for from what they computed.
TEST_F(BatchEngineTest, WhoComesWhileAFormIsFollowedGetsItsOwnTokens) {
  std::vector<Tokens> expected;
  for (std::uint32_t i = 0; i < 6; ++i)
    expected.push_back(alone(request(some_tokens(4 + 7 * i, 170 + i), 5)));
  Tokens accepted;
  TokenRequest formed = request(some_tokens(9, 100), 60);
  formed.constraint = std::make_unique<Multiples>(7, 0, &accepted);
  std::vector<Sink> sinks;
  const auto stream = std::make_shared<RecordingSink>([&](std::size_t count) {
    // On the engine's thread: before it has looked at what comes next.
    if (count % 8 == 3 && sinks.size() < expected.size()) {
      const auto i = static_cast<std::uint32_t>(sinks.size());
      sinks.push_back(start(request(some_tokens(4 + 7 * i, 170 + i), 5)));
    }
  });
  engine_->submit(std::move(formed), stream);
  finish(stream);
  ASSERT_EQ(sinks.size(), expected.size());
  for (std::size_t i = 0; i < sinks.size(); ++i) {
    EXPECT_EQ(finish(sinks[i]).reason, EndReason::limit);
    EXPECT_EQ(sinks[i]->tokens(), expected[i]) << i;
  }
  EXPECT_EQ(accepted, stream->tokens());
  for (const TokenId token : accepted) EXPECT_EQ(token % 7, 0U);
}

// A step's logits are queued with the draw before, so that the card works while masks are made.
TEST_F(BatchEngineTest, AFormCostsOneDoorbellPerToken) {
  const auto doorbells = [](std::uint32_t limit) {
    Tokens accepted;
    TokenRequest asked = request(some_tokens(9, 180), limit);
    asked.constraint = std::make_unique<Multiples>(7, 0, &accepted);
    const auto before = loaded_->device.counters().link.at("doorbells");
    alone(std::move(asked));
    return loaded_->device.counters().link.at("doorbells") - before;
  };
  doorbells(3);  // from now on the prompt is held
  const auto few = doorbells(3);
  EXPECT_LE(doorbells(33) - few, 30U);
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

TEST_F(BatchEngineTest, AStreamGoesOnWhileALongPromptIsFed) {
  std::size_t streamed = 0, at_first_token = 0;  // of the engine's thread
  const auto late = std::make_shared<RecordingSink>([&](std::size_t count) {
    if (count == 1) at_first_token = streamed;
  });
  const auto stream = std::make_shared<RecordingSink>([&](std::size_t count) {
    streamed = count;
    if (count == 3) engine_->submit(request(some_tokens(90, 141), 2), late);
  });
  engine_->submit(request(some_tokens(5, 140), 40), stream);
  finish(late);
  finish(stream);
  // Three chunks of its prompt, and a step after each.
  EXPECT_GE(at_first_token, 3U + 2U);
  EXPECT_EQ(stream->tokens(), alone(request(some_tokens(5, 140), 40)));
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

}  // namespace
}  // namespace redbolt::llm
