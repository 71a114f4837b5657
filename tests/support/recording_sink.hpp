// A TokenSink that keeps what it is told, for tests to wait for.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "redbolt/llm/engine/token_engine.hpp"

namespace redbolt::test {

class RecordingSink : public llm::TokenSink {
 public:
  using OnToken = std::function<void(std::size_t count)>;

  // on_token: called on the engine's thread after each token.
  explicit RecordingSink(OnToken on_token = {}) : callback_(std::move(on_token)) {}

  void on_prompt(std::uint32_t done, std::uint32_t of) override {
    const std::lock_guard lock(mutex_);
    prompt_.emplace_back(done, of);
    changed_.notify_all();
  }
  void on_token(const llm::GeneratedToken& token) override {
    std::size_t count = 0;
    {
      const std::lock_guard lock(mutex_);
      tokens_.push_back(token);
      count = tokens_.size();
      if (end_) ++after_end_;
      changed_.notify_all();
    }
    if (callback_) callback_(count);
  }
  void on_end(const llm::EndReport& report) override {
    const std::lock_guard lock(mutex_);
    if (end_) ++after_end_;
    end_ = report;
    changed_.notify_all();
  }

  // Nothing if that does not happen within the time that a loaded machine may need.
  std::optional<llm::EndReport> wait_for_end() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kPatience, [&] { return end_.has_value(); });
    return end_;
  }
  bool wait_for_tokens(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return tokens_.size() >= count; });
  }
  bool wait_for_prompt() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return !prompt_.empty(); });
  }

  std::vector<llm::TokenId> tokens() const {
    const std::lock_guard lock(mutex_);
    std::vector<llm::TokenId> ids;
    for (const llm::GeneratedToken& token : tokens_) ids.push_back(token.token);
    return ids;
  }
  std::vector<llm::GeneratedToken> generated() const {
    const std::lock_guard lock(mutex_);
    return tokens_;
  }
  std::vector<std::pair<std::uint32_t, std::uint32_t>> prompt() const {
    const std::lock_guard lock(mutex_);
    return prompt_;
  }
  bool ended() const {
    const std::lock_guard lock(mutex_);
    return end_.has_value();
  }
  // Calls that came when everything had been said.
  std::size_t calls_after_end() const {
    const std::lock_guard lock(mutex_);
    return after_end_;
  }

 private:
  static constexpr std::chrono::seconds kPatience{120};

  OnToken callback_;
  mutable std::mutex mutex_;  // over everything below
  std::condition_variable changed_;
  std::vector<llm::GeneratedToken> tokens_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> prompt_;
  std::optional<llm::EndReport> end_;
  std::size_t after_end_ = 0;
};

}  // namespace redbolt::test
