#include "faults/fault_injector.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace redbolt::emulator {
namespace {

std::string counter_name(FaultKind kind) {
  std::string name = "fault_" + std::string(fault_name(kind));
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

// Uniform in [0, 1), the same on every host.
double unit_interval(std::mt19937_64& random) {
  return static_cast<double>(random() >> 11) * 0x1p-53;
}

}  // namespace

FaultInjector::FaultInjector(CounterRegistry& counters, Hooks hooks)
    : hooks_(std::move(hooks)), all_(counters.get("faults_injected")) {
  for (std::size_t kind = 0; kind < fault_kinds; ++kind) {
    counters_[kind] = &counters.get(counter_name(static_cast<FaultKind>(kind)));
  }
}

FaultInjector::~FaultInjector() {
  stop();
}

void FaultInjector::add(const FaultPlan& plan, std::uint64_t seed) {
  const auto now = Clock::now();
  const std::lock_guard lock(mutex_);
  if (stopping_) return;
  for (std::size_t i = 0; i < plan.clauses.size(); ++i) {
    const FaultClause& clause = plan.clauses[i];
    std::seed_seq seeds{plan.seed.value_or(seed) & 0xffffffff, plan.seed.value_or(seed) >> 32,
                        std::uint64_t{i}};
    if (clause.kind == FaultKind::unplug && !thread_.joinable()) {
      thread_ = std::thread([this] { run(std::unique_lock(mutex_)); });
    }
    if (clause.kind == FaultKind::unplug && clause.after && clause.probability == 1) {
      schedule_unplug(now + *clause.after, clause.lasts);
      continue;
    }
    active_.push_back({clause, now, std::mt19937_64(seeds)});
    in_force_[static_cast<std::size_t>(clause.kind)].store(true, std::memory_order_release);
  }
}

void FaultInjector::doorbell() {
  if (!in_force_[static_cast<std::size_t>(FaultKind::unplug)].load(std::memory_order_acquire))
    return;
  const std::lock_guard lock(mutex_);
  for (Active& active : active_) {
    if (active.clause.kind == FaultKind::unplug && strikes(active, 0)) {
      schedule_unplug(Clock::now(), active.clause.lasts);
      return;
    }
  }
}

std::optional<FaultInjector::Fault> FaultInjector::decide(FaultKind kind, std::uint32_t target) {
  const std::lock_guard lock(mutex_);
  std::optional<Fault> fault;
  // Every clause sees every opportunity of its kind, also one at which another strikes.
  for (Active& active : active_) {
    if (active.clause.kind != kind || !strikes(active, target) || fault) continue;
    fault = Fault{active.clause.lasts, active.random()};
    count(kind);
  }
  return fault;
}

bool FaultInjector::strikes(Active& active, std::uint32_t target) {
  const FaultClause& clause = active.clause;
  if (!clause.targets.empty() &&
      std::find(clause.targets.begin(), clause.targets.end(), target) == clause.targets.end()) {
    return false;
  }
  if (clause.after && Clock::now() - active.since < *clause.after) return false;
  ++active.seen;
  bool hit = true;
  if (clause.nth) {
    // With `times`, the ones that follow it too.
    hit = active.seen >= *clause.nth;
  } else if (clause.probability < 1) {
    hit = unit_interval(active.random) < clause.probability;
  }
  if (!hit || (clause.times && active.struck >= *clause.times)) return false;
  ++active.struck;
  return true;
}

void FaultInjector::count(FaultKind kind) {
  all_.add();
  counters_[static_cast<std::size_t>(kind)]->add();
}

// With mutex_ held.
void FaultInjector::schedule_unplug(Clock::time_point when,
                                    const std::optional<std::chrono::nanoseconds>& back_after) {
  events_.emplace(when, Cable::pull);
  if (back_after) events_.emplace(when + *back_after, Cable::put_back);
  changed_.notify_all();
}

void FaultInjector::run(std::unique_lock<std::mutex> lock) {
  while (!stopping_) {
    if (events_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const auto due = events_.begin()->first;
    if (Clock::now() < due) {
      changed_.wait_until(lock, due);
      continue;
    }
    const Cable event = events_.begin()->second;
    events_.erase(events_.begin());
    if (event == Cable::pull) count(FaultKind::unplug);
    lock.unlock();
    event == Cable::pull ? hooks_.unplug() : hooks_.plug_in();
    lock.lock();
  }
}

void FaultInjector::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

}  // namespace redbolt::emulator
