// The card behind a server goes, comes back, survives a daemon, and is wanted by two at once.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sstream>

#include "daemon_process.hpp"
#include "killed_clients.hpp"
#include "program.hpp"
#include "redbolt/client/client_error.hpp"

namespace redbolt::test {
namespace {

using Clock = std::chrono::steady_clock;

// Seconds of processor time that a process has used.
double processor_seconds(pid_t pid) {
  std::string text = read_file("/proc/" + std::to_string(pid) + "/stat");
  std::istringstream fields(text.substr(text.rfind(')') + 2));
  std::string ignored;
  for (int i = 0; i < 11; ++i) fields >> ignored;  // state .. cmajflt
  double user = 0, system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

class ServedCardTest : public testing::Test {
 protected:
  bool wait_for_state(const std::string& part) {
    const auto deadline = Clock::now() + 60s;
    while (Clock::now() < deadline) {
      client::Connection observer({daemon_.socket(), "observer"});
      if (observer.status().state.find(part) != std::string::npos) return true;
      std::this_thread::sleep_for(20ms);
    }
    return false;
  }
  client::ClientErrorCode code_of(const std::function<void()>& action) {
    try {
      action();
    } catch (const client::ClientError& error) {
      return error.code();
    }
    ADD_FAILURE() << "no error";
    return client::ClientErrorCode::internal;
  }

  ServedCard card_{"vram=1G"};
  DaemonProcess daemon_{card_.spec(), {"--hang-timeout", "300"}};
};

TEST_F(ServedCardTest, APulledCableIsAnErrorWithinTwoSecondsAndTheCardIsBootedWhenItIsBack) {
  client::Connection holder({daemon_.socket(), "holder"});
  holder.acquire_lease(30s);
  const auto module = load_test_kernels(holder);
  const auto shared = holder.create_shared(Bytes(1 << 20), "shared");
  const auto graph = holder.record_graph(
      "endless", std::vector<client::GraphNode>{plain_dispatch(module, endless_kernel)});
  const auto fence = holder.launch(graph);
  EXPECT_FALSE(holder.wait(fence, 100ms));

  card_.kill();
  const auto pulled = Clock::now();
  EXPECT_EQ(code_of([&] { holder.wait(fence, 60s); }), client::ClientErrorCode::device_lost);
  EXPECT_LT(Clock::now() - pulled, 2s);
  std::memset(shared.bytes().data(), 1, shared.bytes().size());  // no SIGBUS here

  ASSERT_TRUE(wait_for_state("could not be started again"));
  client::Connection other({daemon_.socket(), "other"});
  EXPECT_EQ(code_of([&] { other.acquire_lease(0ms); }), client::ClientErrorCode::device_lost);
  const double before = processor_seconds(daemon_.pid());
  std::this_thread::sleep_for(3s);
  EXPECT_LT(processor_seconds(daemon_.pid()) - before, 0.3) << "it spins";

  card_.start();
  ASSERT_TRUE(wait_for_state("ready")) << daemon_.log();
  expect_served(daemon_.socket(), 5);
}

// Nobody waits for the server for long: neither who has work on the card nor who only asks.
TEST_F(ServedCardTest, AServerThatStopsAnsweringIsGoneAndTheCardIsBootedWhenItGoesOn) {
  client::Connection holder({daemon_.socket(), "holder"});
  holder.acquire_lease(30s);
  const auto module = load_test_kernels(holder);
  const auto graph = holder.record_graph(
      "endless", std::vector<client::GraphNode>{plain_dispatch(module, endless_kernel)});
  const auto fence = holder.launch(graph);
  EXPECT_FALSE(holder.wait(fence, 100ms));

  ASSERT_EQ(::kill(card_.pid(), SIGSTOP), 0);
  const auto stopped = Clock::now();
  EXPECT_EQ(code_of([&] { holder.wait(fence, 60s); }), client::ClientErrorCode::device_lost);
  EXPECT_LT(Clock::now() - stopped, 4s);  // 1.5 s for a reply, and a look every 0.2 s
  for (int i = 0; i < 5; ++i) {
    const auto asked = Clock::now();
    client::Connection({daemon_.socket(), "observer"}).status();
    EXPECT_LT(Clock::now() - asked, 4s);
  }
  ASSERT_EQ(::kill(card_.pid(), SIGCONT), 0);
  ASSERT_TRUE(wait_for_state("ready")) << daemon_.log();
  expect_served(daemon_.socket(), 5);
}

TEST_F(ServedCardTest, AnIdleDaemonHardlyRuns) {
  const double before = processor_seconds(daemon_.pid());
  std::this_thread::sleep_for(3s);
  EXPECT_LT(processor_seconds(daemon_.pid()) - before, 0.15);
}

TEST_F(ServedCardTest, AnIdleHolderIsToldOnItsNextCall) {
  client::Connection holder({daemon_.socket(), "holder"});
  holder.acquire_lease(30s);
  card_.kill();
  std::this_thread::sleep_for(2s);
  EXPECT_EQ(code_of([&] { holder.create_buffer(Bytes(4096), "b"); }),
            client::ClientErrorCode::device_lost);
  card_.start();
  ASSERT_TRUE(wait_for_state("ready")) << daemon_.log();
}

TEST_F(ServedCardTest, TheNextDaemonTakesOverFromOneThatWasKilledAtWork) {
  for (unsigned i = 0; i < 3; ++i) {
    const pid_t victim = ::fork();
    ASSERT_GE(victim, 0);
    if (victim == 0) live(daemon_.socket(), i);
    std::this_thread::sleep_for(30ms);
    daemon_.kill();
    ::kill(victim, SIGKILL);
    ::waitpid(victim, nullptr, 0);
    ASSERT_NO_THROW(daemon_.start());
    ASSERT_NO_THROW(expect_served(daemon_.socket(), i)) << daemon_.log();
  }
}

TEST_F(ServedCardTest, ASecondDaemonIsToldWhoHasTheCard) {
  const TemporaryFolder folder;
  const auto result =
      run_program("redboltd", {"--device", card_.spec(), "--socket", folder.path() / "second.sock",
                               "--firmware", daemon_.firmware()});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.errors.find("process " + std::to_string(daemon_.pid())), std::string::npos)
      << result.errors;
}

}  // namespace
}  // namespace redbolt::test
