// A card with a tiny model and an engine on it, for tests of the engine with slots.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "daemon_process.hpp"
#include "recording_sink.hpp"
#include "redbolt/llm/engine/batch_engine.hpp"
#include "redbolt/llm/error.hpp"
#include "test_paths.hpp"

namespace redbolt::llm {

using test::RecordingSink;
using Tokens = std::vector<TokenId>;
using Sink = std::shared_ptr<RecordingSink>;

inline const std::filesystem::path kModels = std::filesystem::path(REDBOLT_TEST_DATA) / "models";

inline constexpr std::uint32_t kContext = 96;
inline constexpr std::uint32_t kBatch = 32;
inline constexpr std::uint32_t kSlots = 4;

inline Tokens some_tokens(std::size_t count, std::uint32_t start = 0) {
  Tokens tokens;
  for (std::size_t i = 0; i < count; ++i)
    tokens.push_back(static_cast<TokenId>((i * 37 + start * 101) % 2000 + 1));
  return tokens;
}

inline void make_seeded(TokenRequest& request, std::uint64_t seed) {
  request.sampling.temperature = 1.5F;
  request.sampling.top_k = 0;
  request.sampling.top_p = 1;
  request.sampling.min_p = 0;
  request.sampling.seed = seed;
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
    make_seeded(asked, seed);
    return asked;
  }

  static Sink start(TokenRequest request) {
    auto sink = std::make_shared<RecordingSink>();
    engine_->submit(std::move(request), sink);
    return sink;
  }
  // All of them at once, however slow this thread is: asked for on the engine's own.
  static std::vector<Sink> start_together(std::vector<TokenRequest> requests) {
    std::vector<Sink> sinks;
    const auto gate = std::make_shared<RecordingSink>([&](std::size_t) {
      for (TokenRequest& one : requests) sinks.push_back(start(std::move(one)));
    });
    engine_->submit(request({1}, 1), gate);
    finish(gate);
    return sinks;
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

}  // namespace redbolt::llm
