// redbolt-device-probe --watch on a terminal and in a pipe.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "daemon_process.hpp"
#include "program.hpp"
#include "redbolt/base/file_descriptor.hpp"
#include "redbolt/client/connection.hpp"

namespace redbolt::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
constexpr auto patience = 60s;

// The probe on a pseudo-terminal.
class WatchTerminal {
 public:
  explicit WatchTerminal(const std::filesystem::path& socket) {
    winsize size{24, 80, 0, 0};
    int terminal = -1;
    const std::string program = program_path("redbolt-device-probe"), path = socket;
    pid_ = ::forkpty(&terminal, nullptr, nullptr, &size);
    if (pid_ == 0) {
      ::execl(program.c_str(), "redbolt-device-probe", "--watch", "--interval", "0.1", "--socket",
              path.c_str(), static_cast<char*>(nullptr));
      ::_exit(127);
    }
    terminal_ = FileDescriptor(terminal);
  }
  ~WatchTerminal() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }
  WatchTerminal(const WatchTerminal&) = delete;
  WatchTerminal& operator=(const WatchTerminal&) = delete;

  // Reads until `text` has been written since the last call.
  bool sees(const std::string& text) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < deadline) {
      const auto at = output_.find(text);
      if (at != std::string::npos) {
        output_.erase(0, at + text.size());
        return true;
      }
      if (!read()) return false;
    }
    return false;
  }
  void type(char key) { ASSERT_EQ(::write(terminal_.get(), &key, 1), 1); }
  void send(int signal) { ::kill(pid_, signal); }
  void resize(unsigned short columns) {
    const winsize size{24, columns, 0, 0};
    ::ioctl(terminal_.get(), TIOCSWINSZ, &size);
  }
  bool echoes() const {
    termios state{};
    ::tcgetattr(terminal_.get(), &state);
    return (state.c_lflag & ECHO) != 0;
  }
  int wait() {
    while (read()) continue;
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  const std::string& output() const { return output_; }

 private:
  bool read() {
    pollfd ready{terminal_.get(), POLLIN, 0};
    if (::poll(&ready, 1, 100) < 0) return false;
    if (ready.revents == 0) return true;
    char bytes[4096];
    const auto size = ::read(terminal_.get(), bytes, sizeof bytes);
    if (size <= 0) return false;
    output_.append(bytes, static_cast<std::size_t>(size));
    return true;
  }

  pid_t pid_ = -1;
  FileDescriptor terminal_;
  std::string output_;
};

constexpr const char* other_screen = "\x1b[?1049h";
constexpr const char* restored = "\x1b[?25h\x1b[?1049l";

TEST(ProbeWatch, ShowsTheLeaseLiveFollowsTheSizeAndPutsTheTerminalBack) {
  DaemonProcess daemon("emulated:vram=1G");
  client::Connection client({daemon.socket(), "a busy client"});
  WatchTerminal watch(daemon.socket());
  EXPECT_TRUE(watch.sees(other_screen));
  EXPECT_TRUE(watch.sees("nobody holds the card"));
  EXPECT_FALSE(watch.echoes());
  client.acquire_lease(0ms);
  const std::vector<client::Gauge> gauges{{"tokens_per_second", 123.4, "", 0}};
  client.publish(gauges);
  EXPECT_TRUE(watch.sees("a busy client"));
  EXPECT_TRUE(watch.sees("123.4"));
  watch.resize(40);
  // "redbolt  redboltd 0.1.0" and "q quits" leave ten of 40 columns, and 50 of 80.
  EXPECT_TRUE(watch.sees("0.1.0\x1b[0m" + std::string(10, ' ') + "\x1b[2mq quits"));
  watch.type('q');
  EXPECT_EQ(watch.wait(), 0);
  EXPECT_THAT(watch.output(), testing::EndsWith(restored));
}

TEST(ProbeWatch, ControlCAndKillPutTheTerminalBackToo) {
  DaemonProcess daemon("emulated:vram=1G");
  for (const int signal : {SIGINT, SIGTERM}) {
    WatchTerminal watch(daemon.socket());
    EXPECT_TRUE(watch.sees("video memory"));
    watch.send(signal);
    EXPECT_EQ(watch.wait(), 0);
    EXPECT_THAT(watch.output(), testing::EndsWith(restored));
  }
}

TEST(ProbeWatch, WaitsForADaemonThatGoesAwayAndComesBack) {
  auto daemon = std::make_unique<DaemonProcess>("emulated:vram=1G");
  WatchTerminal watch(daemon->socket());
  EXPECT_TRUE(watch.sees("video memory"));
  daemon->stop();
  EXPECT_TRUE(watch.sees("Looking again"));
  watch.type('q');
  EXPECT_EQ(watch.wait(), 0);
}

TEST(ProbeWatch, PrintsLinesIntoAPipe) {
  DaemonProcess daemon("emulated:vram=1G");
  const TemporaryFolder folder;
  const auto out = folder.path() / "out", errors = folder.path() / "err";
  const pid_t pid = start_program(program_path("redbolt-device-probe"),
                                  {"--watch", "--interval", "0.1", "--socket", daemon.socket()},
                                  "/dev/null", out, errors);
  const auto lines = [&] {
    const std::string text = read_file(out);
    return std::count(text.begin(), text.end(), '\n');
  };
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (lines() < 3 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(10ms);
  ::kill(pid, SIGINT);
  int status = 0;
  ::waitpid(pid, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_GE(lines(), 3);
  EXPECT_THAT(read_file(out),
              testing::AllOf(HasSubstr("temperature_celsius="), HasSubstr("arena_bytes="),
                             testing::Not(HasSubstr("\x1b"))));
}

TEST(ProbeWatch, WithoutADaemonThereIsNothingToWatch) {
  const auto result =
      run_program("redbolt-device-probe", {"--watch", "--socket", "/tmp/redbolt-none.sock"});
  EXPECT_EQ(result.exit_code, 9);
  EXPECT_THAT(result.errors, HasSubstr("nothing to watch"));
}

}  // namespace
}  // namespace redbolt::test
