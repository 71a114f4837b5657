// Resident weights through the real server and client library: brought by one client, found by the
// next, whatever became of the first.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "client_error.hpp"
#include "test_server.hpp"

namespace redbolt::daemon {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

client::ContentHash hash_of(unsigned number) {
  client::ContentHash hash{};
  hash[5] = static_cast<std::byte>(number);
  return hash;
}

// Brings weights of this content and leaves.
void bring(TestServer& server, unsigned number, Bytes size) {
  auto connection = server.connect("the bringer");
  connection.acquire_lease(20s);
  const auto opened = connection.open_resident(hash_of(number), size, "w" + std::to_string(number));
  EXPECT_FALSE(opened.sealed);
  connection.fill({opened.id, Bytes(0)}, Bytes(4), number);
  connection.seal_resident(opened.id, hash_of(number), "w" + std::to_string(number));
}

std::uint32_t first_word(client::Connection& connection, client::BufferId buffer) {
  const auto shared = connection.create_shared(Bytes(4096), "out");
  connection.wait(connection.copy({shared.id(), Bytes(0)}, {buffer, Bytes(0)}, Bytes(4)));
  std::uint32_t word = 0;
  std::memcpy(&word, shared.bytes().data(), sizeof word);
  return word;
}

TEST(Resident, IsFoundByTheNextClient) {
  TestServer server;
  bring(server, 7, Bytes(10'000));
  auto next = server.connect("redbolt-llm run");
  next.acquire_lease(20s);
  EXPECT_FALSE(next.find_resident(hash_of(8), Bytes(10'000)));
  const auto found = next.find_resident(hash_of(7), Bytes(10'000));
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->sealed);
  EXPECT_EQ(first_word(next, found->id), 7u);
  EXPECT_TRUE(next.open_resident(hash_of(7), Bytes(10'000), "again").sealed);
  EXPECT_EQ(client_code_of([&] { next.find_resident(hash_of(7), Bytes(10'001)); }),
            "invalid_argument");
  EXPECT_EQ(client_code_of([&] {
              next.fill({found->id, Bytes(0)}, Bytes(4), 1);
            }),
            "invalid_argument");

  auto observer = server.connect("observer");
  const auto status = observer.status({.arena_map = true});
  ASSERT_EQ(status.residents.size(), 1u);
  const client::ResidentInfo& info = status.residents[0];
  EXPECT_EQ(info.hash, hash_of(7));
  EXPECT_EQ(info.name, "w7");
  EXPECT_EQ(info.size, Bytes(10'000));
  ASSERT_EQ(info.users.size(), 2u);
  EXPECT_THAT(info.users[0], HasSubstr("redbolt-llm run (pid "));
  EXPECT_EQ(info.uses, 2u);
  EXPECT_EQ(status.arena.reclaimable, Bytes(0));
  EXPECT_GE(status.holder->resident_bytes, Bytes(10'000));
  EXPECT_TRUE(std::ranges::any_of(status.arena_map->ranges, [](const client::ArenaRange& range) {
    return range.use == client::ArenaUse::resident && range.owner == "w7";
  }));
  next.release_lease();
  const auto after = observer.status();
  EXPECT_TRUE(after.residents[0].users.empty());
  EXPECT_GE(after.arena.reclaimable, Bytes(10'000));
}

TEST(Resident, OfAClientThatDiesBeforeSealingIsNotThere) {
  TestServer server;
  const auto before = server.arena().free;
  {
    auto connection = server.connect();
    connection.acquire_lease(0ms);
    const auto opened = connection.open_resident(hash_of(1), Bytes(600 << 10), "half done");
    server.card().hold = true;
    connection.fill({opened.id, Bytes(0)}, Bytes(4), 1);
  }
  server.card().hold = false;
  auto next = server.connect();
  next.acquire_lease(20s);
  EXPECT_FALSE(next.find_resident(hash_of(1), Bytes(600 << 10)));
  EXPECT_EQ(server.arena().free, before);
  EXPECT_FALSE(next.open_resident(hash_of(1), Bytes(600 << 10), "once more").sealed);
}

TEST(Resident, OfTwoWhoWantTheSameIsBroughtOnce) {
  TestServer server;
  std::atomic<int> brought{0};
  std::vector<std::future<void>> clients;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(std::async(std::launch::async, [&] {
      auto connection = server.connect();
      connection.acquire_lease(60s);
      const auto opened = connection.open_resident(hash_of(3), Bytes(500 << 10), "w3");
      if (!opened.sealed) {
        ++brought;
        connection.fill({opened.id, Bytes(0)}, Bytes(4), 3);
        connection.seal_resident(opened.id, hash_of(3), "w3");
      }
      EXPECT_EQ(first_word(connection, opened.id), 3u);
    }));
  }
  for (auto& client : clients) client.get();
  EXPECT_EQ(brought, 1);
  EXPECT_EQ(server.connect().status().residents.size(), 1u);
}

TEST(Resident, GivesWayToWhatNeedsTheRoomUnlessInUse) {
  TestServer server;  // an arena of 1 MiB
  bring(server, 1, Bytes(400 << 10));
  bring(server, 2, Bytes(400 << 10));
  auto client = server.connect("the user");
  client.acquire_lease(20s);
  const auto used = client.find_resident(hash_of(1), Bytes(400 << 10));
  ASSERT_TRUE(used);
  client.create_buffer(Bytes(500 << 10), "needs the other's room");
  EXPECT_EQ(client.status().residents.size(), 1u);
  const auto error = client_error_of([&] { client.create_buffer(Bytes(600 << 10), "too much"); });
  EXPECT_EQ(error.code(), client::ClientErrorCode::out_of_memory);
  EXPECT_THAT(error.what(), HasSubstr("the user (pid "));
  EXPECT_EQ(first_word(client, used->id), 1u);
}

TEST(Resident, IsDroppedWhereNobodyUsesIt) {
  TestServer server;
  bring(server, 1, Bytes(4096));
  bring(server, 2, Bytes(8192));
  auto holder = server.connect();
  holder.acquire_lease(20s);
  EXPECT_TRUE(holder.find_resident(hash_of(1), Bytes(4096)));
  auto tool = server.connect("redbolt-llm stop");
  const std::vector<client::ContentHash> hashes{hash_of(1), hash_of(9)};
  auto dropped = tool.drop_residents(hashes);
  EXPECT_EQ(dropped.dropped, 0u);
  EXPECT_EQ(dropped.in_use, 1u);
  EXPECT_EQ(dropped.not_found, 1u);
  dropped = tool.drop_all_residents();
  EXPECT_EQ(dropped.dropped, 1u);
  EXPECT_EQ(dropped.bytes, Bytes(8192));
  holder.release_lease();
  EXPECT_EQ(tool.drop_all_residents().dropped, 1u);
  EXPECT_EQ(server.arena().blocks, 0u);
}

TEST(Resident, IsUnusedOnceItsBufferIsDestroyed) {
  TestServer server;
  bring(server, 1, Bytes(4096));
  auto holder = server.connect();
  holder.acquire_lease(20s);
  const auto found = holder.find_resident(hash_of(1), Bytes(4096));
  ASSERT_TRUE(found);
  holder.destroy(found->id);
  EXPECT_TRUE(holder.status().residents.at(0).users.empty());
}

}  // namespace
}  // namespace redbolt::daemon
