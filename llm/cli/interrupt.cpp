#include "cli/interrupt.hpp"

#include <signal.h>

#include <atomic>
#include <csignal>

namespace redbolt::llm::cli {
namespace {

std::atomic<int> received{0};
static_assert(std::atomic<int>::is_always_lock_free, "used in a signal handler");

void note(int signal) {
  received = signal;
  std::signal(signal, SIG_DFL);
}

std::atomic<bool> stop_request{false};

void request_stop(int) {
  stop_request = true;
}

// As std::signal, but a read that waits ends.
void handle(int signal, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  sigaction(signal, &action, nullptr);
}

}  // namespace

void catch_interrupts() {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) std::signal(signal, note);
}

void catch_stop_requests() {
  handle(SIGINT, request_stop);
  for (const int signal : {SIGTERM, SIGHUP}) handle(signal, note);
}

bool take_stop_request() noexcept {
  return stop_request.exchange(false);
}

bool interrupted() noexcept {
  return received != 0;
}

void check_interrupt() {
  if (const int signal = received) throw Interrupted(signal);
}

}  // namespace redbolt::llm::cli
