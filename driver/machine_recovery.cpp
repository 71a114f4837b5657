// What a Machine does when work on the card has gone wrong: the ladder of resets that keep the
// video memory, and the check whether one has helped.
#include <array>
#include <chrono>

#include "machine.hpp"
#include "machine_marks.hpp"
#include "redbolt/registers/gc_11_0_0.hpp"

namespace redbolt::driver {
namespace {

namespace gc = registers::gc;

// How long what is tried may take. Two rungs, each with a dequeue and a check of two queues, stay
// below the seconds that are left for a reset of the whole card.
constexpr std::chrono::milliseconds kCheckTime{1000};

// s_endpgm: what the check runs, once on each compute unit.
constexpr std::array<std::uint32_t, 1> kEmptyKernel = {0xbfb00000};
constexpr Bytes kPacketsAt{1024};

}  // namespace

Recovery Machine::recover() {
  registers_.set_step("recover");
  const auto start = std::chrono::steady_clock::now();
  if (!is_running_) {
    throw registers_.error(DriverErrorCode::card_fault, nullptr, "the card has been given up");
  }
  static constexpr std::array rungs = {
      std::pair{RecoveryRung::queue, &Machine::reset_queues},
      std::pair{RecoveryRung::engine, &Machine::reset_engines},
  };
  const RegisterFile::ShorterWaits quickly(registers_, kDequeueTime);
  std::string problem;
  for (const auto& [rung, reset] : rungs) {
    try {
      (this->*reset)();
      settle();
      check_queues();
      const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
      registers_.set_step("run");
      return {rung, passed.count()};
    } catch (const DriverError& error) {
      problem = error.what();
      if (error.code() == DriverErrorCode::link_lost) break;
    }
  }
  abandon();
  throw registers_.error(DriverErrorCode::card_fault, nullptr,
                         "resets of queues and engines did not help (" + problem + ")");
}

// Both queues, since each may wait for the other.
void Machine::reset_queues() {
  graphics_->remove_queue(0);
  copies_->restart();
  compute_->restart();
}

void Machine::reset_engines() {
  graphics_->halt_compute_engine();
  const firmware::FirmwarePiece* engine = firmware_->find(firmware::Piece::mec);
  graphics_->reset_compute_engine(engine ? engine->start_address : 0);
  graphics_->configure(chip_->doorbell_range_upper);
  copies_->restart();
  compute_->restart();
}

// Nothing of what went wrong is to be found by what comes next.
void Machine::settle() {
  multimedia_hub_->invalidate();
  contexts_->invalidate_all();
  interrupts_->drain();
  graphics_hub_->clear_fault();
  multimedia_hub_->clear_fault();
  had_error_ = false;
}

// The kernel and its packets, written once: when they are needed nothing may depend on a queue.
void Machine::load_check() {
  check_ = allocate_vram(PageTable::kPage, VramUse::executable);
  KernelLaunch launch;
  launch.entry = check_.address();
  launch.grid = {info_.compute_units, 1, 1};
  launch.block = {32, 1, 1};
  CommandEncoder encoder(dispatch_limits());
  encoder.dispatch(launch);
  write_vram(check_, Bytes(0), std::as_bytes(std::span(kEmptyKernel)));
  write_vram(check_, kPacketsAt, std::as_bytes(encoder.words()));
  check_packets_ = {check_.address() + kPacketsAt,
                    static_cast<std::uint32_t>(encoder.words().size())};
}

void Machine::check_queues() {
  const FenceValue copied = copies_->copy(std::span<const CopyRegion>{}, {});
  const Dependency after = copies_->dependency(copied);
  const FenceValue computed = compute_->submit({&check_packets_, 1}, {&after, 1});
  if (!compute_->wait(computed, kCheckTime)) {
    throw registers_.error(DriverErrorCode::timeout, nullptr,
                           copies_->completed() < copied ? "the copy queue does not work"
                                                         : "the compute queue does not work");
  }
}

// Whatever the engines still do, they must not reach host memory any more, and nobody waits for
// their answers.
void Machine::abandon() noexcept {
  is_running_ = false;
  address_space_->attach({});
  contexts_->detach();
  try {
    link_->disable_bus_master();
    registers_.write(gc::SCRATCH_REG6, marks::kNeedsReset);
    function_.flush();
  } catch (...) {
    // The link is gone, too.
  }
}

}  // namespace redbolt::driver
