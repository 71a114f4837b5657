#include "watch/terminal.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <stdexcept>
#include <string_view>

namespace redbolt::probe {
namespace {

constexpr std::array signals{SIGINT, SIGTERM, SIGHUP, SIGWINCH};

// A signal handler can reach nothing but what is static: the writing end of a pipe.
std::array<int, 2> pipe_ends{-1, -1};
std::array<struct sigaction, signals.size()> previous;

void write_signal(int number) {
  const int saved = errno;
  const char byte = static_cast<char>(number);
  [[maybe_unused]] const auto written = ::write(pipe_ends[1], &byte, 1);
  errno = saved;
}

void write_all(std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

// Nothing to read is no end; the end of the input is not one either: the view goes on.
bool is_end_key(int keyboard) {
  char key = 0;
  constexpr char control_c = 3;
  return ::read(keyboard, &key, 1) == 1 && (key == 'q' || key == 'Q' || key == control_c);
}

}  // namespace

SignalEvents::SignalEvents() {
  if (::pipe(pipe_ends.data()) != 0) throw std::runtime_error("no pipe for signals");
  for (const int end : pipe_ends) {
    ::fcntl(end, F_SETFD, FD_CLOEXEC);
    ::fcntl(end, F_SETFL, O_NONBLOCK);
  }
  struct sigaction action {};
  action.sa_handler = write_signal;
  action.sa_flags = SA_RESTART;
  for (std::size_t i = 0; i < signals.size(); ++i) ::sigaction(signals[i], &action, &previous[i]);
}

SignalEvents::~SignalEvents() {
  for (std::size_t i = 0; i < signals.size(); ++i) ::sigaction(signals[i], &previous[i], nullptr);
  for (int& end : pipe_ends) {
    ::close(end);
    end = -1;
  }
}

Wake SignalEvents::look_at_signals() {
  Wake wake = Wake::time;
  char number = 0;
  while (::read(pipe_ends[0], &number, 1) == 1) {
    if (number != SIGWINCH) return Wake::quit;
    wake = Wake::resized;
  }
  return wake;
}

Wake SignalEvents::wait(int keyboard, std::chrono::milliseconds time) {
  const auto deadline = std::chrono::steady_clock::now() + time;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    std::array<pollfd, 2> sources{pollfd{pipe_ends[0], POLLIN, 0}, pollfd{keyboard, POLLIN, 0}};
    const int ready =
        ::poll(sources.data(), sources.size(), static_cast<int>(std::max<long>(left.count(), 0)));
    if (ready < 0 && errno != EINTR) return Wake::quit;
    const Wake wake = look_at_signals();
    if (wake != Wake::time) return wake;
    if (ready > 0 && (sources[1].revents & POLLIN) != 0 && is_end_key(keyboard)) return Wake::quit;
    if (ready > 0 && (sources[1].revents & (POLLHUP | POLLERR)) != 0) return Wake::quit;
    if (ready == 0) return Wake::time;
  }
}

Terminal::Terminal() {
  has_keys_ = ::tcgetattr(STDIN_FILENO, &before_) == 0;
  if (has_keys_) {
    termios keys = before_;
    keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    keys.c_cc[VMIN] = 0;
    keys.c_cc[VTIME] = 0;
    ::tcsetattr(STDIN_FILENO, TCSANOW, &keys);
  }
  write_all("\x1b[?1049h\x1b[?25l\x1b[2J");  // the other screen, no cursor, empty
}

Terminal::~Terminal() {
  write_all("\x1b[?25h\x1b[?1049l");
  if (has_keys_) ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
}

TerminalSize Terminal::size() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0)
    return {};
  return {size.ws_col, size.ws_row};
}

void Terminal::show(const std::vector<std::string>& lines) const {
  std::string text = "\x1b[H";
  for (std::size_t i = 0; i < lines.size(); ++i)
    text += lines[i] + "\x1b[K" + (i + 1 < lines.size() ? "\r\n" : "");
  write_all(text + "\x1b[J");  // nothing of the last picture below
}

}  // namespace redbolt::probe
