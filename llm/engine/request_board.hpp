// Where those who ask and the engine's thread meet: requests that wait, in order, requests to be
// cancelled, and the figures that the engine shows.
//
// Threads: any. What only the engine's thread calls is marked.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "redbolt/llm/engine/token_engine.hpp"

namespace redbolt::llm {

using EngineClock = std::chrono::steady_clock;

struct WaitingRequest {
  TokenRequestId id = 0;
  TokenRequest request;
  std::shared_ptr<TokenSink> sink;
  EngineClock::time_point since;
};

class RequestBoard {
 public:
  // capacity: requests that may be there at once, those that run included.
  RequestBoard(std::uint32_t slots, std::uint64_t capacity);

  // Throws queue_full, or the failure that ended the engine.
  TokenRequestId add(TokenRequest request, std::shared_ptr<TokenSink> sink);
  void cancel(TokenRequestId id);
  void close();
  EngineStatus status() const;
  std::optional<LlmError> failure() const;

  // --- the engine's thread ---

  bool closed() const;
  // The request that has waited longest; from now on it counts as running, until done().
  std::optional<WaitingRequest> take();
  void done();
  // Since the last call: running requests to cancel, and those that were still waiting.
  struct Cancelled {
    std::vector<TokenRequestId> running;
    std::vector<WaitingRequest> waiting;
  };
  Cancelled take_cancelled();
  // Returns when something was asked for or the time is up.
  void wait(std::chrono::milliseconds timeout);
  // Changes the figures.
  template <class Change>
  void update(Change change) {
    const std::lock_guard lock(mutex_);
    change(status_);
  }
  // Nothing is taken any more; returns what waits.
  std::vector<WaitingRequest> fail(const LlmError& error);

 private:
  const std::uint64_t capacity_;
  mutable std::mutex mutex_;  // over everything below
  std::condition_variable changed_;
  bool news_ = false;  // for wait()
  bool closed_ = false;
  std::optional<LlmError> failure_;
  TokenRequestId last_id_ = 0;
  std::uint64_t running_ = 0;
  std::deque<WaitingRequest> waiting_;
  std::vector<TokenRequestId> cancelled_;
  EngineStatus status_;
};

}  // namespace redbolt::llm
