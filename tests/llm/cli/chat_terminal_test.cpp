// Lines as they are typed on a terminal, which here is a pseudo-terminal with the test at its other
// end.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdio>
#include <sstream>
#include <string>

#include "cli/chat/line_reader.hpp"
#include "cli/interrupt.hpp"
#include "pseudo_terminal.hpp"
#include "temporary_folder.hpp"

namespace redbolt::llm::cli {
namespace {

using test::OnTerminal;

// Prints what was read, until the end.
void echo(const std::filesystem::path& history) {
  catch_stop_requests();
  const auto reader = terminal_reader(history);
  while (true) {
    const Input input = read_message(*reader);
    if (input.kind == Input::Kind::end) break;
    if (input.kind == Input::Kind::interrupted) {
      std::printf("<stopped %d>\n", take_stop_request() ? 1 : 0);
    } else {
      std::printf("<%s>\n", input.text.c_str());
      reader->remember(input.text);
    }
    std::fflush(stdout);
  }
  std::printf("<end>\n");
}

constexpr const char* kUp = "\x1b[A";
constexpr const char* kLeft = "\x1b[D";
constexpr const char* kCtrlA = "\x01";
constexpr const char* kCtrlC = "\x03";
constexpr const char* kCtrlD = "\x04";

TEST(Terminal, LinesAreEditedAndFoundAgain) {
  test::TemporaryFolder folder;
  const auto history = folder.path() / "state" / "history";
  {
    OnTerminal terminal([&] { echo(history); });
    terminal.see(">>> ");
    terminal.type(std::string("wrld") + kLeft + kLeft + kLeft + "o" + kCtrlA + "hello \n");
    terminal.see("<hello world>");
    terminal.see(">>> ");
    terminal.type("gr\xc3\xbc\xc3\x9f\n");
    terminal.see("<gr\xc3\xbc\xc3\x9f>");
    terminal.see(">>> ");
    terminal.type(std::string(kUp) + kUp + "!\n");
    terminal.see("<hello world!>");
    terminal.see(">>> ");
    terminal.type(kCtrlD);
    terminal.see("<end>");
    EXPECT_EQ(terminal.end(), 0);
  }
  struct stat status {};
  ASSERT_EQ(stat(history.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  OnTerminal later([&] { echo(history); });
  later.see(">>> ");
  later.type(std::string(kUp) + "\n");
  later.see("<hello world!>");
}

TEST(Terminal, SeveralLines) {
  OnTerminal terminal([] { echo({}); });
  terminal.see(">>> ");
  terminal.type("\"\"\"one\n");
  terminal.see("... ");
  terminal.type("two\n");
  terminal.see("... ");
  terminal.type("\"\"\"\n");
  terminal.see("<one\r\ntwo>");
}

TEST(Terminal, CtrlCDropsTheLineAndNotTheProgram) {
  OnTerminal terminal([] { echo({}); });
  terminal.see(">>> ");
  terminal.type("half a li");
  terminal.see("half a li");
  terminal.type(kCtrlC);
  terminal.see("<stopped 1>");
  terminal.see(">>> ");
  terminal.type(kCtrlC);
  terminal.see("<stopped 1>");
  terminal.see(">>> ");
  terminal.type("whole\n");
  terminal.see("<whole>");
  terminal.see(">>> ");
  terminal.type(kCtrlD);
  EXPECT_EQ(terminal.end(), 0);
}

TEST(Terminal, IdleEndsARead) {
  OnTerminal terminal([] {
    const auto reader = terminal_reader({}, [] { return true; });
    const bool ended = reader->read("> ").kind == Input::Kind::interrupted;
    std::printf("<%s>\n", ended ? "interrupted" : "not");
  });
  terminal.see("<interrupted>");
}

TEST(Stream, LinesAndQuotes) {
  std::istringstream text("one\r\n\"\"\"\ntwo\nthree\n\"\"\"\n\"\"\"four\"\"\"\n\"\"\"open\nend");
  const auto reader = stream_reader(text);
  EXPECT_EQ(read_message(*reader).text, "one");
  EXPECT_EQ(read_message(*reader).text, "two\nthree");
  EXPECT_EQ(read_message(*reader).text, "four");
  EXPECT_EQ(read_message(*reader).text, "open\nend");
  EXPECT_EQ(read_message(*reader).kind, Input::Kind::end);
}

}  // namespace
}  // namespace redbolt::llm::cli
