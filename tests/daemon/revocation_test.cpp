// Taking the card from one who has it: asking, revoking, resetting; and who may.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "client_error.hpp"
#include "test_server.hpp"

namespace redbolt::daemon {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

client::LeaseId held_lease(client::Connection& observer) {
  const auto holder = observer.status().holder;
  EXPECT_TRUE(holder);
  return holder ? holder->lease : client::LeaseId();
}

// Polls until the daemon reports so many who wait.
void wait_for_waiting(client::Connection& observer, std::size_t count) {
  for (int i = 0; i < 2000; ++i) {
    if (observer.status().waiting.size() == count) return;
    std::this_thread::sleep_for(5ms);
  }
  FAIL() << "never " << count << " waiting";
}

// Waits until the daemon has told the client that somebody wants the card.
std::optional<client::ReleaseRequest> next_release_request(client::Connection& connection) {
  for (int i = 0; i < 2000; ++i) {
    if (auto request = connection.release_request()) return request;
    std::this_thread::sleep_for(5ms);
  }
  return std::nullopt;
}

TEST(AskRelease, TellsTheHolderWhoAsksAndWhy) {
  TestServer server;
  auto holder = server.connect("redbolt-llm run");
  holder.acquire_lease(0ms);
  EXPECT_FALSE(holder.release_request());
  auto tool = server.connect("redbolt-lock-reset");
  EXPECT_FALSE(tool.status().holder->release_requested);
  const auto asked = tool.ask_release(held_lease(tool), "maintenance\n\x1b[2J");
  EXPECT_EQ(asked.command, "redbolt-llm run");
  const auto request = next_release_request(holder);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->command, "redbolt-lock-reset");
  EXPECT_EQ(request->pid, ::getpid());
  EXPECT_EQ(request->reason, "maintenance??[2J");
  EXPECT_FALSE(holder.release_request()) << "each request is told once";
  EXPECT_TRUE(tool.status().holder->release_requested);
  holder.release_lease();
  EXPECT_FALSE(tool.status().holder);
}

TEST(AskRelease, ReachesAHolderInTheMiddleOfAWait) {
  TestServer server;
  auto holder = server.connect();
  holder.acquire_lease(0ms);
  const auto buffer = holder.create_buffer(Bytes(64), "b");
  server.card().hold = true;
  const auto fence = holder.fill({buffer.id, Bytes(0)}, Bytes(4), 1);
  auto waiting = std::async(std::launch::async, [&] { return holder.wait(fence, 20s); });
  auto tool = server.connect();
  for (int i = 0; i < 10; ++i) tool.ask_release(client::LeaseId(0), "please");
  server.card().hold = false;
  EXPECT_TRUE(waiting.get());
  EXPECT_TRUE(next_release_request(holder));
}

TEST(AskRelease, OfNobodyIsNotFound) {
  TestServer server;
  auto tool = server.connect();
  EXPECT_EQ(client_code_of([&] { tool.ask_release(client::LeaseId(0), ""); }), "not_found");
  auto holder = server.connect();
  const auto lease = holder.acquire_lease(0ms);
  EXPECT_EQ(client_code_of([&] { tool.ask_release(client::LeaseId(lease.value() + 1), ""); }),
            "not_found");
  EXPECT_FALSE(holder.release_request());
}

TEST(RevokeLease, EndsItFreesEverythingAndServesTheNext) {
  TestServer server;
  const auto before = server.arena();
  auto holder = server.connect("the holder");
  const auto lease = holder.acquire_lease(0ms);
  holder.create_buffer(Bytes(900 << 10), "most of it");
  auto next = std::async(std::launch::async, [&] {
    auto connection = server.connect("next");
    connection.acquire_lease(20s);
    return server.arena().free;
  });
  auto tool = server.connect("redbolt-lock-reset");
  wait_for_waiting(tool, 1);
  tool.revoke_lease(lease, false, "it is needed");
  EXPECT_EQ(next.get(), before.free);
  const auto error = client_error_of([&] { holder.create_buffer(Bytes(1), "b"); });
  EXPECT_EQ(error.code(), client::ClientErrorCode::no_lease);
  EXPECT_THAT(error.what(), HasSubstr("redbolt-lock-reset (pid "));
  EXPECT_THAT(error.what(), HasSubstr("it is needed"));
  // The connection is as good as before.
  holder.acquire_lease(20s);
  holder.create_buffer(Bytes(1), "b");
  EXPECT_EQ(server.card().boots, 1u);
}

TEST(RevokeLease, WithoutForceLeavesWorkAlone) {
  TestServer server;
  auto holder = server.connect();
  const auto lease = holder.acquire_lease(0ms);
  const auto buffer = holder.create_buffer(Bytes(64), "b");
  server.card().hold = true;
  const auto fence = holder.fill({buffer.id, Bytes(0)}, Bytes(4), 1);
  auto tool = server.connect();
  EXPECT_EQ(client_code_of([&] { tool.revoke_lease(lease, false, ""); }), "busy");
  server.card().hold = false;
  EXPECT_TRUE(holder.wait(fence, 20s));
  holder.create_buffer(Bytes(64), "still here");
}

