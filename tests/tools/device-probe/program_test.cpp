// redbolt-device-probe as a program: exit codes, devices, the daemon.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <signal.h>
#include <sys/wait.h>

#include <chrono>
#include <thread>

#include "daemon_process.hpp"
#include "made_up_machine.hpp"
#include "program.hpp"
#include "redbolt/client/connection.hpp"

namespace redbolt::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
constexpr const char* small_card = "emulated:vram=1G";

// On a machine of its own, without a daemon unless one is named.
ProgramResult probe(const MadeUpMachine& machine, std::vector<std::string> arguments) {
  arguments.insert(arguments.end(),
                   {"--sysfs-root", machine.sysfs(), "--dev-root", machine.devices()});
  if (std::find(arguments.begin(), arguments.end(), "--socket") == arguments.end())
    arguments.insert(arguments.end(), {"--socket", machine.devices() / "no.sock"});
  return run_program("redbolt-device-probe", arguments);
}

TEST(ProbeProgram, TheEmulatedCardIsWellAndPassesTheTest) {
  const MadeUpMachine machine;
  auto result = probe(machine, {"--device", small_card});
  EXPECT_EQ(result.exit_code, 0) << result.output << result.errors;
  EXPECT_THAT(result.output, testing::AllOf(HasSubstr("Radeon RX 7900 XTX"), HasSubstr("GC 11.0.0"),
                                            HasSubstr("only with --test")));
  result = probe(machine, {"--device", small_card, "--test"});
  EXPECT_EQ(result.exit_code, 0) << result.output << result.errors;
  EXPECT_THAT(result.output, HasSubstr("64 waves computed what they should"));
}

TEST(ProbeProgram, FirmwareThatTheCardRefusesFailsTheTest) {
  const MadeUpMachine machine;
  const TemporaryFolder folder;
  auto result = probe(machine, {"--device", small_card, "--firmware", folder.path()});
  EXPECT_EQ(result.exit_code, 9) << result.output;
  EXPECT_THAT(result.output, HasSubstr("psp_13_0_0_sos.bin"));
  write_firmware(folder.path());
  result = probe(machine, {"--device", small_card, "--firmware", folder.path(), "--test"});
  EXPECT_EQ(result.exit_code, 0) << result.output;
}

TEST(ProbeProgram, ExitCodes) {
  const MadeUpMachine empty;
  EXPECT_EQ(probe(empty, {}).exit_code, 6);
  EXPECT_EQ(probe(empty, {"--device", "toaster"}).exit_code, 2);
  EXPECT_EQ(probe(empty, {"--device", "pci:0000:09:00.0"}).exit_code, 2);
  EXPECT_EQ(probe(empty, {"--wrong"}).exit_code, 2);
  EXPECT_EQ(probe(empty, {"--json", "--watch"}).exit_code, 2);
  const TemporaryFolder firmware;
  write_firmware(firmware.path());
  MadeUpMachine machine;
  MadeUpCard card;
  machine.add(card);
  auto result = probe(machine, {"--firmware", firmware.path()});
  EXPECT_EQ(result.exit_code, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("cannot reach a card through Linux's sysfs or VFIO yet"));
  result = probe(machine, {"--firmware", firmware.path(), "--test"});
  EXPECT_EQ(result.exit_code, 9) << result.output;
  EXPECT_THAT(result.output, HasSubstr("not built yet"));
}

TEST(ProbeProgram, LooksAtTheCardThatIsNamed) {
  MadeUpMachine machine;
  MadeUpCard first, second;
  second.address = "0000:06:00.0";
  second.driver = "amdgpu";
  second.iommu_group = 15;
  machine.add(first).add(second);
  const auto result = probe(machine, {"--device", "pci:0000:06:00.0"});
  EXPECT_EQ(result.exit_code, 16) << result.output;
  EXPECT_THAT(result.output, testing::Not(HasSubstr("0000:05:00.0")));
}

TEST(ProbeProgram, TestsThroughTheDaemonUnderItsLease) {
  const MadeUpMachine machine;
  DaemonProcess daemon(small_card);
  auto result = probe(machine, {"--socket", daemon.socket(), "--test"});
  EXPECT_EQ(result.exit_code, 0) << result.output;
  EXPECT_THAT(result.output, testing::AllOf(HasSubstr("through redboltd"), HasSubstr("64 waves"),
                                            HasSubstr("nobody holds the card")));
  client::Connection holder({daemon.socket(), "somebody else"});
  holder.acquire_lease(0ms);
  result = probe(machine, {"--socket", daemon.socket()});
  EXPECT_EQ(result.exit_code, 0) << "held is no failure";
  EXPECT_THAT(result.output, HasSubstr("held by somebody else"));
  result = probe(machine, {"--socket", daemon.socket(), "--test"});
  EXPECT_EQ(result.exit_code, 16) << result.output;
  EXPECT_THAT(result.output, HasSubstr("redbolt-lock-reset"));
}

// The emulated card in another process.
class CardServer {
 public:
  CardServer() {
    pid_ = start_program(program_path("redbolt-emulator"),
                         {"--listen", "unix:" + socket().string(), "--vram", "1G"}, "/dev/null",
                         folder_.path() / "out", folder_.path() / "err");
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (!std::filesystem::exists(socket()) && std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(10ms);
  }
  ~CardServer() {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }
  CardServer(const CardServer&) = delete;
  CardServer& operator=(const CardServer&) = delete;
  std::filesystem::path socket() const { return folder_.path() / "card.sock"; }
  std::string spec() const { return "remote:unix:" + socket().string(); }

 private:
  TemporaryFolder folder_;
  pid_t pid_ = -1;
};

TEST(ProbeProgram, ACardBehindAServer) {
  const MadeUpMachine machine;
  const TemporaryFolder firmware;
  write_firmware(firmware.path());
  auto result = probe(machine, {"--device", "remote:unix:/tmp/redbolt-no-server.sock"});
  EXPECT_EQ(result.exit_code, 9) << result.output;
  EXPECT_THAT(result.output,
              HasSubstr("redbolt-emulator --listen unix:/tmp/redbolt-no-server.sock"));

  const CardServer server;
  const std::vector<std::string> look{"--device", server.spec(), "--firmware", firmware.path()};
  result = probe(machine, look);
  EXPECT_EQ(result.exit_code, 0) << result.output;
  EXPECT_THAT(result.output, testing::AllOf(HasSubstr("GC 11.0.0"), HasSubstr("the server at")));
  auto with_test = look;
  with_test.push_back("--test");
  result = probe(machine, with_test);
  EXPECT_EQ(result.exit_code, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("64 waves"));

  DaemonProcess daemon(server.spec());
  result = probe(machine, look);
  EXPECT_EQ(result.exit_code, 16) << result.output;
  EXPECT_THAT(result.output, HasSubstr("process " + std::to_string(daemon.pid())));
  result = probe(machine, {"--socket", daemon.socket()});
  EXPECT_EQ(result.exit_code, 0) << result.output;
}

}  // namespace
}  // namespace redbolt::test
