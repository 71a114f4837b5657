// Weights that outlive their client: found by hash, kept while in use, the least recently used
// first to go; and what a client may do with them.
#include "residents.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "errors.hpp"
#include "workspace_fixture.hpp"

namespace redbolt::daemon {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

ContentHash hash_of(unsigned number) {
  ContentHash hash{};
  hash[0] = static_cast<std::byte>(number);
  hash[31] = static_cast<std::byte>(number >> 8);
  return hash;
}

class ResidentsTest : public testing::Test {
 protected:
  ResidentUse add(unsigned number, std::uint64_t size) {
    auto block = arena_.take(Bytes(size), Bytes(4096));
    EXPECT_TRUE(block);
    return residents_.add(hash_of(number), "w" + std::to_string(number), Bytes(size),
                          std::move(*block), "user");
  }
  std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (const ResidentSet* set : residents_.sets()) result.push_back(set->name);
    return result;
  }

  Arena arena_{Bytes(64 << 10), Bytes(4096)};
  Residents residents_;
};

TEST_F(ResidentsTest, AreFoundByHashAndSize) {
  { const auto use = add(1, 5000); }
  EXPECT_FALSE(residents_.find(hash_of(2), Bytes(5000), "u"));
  const auto use = residents_.find(hash_of(1), Bytes(5000), "u");
  ASSERT_TRUE(use);
  EXPECT_EQ(use.set().name, "w1");
  EXPECT_EQ(use.set().uses, 1u);
  EXPECT_EQ(code_of([&] { residents_.find(hash_of(1), Bytes(5001), "u"); }), invalid);
}

TEST_F(ResidentsTest, GiveWayTheLeastRecentlyUsedFirst) {
  for (unsigned i = 0; i < 4; ++i) add(i, 16 << 10);  // fills the arena
  residents_.find(hash_of(0), Bytes(16 << 10), "u");  // used last
  EXPECT_EQ(residents_.reclaimable(), Bytes(64 << 10));
  EXPECT_FALSE(arena_.take(Bytes(4096), Bytes(4096)));
  EXPECT_TRUE(residents_.make_room(arena_, Bytes(4096)));
  EXPECT_THAT(names(), ElementsAre("w0", "w3", "w2"));
  // Two neighbours have to go for twice the size, and no more than that.
  EXPECT_TRUE(residents_.make_room(arena_, Bytes(32 << 10)));
  EXPECT_THAT(names(), ElementsAre("w0", "w3"));
  EXPECT_TRUE(arena_.take(Bytes(32 << 10), Bytes(4096)));
}

TEST_F(ResidentsTest, InUseNeverGiveWay) {
  const auto kept = add(0, 16 << 10);
  add(1, 16 << 10);
  const auto also_kept = add(2, 16 << 10);
  add(3, 16 << 10);
  EXPECT_EQ(residents_.reclaimable(), Bytes(32 << 10));
  // Free they would be two ranges of 16 KiB: nothing is freed in vain.
  EXPECT_FALSE(residents_.make_room(arena_, Bytes(20 << 10)));
  EXPECT_EQ(residents_.sets().size(), 4u);
  EXPECT_TRUE(residents_.make_room(arena_, Bytes(16 << 10)));
  EXPECT_THAT(names(), testing::UnorderedElementsAre("w0", "w2", "w3"));
  const auto dropped = residents_.drop_all();
  EXPECT_EQ(dropped.sets, 1u);
  EXPECT_EQ(dropped.in_use, 2u);
  EXPECT_EQ(dropped.bytes, Bytes(16 << 10));
  EXPECT_THAT(residents_.in_use_text(), HasSubstr("\"w0\" (16384 bytes) by user"));
}

TEST_F(ResidentsTest, AreFreeAgainWhenTheLastUseEnds) {
  auto first = add(0, 8192);
  auto second = residents_.find(hash_of(0), Bytes(8192), "user");
  first = {};
  EXPECT_EQ(residents_.reclaimable(), Bytes(0));
  second = {};
  EXPECT_EQ(residents_.reclaimable(), Bytes(8192));
  EXPECT_EQ(residents_.drop({hash_of(0), hash_of(9)}).not_found, 1u);
  EXPECT_EQ(arena_.free(), arena_.size());
}

TEST_F(ResidentsTest, AreLimitedInNumber) {
  Arena arena(Bytes(4096 * (Residents::max_sets + 8)), Bytes(4096));
  Residents residents;
  std::vector<ResidentUse> uses;
  for (unsigned i = 0; i < Residents::max_sets; ++i) {
    auto block = arena.take(Bytes(1), Bytes(4096));
    uses.push_back(residents.add(hash_of(i), "w", Bytes(1), std::move(*block), "u"));
  }
  auto block = arena.take(Bytes(1), Bytes(4096));
  EXPECT_EQ(code_of([&] { residents.add(hash_of(999), "w", Bytes(1), std::move(*block), "u"); }),
            limit);
  EXPECT_EQ(block->size(), Bytes(4096)) << "the block stays its owner's";
  uses[7] = {};
  residents.add(hash_of(999), "w", Bytes(1), std::move(*block), "u");
  EXPECT_FALSE(residents.find(hash_of(7), Bytes(1), "u"));
  EXPECT_EQ(residents.sets().size(), Residents::max_sets);
  uses.clear();
}

