// Who may use the card: one holder at a time, the others in the order in which they asked.
//
// Belongs to the thread of the sockets. Callbacks are called from within release() and withdraw(),
// and must not call back into the queue.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <vector>

#include "redbolt/base/quantity.hpp"

namespace redbolt::daemon {

using LeaseId = Identifier<struct LeaseIdTag>;

struct Claimant {
  std::int64_t pid = 0;
  std::uint32_t uid = 0;
  std::string command;
};

// A holder or somebody who waits, for reports.
struct LeaseReport {
  Claimant claimant;
  std::chrono::milliseconds age{0};  // since it was granted, or since it was asked for
  Bytes arena;                       // of the holder
  Bytes shared;
};

class LeaseQueue {
 public:
  using Clock = std::chrono::steady_clock;

  // Asks for the lease. on_change is called when it is granted and when a place or the holder
  // changes; not from within enqueue itself.
  LeaseId enqueue(Claimant claimant, std::function<void()> on_change);

  bool holds(LeaseId lease) const;
  // 0: holds it; 1: next; nothing: neither (given back or withdrawn).
  std::optional<unsigned> position(LeaseId lease) const;

  // Ends a claim, held or waiting; the next in the queue is granted at once. Unknown ids are
  // ignored.
  void release(LeaseId lease);

  // What the holder has taken, for reports. Ignored if it no longer holds.
  void set_usage(LeaseId lease, Bytes arena, Bytes shared);

  std::optional<LeaseReport> holder() const;
  std::vector<LeaseReport> waiting() const;

 private:
  struct Claim {
    LeaseId id;
    Claimant claimant;
    std::function<void()> on_change;
    Clock::time_point since;
    Bytes arena;
    Bytes shared;
  };

  static LeaseReport report(const Claim& claim);

  std::list<Claim> claims_;  // the holder first
  std::uint64_t last_id_ = 0;
};

}  // namespace redbolt::daemon
