// Decides, while the card runs, where its fault plan strikes. Blocks ask at each opportunity; what
// a fault does is theirs. Pulling the cable is done from here, at its time, by hooks.
//
// Determinism: every clause has a generator of its own, seeded by the plan's seed and the clause's
// place, and draws once per opportunity. Which opportunities it strikes therefore depends on their
// order alone; that order is the card's as far as its threads have one.
//
// Counted: "faults_injected", and per kind "fault_hang_wave" and so on.
// Threads: everything from any thread, register handlers included. The hooks run on a thread of the
// injector's own, which exists only if a plan unplugs the card.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <thread>
#include <vector>

#include "counters.hpp"
#include "redbolt/emulator/fault_plan.hpp"

namespace redbolt::emulator {

class FaultInjector {
 public:
  using Clock = std::chrono::steady_clock;
  struct Hooks {
    std::function<void()> unplug;
    std::function<void()> plug_in;
  };
  // A fault that strikes.
  struct Fault {
    std::optional<std::chrono::nanoseconds> lasts;
    std::uint64_t random = 0;  // for what the block has to choose
  };

  FaultInjector(CounterRegistry& counters, Hooks hooks);
  ~FaultInjector();
  FaultInjector(const FaultInjector&) = delete;
  FaultInjector& operator=(const FaultInjector&) = delete;

  // The plan's clauses are in force from now on, beside those already there. `seed` where the plan
  // has none.
  void add(const FaultPlan& plan, std::uint64_t seed);

  // One opportunity for faults of this kind. The first clause that strikes decides.
  std::optional<Fault> strikes(FaultKind kind, std::uint32_t target = 0) {
    if (!in_force_[static_cast<std::size_t>(kind)].load(std::memory_order_acquire)) return {};
    return decide(kind, target);
  }
  // An opportunity for unplug; the hook is called soon after.
  void doorbell();

  // No hook is called any more.
  void stop();

 private:
  struct Active {
    FaultClause clause;
    Clock::time_point since;
    std::mt19937_64 random;
    std::uint64_t seen = 0;
    std::uint64_t struck = 0;
  };
  enum class Cable : std::uint8_t { pull, put_back };

  std::optional<Fault> decide(FaultKind kind, std::uint32_t target);
  static bool strikes(Active& active, std::uint32_t target);
  void count(FaultKind kind);
  void schedule_unplug(Clock::time_point when,
                       const std::optional<std::chrono::nanoseconds>& back_after);
  void run(std::unique_lock<std::mutex> lock);

  const Hooks hooks_;
  Counter& all_;
  std::array<Counter*, fault_kinds> counters_{};
  std::array<std::atomic<bool>, fault_kinds> in_force_{};
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::vector<Active> active_;
  std::multimap<Clock::time_point, Cable> events_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace redbolt::emulator
