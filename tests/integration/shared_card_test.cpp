// Engines of two models on one emulated card at once.
#include <array>
#include <functional>
#include <future>

#include "batch_engine_fixture.hpp"

namespace redbolt::llm {
namespace {

// Two models of different families on a card, each with an engine.
class SharedCard : public testing::Test {
 protected:
  static constexpr std::size_t kEngines = 2;

  struct Served {
    Served(const char* file, runtime::Device& device, const EngineShape& shape)
        : files(kModels / file), model(files, device, shape) {}
    ModelFiles files;
    LoadedModel model;
    std::optional<LlmError> told;
    std::unique_ptr<BatchEngine> engine;
  };

  void start_engines(std::uint32_t slots) {
    EngineShape shape = Loaded::shape();
    shape.slots = slots;
    shape.context = 8192;  // nothing ends by itself meanwhile
    const std::array<const char*, kEngines> names{"tiny-qwen3-Q4_K_M.gguf",
                                                  "tiny-llama-Q4_K_M.gguf"};
    for (const char* const name : names)
      served_.push_back(std::make_unique<Served>(name, device_, shape));
    for (const auto& served : served_) {
      BatchEngineOptions options;
      options.share = share_;
      options.on_failure = [&told = served->told](const LlmError& error) { told = error; };
      served->engine = std::make_unique<BatchEngine>(served->model, std::move(options));
    }
  }
  BatchEngine& engine(std::size_t index) { return *served_[index]->engine; }

  TokenRequestId submit(std::size_t index, Tokens prompt, std::uint32_t limit, const Sink& sink) {
    TokenRequest request;
    request.prompt = std::move(prompt);
    request.limit = limit;
    return engine(index).submit(std::move(request), sink);
  }
  static EndReport finish(const Sink& sink) {
    const auto end = sink->wait_for_end();
    EXPECT_TRUE(end);
    return end.value_or(EndReport{});
  }

  static runtime::DeviceOptions device_options(const test::DaemonProcess& daemon) {
    runtime::DeviceOptions options;
    options.socket = daemon.socket();
    return options;
  }

  test::DaemonProcess daemon_;
  runtime::Device device_{device_options(daemon_)};
  std::shared_ptr<CardShare> share_ = std::make_shared<CardShare>();
  std::vector<std::unique_ptr<Served>> served_;
};

TEST_F(SharedCard, EachAnswersAsItDoesAlone) {
  start_engines(2);
  constexpr std::array<std::size_t, 3> lengths{5, 40, 17};
  const auto ask = [&](std::size_t index, std::size_t round) {
    const auto sink = std::make_shared<RecordingSink>();
    submit(index, some_tokens(lengths[round], static_cast<std::uint32_t>(round)), 12, sink);
    return sink;
  };
  std::array<std::vector<Tokens>, kEngines> expected;
  for (std::size_t index = 0; index < kEngines; ++index) {
    for (std::size_t round = 0; round < lengths.size(); ++round) {
      const Sink sink = ask(index, round);
      finish(sink);
      expected[index].push_back(sink->tokens());
    }
  }
  ASSERT_NE(expected[0], expected[1]);
  std::array<std::vector<Sink>, kEngines> together;
  for (std::size_t round = 0; round < lengths.size(); ++round) {
    for (std::size_t index = 0; index < kEngines; ++index)
      together[index].push_back(ask(index, round));
  }
  for (std::size_t index = 0; index < kEngines; ++index) {
    for (std::size_t round = 0; round < lengths.size(); ++round) {
      EXPECT_EQ(finish(together[index][round]).reason, EndReason::limit);
      EXPECT_EQ(together[index][round]->tokens(), expected[index][round])
          << "engine " << index << ", round " << round;
    }
  }
}

// Beside an answer that has no end, the other model answers, and neither queues more than two
// steps: so long does the other wait at most.
TEST_F(SharedCard, AnEndlessAnswerLeavesTheOtherItsTurns) {
  start_engines(1);
  const auto endless = std::make_shared<RecordingSink>();
  const TokenRequestId id = submit(0, some_tokens(5), 0, endless);
  ASSERT_TRUE(endless->wait_for_tokens(1));
  const std::size_t before = endless->tokens().size();
  std::uint64_t most_ahead = 0;
  const auto beside = std::make_shared<RecordingSink>([&](std::size_t count) {
    // The first token is drawn with the prompt.
    most_ahead = std::max(most_ahead, engine(1).status().steps - (count - 1));
  });
  submit(1, some_tokens(70), 24, beside);
  EXPECT_EQ(finish(beside).generated_tokens, 24U);
  EXPECT_LE(most_ahead, 2U);
  // The endless one went on meanwhile, and goes on.
  EXPECT_FALSE(endless->ended());
  EXPECT_TRUE(endless->wait_for_tokens(before + 24));
  engine(0).cancel(id);
  EXPECT_EQ(finish(endless).reason, EndReason::cancelled);
}

TEST_F(SharedCard, WhatOneLosesAllLose) {
  start_engines(1);
  const std::array<Sink, kEngines> sinks{std::make_shared<RecordingSink>(),
                                         std::make_shared<RecordingSink>()};
  for (std::size_t index = 0; index < kEngines; ++index)
    submit(index, some_tokens(5), 0, sinks[index]);
  ASSERT_TRUE(sinks[1]->wait_for_tokens(1));
  {
    client::Connection other({daemon_.socket(), "another"});
    const auto status = other.status();
    ASSERT_TRUE(status.holder);
    other.ask_release(status.holder->lease, "a test");
  }
  for (std::size_t index = 0; index < kEngines; ++index) {
    const EndReport report = finish(sinks[index]);
    EXPECT_EQ(report.reason, EndReason::failed);
    ASSERT_TRUE(report.error);
    EXPECT_NE(std::string(report.error->what()).find("a test"), std::string::npos)
        << report.error->what();
    EXPECT_THROW(submit(index, some_tokens(5), 1, std::make_shared<RecordingSink>()), LlmError);
  }
  // on_failure comes last, and no later than the engine's end.
  for (const auto& served : served_) {
    served->engine.reset();
    EXPECT_TRUE(served->told);
  }
}

}  // namespace
}  // namespace redbolt::llm
