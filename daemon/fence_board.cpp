#include "fence_board.hpp"

namespace redbolt::daemon {
namespace {

constexpr std::size_t max_failures = 256;

}  // namespace

void FenceBoard::submitted(FenceId fence) {
  if (first_ == FenceId()) first_ = fence;
  last_submitted_ = fence;
}

void FenceBoard::completed(FenceId fence, const protocol::Error* error) {
  if (error != nullptr) {
    const bool continues = !failures_.empty() && failures_.back().last == last_completed_ &&
                           failures_.back().error.message() == error->message();
    if (continues) {
      failures_.back().last = fence;
    } else {
      failures_.push_back({fence, fence, *error});
      if (failures_.size() > max_failures) failures_.pop_front();
    }
  }
  last_completed_ = fence;
}

const FenceBoard::Failure* FenceBoard::find_failure(FenceId fence) const {
  for (const Failure& failure : failures_) {
    if (failure.first <= fence && fence <= failure.last) return &failure;
  }
  return nullptr;
}

FenceBoard::State FenceBoard::state(FenceId fence) const {
  if (fence == FenceId() || fence < first_ || fence > last_submitted_) return State::unknown;
  if (fence > last_completed_) return State::pending;
  return find_failure(fence) != nullptr ? State::failed : State::done;
}

const protocol::Error& FenceBoard::error(FenceId fence) const {
  return find_failure(fence)->error;
}

}  // namespace redbolt::daemon
