// From the engine's thread to the server's: tokens wait here until the connection takes them.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "redbolt/llm/engine/token_engine.hpp"

namespace redbolt::llm::server {

struct PromptProgress {
  std::uint32_t done = 0;
  std::uint32_t of = 0;
};

class TokenQueue final : public TokenSink {
 public:
  // `wake`: called on the engine's thread when something has come. More than `bound` tokens waiting
  // count as overflow and are not kept.
  TokenQueue(std::size_t bound, std::function<void()> wake);

  void on_prompt(std::uint32_t done, std::uint32_t of) override;
  void on_token(const GeneratedToken& token) override;
  void on_end(const EndReport& report) override;

  struct Arrived {
    std::vector<GeneratedToken> tokens = {};
    PromptProgress progress = {};
    std::optional<EndReport> end = {};
    bool overflow = false;
  };
  // All that has come since the last call.
  Arrived take();
  // Nobody takes any more: `wake` is not called after this returns.
  void detach();

 private:
  std::mutex mutex_;
  const std::size_t bound_;
  std::function<void()> wake_;
  Arrived arrived_;
};

}  // namespace redbolt::llm::server
