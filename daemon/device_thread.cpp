#include "device_thread.hpp"

#include <algorithm>
#include <chrono>

namespace redbolt::daemon {
namespace {

using Clock = std::chrono::steady_clock;

// How long to sleep before the next look, when the oldest work has been on the card for `elapsed`:
// a quarter of it, so that what is short is noticed soon and what is long costs nothing.
Clock::duration pause_after(Clock::duration elapsed) {
  using namespace std::chrono_literals;
  return std::clamp<Clock::duration>(elapsed / 4, 20us, 500us);
}

}  // namespace

DeviceThread::DeviceThread()
    : work_(context_.get_executor()), timer_(context_), thread_([this] { context_.run(); }) {}

DeviceThread::~DeviceThread() {
  boost::asio::post(context_, [this] {
    timer_.cancel();
    device_.reset();
    work_.reset();
  });
  thread_.join();
}

boost::asio::awaitable<void> DeviceThread::boot(BackendFactory factory, DeviceOptions options) {
  auto start = [this, &factory, &options] {
    device_ = std::make_unique<Device>(std::move(factory), options);
  };
  co_await call(std::move(start));
}

void DeviceThread::schedule_poll() {
  if (polling_ || !device_ || !device_->busy()) return;
  polling_ = true;
  poll();
}

void DeviceThread::poll() {
  timer_.expires_after(pause_after(device_->work_age(Clock::now())));
  timer_.async_wait([this](const boost::system::error_code&) {
    if (!device_) return;
    device_->poll(Clock::now());
    polling_ = device_->busy();
    if (polling_) poll();
  });
}

}  // namespace redbolt::daemon
