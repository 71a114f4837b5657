#include "server/generation/token_queue.hpp"

#include <utility>

namespace redbolt::llm::server {

TokenQueue::TokenQueue(std::size_t bound, std::function<void()> wake)
    : bound_(bound), wake_(std::move(wake)) {}

void TokenQueue::on_prompt(std::uint32_t done, std::uint32_t of) {
  const std::lock_guard lock(mutex_);
  arrived_.progress = {done, of};
}

void TokenQueue::on_token(const GeneratedToken& token) {
  const std::lock_guard lock(mutex_);
  if (!wake_) return;
  if (arrived_.tokens.size() < bound_) {
    arrived_.tokens.push_back(token);
  } else {
    arrived_.overflow = true;
  }
  wake_();
}

void TokenQueue::on_end(const EndReport& report) {
  const std::lock_guard lock(mutex_);
  arrived_.end = report;
  if (wake_) wake_();
}

TokenQueue::Arrived TokenQueue::take() {
  const std::lock_guard lock(mutex_);
  Arrived arrived;
  arrived.progress = arrived_.progress;
  return std::exchange(arrived_, std::move(arrived));
}

void TokenQueue::detach() {
  const std::lock_guard lock(mutex_);
  wake_ = nullptr;
  arrived_.tokens.clear();
}

}  // namespace redbolt::llm::server
