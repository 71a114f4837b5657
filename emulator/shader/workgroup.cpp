#include "workgroup.hpp"

#include <algorithm>

#include "code_cache.hpp"
#include "wave_memory.hpp"

namespace redbolt::emulator {
namespace {

constexpr std::uint32_t lds_capacity = 64 * 1024;
constexpr std::uint32_t lds_slack = 64;    // an access that begins inside may end behind
constexpr std::uint32_t turn = 16 * 1024;  // instructions of one wave before the next has its turn
constexpr std::uint32_t power_on_pattern =
    0xfff3a5c9;  // a NaN: use of what was never written shows

// Returns how many instructions were executed.
std::uint32_t run_turn(Wave& wave, std::uint32_t budget) {
  std::uint32_t left = budget;
  do {
    const Instruction& instruction = *wave.next;
    const Handler handler = instruction.handler.load(std::memory_order_acquire);
    ++wave.executed[static_cast<std::size_t>(InstructionClass{instruction.kind})];
    wave.next = &instruction + instruction.slots;
    handler(wave, instruction);
    --left;
  } while (wave.status == WaveStatus::running && left != 0);
  return budget - left;
}

}  // namespace

Workgroup::Workgroup() : lds_(lds_capacity + lds_slack, 0xa5) {}

void Workgroup::start(const Dispatch& dispatch, const DispatchPlan& plan, std::uint64_t index,
                      std::uint32_t scratch_slot) {
  const auto id = plan.workgroup_id(index);
  const auto threads = plan.threads_of(id);
  scratch_slot_ = scratch_slot;
  failure_ = {};
  memory_ = {lds_.data(), plan.lds_bytes};
  wave_count_ = (threads[0] * threads[1] * threads[2] + lane_count - 1) / lane_count;
  while (waves_.size() < wave_count_) {
    waves_.push_back(std::make_unique_for_overwrite<Wave>());
    for (auto& row : waves_.back()->vgpr) row.fill(power_on_pattern);
    waves_.back()->scalar.fill(power_on_pattern);
  }
  resume_.assign(wave_count_, dispatch.program);
  for (std::uint32_t n = 0; n < wave_count_; ++n) start_wave(*waves_[n], dispatch, plan, n, id);
}

void Workgroup::start_wave(Wave& wave, const Dispatch& dispatch, const DispatchPlan& plan,
                           std::uint32_t number, const std::array<std::uint32_t, 3>& id) {
  const auto threads = plan.threads_of(id);
  const std::uint32_t total = threads[0] * threads[1] * threads[2];
  wave.status = WaveStatus::running;
  wave.next = nullptr;
  wave.page = nullptr;
  wave.dispatch = &dispatch;
  wave.workgroup = &memory_;
  wave.executed.fill(0);
  wave.counts = {};
  wave.failure = {};
  wave.vgpr_count = plan.vgprs;
  wave.set_mode(plan.mode);
  wave.reset_scalars();
  const std::uint32_t lanes = std::min(total - number * lane_count, lane_count);
  wave.set_exec(lanes == lane_count ? all_lanes : (1u << lanes) - 1);

  constexpr std::uint64_t aperture_size = std::uint64_t{1} << 32;
  const std::uint64_t apertures[] = {
      dispatch.shared_aperture, dispatch.shared_aperture + aperture_size - 1,
      dispatch.private_aperture, dispatch.private_aperture + aperture_size - 1};
  for (std::uint32_t i = 0; i < 4; ++i) {
    wave.set_scalar64(scalar_index::apertures + 2 * i, apertures[i] & ~(aperture_size - 1));
  }

  std::uint32_t next = 0;
  for (; next < plan.user_sgprs; ++next) wave.scalar[next] = dispatch.user_data[next];
  for (std::size_t d = 0; d < 3; ++d) {
    if (plan.workgroup_id_sgpr[d]) wave.scalar[next++] = id[d];
  }
  if (plan.workgroup_info_sgpr) {
    wave.scalar[next++] = (number == 0 ? 1u << 31 : 0) | number << 6 | wave_count_;
  }

  for (std::uint32_t lane = 0; lane < lane_count; ++lane) {
    const std::uint32_t thread = number * lane_count + lane;
    const std::uint32_t position[] = {thread % threads[0], thread / threads[0] % threads[1],
                                      thread / threads[0] / threads[1]};
    std::uint32_t packed = 0;
    for (std::uint32_t d = 0; d < plan.workitem_id_dimensions; ++d)
      packed |= (position[d] & 0x3ff) << (10 * d);
    wave.vgpr[0][lane] = packed;
  }

  const std::uint64_t wave_bytes = std::uint64_t{plan.scratch_bytes_per_lane} * lane_count;
  const std::uint64_t place = std::uint64_t{scratch_slot_} * plan.waves_per_workgroup + number;
  wave.scratch_size = plan.scratch_bytes_per_lane;
  wave.scratch_address = dispatch.scratch_base + place * wave_bytes;
}

void Workgroup::lend(const WorkerContext& context) {
  for (std::uint32_t n = 0; n < wave_count_; ++n) {
    Wave& wave = *waves_[n];
    wave.code = context.code;
    wave.memory = context.memory;
    if (wave.status == WaveStatus::ended) continue;
    wave.page = nullptr;
    wave.jump(resume_[n]);
  }
}

void Workgroup::leave_worker() {
  for (std::uint32_t n = 0; n < wave_count_; ++n) {
    if (waves_[n]->status == WaveStatus::ended) continue;
    resume_[n] = waves_[n]->next_address();
    waves_[n]->page = nullptr;
  }
}

bool Workgroup::release_barrier() {
  bool waiting = false;
  for (std::uint32_t n = 0; n < wave_count_; ++n) {
    if (waves_[n]->status == WaveStatus::running) return false;
    waiting |= waves_[n]->status == WaveStatus::at_barrier;
  }
  for (std::uint32_t n = 0; n < wave_count_; ++n) {
    if (waves_[n]->status == WaveStatus::at_barrier) waves_[n]->status = WaveStatus::running;
  }
  return waiting;
}

Workgroup::Outcome Workgroup::run(const WorkerContext& context, std::uint64_t instructions) {
  lend(context);
  std::uint64_t executed = 0;
  while (executed < instructions) {
    bool asleep = true;
    for (std::uint32_t n = 0; n < wave_count_; ++n) {
      Wave& wave = *waves_[n];
      if (wave.status == WaveStatus::running) {
        executed += run_turn(wave, turn);
        asleep = asleep && wave.status == WaveStatus::yielded;
        if (wave.status == WaveStatus::yielded) wave.status = WaveStatus::running;
        if (context.stop->load(std::memory_order_relaxed)) return Outcome::stopped;
      }
      if (wave.status == WaveStatus::failed) {
        failure_ = wave.failure;
        return Outcome::failed;
      }
    }
    const bool released = release_barrier();
    const bool alive =
        std::any_of(waves_.begin(), waves_.begin() + wave_count_,
                    [](const auto& wave) { return wave->status == WaveStatus::running; });
    if (!alive) return Outcome::finished;
    context.memory->revalidate();
    if (asleep && !released) {
      leave_worker();
      return Outcome::idle;
    }
  }
  leave_worker();
  return Outcome::unfinished;
}

void Workgroup::count_into(Counters& counters) {
  std::array<std::uint64_t, instruction_class_count> executed{};
  MemoryCounts total;
  for (std::uint32_t n = 0; n < wave_count_; ++n) {
    Wave& wave = *waves_[n];
    for (std::size_t k = 0; k < executed.size(); ++k) executed[k] += wave.executed[k];
    total.bytes_read += wave.counts.bytes_read;
    total.bytes_written += wave.counts.bytes_written;
    total.host_bytes_read += wave.counts.host_bytes_read;
    total.host_bytes_written += wave.counts.host_bytes_written;
    total.cache_lines_read += wave.counts.cache_lines_read;
    total.cache_lines_written += wave.counts.cache_lines_written;
    total.lds_accesses += wave.counts.lds_accesses;
    total.scratch_bytes += wave.counts.scratch_bytes;
    wave.executed.fill(0);
    wave.counts = {};
  }
  constexpr auto relaxed = std::memory_order_relaxed;
  for (std::size_t k = 0; k < executed.size(); ++k) {
    counters.wave_instructions[k].fetch_add(executed[k], relaxed);
  }
  counters.bytes_read.fetch_add(total.bytes_read, relaxed);
  counters.bytes_written.fetch_add(total.bytes_written, relaxed);
  counters.host_bytes_read.fetch_add(total.host_bytes_read, relaxed);
  counters.host_bytes_written.fetch_add(total.host_bytes_written, relaxed);
  counters.cache_lines_read.fetch_add(total.cache_lines_read, relaxed);
  counters.cache_lines_written.fetch_add(total.cache_lines_written, relaxed);
  counters.lds_accesses.fetch_add(total.lds_accesses, relaxed);
  counters.scratch_bytes.fetch_add(total.scratch_bytes, relaxed);
  counters.workgroups.fetch_add(1, relaxed);
  counters.waves.fetch_add(wave_count_, relaxed);
}

}  // namespace redbolt::emulator
