#include "device.hpp"

#include <utility>

#include "daemon_error.hpp"

namespace redbolt::daemon {
namespace {

// Of every block of video memory: a page of the card's VM, since clients have page tables of their
// own.
constexpr Bytes page{4096};

}  // namespace

Device::State::State(std::unique_ptr<Backend> booted, std::chrono::milliseconds hang_timeout)
    : backend(std::move(booted)),
      data(backend->region(Region::data).size, page),
      code(backend->region(Region::code).size, page),
      content(backend->region(Region::data).size),
      submissions(*backend, hang_timeout) {}

Device::Device(BackendFactory factory, DeviceOptions options)
    : factory_(std::move(factory)), options_(options) {
  boot();
}

void Device::boot() {
  state_ = std::make_unique<State>(factory_(), options_.hang_timeout);
  info_ = state_->backend->info();
  boot_report_ = state_->backend->boot_report();
  failure_.reset();
}

bool Device::emulated() const {
  return options_.emulated || info_.location.find("(emulated:") != std::string::npos;
}

Device::State& Device::usable_state() {
  if (failure_) throw DaemonError(protocol::ERROR_CODE_DEVICE_LOST, failure_->message());
  return *state_;
}

Backend& Device::backend() {
  return *usable_state().backend;
}

SubmissionQueue& Device::submissions() {
  return usable_state().submissions;
}

ArenaStatus Device::arena_status() const {
  if (!state_) return {};
  const Arena& arena = state_->data;
  return {arena.size(), arena.free(), arena.largest_free(), arena.blocks()};
}

const Arena* Device::arena(Region region) const {
  if (!state_) return nullptr;
  return region == Region::data ? &state_->data : &state_->code;
}

ArenaBlock Device::take(Region region, Bytes size, const std::string& what) {
  State& state = usable_state();
  Arena& arena = region == Region::data ? state.data : state.code;
  auto block = arena.take(size, page);
  if (!block && region == Region::data && residents_.make_room(arena, size)) {
    block = arena.take(size, page);
  }
  if (!block) {
    throw out_of_memory(what, size, arena.free(), arena.largest_free(), residents_.in_use_text());
  }
  return std::move(*block);
}

std::vector<ContentMap::Range> Device::claim(Region region, const ArenaBlock& block,
                                             OwnerId owner) {
  if (region == Region::code) return {};
  return usable_state().content.claim(block.offset(), block.size(), owner);
}

bool Device::claim_scratch(OwnerId owner) {
  return std::exchange(usable_state().scratch_user, owner) != owner;
}

void Device::poll(SubmissionQueue::Clock::time_point now) {
  if (failure_ || !state_) return;
  failure_ = state_->submissions.poll(now);
}

void Device::fail(const protocol::Error& error) {
  if (failure_) return;
  failure_ = error;
  if (state_) state_->submissions.abandon(error);
}

const std::optional<protocol::Error>& Device::check_presence() {
  if (failure_ || !state_ || !state_->submissions.idle()) return failure_;
  bool present = false;
  try {
    present = state_->backend->is_present();
  } catch (const std::exception&) {
    // However it says so.
  }
  if (!present) {
    fail(make_error(protocol::ERROR_CODE_DEVICE_LOST,
                    "the card at " + info_.location +
                        " no longer answers: is the cable out, or its power off? redboltd waits "
                        "for it and starts it when it is back"));
  }
  return failure_;
}

void Device::recover_if_unused() {
  if (!failure_ || users_.use_count() > 1) return;
  try {
    recover();
  } catch (const DaemonError&) {
    // In failure_.
  }
}

void Device::stop_work() {
  if (!failure_ || !state_ || only_boot_helps_) return;
  try {
    last_recovery_ = state_->backend->recover();
  } catch (const std::exception&) {
    only_boot_helps_ = true;
    return;
  }
  state_->submissions.restart();
  failure_.reset();
}

void Device::recover() {
  stop_work();
  if (failure_) boot_again();
}

void Device::boot_again() {
  const auto start = std::chrono::steady_clock::now();
  residents_.clear();  // the video memory is lost
  state_.reset();      // the old card lets go before the new one takes over
  try {
    boot();
  } catch (...) {
    failure_ = make_error(
        protocol::ERROR_CODE_DEVICE_LOST,
        "the card could not be started again: " + describe(std::current_exception()).message() +
            ". redboltd goes on trying");
    throw DaemonError(*failure_);
  }
  only_boot_helps_ = false;
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
  last_recovery_ = {driver::RecoveryRung::card, passed.count()};
}

void Device::reset(const protocol::Error& error) {
  fail(error);
  boot_again();
}

}  // namespace redbolt::daemon
