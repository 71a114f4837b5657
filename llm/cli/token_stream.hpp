// Tokens on their way from the engine's thread to the one that prints them.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>

#include "redbolt/llm/engine/token_engine.hpp"

namespace redbolt::llm::cli {

// Threads: the engine's calls on_..., one other thread takes.
class TokenStream : public TokenSink {
 public:
  void on_prompt(std::uint32_t done, std::uint32_t of) override;
  void on_token(const GeneratedToken& token) override;
  void on_end(const EndReport& report) override;

  // The next token, waited for at most `limit`.
  std::optional<TokenId> take(std::chrono::milliseconds limit);
  // Once all tokens are taken and nothing follows.
  std::optional<EndReport> end() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<TokenId> tokens_;
  std::optional<EndReport> end_;
};

}  // namespace redbolt::llm::cli
