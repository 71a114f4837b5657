// What a client's kernels are let near, and that nothing of one client is left for the next.
#include "client_memory.hpp"

#include <algorithm>

#include "workspace_fixture.hpp"

namespace redbolt::daemon {
namespace {

class ClientMemoryTest : public WorkspaceTest {
 protected:
  using Granted = std::map<driver::GpuAddress, FakeContext::Granted>;
  const Granted& grants() { return backend().contexts().at(1)->grants(); }
  std::size_t count(driver::MemoryAccess access) {
    return static_cast<std::size_t>(std::ranges::count_if(
        grants(), [&](const auto& grant) { return grant.second.access == access; }));
  }
  void finish() {
    while (!workspace_->idle()) poll();
  }
  void next_client() {
    workspace_.reset();
    workspace_ =
        std::make_unique<Workspace>(device_, limits_, [](FenceId, const protocol::Error*) {});
  }
};

TEST_F(ClientMemoryTest, GrantsWhatTheClientHasAndTakesItBack) {
  EXPECT_TRUE(grants().empty());
  const auto buffer = workspace_->create_buffer(Bytes(5000), "b");
  const auto shared = workspace_->create_shared(Bytes(5000), "s");
  EXPECT_EQ(count(driver::MemoryAccess::read_write), 2u);
  const auto code = module();
  EXPECT_EQ(count(driver::MemoryAccess::read_execute), 1u);
  const auto graph = workspace_->record_graph(graph_of(dispatch(code)));
  EXPECT_EQ(count(driver::MemoryAccess::read), 2u) << "its arguments and packets";
  EXPECT_EQ(count(driver::MemoryAccess::read_write), 2u);
  workspace_->launch(graph, 2);  // the fake card insists that the context reaches the packets
  finish();
  workspace_->destroy(protocol::OBJECT_KIND_GRAPH, graph);
  workspace_->destroy(protocol::OBJECT_KIND_MODULE, code);
  workspace_->destroy(protocol::OBJECT_KIND_BUFFER, buffer);
  workspace_->destroy(protocol::OBJECT_KIND_BUFFER, shared.id);
  EXPECT_TRUE(grants().empty());
}

TEST_F(ClientMemoryTest, EachClientHasAContextOfItsOwn) {
  workspace_->create_buffer(Bytes(5000), "mine");
  Workspace other(device_, limits_, [](FenceId, const protocol::Error*) {});
  other.create_buffer(Bytes(5000), "theirs");
  EXPECT_EQ(backend().contexts().size(), 2u);
  EXPECT_EQ(backend().contexts().at(2)->grants().size(), 1u);
}

TEST_F(ClientMemoryTest, MemoryThatTheCardDoesNotForgetIsAFailureOfTheCard) {
  const auto buffer = workspace_->create_buffer(Bytes(4096), "b");
  // The context is made to refuse: what it is to revoke is no longer granted.
  const auto [address, granted] = *grants().begin();
  backend().contexts().at(1)->revoke(address, granted.size);
  workspace_->destroy(protocol::OBJECT_KIND_BUFFER, buffer);
  EXPECT_TRUE(device_.failure()) << "nobody may have it before the card was stopped";
}

TEST_F(ClientMemoryTest, ContextsAreLimitedAndComeBack) {
  std::vector<std::unique_ptr<Workspace>> many;
  const auto add = [&] {
    many.push_back(
        std::make_unique<Workspace>(device_, limits_, [](FenceId, const protocol::Error*) {}));
  };
  for (int i = 0; i < 14; ++i) add();
  EXPECT_EQ(code_of(add), limit);
  many.pop_back();
  EXPECT_NO_THROW(add());
}

TEST_F(ClientMemoryTest, ClearsWhatOthersLeft) {
  std::ranges::fill(backend().data(), std::byte{0x5e});  // whoever had the card before
  const auto first = workspace_->create_buffer(card_.data_size, "all");
  finish();
  EXPECT_TRUE(std::ranges::all_of(backend().data(), [](auto b) { return b == std::byte{0}; }));

  // Its own leftovers it may see again.
  std::ranges::fill(backend().data(), std::byte{0x5e});
  workspace_->destroy(protocol::OBJECT_KIND_BUFFER, first);
  workspace_->create_buffer(card_.data_size, "all again");
  EXPECT_TRUE(workspace_->idle());
  EXPECT_EQ(backend().data()[12345], std::byte{0x5e});

  next_client();
  workspace_->create_buffer(Bytes(8192), "a part");
  finish();
  EXPECT_EQ(backend().data()[8191], std::byte{0});
  EXPECT_EQ(backend().data()[8192], std::byte{0x5e});
  // Arguments and packets are written by whole pages.
  workspace_->record_graph(graph_of(dispatch(module())));
  const auto& all = grants();
  for (const auto& [address, granted] : all) {
    if (granted.access != driver::MemoryAccess::read) continue;
    const auto page = backend().data().subspan((address - FakeBackend::data_address).count(),
                                               granted.size.count());
    EXPECT_NE(page.back(), std::byte{0x5e});
  }
}

TEST_F(ClientMemoryTest, ScratchMemoryIsGrantedToThoseWhoNeedItAndClearedBetweenThem) {
  workspace_->record_graph(graph_of(dispatch(module())));
  EXPECT_FALSE(grants().contains(FakeContext::scratch));
  TestKernel spilling;
  spilling.scratch = 64;
  workspace_->record_graph(graph_of(dispatch(module(spilling))));
  EXPECT_TRUE(grants().contains(FakeContext::scratch));
  finish();
  EXPECT_EQ(backend().scratch_fills, 1u);
  workspace_->record_graph(graph_of(dispatch(module(spilling))));
  finish();
  EXPECT_EQ(backend().scratch_fills, 1u) << "its own";
  next_client();
  workspace_->record_graph(graph_of(dispatch(module(spilling))));
  finish();
  EXPECT_EQ(backend().scratch_fills, 2u);
}

TEST_F(ClientMemoryTest, ARefusedGraphLeavesNothingGranted) {
  const auto id = module();
  const std::size_t before = grants().size();
  auto request = graph_of(dispatch(id));
  for (int i = 0; i < 98; ++i) *request.add_nodes()->mutable_dispatch() = dispatch(id);
  workspace_->create_buffer(card_.data_size - Bytes(8192), "nearly all");
  EXPECT_EQ(code_of([&] { workspace_->record_graph(request); }), memory);
  EXPECT_EQ(grants().size(), before + 1);
}

// All graphs of a client that are being recorded count together.
TEST_F(ClientMemoryTest, LimitsWhatIsBeingRecorded) {
  limits_.recording = Bytes(20'000);
  next_client();
  const auto id = module();
  auto piece = graph_of(dispatch(id));
  piece.set_last(false);
  std::vector<std::uint64_t> open;
  std::string code;
  for (int i = 0; i < 1000 && code.empty(); ++i) {
    try {
      open.push_back(workspace_->record_graph(piece));
    } catch (const DaemonError& error) {
      code = protocol::ErrorCode_Name(error.code());
    }
  }
  EXPECT_EQ(code, limit);
  EXPECT_GT(open.size(), 20u);
  // Room comes back with each that ends.
  workspace_->destroy(protocol::OBJECT_KIND_GRAPH, open.back());
  open.back() = workspace_->record_graph(piece);
  protocol::RecordGraphRequest last;
  last.set_graph(open.back());
  last.set_last(true);
  workspace_->record_graph(last);
  EXPECT_NO_THROW(workspace_->record_graph(piece));
}

TEST(DispatchMap, NamesWhatMayBeRunning) {
  DispatchMap map;
  map.add_dispatch("embed");
  map.add_barrier();
  map.add_dispatch("q");
  map.add_dispatch("k");
  map.add_dispatch("k");
  map.add_barrier();
  map.add_barrier();
  map.add_dispatch("attend");
  EXPECT_EQ(map.running_at(0), "");
  EXPECT_EQ(map.running_at(1), "\"embed\" (dispatch 1 of 5)");
  EXPECT_EQ(map.running_at(2), "\"q\" (dispatch 2 of 5)");
  EXPECT_EQ(map.running_at(4), "\"q\" or \"k\" (dispatches 2 to 4 of 5)");
  EXPECT_EQ(map.running_at(5), "\"attend\" (dispatch 5 of 5)");
  EXPECT_EQ(map.running_at(6), "");
}

}  // namespace
}  // namespace redbolt::daemon
