// redbolt-lock-reset against a real daemon on the emulated card, and against what dead programs
// leave behind.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "daemon_process.hpp"
#include "lock_files.hpp"
#include "program.hpp"
#include "redbolt/client/connection.hpp"
#include "redbolt/protocol/socket_io.hpp"
#include "reset.hpp"
#include "socket_file.hpp"
#include "temporary_folder.hpp"

namespace redbolt::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;
constexpr const char* small_card = "emulated:vram=1G";

class LockReset : public testing::Test {
 protected:
  // With no lock files but the test's own.
  ProgramResult reset(const std::filesystem::path& socket,
                      std::vector<std::string> arguments = {}) {
    arguments.insert(arguments.end(), {"--socket", socket, "--lock-folder", folder_.path()});
    return run_program("redbolt-lock-reset", arguments);
  }
  TemporaryFolder folder_;
};

TEST_F(LockReset, IsHarmlessWhenNothingIsWrong) {
  DaemonProcess daemon(small_card);
  for (const std::vector<std::string>& flags :
       {std::vector<std::string>{}, {"--force"}, {"--dry-run"}, {"--dry-run", "--force"}}) {
    const auto result = reset(daemon.socket(), flags);
    EXPECT_EQ(result.exit_code, 0) << result.output << result.errors;
    EXPECT_THAT(result.output, HasSubstr("nothing is wrong"));
  }
  EXPECT_THAT(daemon.log(), Not(HasSubstr("reset"))) << "the card was left alone";
}

TEST_F(LockReset, AHolderThatListensLetsGo) {
  DaemonProcess daemon(small_card);
  client::Connection holder({daemon.socket(), "polite"});
  holder.acquire_lease(0ms);
  std::atomic<bool> end{false};
  std::string asked_by;
  std::thread working([&] {
    while (!end) {
      if (const auto request = holder.release_request()) {
        asked_by = request->command;
        holder.release_lease();
        return;
      }
      std::this_thread::sleep_for(5ms);
    }
  });
  const auto result = reset(daemon.socket(), {"--wait", "60"});
  end = true;
  working.join();
  EXPECT_EQ(result.exit_code, 0) << result.output << result.errors;
  EXPECT_THAT(result.output,
              testing::AllOf(HasSubstr("held by polite (pid " + std::to_string(::getpid())),
                             HasSubstr("it has let go")));
  EXPECT_EQ(asked_by, "redbolt-lock-reset");
}

TEST_F(LockReset, AHolderThatDoesNotListenKeepsTheCardUnlessForced) {
  DaemonProcess daemon(small_card);
  client::Connection holder({daemon.socket(), "stubborn"});
  holder.acquire_lease(0ms);
  auto result = reset(daemon.socket(), {"--dry-run", "--force"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.output,
              testing::AllOf(HasSubstr("would now ask it"), HasSubstr("would now take")));
  EXPECT_FALSE(holder.status().holder->release_requested) << "a dry run asks nobody";
  result = reset(daemon.socket(), {"--wait", "0.2"});
  EXPECT_EQ(result.exit_code, 16) << result.output << result.errors;
  EXPECT_THAT(result.output, HasSubstr("with --force"));
  EXPECT_EQ(holder.status().holder->command, "stubborn");
  result = reset(daemon.socket(), {"--wait", "0.2", "--force"});
  EXPECT_EQ(result.exit_code, 0) << result.output << result.errors;
  EXPECT_THAT(result.output, HasSubstr("the card was reset and is ready"));
  const auto status = client::Connection({daemon.socket(), "afterwards"}).status();
  EXPECT_FALSE(status.holder);
  EXPECT_EQ(status.state, "ready");
  client::Connection next({daemon.socket(), "next"});
  EXPECT_NO_THROW(next.acquire_lease(0ms));
}

// Root may connect anywhere, so root asks as somebody else; others have no second user to be.
TEST_F(LockReset, AnotherUsersDaemonIsLeftAlone) {
  DaemonProcess daemon(small_card);
  namespace fs = std::filesystem;
  fs::permissions(daemon.socket().parent_path(), fs::perms::all & ~fs::perms::others_write);
  const bool is_root = ::geteuid() == 0;
  if (!is_root) fs::permissions(daemon.socket(), fs::perms::none);
  const pid_t child = ::fork();
  if (child == 0) {
    if (is_root && ::setuid(65534) != 0) ::_exit(99);
    lock_reset::Options options;
    options.socket = daemon.socket();
    options.force = true;
    try {
      lock_reset::reset_lock(options, stdout);
    } catch (const daemon::SocketError& error) {
      ::_exit(error.code() == daemon::SocketErrorCode::not_permitted ? 4 : 98);
    }
    ::_exit(97);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 4);
  EXPECT_TRUE(daemon.is_running());
}

TEST_F(LockReset, WithoutADaemonThereIsNothingToReset) {
  const auto result = reset(folder_.path() / "no.sock");
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.output, HasSubstr("no daemon"));
}

