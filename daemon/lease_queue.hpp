// Who may use the card: one holder at a time, the others in the order in which they asked.
//
// Belongs to the thread of the sockets. Callbacks are called from within release() and withdraw(),
// and must not call back into the queue.
#pragma once

#include <chrono>
#include <cstddef>
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

// What the holder has taken.
struct LeaseUsage {
  Bytes arena;     // without resident weights
  Bytes shared;    // pinned host memory
  Bytes module;    // executable video memory
  Bytes resident;  // resident weights that it uses
  std::size_t buffers = 0;
  std::size_t modules = 0;
  std::size_t graphs = 0;
};

// A holder or somebody who waits, for reports.
struct LeaseReport {
  LeaseId lease;
  Claimant claimant;
  std::chrono::milliseconds age{0};  // since it was granted, or since it was asked for
  LeaseUsage usage;                  // of the holder
  bool release_requested = false;
};

class LeaseQueue {
 public:
  using Clock = std::chrono::steady_clock;

  // Asks for the lease. on_change is called when it is granted and when a place or the holder
  // changes; not from within enqueue itself.
  LeaseId enqueue(Claimant claimant, std::function<void()> on_change);
  // The same, ahead of those who wait already.
  LeaseId enqueue_next(Claimant claimant, std::function<void()> on_change);

  bool holds(LeaseId lease) const;
  // 0: holds it; 1: next; nothing: neither (given back or withdrawn).
  std::optional<unsigned> position(LeaseId lease) const;

  // Ends a claim, held or waiting; the next in the queue is granted at once. Unknown ids are
  // ignored.
  void release(LeaseId lease);

  // What the holder has taken, for reports. Ignored if it no longer holds.
  void set_usage(LeaseId lease, const LeaseUsage& usage);
  // Somebody has asked for it.
  void set_release_requested(LeaseId lease);

  std::optional<LeaseReport> holder() const;
  std::vector<LeaseReport> waiting() const;

 private:
  struct Claim {
    LeaseId id;
    Claimant claimant;
    std::function<void()> on_change;
    Clock::time_point since;
    LeaseUsage usage{};
    bool release_requested = false;
  };

  Claim make_claim(Claimant claimant, std::function<void()> on_change);
  static LeaseReport report(const Claim& claim);

  std::list<Claim> claims_;  // the holder first
  std::uint64_t last_id_ = 0;
};

}  // namespace redbolt::daemon
