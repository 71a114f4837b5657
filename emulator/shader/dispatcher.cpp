#include "redbolt/emulator/shader/dispatcher.hpp"

#include <algorithm>
#include <atomic>
#include <cfenv>
#include <condition_variable>
#include <deque>
#include <list>
#include <mutex>
#include <thread>
#include <vector>

#include "code_cache.hpp"
#include "dispatch_plan.hpp"
#include "wave_memory.hpp"
#include "workgroup.hpp"

namespace redbolt::emulator {
namespace {

// As many waves as the card holds at once (96 compute units of 2 x 16).
constexpr std::uint64_t most_resident_waves = 3072;
// How long a workgroup runs before others that wait have their turn.
constexpr std::uint64_t workgroup_turn = 1024 * 1024;

// How many workgroups a worker runs of one dispatch before it looks after others.
constexpr unsigned workgroups_in_a_row = 32;

// Workgroups to be used again. Threads: any.
class SpareWorkgroups {
 public:
  std::unique_ptr<Workgroup> take() {
    const std::lock_guard lock(mutex_);
    if (spare_.empty()) return std::make_unique<Workgroup>();
    auto workgroup = std::move(spare_.back());
    spare_.pop_back();
    return workgroup;
  }
  void give_back(std::unique_ptr<Workgroup> workgroup) {
    const std::lock_guard lock(mutex_);
    spare_.push_back(std::move(workgroup));
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<Workgroup>> spare_;
};

// One dispatch in progress, shared by the workers. Threads: any.
class Job {
 public:
  Job(const Dispatch& dispatch, const DispatchPlan& plan, MemoryPort& port, Counters& counters,
      SpareWorkgroups& spare)
      : dispatch_(dispatch), plan_(plan), port_(port), counters_(counters), spare_(spare) {
    most_resident_ = std::max<std::uint64_t>(1, most_resident_waves / plan.waves_per_workgroup);
    if (plan.scratch_workgroups != 0) {
      most_resident_ = std::min<std::uint64_t>(most_resident_, plan.scratch_workgroups);
    }
    for (std::uint64_t n = most_resident_; n-- > 0;)
      free_slots_.push_back(static_cast<std::uint32_t>(n));
  }

  MemoryPort& port() const { return port_; }
  unsigned vgprs() const { return plan_.vgprs; }
  const std::atomic<bool>& stop() const { return stop_; }
  void request_stop() { stop_.store(true, std::memory_order_relaxed); }

  // Whether take() has something to give.
  bool has_work() const {
    const std::lock_guard lock(mutex_);
    return !stop_.load(std::memory_order_relaxed) && (!waiting_.empty() || can_start());
  }
  // Nothing is left to run, beside what workers hold.
  bool is_over() const {
    const std::lock_guard lock(mutex_);
    return stop_.load(std::memory_order_relaxed) || (waiting_.empty() && next_ == plan_.workgroups);
  }

  // A workgroup to run: a new one, or, when there are none or each second time, one that waits.
  // nullptr: nothing for this worker.
  std::unique_ptr<Workgroup> take() {
    const std::lock_guard lock(mutex_);
    if (stop_.load(std::memory_order_relaxed)) return nullptr;
    if (!waiting_.empty() && (!can_start() || resume_next_)) {
      resume_next_ = false;
      auto workgroup = std::move(waiting_.front());
      waiting_.pop_front();
      return workgroup;
    }
    resume_next_ = true;
    if (!can_start()) return nullptr;
    auto workgroup = spare_.take();
    const std::uint32_t slot = free_slots_.back();
    free_slots_.pop_back();
    workgroup->start(dispatch_, plan_, next_++, slot);
    return workgroup;
  }

  void give_back(std::unique_ptr<Workgroup> workgroup, Workgroup::Outcome outcome) {
    using Outcome = Workgroup::Outcome;
    const std::lock_guard lock(mutex_);
    if (outcome == Outcome::unfinished || outcome == Outcome::idle) {
      waiting_.push_back(std::move(workgroup));
      return;
    }
    if (outcome == Outcome::failed && result_.completed()) {
      const WaveFailure& failure = workgroup->failure();
      result_ = {failure.kind, failure.message, failure.address};
      request_stop();
    }
    workgroup->count_into(counters_);
    free_slots_.push_back(workgroup->scratch_slot());
    spare_.give_back(std::move(workgroup));
  }

  // After the last worker has left.
  DispatchResult finish(bool aborted) {
    for (auto& workgroup : waiting_) {
      workgroup->count_into(counters_);
      spare_.give_back(std::move(workgroup));
    }
    if (result_.completed() && aborted) {
      result_ = {DispatchResult::Kind::aborted, "the dispatch was stopped", dispatch_.program};
    }
    return result_;
  }

 private:
  bool can_start() const { return next_ < plan_.workgroups && !free_slots_.empty(); }

