#include "engine/request_board.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace redbolt::llm {

RequestBoard::RequestBoard(std::uint32_t slots, std::uint64_t capacity) : capacity_(capacity) {
  for (std::uint32_t slot = 0; slot < slots; ++slot) {
    SlotStatus status;
    status.slot = slot;
    status_.slots.push_back(status);
  }
}

TokenRequestId RequestBoard::add(TokenRequest request, std::shared_ptr<TokenSink> sink) {
  const std::lock_guard lock(mutex_);
  if (failure_) throw LlmError(*failure_);
  if (closed_) throw LlmError(ErrorCode::device, "the engine is being ended");
  if (running_ + waiting_.size() >= capacity_) {
    throw LlmError(ErrorCode::queue_full, std::to_string(waiting_.size()) +
                                              " requests are waiting already; try again later");
  }
  const TokenRequestId id = ++last_id_;
  waiting_.push_back({id, std::move(request), std::move(sink), EngineClock::now()});
  ++status_.requests;
  status_.waiting = static_cast<std::uint32_t>(waiting_.size());
  news_ = true;
  changed_.notify_one();
  return id;
}

void RequestBoard::cancel(TokenRequestId id) {
  const std::lock_guard lock(mutex_);
  cancelled_.push_back(id);
  news_ = true;
  changed_.notify_one();
}

void RequestBoard::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  news_ = true;
  changed_.notify_one();
}

EngineStatus RequestBoard::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

std::optional<LlmError> RequestBoard::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

bool RequestBoard::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

std::optional<WaitingRequest> RequestBoard::take() {
  const std::lock_guard lock(mutex_);
  if (waiting_.empty()) return std::nullopt;
  WaitingRequest first = std::move(waiting_.front());
  waiting_.pop_front();
  ++running_;
  status_.waiting = static_cast<std::uint32_t>(waiting_.size());
  return first;
}

void RequestBoard::done() {
  const std::lock_guard lock(mutex_);
  --running_;
}

RequestBoard::Cancelled RequestBoard::take_cancelled() {
  const std::lock_guard lock(mutex_);
  Cancelled result;
  for (const TokenRequestId id : std::exchange(cancelled_, {})) {
    const auto found = std::ranges::find(waiting_, id, &WaitingRequest::id);
    if (found == waiting_.end()) {
      result.running.push_back(id);
    } else {
      result.waiting.push_back(std::move(*found));
      waiting_.erase(found);
    }
  }
  status_.waiting = static_cast<std::uint32_t>(waiting_.size());
  return result;
}

void RequestBoard::wait(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, timeout, [this] { return news_; });
  news_ = false;
}

std::vector<WaitingRequest> RequestBoard::fail(const LlmError& error) {
  const std::lock_guard lock(mutex_);
  failure_ = error;
  std::vector<WaitingRequest> left(std::make_move_iterator(waiting_.begin()),
                                   std::make_move_iterator(waiting_.end()));
  waiting_.clear();
  status_.waiting = 0;
  return left;
}

}  // namespace redbolt::llm
