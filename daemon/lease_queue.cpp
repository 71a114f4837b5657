#include "lease_queue.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace redbolt::daemon {

LeaseQueue::Claim LeaseQueue::make_claim(Claimant claimant, std::function<void()> on_change) {
  return Claim{LeaseId(++last_id_), std::move(claimant), std::move(on_change), Clock::now()};
}

LeaseId LeaseQueue::enqueue(Claimant claimant, std::function<void()> on_change) {
  claims_.push_back(make_claim(std::move(claimant), std::move(on_change)));
  return claims_.back().id;
}

LeaseId LeaseQueue::enqueue_next(Claimant claimant, std::function<void()> on_change) {
  const auto place = claims_.empty() ? claims_.end() : std::next(claims_.begin());
  const auto claim = claims_.insert(place, make_claim(std::move(claimant), std::move(on_change)));
  for (auto behind = std::next(claim); behind != claims_.end(); ++behind) behind->on_change();
  return claim->id;
}

bool LeaseQueue::holds(LeaseId lease) const {
  return !claims_.empty() && claims_.front().id == lease;
}

std::optional<unsigned> LeaseQueue::position(LeaseId lease) const {
  unsigned position = 0;
  for (const Claim& claim : claims_) {
    if (claim.id == lease) return position;
    ++position;
  }
  return std::nullopt;
}

void LeaseQueue::release(LeaseId lease) {
  const auto claim =
      std::find_if(claims_.begin(), claims_.end(), [&](const Claim& c) { return c.id == lease; });
  if (claim == claims_.end()) return;
  const bool held = claim == claims_.begin();
  const auto next = claims_.erase(claim);
  if (held && !claims_.empty()) claims_.front().since = Clock::now();
  for (auto changed = next; changed != claims_.end(); ++changed) changed->on_change();
}

void LeaseQueue::set_usage(LeaseId lease, const LeaseUsage& usage) {
  if (holds(lease)) claims_.front().usage = usage;
}

void LeaseQueue::set_release_requested(LeaseId lease) {
  if (holds(lease)) claims_.front().release_requested = true;
}

LeaseReport LeaseQueue::report(const Claim& claim) {
  const auto age =
      std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - claim.since);
  return {claim.id, claim.claimant, age, claim.usage, claim.release_requested};
}

std::optional<LeaseReport> LeaseQueue::holder() const {
  if (claims_.empty()) return std::nullopt;
  return report(claims_.front());
}

std::vector<LeaseReport> LeaseQueue::waiting() const {
  std::vector<LeaseReport> reports;
  for (auto claim = claims_.begin(); claim != claims_.end(); ++claim) {
    if (claim != claims_.begin()) reports.push_back(report(*claim));
  }
  return reports;
}

}  // namespace redbolt::daemon