TEST_F(LockReset, ADeadSocketIsRemovedAndAnythingElseIsNot) {
  const auto path = folder_.path() / "d.sock";
  const auto address = protocol::socket_address(path);
  FileDescriptor socket = protocol::make_socket();
  ASSERT_EQ(::bind(socket.get(), address.get(), address.length), 0);
  ASSERT_EQ(::listen(socket.get(), 0), 0);
  socket = FileDescriptor();  // its process ends
  auto result = reset(path, {"--dry-run"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.output, HasSubstr("would now remove it"));
  EXPECT_TRUE(std::filesystem::exists(path));
  result = reset(path);
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_FALSE(std::filesystem::exists(path));

  std::ofstream(path) << "somebody's notes";
  result = reset(path, {"--force"});
  EXPECT_EQ(result.exit_code, 255);
  EXPECT_THAT(result.output, HasSubstr("left alone"));
  EXPECT_EQ(read_file(path), "somebody's notes");
}

TEST_F(LockReset, LockFilesOfTinygradAreNamedAndNeverRemoved) {
  const auto held = folder_.path() / "am_usb.lock", free = folder_.path() / "am_0000:03:00.0.lock";
  std::ofstream(free).close();
  const FileDescriptor holder(::open(held.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  ASSERT_EQ(::flock(holder.get(), LOCK_EX | LOCK_NB), 0);
  const auto result = reset(folder_.path() / "no.sock", {"--force"});
  EXPECT_EQ(result.exit_code, 16) << result.output;
  EXPECT_THAT(result.output, testing::AllOf(HasSubstr("am_usb.lock: held by lock_reset_test (pid " +
                                                      std::to_string(::getpid())),
                                            HasSubstr("am_0000:03:00.0.lock: held by nobody")));
  EXPECT_TRUE(std::filesystem::exists(held));
  EXPECT_TRUE(std::filesystem::exists(free));
}

TEST_F(LockReset, UsageErrors) {
  EXPECT_EQ(reset("/tmp/x", {"--wait", "soon"}).exit_code, 2);
  EXPECT_EQ(reset("/tmp/x", {"--nonsense"}).exit_code, 2);
  EXPECT_EQ(run_program("redbolt-lock-reset", {"--help"}).exit_code, 0);
}

TEST(LockFiles, AreMatchedByDeviceAndInode) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "am_x.lock", table = folder.path() / "locks",
             system = folder.path();
  std::ofstream(file).close();
  std::ofstream(folder.path() / "other.lock").close();
  std::ofstream(table) << "1: POSIX  ADVISORY  WRITE 7 00:00:1 0 EOF\nrubbish\n2: -> FLOCK\n";
  const auto found = lock_reset::find_lock_files(folder.path(), system);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].path, file);
  EXPECT_FALSE(found[0].holder);
  EXPECT_TRUE(lock_reset::find_lock_files(folder.path() / "none", system).empty());
}

}  // namespace
}  // namespace redbolt::test
