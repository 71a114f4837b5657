#include "cli/interrupt.hpp"

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

}  // namespace

void catch_interrupts() {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) std::signal(signal, note);
}

bool interrupted() noexcept {
  return received != 0;
}

void check_interrupt() {
  if (const int signal = received) throw Interrupted(signal);
}

}  // namespace redbolt::llm::cli