  const Dispatch& dispatch_;
  const DispatchPlan& plan_;
  MemoryPort& port_;
  Counters& counters_;
  SpareWorkgroups& spare_;
  mutable std::mutex mutex_;  // guards what follows, except stop_
  std::atomic<bool> stop_{false};
  std::uint64_t next_ = 0;
  std::uint64_t most_resident_ = 0;
  bool resume_next_ = false;
  std::vector<std::uint32_t> free_slots_;
  std::deque<std::unique_ptr<Workgroup>> waiting_;
  DispatchResult result_;
};

}  // namespace

// The worker threads, which sleep while there is nothing to run, and the dispatches they share. The
// caller of run() only waits.
class Dispatcher::Pool {
 public:
  explicit Pool(unsigned threads) {
    for (unsigned n = 0; n < std::max(threads, 1u); ++n) {
      workers_.emplace_back([this](std::stop_token stop) { work(stop); });
    }
  }

  ~Pool() {
    for (auto& worker : workers_) worker.request_stop();
    {
      const std::lock_guard lock(mutex_);
      arrived_.notify_all();
    }
  }

  DispatchResult run(const Dispatch& dispatch, MemoryPort& port, Counters& counters,
                     std::stop_token stop) {
    DispatchPlan plan;
    if (std::string problem = make_plan(dispatch, plan); !problem.empty()) {
      return {DispatchResult::Kind::refused, problem, dispatch.program};
    }
    counters.dispatches.fetch_add(1, std::memory_order_relaxed);
    Job job(dispatch, plan, port, counters, spare_);
    {
      const std::stop_callback on_stop(stop, [this, &job] {
        job.request_stop();
        const std::lock_guard lock(mutex_);
        left_.notify_all();
      });
      std::unique_lock lock(mutex_);
      Entry& entry = entries_.emplace_back(Entry{&job});
      active_.store(static_cast<unsigned>(entries_.size()), std::memory_order_relaxed);
      arrived_.notify_all();
      left_.wait(lock, [&] { return entry.workers == 0 && job.is_over(); });
      entries_.remove_if([&](const Entry& other) { return other.job == &job; });
      active_.store(static_cast<unsigned>(entries_.size()), std::memory_order_relaxed);
      // The callback may be waiting for the lock, and its end is waited for.
      lock.unlock();
    }
    return job.finish(stop.stop_requested());
  }

  void forget_code() { code_.clear(); }
  unsigned size() const { return static_cast<unsigned>(workers_.size()); }

 private:
  struct Entry {
    Job* job;
    unsigned workers = 0;  // that are at it
  };

  void work(std::stop_token stop) {
    // Denormals and rounding are what the instructions say, whoever created this thread.
    std::fesetenv(FE_DFL_ENV);
    std::unique_lock lock(mutex_);
    for (;;) {
      Entry* entry = nullptr;
      arrived_.wait(lock, [&] {
        entry = stop.stop_requested() ? nullptr : next_entry();
        return stop.stop_requested() || entry != nullptr;
      });
      if (entry == nullptr) return;
      ++entry->workers;
      lock.unlock();
      run_workgroups(*entry->job);
      lock.lock();
      if (--entry->workers == 0) left_.notify_all();
    }
  }

  // The next dispatch that has work, each in its turn; nullptr if none has. With mutex_ held.
  Entry* next_entry() {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      entries_.splice(entries_.end(), entries_, entries_.begin());
      if (entries_.back().job->has_work()) return &entries_.back();
    }
    return nullptr;
  }

  void run_workgroups(Job& job) {
    CodeView code(code_, job.port(), job.vgprs());
    WaveMemory memory(job.port());
    const WorkerContext context{&code, &memory, &job.stop()};
    for (unsigned taken = 0;;) {
      auto workgroup = job.take();
      if (workgroup == nullptr) return;
      const auto outcome = workgroup->run(context, workgroup_turn);
      job.give_back(std::move(workgroup), outcome);
      if (outcome == Workgroup::Outcome::idle) std::this_thread::yield();
      // A long turn counts as many short ones.
      taken += outcome == Workgroup::Outcome::finished ? 1 : workgroups_in_a_row;
      if (taken >= workgroups_in_a_row && active_.load(std::memory_order_relaxed) > 1) return;
    }
  }

  CodeCache code_;
  SpareWorkgroups spare_;
  std::atomic<unsigned> active_{0};  // entries_.size()
  std::mutex mutex_;                 // guards entries_
  std::condition_variable arrived_;
  std::condition_variable left_;
  std::list<Entry> entries_;           // an entry keeps its place in memory
  std::vector<std::jthread> workers_;  // last: joined before the rest goes
};

Dispatcher::Dispatcher(unsigned threads) : pool_(std::make_unique<Pool>(threads)) {}
Dispatcher::~Dispatcher() = default;

DispatchResult Dispatcher::run(const Dispatch& dispatch, MemoryPort& port, Counters& counters,
                               std::stop_token stop) {
  return pool_->run(dispatch, port, counters, std::move(stop));
}

void Dispatcher::invalidate_instruction_cache() {
  pool_->forget_code();
}

unsigned Dispatcher::threads() const {
  return pool_->size();
}

}  // namespace redbolt::emulator
