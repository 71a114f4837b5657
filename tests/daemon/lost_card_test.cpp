// A card that goes and comes back, as each kind of client sees it: one that holds the card and does
// nothing, one in the middle of work, one that waits for it, one that comes while it is away.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "client_error.hpp"
#include "test_server.hpp"

namespace redbolt::daemon {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

ServerOptions quick_heartbeat() {
  ServerOptions options = quick_options();
  options.heartbeat = 20ms;
  return options;
}

class LostCardTest : public testing::Test {
 protected:
  void pull() {
    server_.card().boot_fails = true;
    server_.card().present = false;
  }
  void plug_in() {
    server_.card().present = true;
    server_.card().boot_fails = false;
  }
  // Until the daemon says so of itself, without being asked for anything but its status.
  bool wait_for_state(const std::string& part) {
    auto observer = server_.connect("observer");
    for (int i = 0; i < 2000; ++i) {
      if (observer.status().state.find(part) != std::string::npos) return true;
      std::this_thread::sleep_for(5ms);
    }
    return false;
  }
  void wait_for_waiting() {
    auto observer = server_.connect("observer");
    for (int i = 0; i < 2000 && observer.status().waiting.empty(); ++i)
      std::this_thread::sleep_for(5ms);
  }

  TestServer server_{quick_heartbeat()};
};

TEST_F(LostCardTest, AnIdleHolderIsToldOnItsNextCallAndCanStartAgain) {
  auto holder = server_.connect();
  holder.acquire_lease(0ms);
  holder.create_buffer(Bytes(64), "b");
  pull();
  ASSERT_TRUE(wait_for_state("could not be started again"));
  const auto error = client_error_of([&] { holder.create_buffer(Bytes(64), "b"); });
  EXPECT_EQ(error.code(), client::ClientErrorCode::device_lost);
  EXPECT_THAT(error.what(), HasSubstr("fake:0"));
  plug_in();
  ASSERT_TRUE(wait_for_state("ready"));
  EXPECT_NO_THROW(holder.acquire_lease(0ms));
  EXPECT_EQ(server_.arena().free, server_.arena().size);
}

TEST_F(LostCardTest, OneInTheMiddleOfWorkIsToldWithinTwoSeconds) {
  auto holder = server_.connect();
  holder.acquire_lease(0ms);
  const auto buffer = holder.create_buffer(Bytes(64), "b");
  server_.card().hold = true;
  const auto fence = holder.fill({buffer.id, Bytes(0)}, Bytes(4), 1);
  pull();
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(client_code_of([&] { holder.wait(fence, 20s); }), "device_lost");
  EXPECT_LT(std::chrono::steady_clock::now() - start, 2s);
  server_.card().hold = false;
  plug_in();
  ASSERT_TRUE(wait_for_state("ready"));
}

TEST_F(LostCardTest, OneThatWaitsForTheCardIsToldToo) {
  auto holder = server_.connect();
  holder.acquire_lease(0ms);
  auto waiting = std::async(std::launch::async, [this] {
    auto waiter = server_.connect("waiter");
    return client_code_of([&] { waiter.acquire_lease(60s); });
  });
  wait_for_waiting();
  pull();
  ASSERT_EQ(waiting.wait_for(5s), std::future_status::ready);
  EXPECT_EQ(waiting.get(), "device_lost");
  plug_in();
  ASSERT_TRUE(wait_for_state("ready"));
}

TEST_F(LostCardTest, OneThatComesWhileItIsAwayIsToldWhatIsAwaited) {
  pull();
  ASSERT_TRUE(wait_for_state("could not be started again"));
  auto client = server_.connect();
  const auto error = client_error_of([&] { client.acquire_lease(0ms); });
  EXPECT_EQ(error.code(), client::ClientErrorCode::device_lost);
  EXPECT_THAT(error.what(), HasSubstr("redboltd goes on trying"));
  EXPECT_TRUE(client.status().card_lost);
  plug_in();
  ASSERT_TRUE(wait_for_state("ready"));
  EXPECT_FALSE(client.status().card_lost);
  EXPECT_NO_THROW(client.acquire_lease(0ms));
}

TEST_F(LostCardTest, TheDaemonBootsItWithoutBeingAskedAndOnlyOnce) {
  pull();
  ASSERT_TRUE(wait_for_state("could not be started again"));
  plug_in();
  ASSERT_TRUE(wait_for_state("ready"));
  const unsigned boots = server_.card().boots;
  std::this_thread::sleep_for(200ms);  // ten heartbeats
  EXPECT_EQ(server_.card().boots, boots);
}

TEST_F(LostCardTest, StoppingWhileTheCardIsAwayTakesNoTime) {
  pull();
  ASSERT_TRUE(wait_for_state("could not be started again"));
  const auto start = std::chrono::steady_clock::now();
  server_.stop();
  EXPECT_LT(std::chrono::steady_clock::now() - start, 1s);
}

}  // namespace
}  // namespace redbolt::daemon
