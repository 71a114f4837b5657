#include "redbolt/llm/engine/card_share.hpp"

#include <utility>

namespace redbolt::llm {
namespace {

// A speed that was reported longer ago is that of an engine that does nothing.
constexpr std::chrono::seconds kLately{2};

}  // namespace

CardShare::Seat::Seat(std::shared_ptr<CardShare> share, std::string model)
    : share_(std::move(share)), model_(std::move(model)) {
  if (!share_) return;
  const std::lock_guard lock(share_->mutex_);
  share_->seats_.push_back(this);
}

CardShare::Seat::~Seat() {
  if (!share_) return;
  set_busy(false);
  const std::lock_guard lock(share_->mutex_);
  std::erase(share_->seats_, this);
}

void CardShare::Seat::set_busy(bool busy) {
  if (!share_ || busy == busy_) return;
  busy_ = busy;
  busy ? ++share_->busy_ : --share_->busy_;
}

bool CardShare::Seat::has_others() const {
  if (!share_) return false;
  const std::lock_guard lock(share_->mutex_);
  return share_->seats_.size() > 1;
}

bool CardShare::Seat::others_busy() const {
  return share_ && share_->busy_ > (busy_ ? 1U : 0U);
}

CardShare::Speed CardShare::Seat::report_speed(double tokens_per_second, Clock::time_point now) {
  if (!share_) return {tokens_per_second, model_};
  Speed all;
  const std::lock_guard lock(share_->mutex_);
  tokens_per_second_ = tokens_per_second;
  reported_ = now;
  for (const Seat* seat : share_->seats_) {
    if (!all.models.empty() && !seat->model_.empty()) all.models += ", ";
    all.models += seat->model_;
    if (now - seat->reported_ <= kLately) all.tokens_per_second += seat->tokens_per_second_;
  }
  return all;
}

std::optional<std::string> CardShare::Seat::loss() const {
  if (!share_ || !share_->lost_) return std::nullopt;
  const std::lock_guard lock(share_->mutex_);
  return share_->why_;
}

void CardShare::lose(const std::string& why) {
  const std::lock_guard lock(mutex_);
  if (lost_) return;
  why_ = why;
  lost_ = true;
}

}  // namespace redbolt::llm