// Against a simple model: sets and uses come and go, room is made; nothing in use is lost, and the
// arena is whole in the end.
TEST_F(ResidentsTest, KeepTheirPromisesOverRandomHistories) {
  std::mt19937 random(11);
  for (int round = 0; round < 50; ++round) {
    Arena arena(Bytes(1 << 20), Bytes(4096));
    Residents residents;
    std::map<unsigned, std::vector<ResidentUse>> in_use;
    std::map<unsigned, Bytes> sizes;
    unsigned next = 0;
    for (int step = 0; step < 300; ++step) {
      const unsigned which = next == 0 ? 0 : static_cast<unsigned>(random() % next);
      switch (random() % 3) {
        case 0: {
          const Bytes size(1 + random() % (200 << 10));
          auto block = arena.take(size, Bytes(4096));
          if (!block && residents.make_room(arena, size)) {
            block = arena.take(size, Bytes(4096));
            ASSERT_TRUE(block) << "room was promised";
          }
          if (!block) break;
          sizes[next] = size;
          in_use[next].push_back(residents.add(hash_of(next), "w", size, std::move(*block), "u"));
          ++next;
          break;
        }
        case 1:
          if (next == 0) break;
          if (auto use = residents.find(hash_of(which), sizes[which], "u"))
            in_use[which].push_back(std::move(use));
          break;
        default:
          if (!in_use[which].empty()) in_use[which].pop_back();
      }
      for (const auto& [number, uses] : in_use) {
        if (uses.empty()) continue;
        ASSERT_EQ(uses.front().set().size, sizes[number]);
        ASSERT_TRUE(residents.find(hash_of(number), sizes[number], "u")) << number;
      }
    }
    in_use.clear();
    residents.drop_all();
    ASSERT_EQ(arena.free(), arena.size());
  }
}

// --- what a client may do with them ------------------------------------------------------------

class ResidentWorkspaceTest : public WorkspaceTest {
 protected:
  std::unique_ptr<Workspace> another() {
    return std::make_unique<Workspace>(device_, limits_, [](FenceId, const protocol::Error*) {});
  }
  static protocol::Fill fill_of(std::uint64_t buffer, std::uint32_t value) {
    protocol::Fill fill;
    fill.mutable_destination()->set_buffer(buffer);
    fill.set_size(4);
    fill.set_value(value);
    return fill;
  }
  void run() {
    while (device_.busy()) poll();
  }
  // Weights of this value, brought by a client that is gone.
  void bring(unsigned number, std::uint64_t size, std::uint32_t value) {
    const auto client = another();
    const auto buffer = client->create_buffer(Bytes(size), "w");
    client->fill(fill_of(buffer, value));
    run();
    client->seal_resident(buffer, hash_of(number), "w" + std::to_string(number), "gone");
  }
  std::uint32_t first_word(Workspace& workspace, std::uint64_t buffer) {
    const SharedBuffer shared = workspace.create_shared(Bytes(4096), "out");
    protocol::Copy copy;
    copy.mutable_destination()->set_buffer(shared.id);
    copy.mutable_source()->set_buffer(buffer);
    copy.set_size(4);
    workspace.copy(copy);
    run();
    std::uint32_t word = 0;
    EXPECT_EQ(::pread(shared.descriptor.get(), &word, sizeof word, 0), 4);
    return word;
  }
};

TEST_F(ResidentWorkspaceTest, StayAfterTheirClientWithTheirContent) {
  bring(1, 8192, 0xfeedbeef);
  EXPECT_EQ(device_.arena_status().blocks, 1u);
  const auto found = workspace_->find_resident(hash_of(1), Bytes(8192), "next");
  ASSERT_NE(found, 0u);
  EXPECT_EQ(first_word(*workspace_, found), 0xfeedbeefu);
  EXPECT_EQ(workspace_->find_resident(hash_of(2), Bytes(8192), "next"), 0u);
  EXPECT_EQ(workspace_->usage().resident, Bytes(8192));
}

TEST_F(ResidentWorkspaceTest, OfAClientThatDoesNotSealAreGoneWithIt) {
  const auto free = device_.arena_status().free;
  auto client = another();
  client->create_buffer(Bytes(8192), "half done");
  client.reset();
  EXPECT_EQ(device_.arena_status().free, free);
  EXPECT_TRUE(device_.residents().sets().empty());
}

