// Where notes begin that stand beside a text on standard output.
#include "cli/terminal.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>

#include "program.hpp"
#include "temporary_folder.hpp"

namespace redbolt::llm::cli {
namespace {

// Runs `say` in a process of its own whose two streams go to these files.
void say_into(const std::string& output, const std::string& errors,
              const std::function<void()>& say) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    constexpr int kMode = 0600;
    const int out = open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, kMode);
    const int err = output == errors ? out : open(errors.c_str(), O_WRONLY | O_CREAT, kMode);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    say();
    _exit(0);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
}

class Notes : public testing::Test {
 protected:
  std::string file(const char* name) const { return folder_.path() / name; }

  test::TemporaryFolder folder_;
};

TEST_F(Notes, BeginALineWhereBothStreamsMeet) {
  say_into(file("log"), file("log"), [] {
    note("before");
    write_output("an");
    write_output("swer");
    note("statistics");
    note("more");
    write_output("a whole line\n");
    note("end");
  });
  EXPECT_EQ(test::read_file(file("log")), "before\nanswer\nstatistics\nmore\na whole line\nend\n");
}

TEST_F(Notes, AddNothingToATextThatGoesElsewhere) {
  say_into(file("out"), file("err"), [] {
    write_output("answer");
    note("statistics");
  });
  EXPECT_EQ(test::read_file(file("out")), "answer");
  EXPECT_EQ(test::read_file(file("err")), "statistics\n");
}

}  // namespace
}  // namespace redbolt::llm::cli
