// What one connection knows of its submissions: which are complete and which failed.
//
// Belongs to the thread of the sockets.
#pragma once

#include <redbolt/protocol/messages.pb.h>

#include <cstdint>
#include <deque>

#include "submission_queue.hpp"

namespace redbolt::daemon {

class FenceBoard {
 public:
  enum class State : std::uint8_t { unknown, pending, done, failed };

  // Fences grow; those of other connections may lie between them.
  void submitted(FenceId fence);
  // In the order of submission.
  void completed(FenceId fence, const protocol::Error* error);

  // unknown: never given to this connection.
  State state(FenceId fence) const;
  // Only for a fence that failed.
  const protocol::Error& error(FenceId fence) const;

 private:
  struct Failure {
    FenceId first;
    FenceId last;
    protocol::Error error;
  };
  const Failure* find_failure(FenceId fence) const;

  FenceId first_;  // 0: none yet
  FenceId last_submitted_;
  FenceId last_completed_;
  std::deque<Failure> failures_;  // the latest; older ones count as done
};

}  // namespace redbolt::daemon
