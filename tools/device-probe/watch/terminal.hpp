// The terminal while the live view has it: other screen, no cursor, keys one by one. Everything is
// put back when the object ends, also after Ctrl-C, kill, or an exception.
#pragma once

#include <termios.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace redbolt::probe {

struct TerminalSize {
  std::size_t columns = 80;
  std::size_t rows = 24;
};

// What made a wait end.
enum class Wake : unsigned char { time, resized, quit };

// SIGINT, SIGTERM, SIGHUP and SIGWINCH as events; one object at a time, on the main thread.
class SignalEvents {
 public:
  SignalEvents();
  ~SignalEvents();  // as they were before
  SignalEvents(const SignalEvents&) = delete;
  SignalEvents& operator=(const SignalEvents&) = delete;

  // Until a signal, a key on `keyboard` (-1: none) that means the end (q, Ctrl-C), or the time.
  Wake wait(int keyboard, std::chrono::milliseconds time);

 private:
  Wake look_at_signals();
};

class Terminal {
 public:
  // Takes over the terminal on standard input and output.
  Terminal();
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  static TerminalSize size();
  // Replaces what is shown, in one write.
  void show(const std::vector<std::string>& lines) const;

 private:
  termios before_{};
  bool has_keys_ = false;
};

}  // namespace redbolt::probe
