// The booted card with what the daemon keeps about it: the arenas of its two regions of video
// memory and the work on its way. Survives failures of the card by booting it again.
//
// A Device belongs to the device thread, like everything that it gives out.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arena.hpp"
#include "backend.hpp"
#include "content_map.hpp"
#include "residents.hpp"
#include "submission_queue.hpp"

namespace redbolt::daemon {

struct DeviceOptions {
  std::chrono::milliseconds hang_timeout{2'000};  // without any progress
  bool emulated = false;                          // clients are told
};

struct ArenaStatus {
  Bytes size;
  Bytes free;
  Bytes largest_free;
  std::size_t blocks = 0;
};

// What copies between host and video memory that clients asked for have moved, since the start.
struct CopyTraffic {
  Bytes to_card;
  Bytes from_card;
};

class Device {
 public:
  // Boots; throws what the factory throws.
  Device(BackendFactory factory, DeviceOptions options);

  const driver::CardInfo& info() const { return info_; }
  const driver::BootReport& boot_report() const { return boot_report_; }  // of the last boot
  const DeviceOptions& options() const { return options_; }
  // In this process, or behind a server that says so.
  bool emulated() const;
  ArenaStatus arena_status() const;
  // Of a region; nullptr while the card could not be booted again.
  const Arena* arena(Region region) const;

  // These throw DaemonError (device_lost) while the card is not usable.
  Backend& backend();
  SubmissionQueue& submissions();
  // Takes video memory, if need be that of resident weights which nobody uses. Throws DaemonError
  // (out_of_memory); `what` is for the message.
  ArenaBlock take(Region region, Bytes size, const std::string& what);

  OwnerId next_owner() { return OwnerId(++last_owner_); }
  // The block now holds what `owner` writes; returns the parts of it, as offsets in the region,
  // that hold what somebody else wrote. Code is not followed: modules are written as whole blocks.
  std::vector<ContentMap::Range> claim(Region region, const ArenaBlock& block, OwnerId owner);
  // The same for the card's scratch memory: whether somebody else used it last.
  bool claim_scratch(OwnerId owner);

  Residents& residents() { return residents_; }
  const Residents& residents() const { return residents_; }

  CopyTraffic& copy_traffic() { return copy_traffic_; }

  FenceId next_fence() { return FenceId(++last_fence_); }

  // Follows the card's progress; see SubmissionQueue::poll().
  void poll(SubmissionQueue::Clock::time_point now);
  bool busy() const { return state_ && !state_->submissions.idle(); }
  // How long to wait before that; while busy().
  SubmissionQueue::Clock::duration pause(SubmissionQueue::Clock::time_point now) const {
    return state_->submissions.pause(now);
  }

  // Gives up the work on the card; the card is not usable until recover().
  void fail(const protocol::Error& error);
  const std::optional<protocol::Error>& failure() const { return failure_; }

  // Asks an idle card whether it is still there, which costs a read over the link, and fails it if
  // not. Returns failure().
  const std::optional<protocol::Error>& check_presence();

  // Held by whoever holds blocks; see recover_if_unused().
  std::shared_ptr<const void> user() const { return users_; }

  // After a failure: stops what runs on the card, so that the memory it uses may be given back, and
  // brings the card back to work by the lightest reset that does. If that keeps its memory there is
  // no failure any more. Without a failure: nothing.
  void stop_work();
  // After a failure, and stop_work() if that has not been called: boots the card again if nothing
  // less has helped. Nothing may hold blocks any more then. Throws DaemonError (device_lost) if it
  // does not come back; may be tried again.
  void recover();
  // The same, unless somebody holds blocks. Does not throw: failure() tells.
  void recover_if_unused();
  // How the card came back from the last failure; nothing if there was none.
  const std::optional<driver::Recovery>& last_recovery() const { return last_recovery_; }
  // The same without a failure: what is on the card is given up with the error. Nothing may hold
  // blocks.
  void reset(const protocol::Error& error);

 private:
  struct State {
    State(std::unique_ptr<Backend> booted, std::chrono::milliseconds hang_timeout);
    std::unique_ptr<Backend> backend;
    Arena data;
    Arena code;
    ContentMap content;  // of the data region
    OwnerId scratch_user;
    SubmissionQueue submissions;
  };

  void boot();
  void boot_again();
  State& usable_state();

  BackendFactory factory_;
  DeviceOptions options_;
  std::unique_ptr<State> state_;  // null while the card could not be booted again
  Residents residents_;           // in state_->data
  std::optional<protocol::Error> failure_;
  bool only_boot_helps_ = false;
  std::optional<driver::Recovery> last_recovery_;
  driver::CardInfo info_;
  driver::BootReport boot_report_;
  CopyTraffic copy_traffic_;
  std::shared_ptr<const void> users_ = std::make_shared<int>(0);
  std::uint64_t last_fence_ = 0;
  std::uint64_t last_owner_ = 0;
};

}  // namespace redbolt::daemon
