// A process with a terminal of its own, and the test at the terminal's other end.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <functional>
#include <string>

namespace redbolt::test {

class OnTerminal {
 public:
  // Starts the process: it does the work and ends with 0, unless the work becomes another program.
  explicit OnTerminal(const std::function<void()>& work) {
    terminal_ = posix_openpt(O_RDWR | O_NOCTTY);
    grantpt(terminal_);
    unlockpt(terminal_);
    const std::string name = ptsname(terminal_);
    process_ = fork();
    if (process_ != 0) return;
    setsid();
    const int own = open(name.c_str(), O_RDWR);
    ioctl(own, TIOCSCTTY, 0);
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) dup2(own, stream);
    setenv("TERM", "xterm", 1);
    setenv("HOME", "/dev/null", 1);  // nobody's ~/.editrc, and no history
    work();
    std::fflush(stdout);
    _exit(0);
  }
  OnTerminal(const OnTerminal&) = delete;
  OnTerminal& operator=(const OnTerminal&) = delete;
  ~OnTerminal() {
    close(terminal_);
    if (process_ < 0) return;
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
  }

  void type(const std::string& keys) {
    ASSERT_EQ(write(terminal_, keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
  }

  // Reads until the text has come after what was seen before.
  bool see(const std::string& text) {
    return read_until("'" + text + "'", [&] {
      const std::size_t found = seen_.find(text, looked_);
      if (found == std::string::npos) return false;
      looked_ = found + text.size();
      return true;
    });
  }
  // Reads until anything has come.
  bool see_more() {
    return read_until("anything", [&] { return seen_.size() > looked_; });
  }

  // How the process ended: 0, or 128 and a signal.
  int end() {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (true) {
      pollfd readable{terminal_, POLLIN, 0};
      std::array<char, 512> bytes{};
      if (poll(&readable, 1, 1000) > 0 && read(terminal_, bytes.data(), bytes.size()) <= 0) break;
      if (std::chrono::steady_clock::now() > deadline) {
        ADD_FAILURE() << "the program does not end";
        kill(process_, SIGKILL);
        break;
      }
    }
    int status = 0;
    waitpid(process_, &status, 0);
    process_ = -1;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }

 private:
  static constexpr std::chrono::seconds patience{60};

  bool read_until(const std::string& what, const std::function<bool()>& done) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!done()) {
      pollfd readable{terminal_, POLLIN, 0};
      const bool ready = poll(&readable, 1, 1000) > 0;
      std::array<char, 512> bytes{};
      const ssize_t got = ready ? read(terminal_, bytes.data(), bytes.size()) : 0;
      if (got > 0) {
        seen_.append(bytes.data(), static_cast<std::size_t>(got));
      } else if (ready || std::chrono::steady_clock::now() > deadline) {
        ADD_FAILURE() << what << " did not come; what came:\n" << seen_;
        return false;
      }
    }
    return true;
  }

  int terminal_ = -1;
  pid_t process_ = -1;
  std::string seen_;
  std::size_t looked_ = 0;
};

}  // namespace redbolt::test
