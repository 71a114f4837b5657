// One hardware queue that is in use: its thread, what wakes it and what stops it. What a queue is
// (a compute queue of the MEC, a ring of an SDMA engine) is its QueueBehaviour.
//
// Threads: the behaviour runs on the queue's own thread only. Everything of RingQueue may be called
// from any thread, register handlers included: nothing blocks but await_end() and the destructor,
// which wait for the thread, and that ends promptly once it is told to. A queue's thread waits for
// none: its packets may write the registers that end queues, its own included.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "packets/packet_stream.hpp"
#include "packets/queue_error.hpp"

namespace redbolt::emulator {

class QueueBehaviour {
 public:
  virtual ~QueueBehaviour() = default;
  // The write pointer, in dwords, after a doorbell that carried `doorbell`.
  virtual std::uint64_t write_pointer(std::uint64_t doorbell) = 0;
  virtual PacketStream& ring() = 0;
  // Executes one packet; false when the ring does not hold a whole one.
  virtual bool step() = 0;
  // Tells the host how far the queue has come.
  virtual void report(std::uint64_t read_pointer) = 0;
  // The queue has stopped for good: report it as the hardware does.
  virtual void halted(const QueueError& error) = 0;
  // The thread's last act.
  virtual void disconnected(std::uint64_t read_pointer) = 0;
};

class RingQueue {
 public:
  // What a behaviour needs of its queue.
  class Control {
   public:
    std::stop_token stop_token() const { return stop_.get_token(); }
    // Around a wait for memory or a register, in which a queue may be drained. wait_begins() throws
    // QueueError(aborted) if it has been asked to.
    void wait_begins();
    void wait_ends();
    // Does nothing for a while. Throws QueueError(aborted) when the queue is ended meanwhile.
    void rest(std::chrono::nanoseconds duration);
    // What a wave that never ends does to its queue: until the queue is ended, as rest() tells.
    [[noreturn]] void hang();

   private:
    friend class RingQueue;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::stop_source stop_;
    std::optional<std::uint64_t> doorbell_;  // rung since it was last looked at
    bool runnable_ = false;
    bool drain_ = false;
    bool waiting_ = false;
    bool busy_ = false;
    bool finished_ = false;
    std::string halt_reason_;
  };
  using Factory = std::function<std::unique_ptr<QueueBehaviour>(Control&)>;

  // Starts the thread; packets are executed while runnable, which it is not at first. The factory
  // is called at once.
  explicit RingQueue(const Factory& factory);
  // Aborts what runs.
  ~RingQueue();
  RingQueue(const RingQueue&) = delete;
  RingQueue& operator=(const RingQueue&) = delete;

  void ring(std::uint64_t doorbell);
  void set_runnable(bool runnable);
  // Ends the queue after the packet in progress, or out of a wait. A dispatch that hangs keeps it,
  // and so do waves that were halted.
  void drain();
  // Ends the queue where it is.
  void abort();
  // Waits until a queue that has been aborted has done its last act, so that nothing of it comes
  // after a reset; on the thread of a queue it does not wait.
  void await_end();

  // It has been told to end, or has ended.
  bool ending() const;
  // The thread has done its last act.
  bool finished() const;
  // Whether the caller runs on the thread of a queue, whichever.
  static bool on_queue_thread();
  // Packets in progress or to be executed, or halted.
  bool busy() const;
  // Why it stands still; empty while it does not.
  std::string halt_reason() const;

 private:
  void run();
  void serve();
  // False when the queue is to end.
  bool wait_for_doorbell(std::uint64_t& doorbell);
  void process(std::uint64_t doorbell);
  void hold(const QueueError& error);
  bool may_go_on() const;

  Control control_;
  std::unique_ptr<QueueBehaviour> behaviour_;
  std::thread thread_;
};

// Starts queues, and is where those go that a queue's thread was the last to let go of: they are
// destroyed by who may wait for them. Outlives the queues. From any thread.
class QueueKeeper {
 public:
  std::shared_ptr<RingQueue> start(const RingQueue::Factory& factory);
  // Waits for what is kept and destroys it; on a queue's thread it does nothing.
  void clear();

 private:
  void retire(std::unique_ptr<RingQueue> queue);

  std::mutex mutex_;
  std::vector<std::unique_ptr<RingQueue>> retired_;
};

}  // namespace redbolt::emulator
