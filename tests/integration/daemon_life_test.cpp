// How a redboltd process starts and ends, as users and other programs see it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <thread>

#include "daemon_process.hpp"
#include "program.hpp"
#include "redbolt/base/file_descriptor.hpp"
#include "redbolt/client/connection.hpp"

extern char** environ;

namespace redbolt::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
constexpr const char* small_card = "emulated:vram=1G";

std::string status_of(const std::filesystem::path& socket) {
  return client::Connection({socket, "daemon_life_test"}).status().state;
}

TEST(DaemonLife, StartsSaysWhatItDoesAndStopsCleanly) {
  DaemonProcess daemon(small_card);
  EXPECT_EQ(status_of(daemon.socket()), "ready");
  struct stat status {};
  ASSERT_EQ(::stat(daemon.socket().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777u, 0600u);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(daemon.stop(), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
  EXPECT_FALSE(std::filesystem::exists(daemon.socket()));
  EXPECT_THAT(daemon.log(), HasSubstr("security processor"));
  EXPECT_THAT(daemon.log(), HasSubstr("listening on " + daemon.socket().string()));
}

TEST(DaemonLife, StopsWhileClientsHoldAndWait) {
  DaemonProcess daemon(small_card);
  client::Connection holder({daemon.socket(), "holder"});
  holder.acquire_lease(0ms);
  std::thread waiting([&] {
    try {
      client::Connection({daemon.socket(), "waiting"}).acquire_lease(60s);
      ADD_FAILURE() << "was served";
    } catch (const client::ClientError& error) {
      EXPECT_EQ(error.code(), client::ClientErrorCode::connection_lost);
    }
  });
  while (holder.status().waiting.empty()) std::this_thread::sleep_for(5ms);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(daemon.stop(), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
  waiting.join();
}

TEST(DaemonLife, ASecondOneOnTheSocketSaysWhoIsThere) {
  DaemonProcess first(small_card);
  const auto second = run_program("redboltd", {"--device", small_card, "--socket", first.socket(),
                                               "--firmware", first.firmware()});
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_THAT(second.errors, HasSubstr("pid " + std::to_string(first.pid())));
  EXPECT_EQ(status_of(first.socket()), "ready");
}

TEST(DaemonLife, TakesThePlaceOfOneThatWasKilled) {
  const TemporaryFolder folder;
  write_firmware(folder.path() / "fw");
  const auto socket = folder.path() / "d.sock";
  const std::vector<std::string> arguments{"--device", small_card,   "--socket",
                                           socket,     "--firmware", folder.path() / "fw"};
  const auto start = [&] {
    const pid_t pid = start_program(program_path("redboltd"), arguments, "/dev/null",
                                    folder.path() / "out", folder.path() / "err");
    for (int i = 0; i < 3000; ++i) {
      try {
        status_of(socket);
        return pid;
      } catch (const client::ClientError&) {
        std::this_thread::sleep_for(10ms);
      }
    }
    ADD_FAILURE() << read_file(folder.path() / "err");
    return pid;
  };
  const auto end = [](pid_t pid, int signal) {
    ::kill(pid, signal);
    int status = 0;
    ::waitpid(pid, &status, 0);
  };
  end(start(), SIGKILL);
  EXPECT_TRUE(std::filesystem::exists(socket));
  end(start(), SIGTERM);
  EXPECT_FALSE(std::filesystem::exists(socket));
}

TEST(DaemonLife, EndsWithTheProgramThatStartedIt) {
  const TemporaryFolder folder;
  write_firmware(folder.path() / "fw");
  const auto socket = (folder.path() / "d.sock").string();
  std::array<int, 2> ready{}, life{};
  ASSERT_EQ(::pipe(ready.data()), 0);
  ASSERT_EQ(::pipe(life.data()), 0);
  FileDescriptor ready_reader(ready[0]), ready_writer(ready[1]), life_reader(life[0]),
      life_writer(life[1]);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, ready_writer.get(), 50);
  ::posix_spawn_file_actions_adddup2(&actions, life_reader.get(), 51);
  for (const int end : {ready[0], ready[1], life[0], life[1]})
    ::posix_spawn_file_actions_addclose(&actions, end);
  const std::string program = program_path("redboltd");
  const std::string firmware = folder.path() / "fw";
  const std::array<const char*, 14> arguments{
      "redboltd",   "--device",       small_card,   "--socket", socket.c_str(),
      "--firmware", firmware.c_str(), "--ready-fd", "50",       "--exit-with-fd",
      "51",         "--quiet",        nullptr,      nullptr};
  pid_t pid = -1;
  ASSERT_EQ(::posix_spawn(&pid, program.c_str(), &actions, nullptr,
                          const_cast<char* const*>(arguments.data()), environ),
            0);
  ::posix_spawn_file_actions_destroy(&actions);
  ready_writer = FileDescriptor();
  life_reader = FileDescriptor();
  char text[16] = {};
  EXPECT_EQ(::read(ready_reader.get(), text, sizeof text), 6);
  EXPECT_STREQ(text, "ready\n");
  EXPECT_EQ(status_of(socket), "ready");
  life_writer = FileDescriptor();
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_FALSE(std::filesystem::exists(socket));
}

TEST(DaemonLife, SaysWhatIsMissing) {
  const TemporaryFolder folder;
  const auto socket = (folder.path() / "d.sock").string();
  const auto run = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--socket", socket});
    auto result = run_program("redboltd", arguments);
    EXPECT_FALSE(std::filesystem::exists(socket));
    return result;
  };
  const auto empty = (folder.path() / "empty").string();
  std::filesystem::create_directory(empty);
  auto result = run({"--device", small_card, "--firmware", empty});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.errors, HasSubstr("psp_13_0_0_sos.bin"));
  result = run({});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.errors, HasSubstr("--device emulated"));
  result = run({"--device", "toaster", "--firmware", empty});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.errors, HasSubstr("toaster"));
  result = run({"--device", "emulated:wheels=4", "--firmware", empty});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.errors, HasSubstr("wheels"));
  write_firmware(empty);
  result = run({"--device", small_card, "--firmware", empty, "--arena", "64G"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.errors, HasSubstr("68719476736"));
  result =
      run_program("redboltd", {"--device", small_card, "--socket", "/" + std::string(300, 'x')});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.errors, HasSubstr("shorter"));
  result = run({"--device", small_card, "--firmware", empty, "--ready-fd", "9999"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.errors, HasSubstr("--ready-fd 9999"));
  result = run_program("redboltd", {"--help"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.output, HasSubstr("usage: redboltd"));
  result = run_program("redboltd", {"--version"});
  EXPECT_THAT(result.output, HasSubstr("redboltd "));
}

}  // namespace
}  // namespace redbolt::test
