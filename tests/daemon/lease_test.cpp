// Who gets the card, in which order, and what happens to those who leave.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <mutex>

#include "client_error.hpp"
#include "module_image.hpp"
#include "test_server.hpp"

namespace redbolt::daemon {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

// Polls until the daemon reports so many who wait.
void wait_for_waiting(client::Connection& observer, std::size_t count) {
  for (int i = 0; i < 1000; ++i) {
    if (observer.status().waiting.size() == count) return;
    std::this_thread::sleep_for(5ms);
  }
  FAIL() << "never " << count << " waiting";
}

TEST(Lease, IsRefusedWithTheHoldersName) {
  TestServer server;
  auto holder = server.connect("redbolt-llm run");
  holder.acquire_lease(0ms);
  auto other = server.connect();
  for (const auto timeout : {0ms, 30ms}) {
    const auto error = client_error_of([&] { other.acquire_lease(timeout); });
    EXPECT_EQ(error.code(), client::ClientErrorCode::busy);
    ASSERT_TRUE(error.holder());
    EXPECT_EQ(error.holder()->command, "redbolt-llm run");
    EXPECT_EQ(error.holder()->pid, ::getpid());
    EXPECT_THAT(error.what(), HasSubstr("redbolt-llm run"));
  }
  EXPECT_EQ(server.connect().status().waiting.size(), 0u);
  holder.release_lease();
  other.acquire_lease(0ms);
}

TEST(Lease, IsGivenInTheOrderOfAsking) {
  TestServer server;
  auto observer = server.connect("observer");
  auto holder = std::make_unique<client::Connection>(server.connect("holder"));
  holder->acquire_lease(0ms);

  std::mutex mutex;
  std::vector<std::string> served;
  std::vector<std::string> told;
  std::vector<std::future<void>> waiting;
  for (const std::string name : {"first", "second", "third"}) {
    waiting.push_back(std::async(std::launch::async, [&, name] {
      auto connection = server.connect(name);
      connection.acquire_lease(20s, [&](unsigned position, const client::LeaseHolder& who) {
        const std::lock_guard lock(mutex);
        told.push_back(name + " is " + std::to_string(position) + " behind " + who.command);
      });
      const std::lock_guard lock(mutex);
      served.push_back(name);
    }));
    wait_for_waiting(observer, waiting.size());
  }
  const auto status = observer.status();
  EXPECT_EQ(status.waiting.at(0).command, "first");
  EXPECT_EQ(status.waiting.at(2).command, "third");
  holder.reset();
  for (auto& one : waiting) one.get();
  EXPECT_THAT(served, ElementsAre("first", "second", "third"));
  EXPECT_THAT(told, testing::IsSupersetOf({"first is 1 behind holder", "second is 2 behind holder",
                                           "third is 3 behind holder", "third is 2 behind first"}));
}

TEST(Lease, GoesPastThoseWhoLeaveTheQueue) {
  TestServer server;
  auto observer = server.connect("observer");
  auto holder = server.connect("holder");
  holder.acquire_lease(0ms);
  // A client that asks and is gone: a plain socket that is closed.
  {
    auto impatient = std::async(std::launch::async, [&] {
      auto connection = server.connect("impatient");
      EXPECT_EQ(client_code_of([&] { connection.acquire_lease(100ms); }), "busy");
    });
    impatient.get();
  }
  auto last = std::async(std::launch::async, [&] {
    auto connection = server.connect("last");
    connection.acquire_lease(20s);
  });
  wait_for_waiting(observer, 1);
  holder.release_lease();
  last.get();
}

TEST(Lease, EndsWithTheConnectionAndFreesEverything) {
  TestServer server;
  const auto before = server.arena();
  for (int round = 0; round < 5; ++round) {
    auto connection = server.connect();
    connection.acquire_lease(5s);
    EXPECT_EQ(server.arena().free, before.free);
    connection.create_buffer(Bytes(900 << 10), "most of it");
    connection.create_shared(Bytes(4096), "s");
    EXPECT_EQ(server.card().pinned, 1u);
  }
  auto last = server.connect();
  last.acquire_lease(5s);
  EXPECT_EQ(server.arena().free, before.free);
  EXPECT_EQ(server.card().pinned, 0u);
  EXPECT_EQ(server.card().boots, 1u);
}

TEST(Lease, OfAClientThatIsGoneWaitsForItsWork) {
  TestServer server;
  auto first = std::make_unique<client::Connection>(server.connect());
  first->acquire_lease(0ms);
  const auto buffer = first->create_buffer(Bytes(64), "b");
  server.card().hold = true;
  first->fill({buffer.id, Bytes(0)}, Bytes(4), 1);
  first.reset();
  auto second = server.connect();
  EXPECT_EQ(client_code_of([&] { second.acquire_lease(50ms); }), "busy");
  EXPECT_EQ(server.arena().blocks, 1u);  // not freed under the card
  server.card().hold = false;
  second.acquire_lease(5s);
  EXPECT_EQ(server.arena().blocks, 0u);
  EXPECT_EQ(server.card().boots, 1u);
}

TEST(Lease, OfAClientThatIsGoneIsTakenByAResetWhenItsWorkDoesNotEnd) {
  TestServer server;
  auto first = std::make_unique<client::Connection>(server.connect());
  first->acquire_lease(0ms);
  const auto buffer = first->create_buffer(Bytes(64), "b");
  server.card().hold = true;
  first->fill({buffer.id, Bytes(0)}, Bytes(4), 1);
  first.reset();
  auto second = server.connect();
  second.acquire_lease(5s);
  EXPECT_EQ(server.card().boots, 2u);
  EXPECT_EQ(server.card().ends, 1u);
  EXPECT_EQ(server.arena().blocks, 0u);
}

TEST(Lease, TheCardIsReadyAgainAfterAResetBeforeAnybodyAsks) {
  TestServer server;
  auto observer = server.connect("observer");
  {
    auto connection = server.connect();
    connection.acquire_lease(0ms);
    const auto buffer = connection.create_buffer(Bytes(64), "b");
    server.card().hold = true;
    connection.fill({buffer.id, Bytes(0)}, Bytes(4), 1);
  }
  for (int i = 0; i < 1000 && server.card().boots < 2; ++i) std::this_thread::sleep_for(5ms);
  EXPECT_EQ(server.card().boots, 2u);
  EXPECT_EQ(observer.status().state, "ready");
}

TEST(Lease, ServesOneAfterTheOtherUnderLoad) {
  TestServer server;
  std::atomic<int> inside{0};
  std::atomic<int> served{0};
  std::vector<std::future<void>> clients;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(std::async(std::launch::async, [&] {
      for (int round = 0; round < 10; ++round) {
        auto connection = server.connect();
        connection.acquire_lease(30s);
        EXPECT_EQ(inside.fetch_add(1), 0);
        const auto buffer = connection.create_buffer(Bytes(1 << 20), "all of it");
        connection.wait(connection.fill({buffer.id, Bytes(0)}, Bytes(4096), 1));
        inside.fetch_sub(1);
        ++served;
      }
    }));
  }
  for (auto& client : clients) client.get();
  EXPECT_EQ(served, 80);
  EXPECT_EQ(server.card().boots, 1u);
}

TEST(Stop, EndsEverythingInTheMiddleOfWork) {
  TestServer server;
  auto connection = server.connect();
  connection.acquire_lease(0ms);
  const auto buffer = connection.create_buffer(Bytes(64), "b");
  server.card().hold = true;
  const auto fence = connection.fill({buffer.id, Bytes(0)}, Bytes(4), 1);
  auto waiting = std::async(std::launch::async,
                            [&] { return client_code_of([&] { connection.wait(fence); }); });
  std::this_thread::sleep_for(20ms);
  const auto start = std::chrono::steady_clock::now();
  server.stop();
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
  EXPECT_EQ(waiting.get(), "connection_lost");
  EXPECT_EQ(server.card().boots, 1u);  // a card that is about to be shut down is not booted again
}

}  // namespace
}  // namespace redbolt::daemon
