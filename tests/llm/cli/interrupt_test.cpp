// Which signals end the work.
#include "cli/interrupt.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>

namespace redbolt::llm::cli {
namespace {

// What `body` returns in a process of its own.
int exit_code_of(const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int noted(int signal) {
  std::raise(signal);
  return interrupted() ? 1 : 0;
}

TEST(Interrupts, AreNoted) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    EXPECT_EQ(exit_code_of([&] {
                catch_interrupts();
                return noted(signal);
              }),
              1)
        << signal;
  }
}

// As nohup starts a program: the terminal's end does not end it.
TEST(Interrupts, OfATerminalThatIsNotToMatterStayIgnored) {
  for (void (*const prepare)() : {&catch_interrupts, &catch_stop_requests}) {
    EXPECT_EQ(exit_code_of([&] {
                std::signal(SIGHUP, SIG_IGN);
                prepare();
                return noted(SIGHUP);
              }),
              0);
  }
}

}  // namespace
}  // namespace redbolt::llm::cli
