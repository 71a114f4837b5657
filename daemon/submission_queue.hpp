// Work on its way through the card, in the order in which it was handed in: what waits, what is in
// the rings, what is complete, and what went wrong.
//
// Belongs to the device thread. Nothing here blocks: poll() is called while there is work.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <redbolt/protocol/messages.pb.h>

#include "backend.hpp"
#include "look_schedule.hpp"
#include "mirrored_work.hpp"
#include "redbolt/base/quantity.hpp"

namespace redbolt::daemon {

using FenceId = Identifier<struct FenceIdTag>;

// Told on the device thread, in the order of the fences; error is nullptr when the work is done.
using CompletionHandler = std::function<void(FenceId fence, const protocol::Error* error)>;

struct Work {
  std::string name;  // for messages: the graph's, or "copy"
  Engine engine = Engine::compute;
  std::size_t ring_entries = 1;  // indirect buffers or packets, for what the rings hold at once
  // Puts it into the ring.
  std::function<driver::FenceValue(Backend& backend, std::optional<driver::FenceValue> after)>
      start;
  CompletionHandler on_complete;
  // Of graphs: where it runs, and which kernels do when its marks have come so far; empty if that
  // cannot be told. The context outlives the work.
  const MemoryContext* context = nullptr;
  std::function<std::string(std::uint32_t mark)> running_at{};
  std::shared_ptr<const MirroredWork> mirrored{};  // nullptr: nothing of it is mirrored
};

class SubmissionQueue {
 public:
  using Clock = std::chrono::steady_clock;

  // hang_timeout: how long the card may make no progress with the oldest submission on it.
  SubmissionQueue(Backend& backend, std::chrono::milliseconds hang_timeout);

  // fence: greater than any before.
  void submit(FenceId fence, Work work);

  // Follows the card's progress. Returns the failure when the card reported a fault, hung or is
  // gone; all work has then been answered with it and the card needs a reset.
  std::optional<protocol::Error> poll(Clock::time_point now);

  // Answers all work with the error. The card may still be busy with it.
  void abandon(const protocol::Error& error);

  // The card was stopped, and its queues are empty: starts anew. Only while idle().
  void restart();

  bool idle() const { return in_flight_.empty() && waiting_.empty(); }
  std::size_t size() const { return in_flight_.size() + waiting_.size(); }
  // How long to wait before poll() is called again. Only while not idle().
  Clock::duration pause(Clock::time_point now) const;

 private:
  struct Entry {
    FenceId fence;
    Work work;
    driver::FenceValue value{};                // of its engine, once started
    std::optional<protocol::Error> refusal{};  // the driver did not take it
  };

  // What the card has done so far, as far as can be seen without its registers.
  struct Progress {
    std::uint64_t engines = 0;
    std::uint32_t mark = 0;  // of the oldest submission's context
  };
  // The last complete submission of each engine; nothing where nobody has looked.
  struct Completed {
    std::optional<driver::FenceValue> compute;
    std::optional<driver::FenceValue> copies;
    const std::optional<driver::FenceValue>& of(Engine engine) const {
      return engine == Engine::compute ? compute : copies;
    }
  };

  bool has_progressed();
  Completed look() const;
  std::chrono::milliseconds check_interval() const;
  std::optional<protocol::Error> reported_fault();
  std::optional<protocol::Error> check(Clock::time_point now);
  protocol::Error fault_error(const driver::Interrupt& interrupt) const;
  void add_place(protocol::Error& error) const;
  std::string running() const;
  bool mirrored_work_in_flight() const;
  void follow_words(Clock::time_point now);
  void head_started(Clock::time_point now);
  void start_waiting(Clock::time_point now);
  void start(Entry entry);
  bool head_is_complete(const Completed& completed) const;
  void finish_completed(const Completed& completed, Clock::time_point now);
  std::optional<protocol::Error> follow_fences(Clock::time_point now);
  protocol::Error hang_error();
  std::optional<driver::FenceValue> dependency(Engine engine) const;

  Backend& backend_;
  std::chrono::milliseconds hang_timeout_;
  std::deque<Entry> waiting_;    // not yet in a ring
  std::deque<Entry> in_flight_;  // in a ring, oldest first
  std::size_t entries_in_flight_ = 0;
  Clock::time_point head_since_{};
  Clock::time_point next_check_{};
  // Where looks cost messages, when to look at the fence, and at mirrored memory.
  LookSchedule schedule_;
  Clock::time_point next_fence_look_{};
  Clock::time_point next_words_look_{};
  Progress last_progress_;
  Clock::time_point last_progress_at_{};
  // The last started: what comes next on the other engine has to follow it.
  std::optional<std::pair<Engine, driver::FenceValue>> last_started_;
  std::optional<protocol::Error> failure_;  // found while starting work; the next poll tells
};

}  // namespace redbolt::daemon
