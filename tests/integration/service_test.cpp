// redboltd as a service: what a service manager sees of a whole process, with a made-up manager.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "daemon_process.hpp"
#include "notify_socket.hpp"
#include "program.hpp"
#include "redbolt/client/connection.hpp"
#include "temporary_folder.hpp"

namespace redbolt::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;
constexpr auto patience = 60s;

struct Start {
  std::string device = "emulated:vram=1G";
  std::string notify;    // $NOTIFY_SOCKET
  std::string watchdog;  // $WATCHDOG_USEC
  int listening = -1;    // becomes descriptor 3
  std::filesystem::path socket;
  std::filesystem::path errors;
};

// Between fork and exec, as systemd does it.
void become_service(const Start& start) {
  ::setenv("NOTIFY_SOCKET", start.notify.c_str(), 1);
  if (!start.watchdog.empty()) ::setenv("WATCHDOG_USEC", start.watchdog.c_str(), 1);
  if (start.listening >= 0) {
    if (start.listening == 3) {
      ::fcntl(3, F_SETFD, 0);
    } else {
      ::dup2(start.listening, 3);
    }
    ::setenv("LISTEN_FDS", "1", 1);
    ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
  }
  const int errors = ::open(start.errors.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ::dup2(errors, STDERR_FILENO);
}

class ServiceProcess {
 public:
  explicit ServiceProcess(const Start& start) : errors_(start.errors) {
    const std::string program = program_path("redboltd");
    const std::string socket = start.socket.string();
    pid_ = ::fork();
    if (pid_ != 0) return;
    become_service(start);
    ::execl(program.c_str(), "redboltd", "--device", start.device.c_str(), "--socket",
            socket.c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
  }
  ~ServiceProcess() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  ServiceProcess(const ServiceProcess&) = delete;
  ServiceProcess& operator=(const ServiceProcess&) = delete;

  void terminate() { ::kill(pid_, SIGTERM); }
  // The exit code.
  int wait() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  std::string log() const { return read_file(errors_); }

 private:
  pid_t pid_ = -1;
  std::filesystem::path errors_;
};

class Service : public testing::Test {
 protected:
  // Messages up to and with the first that contains `text`.
  std::vector<std::string> until(const std::string& text) {
    std::vector<std::string> messages;
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < deadline) {
      if (auto message = manager_.next(100ms)) messages.push_back(*message);
      if (!messages.empty() && messages.back().find(text) != std::string::npos) return messages;
    }
    ADD_FAILURE() << "no " << text;
    return messages;
  }

  Start start() const {
    Start start;
    start.notify = manager_.name();
    start.socket = socket_;
    start.errors = folder_.path() / "err";
    return start;
  }

  TemporaryFolder folder_;
  NotifySocket manager_{(folder_.path() / "notify").string()};
  std::filesystem::path socket_ = folder_.path() / "d.sock";
};

TEST_F(Service, IsReadyOnlyAfterTheFirmwareHasBooted) {
  Start slow = start();
  slow.device = "emulated:vram=1G,latency=20";  // some tenths of a second
  const auto began = std::chrono::steady_clock::now();
  ServiceProcess daemon(slow);
  const auto messages = until("READY=1");
  EXPECT_GT(std::chrono::steady_clock::now() - began, 200ms) << "the boot should have been slow";
  ASSERT_GE(messages.size(), 5u);
  EXPECT_THAT(messages.front(), StartsWith("STATUS=booting: "));
  EXPECT_EQ(messages[messages.size() - 2], "STATUS=booting: queues done\n") << "the last step";
  EXPECT_THAT(messages.back(), HasSubstr("STATUS=Radeon"));
  EXPECT_EQ(client::Connection({socket_, "service_test"}).status().state, "ready");

  daemon.terminate();
  const auto stop = std::chrono::steady_clock::now();
  until("STOPPING=1");
  EXPECT_EQ(daemon.wait(), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - stop, 5s);
  EXPECT_FALSE(std::filesystem::exists(socket_));
}

TEST_F(Service, ABootThatFailsIsNeverReady) {
  Start wrong = start();
  const auto empty = folder_.path() / "empty";
  std::filesystem::create_directory(empty);
  ::setenv("REDBOLT_FIRMWARE", empty.c_str(), 1);
  ServiceProcess daemon(wrong);
  ::unsetenv("REDBOLT_FIRMWARE");
  EXPECT_EQ(daemon.wait(), 1);
  std::string last;
  while (auto message = manager_.next(100ms)) {
    EXPECT_THAT(*message, testing::Not(HasSubstr("READY")));
    last = *message;
  }
  EXPECT_THAT(last, HasSubstr("psp_13_0_0_sos.bin")) << "the reason is the status";
}

TEST_F(Service, FeedsTheWatchdogOnceItIsReady) {
  Start watched = start();
  watched.watchdog = "200000";
  ServiceProcess daemon(watched);
  for (const std::string& message : until("READY=1"))
    EXPECT_THAT(message, testing::Not(HasSubstr("WATCHDOG")));
  for (int i = 0; i < 4; ++i) until("WATCHDOG=1");
  daemon.terminate();
  EXPECT_EQ(daemon.wait(), 0);
}

TEST_F(Service, ServesOnTheSocketThatWasPassedAndLeavesItsFile) {
  const auto passed = folder_.path() / "passed.sock";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, passed.c_str(), sizeof address.sun_path - 1);
  const FileDescriptor listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listener.get(), 8), 0);
  // A client is there before the daemon, which is what activation is for.
  std::string state;
  std::thread client([&] { state = client::Connection({passed, "early"}).status().state; });
  Start activated = start();
  activated.listening = listener.get();
  ServiceProcess daemon(activated);
  client.join();
  EXPECT_EQ(state, "ready");
  EXPECT_FALSE(std::filesystem::exists(socket_)) << "not its own";
  daemon.terminate();
  EXPECT_EQ(daemon.wait(), 0);
  EXPECT_TRUE(std::filesystem::exists(passed)) << "the manager's";
}