TEST_F(ResidentWorkspaceTest, CannotBeWrittenBySealerOrFinder) {
  const auto buffer = workspace_->create_buffer(Bytes(4096), "w");
  workspace_->fill(fill_of(buffer, 7));
  run();
  workspace_->seal_resident(buffer, hash_of(1), "w", "me");
  auto next = another();
  const auto found = next->find_resident(hash_of(1), Bytes(4096), "next");
  for (const auto& [client, id] :
       {std::pair(workspace_.get(), buffer), std::pair(next.get(), found)}) {
    EXPECT_EQ(code_of([&] { client->fill(fill_of(id, 9)); }), invalid);
    const auto source = client->create_buffer(Bytes(4096), "source");
    protocol::Copy copy;
    copy.mutable_destination()->set_buffer(id);
    copy.mutable_source()->set_buffer(source);
    copy.set_size(4096);
    EXPECT_EQ(code_of([&] { client->copy(copy); }), invalid);
    const auto module = client->create_module(module_request(make_image({}))).id();
    for (const auto access : {protocol::ACCESS_WRITE, protocol::ACCESS_READ_WRITE}) {
      protocol::Dispatch writes = dispatch(module);
      add_pointer(writes, 0, id, 0);
      writes.mutable_pointers(0)->set_access(access);
      EXPECT_EQ(code_of([&] { client->record_graph(graph_of(writes)); }), invalid);
    }
    protocol::Dispatch reads = dispatch(module);
    add_pointer(reads, 0, id, 0);
    client->record_graph(graph_of(reads));
    EXPECT_EQ(first_word(*client, id), 7u);
  }
}

TEST_F(ResidentWorkspaceTest, AreSealedOnceAndOnlyFromVideoMemoryThatNoGraphNames) {
  const auto shared = workspace_->create_shared(Bytes(4096), "s").id;
  const auto buffer = workspace_->create_buffer(Bytes(4096), "w");
  protocol::Dispatch writes = dispatch(module());
  add_pointer(writes, 0, buffer, 0);
  const auto graph = workspace_->record_graph(graph_of(writes));
  const auto seal = [&](std::uint64_t id) { workspace_->seal_resident(id, hash_of(1), "w", "me"); };
  EXPECT_EQ(code_of([&] { seal(shared); }), invalid);
  EXPECT_EQ(code_of([&] { seal(buffer); }), invalid);
  EXPECT_EQ(code_of([&] { seal(4711); }), missing);
  workspace_->destroy(protocol::OBJECT_KIND_GRAPH, graph);
  seal(buffer);
  EXPECT_EQ(code_of([&] { seal(buffer); }), invalid);
}

TEST_F(ResidentWorkspaceTest, OfOneHashAreKeptOnceWhenTwoBringThem) {
  const auto before = device_.arena_status().free;
  auto other = another();
  const auto mine = workspace_->create_buffer(Bytes(8192), "w");
  const auto theirs = other->create_buffer(Bytes(8192), "w");
  workspace_->fill(fill_of(mine, 5));
  other->fill(fill_of(theirs, 5));
  run();
  workspace_->seal_resident(mine, hash_of(1), "w", "me");
  other->seal_resident(theirs, hash_of(1), "w", "other");
  EXPECT_EQ(device_.arena_status().free, before - Bytes(8192));
  EXPECT_EQ(device_.residents().sets().size(), 1u);
  EXPECT_EQ(first_word(*other, theirs), 5u);
  // Another size under the same hash is no such weights.
  const auto odd = other->create_buffer(Bytes(4096), "w");
  EXPECT_EQ(code_of([&] { other->seal_resident(odd, hash_of(1), "w", "other"); }), invalid);
}

TEST_F(ResidentWorkspaceTest, GiveWayWhenABufferNeedsTheRoom) {
  bring(1, 300 << 10, 1);
  bring(2, 300 << 10, 2);
  bring(3, 300 << 10, 3);
  const auto used = workspace_->find_resident(hash_of(2), Bytes(300 << 10), "redbolt-llm (pid 7)");
  workspace_->create_buffer(Bytes(350 << 10),
                            "b");  // the first and what was never taken, or the last
  EXPECT_EQ(first_word(*workspace_, used), 2u);
  const auto error = error_of([&] { workspace_->create_buffer(Bytes(900 << 10), "too much"); });
  EXPECT_EQ(protocol::ErrorCode_Name(error.code()), memory);
  EXPECT_THAT(error.message(), HasSubstr("\"w2\" (307200 bytes) by redbolt-llm (pid 7)"));
  EXPECT_EQ(first_word(*workspace_, used), 2u);
}

TEST_F(ResidentWorkspaceTest, AreGoneWithTheCardsMemory) {
  bring(1, 8192, 1);
  workspace_.reset();
  device_.reset(make_error(protocol::ERROR_CODE_DEVICE_LOST, "a test"));
  EXPECT_TRUE(device_.residents().sets().empty());
  EXPECT_EQ(device_.arena_status().free, device_.arena_status().size);
}

}  // namespace
}  // namespace redbolt::daemon
