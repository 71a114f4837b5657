#include "lease_queue.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace redbolt::daemon {

LeaseId LeaseQueue::enqueue(Claimant claimant, std::function<void()> on_change) {
  const LeaseId id(++last_id_);
  claims_.push_back(
      Claim{id, std::move(claimant), std::move(on_change), Clock::now(), Bytes(0), Bytes(0)});
  return id;
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

void LeaseQueue::set_usage(LeaseId lease, Bytes arena, Bytes shared) {
  if (!holds(lease)) return;
  claims_.front().arena = arena;
  claims_.front().shared = shared;
}

LeaseReport LeaseQueue::report(const Claim& claim) {
  const auto age =
      std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - claim.since);
  return {claim.claimant, age, claim.arena, claim.shared};
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