TEST(RevokeLease, WithForceResetsTheCardUnderWorkThatDoesNotEnd) {
  TestServer server;
  auto holder = server.connect();
  const auto lease = holder.acquire_lease(0ms);
  const auto buffer = holder.create_buffer(Bytes(64), "b");
  server.card().hold = true;
  const auto fence = holder.fill({buffer.id, Bytes(0)}, Bytes(4), 1);
  auto waiting =
      std::async(std::launch::async, [&] { return client_error_of([&] { holder.wait(fence); }); });
  auto tool = server.connect("the tool");
  tool.revoke_lease(lease, true, "stuck");
  EXPECT_EQ(server.card().boots, 2u);
  EXPECT_EQ(server.arena().blocks, 0u);
  const auto error = waiting.get();
  EXPECT_EQ(error.code(), client::ClientErrorCode::no_lease) << error.what();
  EXPECT_THAT(error.what(), HasSubstr("the tool"));
  server.card().hold = false;
  auto next = server.connect();
  next.acquire_lease(5s);
  next.create_buffer(Bytes(64), "b");
}

TEST(RevokeLease, HitsOnlyTheLeaseThatWasMeant) {
  TestServer server;
  auto first = server.connect();
  const auto old = first.acquire_lease(0ms);
  first.release_lease();
  auto second = server.connect();
  second.acquire_lease(0ms);
  auto tool = server.connect();
  EXPECT_EQ(client_code_of([&] { tool.revoke_lease(old, true, ""); }), "not_found");
  EXPECT_EQ(client_code_of([&] { tool.revoke_lease(client::LeaseId(0), true, ""); }),
            "invalid_argument");
  second.create_buffer(Bytes(1), "untouched");
}

// The first client is of one user, those after it of another.
ServerOptions two_users() {
  ServerOptions options = quick_options();
  options.admits = [](const PeerCredentials&) { return true; };
  options.peer = [count = 0](int socket) mutable {
    auto peer = peer_credentials(socket);
    if (peer) peer->uid = count++ == 0 ? 1001 : 1002;
    return peer;
  };
  return options;
}

TEST(RevokeLease, OfAnotherUserIsRefused) {
  TestServer server(two_users());
  auto holder = server.connect();
  const auto lease = holder.acquire_lease(0ms);
  auto tool = server.connect();
  for (const bool force : {false, true}) {
    const auto error = client_error_of([&] { tool.revoke_lease(lease, force, ""); });
    EXPECT_EQ(error.code(), client::ClientErrorCode::permission_denied);
    EXPECT_THAT(error.what(), HasSubstr("1001"));
  }
  EXPECT_EQ(client_code_of([&] { tool.reset_card(true, ""); }), "permission_denied");
  holder.create_buffer(Bytes(1), "untouched");
  EXPECT_EQ(server.card().boots, 1u);
  holder.release_lease();
  tool.reset_card(false, "");
  EXPECT_EQ(server.card().boots, 2u);
}

TEST(ResetCard, IsRefusedWhileSomebodyHoldsIt) {
  TestServer server;
  auto tool = server.connect("the tool");
  EXPECT_EQ(tool.reset_card(false, "a try").steps.at(0).name, "pretend");
  EXPECT_EQ(server.card().boots, 2u);
  auto holder = server.connect("the holder");
  holder.acquire_lease(0ms);
  const auto error = client_error_of([&] { tool.reset_card(false, ""); });
  EXPECT_EQ(error.code(), client::ClientErrorCode::busy);
  ASSERT_TRUE(error.holder());
  EXPECT_EQ(error.holder()->command, "the holder");
  holder.create_buffer(Bytes(1), "untouched");
  EXPECT_EQ(server.card().boots, 2u);
}

TEST(ResetCard, WithForceGoesAheadOfThoseWhoWait) {
  TestServer server;
  auto holder = server.connect("the holder");
  holder.acquire_lease(0ms);
  holder.create_buffer(Bytes(1), "b");
  auto next = std::async(std::launch::async, [&] {
    auto connection = server.connect("next");
    connection.acquire_lease(20s);
    return server.card().boots.load();
  });
  auto tool = server.connect("the tool");
  wait_for_waiting(tool, 1);
  tool.reset_card(true, "it looks odd");
  EXPECT_EQ(next.get(), 2u);
  EXPECT_THAT(client_error_of([&] { holder.create_buffer(Bytes(1), "b"); }).what(),
              HasSubstr("it looks odd"));
}

TEST(ResetCard, ThatFailsSaysSoAndCanBeTriedAgain) {
  TestServer server;
  auto tool = server.connect();
  server.card().boot_fails = true;
  EXPECT_EQ(client_code_of([&] { tool.reset_card(false, ""); }), "device_lost");
  server.card().boot_fails = false;
  tool.reset_card(false, "");
  EXPECT_EQ(tool.status().state, "ready");
}

}  // namespace
}  // namespace redbolt::daemon
