// How requests come, wait, are given up and end; and the end of the engine itself.
#include <array>
#include <atomic>
#include <functional>
#include <future>

#include "batch_engine_fixture.hpp"

namespace redbolt::llm {
namespace {

class BatchEngineLife : public BatchEngineTest {};

TEST_F(BatchEngineLife, CancellingEndsWithinAToken) {
  const Tokens expected = alone(request(some_tokens(5, 70), 10));
  const Tokens other = alone(request(some_tokens(6, 71), 10));
  std::promise<TokenRequestId> id;
  // From the sink itself, as a server does that finds its client gone.
  const auto sink = std::make_shared<RecordingSink>([&](std::size_t count) {
    if (count == 5) engine_->cancel(id.get_future().get());
  });
  const TokenRequestId cancelled = engine_->submit(request(some_tokens(5, 70), 80), sink);
  id.set_value(cancelled);
  const Sink beside = start(request(some_tokens(6, 71), 10));
  const EndReport report = finish(sink);
  EXPECT_EQ(report.reason, EndReason::cancelled);
  EXPECT_GE(sink->tokens().size(), 5U);
  EXPECT_LE(sink->tokens().size(), 6U);
  EXPECT_TRUE(std::ranges::equal(sink->tokens(), std::span(expected).first(sink->tokens().size())));
  finish(beside);
  EXPECT_EQ(beside->tokens(), other);
  EXPECT_EQ(alone(request(some_tokens(5, 70), 10)), expected);
  engine_->cancel(cancelled);
  engine_->cancel(12345678);
  EXPECT_EQ(alone(request(some_tokens(6, 71), 10)), other);
}

// What was cancelled does not keep its slot: who waits for it begins after the steps that were
// queued.
TEST_F(BatchEngineLife, CancellingFreesTheSlot) {
  EngineShape shape = Loaded::shape();
  shape.context = 1024;
  shape.slots = 1;
  const LoadedModel model(loaded_->files, loaded_->device, shape);
  BatchEngine engine(model);
  std::promise<TokenRequestId> id;
  const auto endless = std::make_shared<RecordingSink>([&](std::size_t count) {
    if (count == 3) engine.cancel(id.get_future().get());
  });
  const auto next = std::make_shared<RecordingSink>();
  id.set_value(engine.submit(request(some_tokens(5), 0), endless));
  engine.submit(request(some_tokens(6), 2), next);
  EXPECT_EQ(finish(endless).reason, EndReason::cancelled);
  EXPECT_EQ(finish(next).reason, EndReason::limit);
  EXPECT_LE(engine.status().steps, 3U + 8U + 2U);
}

TEST_F(BatchEngineLife, CancellingWhatHasNotBegun) {
  std::vector<TokenRequest> requests;
  for (std::uint32_t i = 0; i < kSlots + 1; ++i)
    requests.push_back(request(some_tokens(4, 80 + i), 5));
  const auto waiting = std::make_shared<RecordingSink>();
  const auto first = std::make_shared<RecordingSink>([&](std::size_t count) {
    if (count != 1) return;
    // More than there are slots are before it.
    for (TokenRequest& one : requests) start(std::move(one));
    engine_->cancel(engine_->submit(request(some_tokens(4, 90), 5), waiting));
  });
  engine_->submit(request(some_tokens(4, 79), 5), first);
  EXPECT_EQ(finish(waiting).reason, EndReason::cancelled);
  EXPECT_TRUE(waiting->tokens().empty());
  EXPECT_EQ(finish(first).reason, EndReason::limit);
}

// Many requests, some of them given up at different moments: each ends once, and none gets
// another's tokens.
TEST_F(BatchEngineLife, RequestsComeAndGo) {
  const Tokens expected[] = {alone(request(some_tokens(3, 200), 4)),
                             alone(request(some_tokens(3, 201), 4)),
                             alone(request(some_tokens(3, 202), 4))};
  std::vector<Sink> sinks;
  std::array<std::atomic<TokenRequestId>, 24> ids{};
  for (std::uint32_t i = 0; i < 24; ++i) {
    // Those that give up do so at once, before the first token, or at it.
    const auto sink = std::make_shared<RecordingSink>([i, &ids](std::size_t count) {
      if (i % 4 == 1 && count == 1 + i % 3) engine_->cancel(ids[i]);
    });
    sinks.push_back(sink);
    ids[i] = engine_->submit(request(some_tokens(3, 200 + i % 3), 4), sink);
    if (i % 4 == 2) engine_->cancel(ids[i]);
  }
  for (std::uint32_t i = 0; i < 24; ++i) {
    const EndReport report = finish(sinks[i]);
    const bool given_up = i % 4 == 1 || i % 4 == 2;
    if (!given_up) {
      EXPECT_EQ(report.reason, EndReason::limit);
    }
    const Tokens tokens = sinks[i]->tokens();
    EXPECT_EQ(tokens.size(), report.generated_tokens);
    EXPECT_TRUE(std::ranges::equal(tokens, std::span(expected[i % 3]).first(tokens.size())));
  }
}

TEST_F(BatchEngineLife, BadRequestsAreRefused) {
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

TEST_F(BatchEngineLife, RequestsWaitInOrderAndTheQueueIsBounded) {
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

TEST_F(BatchEngineLife, TheEndOfTheEngineEndsEveryRequest) {
  EngineShape shape = Loaded::shape();
  shape.slots = 1;
  shape.context = 4096;  // nothing ends by itself meanwhile
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

class BatchEngineFailure : public testing::Test {
 protected:
  static constexpr std::size_t kRequests = kSlots + 2;

  static EngineShape shape() {
    EngineShape shape = Loaded::shape();
    shape.context = 1024;  // nothing ends by itself meanwhile
    return shape;
  }
  // Runs requests, lets `strike` happen after some tokens, on the engine's thread, and returns what
  // every sink was told.
  std::string error_after(const std::function<void()>& strike) {
    BatchEngineOptions options;
    options.on_failure = [&](const LlmError& error) { told_ = error; };
    BatchEngine engine(loaded_.model, options);
    std::vector<Sink> sinks;
    for (std::uint32_t i = 0; i < kRequests; ++i) {
      sinks.push_back(std::make_shared<RecordingSink>([&, i](std::size_t count) {
        if (i == 0 && count == 2) strike();
      }));
      TokenRequest request;
      request.prompt = some_tokens(5, i);
      engine.submit(std::move(request), sinks.back());
    }
    std::string message;
    for (const Sink& sink : sinks) {
      const auto end = sink->wait_for_end();
      EXPECT_TRUE(end && end->reason == EndReason::failed && end->error);
      if (!end || !end->error) return "";
      EXPECT_EQ(end->error->code(), ErrorCode::device);
      message = end->error->what();
    }
    TokenRequest request;
    request.prompt = some_tokens(5);
    EXPECT_THROW(engine.submit(std::move(request), std::make_shared<RecordingSink>()), LlmError);
    EXPECT_TRUE(engine.failure());
    return message;
  }

  static void expect_answer(const LoadedModel& model) {
    BatchEngine engine(model);
    const auto sink = std::make_shared<RecordingSink>();
    TokenRequest request;
    request.prompt = some_tokens(5);
    request.limit = 3;
    engine.submit(std::move(request), sink);
    const auto end = sink->wait_for_end();
    ASSERT_TRUE(end);
    EXPECT_EQ(end->reason, EndReason::limit);
  }

  Loaded loaded_{shape()};
  std::optional<LlmError> told_;
};

TEST_F(BatchEngineFailure, EverySinkHearsOfADeadDaemon) {
  EXPECT_FALSE(error_after([&] { loaded_.daemon->kill(); }).empty());
  EXPECT_TRUE(told_);
}

TEST_F(BatchEngineFailure, TheCardIsGivenBackWhenAnotherAsks) {
  const std::string message = error_after([&] {
    client::Connection other({loaded_.daemon->socket(), "another"});
    const auto status = other.status();
    ASSERT_TRUE(status.holder);
    other.ask_release(status.holder->lease, "a test");
  });
  EXPECT_NE(message.find("a test"), std::string::npos) << message;
  EXPECT_TRUE(told_);
  // The device is still there: a new engine works.
  expect_answer(loaded_.model);
}

TEST_F(BatchEngineFailure, ANewEngineWorksAfterTheCardWasReset) {
  const std::string message = error_after([&] {
    client::Connection other({loaded_.daemon->socket(), "another"});
    other.reset_card(true, "a test");
  });
  EXPECT_FALSE(message.empty());
  EXPECT_TRUE(told_);
  runtime::Device device(loaded_.options());
  const LoadedModel model(loaded_.files, device, shape());
  expect_answer(model);
}

}  // namespace
}  // namespace redbolt::llm
