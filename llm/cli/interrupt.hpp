// Ctrl-C and friends: the first one asks the work to stop where it can, so that daemons and files
// are cleaned up; a second one ends the program at once.
#pragma once

#include <exception>

namespace redbolt::llm::cli {

// From now on SIGINT, SIGTERM and SIGHUP are noted instead of ending the program.
void catch_interrupts();

// Whether one has come.
bool interrupted() noexcept;

// From now on Ctrl-C (SIGINT) only asks for what is going on to stop, any number of times; it and
// the other signals end a read() that waits.
void catch_stop_requests();
// Whether one has come since the last call.
bool take_stop_request() noexcept;
// Readable from a signal on until the next take_stop_request(), whichever thread handled it: to be
// polled beside what is waited for. -1 before catch_stop_requests().
int signal_descriptor() noexcept;

class Interrupted : public std::exception {
 public:
  explicit Interrupted(int signal) : signal_(signal) {}
  const char* what() const noexcept override { return "interrupted"; }
  // As a shell reports a program that the signal ended.
  int exit_code() const { return 128 + signal_; }

 private:
  int signal_;
};

// Throws Interrupted if one has come.
void check_interrupt();

}  // namespace redbolt::llm::cli
