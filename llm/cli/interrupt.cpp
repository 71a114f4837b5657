#include "cli/interrupt.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>

namespace redbolt::llm::cli {
namespace {

std::atomic<int> received{0};
static_assert(std::atomic<int>::is_always_lock_free, "used in a signal handler");

// A pipe that handlers write to; made before they are installed.
std::array<int, 2> wakeup{-1, -1};

void wake() {
  const int before = errno;
  const char byte = 0;
  // A full pipe is as readable as any.
  if (wakeup[1] >= 0 && ::write(wakeup[1], &byte, 1) < 0) errno = before;
}

void make_wakeup() {
  if (wakeup[0] >= 0 || ::pipe(wakeup.data()) != 0) return;
  for (const int end : wakeup) {
    ::fcntl(end, F_SETFL, O_NONBLOCK);
    ::fcntl(end, F_SETFD, FD_CLOEXEC);
  }
}

void note(int signal) {
  received = signal;
  wake();
  std::signal(signal, SIG_DFL);
}

std::atomic<bool> stop_request{false};

void request_stop(int) {
  stop_request = true;
  wake();
}

// As std::signal, but a read that waits ends.
void handle(int signal, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  sigaction(signal, &action, nullptr);
}

// Under nohup the terminal's end is of no interest.
bool is_ignored(int signal) {
  struct sigaction action {};
  return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

void catch_interrupts() {
  for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, note);
  if (!is_ignored(SIGHUP)) std::signal(SIGHUP, note);
}

void catch_stop_requests() {
  make_wakeup();
  handle(SIGINT, request_stop);
  handle(SIGTERM, note);
  if (!is_ignored(SIGHUP)) handle(SIGHUP, note);
}

int signal_descriptor() noexcept {
  return wakeup[0];
}

bool take_stop_request() noexcept {
  std::array<char, 64> bytes{};
  while (wakeup[0] >= 0 && ::read(wakeup[0], bytes.data(), bytes.size()) > 0) continue;
  return stop_request.exchange(false);
}

bool interrupted() noexcept {
  return received != 0;
}

void check_interrupt() {
  if (const int signal = received) throw Interrupted(signal);
}

}  // namespace redbolt::llm::cli
