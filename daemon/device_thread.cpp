#include "device_thread.hpp"

#include <chrono>

namespace redbolt::daemon {
namespace {

using Clock = std::chrono::steady_clock;

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
  if (!device_ || !device_->busy()) {
    polling_ = false;
    return;
  }
  const auto next = Clock::now() + device_->pause(Clock::now());
  if (polling_ && timer_.expiry() <= next) return;
  polling_ = true;
  timer_.expires_at(next);  // whoever waited for an earlier turn hears that it is cancelled
  timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled || !device_) return;
    device_->poll(Clock::now());
    polling_ = false;
    schedule_poll();
  });
}

}  // namespace redbolt::daemon