TEST(ServiceLog, SaysOfEachPartWhatItIsAskedFor) {
  DaemonProcess daemon("emulated:vram=1G", {"--log", "warning,lease=debug"});
  {
    client::Connection connection({daemon.socket(), "a client"});
    connection.acquire_lease(0ms);
    connection.create_buffer(Bytes(4096), "x");
    connection.release_lease();
  }
  EXPECT_EQ(daemon.stop(), 0);
  const std::string log = daemon.log();
  EXPECT_THAT(log, testing::AllOf(HasSubstr("lease: a client (pid "), HasSubstr("has the card"),
                                  HasSubstr("gives the card back")));
  EXPECT_THAT(log, testing::Not(testing::AnyOf(HasSubstr("memory:"), HasSubstr("listening"),
                                               HasSubstr("security processor"))));
}

// A systemctl that writes down how it was called.
class Installation : public testing::Test {
 protected:
  Installation() {
    const auto programs = folder_.path() / "programs";
    std::filesystem::create_directories(programs);
    std::ofstream(programs / "systemctl")
        << "#!/bin/sh\necho \"$@\" >> '" << calls().string() << "'\nexit \"$FAKE_SYSTEMCTL\"\n";
    std::filesystem::permissions(programs / "systemctl", std::filesystem::perms::owner_all);
    path_ = ::getenv("PATH");
    ::setenv("PATH", (programs.string() + ":" + path_).c_str(), 1);
    ::setenv("XDG_CONFIG_HOME", (folder_.path() / "config").c_str(), 1);
    ::setenv("FAKE_SYSTEMCTL", "0", 1);
  }
  ~Installation() override {
    ::setenv("PATH", path_.c_str(), 1);
    ::unsetenv("XDG_CONFIG_HOME");
  }
  ProgramResult install() {
    return run_program("redboltd", {"--install-service", "--device", "emulated:vram=1G", "--log",
                                    "info,lease=debug"});
  }
  ProgramResult uninstall() { return run_program("redboltd", {"--uninstall-service"}); }
  std::filesystem::path calls() const { return folder_.path() / "calls"; }
  std::filesystem::path unit(const char* name) const {
    return folder_.path() / "config/systemd/user" / name;
  }

  TemporaryFolder folder_;
  std::string path_;
};

TEST_F(Installation, WritesTheUnitsTellsSystemdAndGoesAway) {
  auto result = install();
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  const std::string service = read_file(unit("redboltd.service"));
  EXPECT_THAT(service, testing::AllOf(HasSubstr("Type=notify"), HasSubstr("WatchdogSec=60"),
                                      HasSubstr(program_path("redboltd").string()),
                                      HasSubstr("\"--device\" \"emulated:vram=1G\"")));
  EXPECT_THAT(read_file(unit("redboltd.socket")), HasSubstr("ListenStream=%t/redbolt"));
  EXPECT_EQ(read_file(calls()),
            "--user daemon-reload\n--user enable redboltd.socket redboltd.service\n");
  result = install();
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.output, HasSubstr("unchanged"));
  EXPECT_EQ(read_file(unit("redboltd.service")), service);

  std::filesystem::remove(calls());
  EXPECT_EQ(uninstall().exit_code, 0);
  EXPECT_FALSE(std::filesystem::exists(unit("redboltd.service")));
  EXPECT_FALSE(std::filesystem::exists(unit("redboltd.socket")));
  EXPECT_EQ(read_file(calls()),
            "--user disable --now redboltd.socket redboltd.service\n--user daemon-reload\n");
  result = uninstall();
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.output, HasSubstr("nothing is installed"));
}

TEST_F(Installation, LeavesForeignFilesAlone) {
  std::filesystem::create_directories(unit("").parent_path());
  std::ofstream(unit("redboltd.socket")) << "[Socket]\nListenStream=/mine\n";
  for (const auto& result : {install(), uninstall()}) {
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_THAT(result.errors, HasSubstr("redboltd.socket"));
  }
  EXPECT_EQ(read_file(unit("redboltd.socket")), "[Socket]\nListenStream=/mine\n");
  EXPECT_FALSE(std::filesystem::exists(unit("redboltd.service")));
  EXPECT_FALSE(std::filesystem::exists(calls()));
}

TEST_F(Installation, SaysWhatToDoWhereSystemdDoesNotRun) {
  ::setenv("FAKE_SYSTEMCTL", "1", 1);
  const auto result = install();
  EXPECT_EQ(result.exit_code, 0) << "the files are there";
  EXPECT_THAT(result.output, HasSubstr("systemctl --user enable redboltd.socket redboltd.service"));
  EXPECT_TRUE(std::filesystem::exists(unit("redboltd.service")));
}

TEST_F(Installation, PrintingChangesNothing) {
  const auto result = run_program("redboltd", {"--install-service", "--device", "emulated",
                                               "--print", "--socket", "/my/d.sock"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.output,
              testing::AllOf(HasSubstr("[Service]"), HasSubstr("ListenStream=/my/d.sock")));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "config"));
  EXPECT_EQ(run_program("redboltd", {"--install-service"}).exit_code, 2) << "which device?";
  EXPECT_EQ(run_program("redboltd", {"--print", "--device", "emulated"}).exit_code, 2);
}

}  // namespace
}  // namespace redbolt::test
