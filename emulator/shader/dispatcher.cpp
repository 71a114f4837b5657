#include "redbolt/emulator/shader/dispatcher.hpp"

#include <algorithm>
#include <cfenv>
#include <condition_variable>
#include <deque>
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

// One dispatch in progress, shared by the workers. Threads: all members under mutex_, except stop_.
class Job {
 public:
  Job(const Dispatch& dispatch, const DispatchPlan& plan, Counters& counters,
      std::vector<std::unique_ptr<Workgroup>>& spare)
      : dispatch_(dispatch), plan_(plan), counters_(counters), spare_(spare) {
    most_resident_ = std::max<std::uint64_t>(1, most_resident_waves / plan.waves_per_workgroup);
    if (plan.scratch_workgroups != 0) {
      most_resident_ = std::min<std::uint64_t>(most_resident_, plan.scratch_workgroups);
    }
    for (std::uint64_t n = most_resident_; n-- > 0;)
      free_slots_.push_back(static_cast<std::uint32_t>(n));
  }

  const std::atomic<bool>& stop() const { return stop_; }
  void request_stop() { stop_.store(true, std::memory_order_relaxed); }

  // A workgroup to run: a new one, or, when there are none or each second time, one that waits.
  // nullptr: nothing left for this worker.
  std::unique_ptr<Workgroup> take() {
    const std::lock_guard lock(mutex_);
    if (stop_.load(std::memory_order_relaxed)) return nullptr;
    const bool can_start = next_ < plan_.workgroups && !free_slots_.empty();
    if (!waiting_.empty() && (!can_start || resume_next_)) {
      resume_next_ = false;
      auto workgroup = std::move(waiting_.front());
      waiting_.pop_front();
      return workgroup;
    }
    resume_next_ = true;
    if (!can_start) return nullptr;
    auto workgroup = spare_.empty() ? std::make_unique<Workgroup>() : std::move(spare_.back());
    if (!spare_.empty()) spare_.pop_back();
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
    spare_.push_back(std::move(workgroup));
  }

  // After the last worker has left.
  DispatchResult finish(bool aborted) {
    for (auto& workgroup : waiting_) {
      workgroup->count_into(counters_);
      spare_.push_back(std::move(workgroup));
    }
    if (result_.completed() && aborted) {
      result_ = {DispatchResult::Kind::aborted, "the dispatch was stopped", dispatch_.program};
    }
    return result_;
  }

 private:
  const Dispatch& dispatch_;
  const DispatchPlan& plan_;
  Counters& counters_;
  std::vector<std::unique_ptr<Workgroup>>& spare_;
  std::mutex mutex_;
  std::atomic<bool> stop_{false};
  std::uint64_t next_ = 0;
  std::uint64_t most_resident_ = 0;
  bool resume_next_ = false;
  std::vector<std::uint32_t> free_slots_;
  std::deque<std::unique_ptr<Workgroup>> waiting_;
  DispatchResult result_;
};

}  // namespace

// The worker threads, which sleep between dispatches. The caller of run() only waits.
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
      changed_.notify_all();
    }
  }

  DispatchResult run(const Dispatch& dispatch, MemoryPort& port, Counters& counters,
                     std::stop_token stop) {
    DispatchPlan plan;
    if (std::string problem = make_plan(dispatch, plan); !problem.empty()) {
      return {DispatchResult::Kind::refused, problem, dispatch.program};
    }
    const std::lock_guard one_at_a_time(running_);
    counters.dispatches.fetch_add(1, std::memory_order_relaxed);
    Job job(dispatch, plan, counters, spare_);
    const std::stop_callback on_stop(stop, [&job] { job.request_stop(); });
    {
      std::unique_lock lock(mutex_);
      job_ = &job;
      port_ = &port;
      vgprs_ = plan.vgprs;
      ++generation_;
      busy_ = static_cast<unsigned>(std::min<std::uint64_t>(workers_.size(), plan.workgroups));
      invited_ = busy_;
      changed_.notify_all();
      changed_.wait(lock, [this] { return busy_ == 0; });
      job_ = nullptr;
    }
    return job.finish(stop.stop_requested());
  }

  void forget_code() { code_.clear(); }
  unsigned size() const { return static_cast<unsigned>(workers_.size()); }

 private:
  void work(std::stop_token stop) {
    // Denormals and rounding are what the instructions say, whoever created this thread.
    std::fesetenv(FE_DFL_ENV);
    std::uint64_t seen = 0;
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(
          lock, [&] { return stop.stop_requested() || (generation_ != seen && invited_ != 0); });
      if (stop.stop_requested()) return;
      seen = generation_;
      --invited_;
      Job& job = *job_;
      MemoryPort& port = *port_;
      const unsigned vgprs = vgprs_;
      lock.unlock();
      run_workgroups(job, port, vgprs);
      lock.lock();
      if (--busy_ == 0) changed_.notify_all();
    }
  }

  void run_workgroups(Job& job, MemoryPort& port, unsigned vgprs) {
    CodeView code(code_, port, vgprs);
    WaveMemory memory(port);
    const WorkerContext context{&code, &memory, &job.stop()};
    while (auto workgroup = job.take()) {
      const auto outcome = workgroup->run(context, workgroup_turn);
      job.give_back(std::move(workgroup), outcome);
      if (outcome == Workgroup::Outcome::idle) std::this_thread::yield();
    }
  }

  CodeCache code_;
  std::mutex running_;  // held for a whole dispatch; guards spare_
  std::vector<std::unique_ptr<Workgroup>> spare_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  Job* job_ = nullptr;
  MemoryPort* port_ = nullptr;
  unsigned vgprs_ = 0;
  std::uint64_t generation_ = 0;
  unsigned invited_ = 0;               // workers that may still join the job
  unsigned busy_ = 0;                  // workers that have not left it
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
