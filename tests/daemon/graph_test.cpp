// Command graphs: what becomes of them on the card, and what is refused.
#include <cstring>

#include "workspace_fixture.hpp"

namespace redbolt::daemon {
namespace {

TEST_F(WorkspaceTest, WritesKernelArgumentsWithPointersInPlace) {
  const auto buffer = workspace_->create_buffer(Bytes(1000), "b");
  const auto second = workspace_->create_buffer(Bytes(1000), "c");
  protocol::Dispatch d = dispatch(module());
  d.set_kernarg(std::string(20, '\x11'));  // of 64; the rest is zero
  add_pointer(d, 8, second, 40, 960);
  add_pointer(d, 56, buffer, 1000, 0);  // one past the end, for nothing
  workspace_->record_graph(graph_of(d));
  // Two buffers of a page, then the arguments.
  std::uint64_t words[8] = {};
  std::memcpy(words, backend().data().data() + 8192, sizeof words);
  const std::uint64_t base = FakeBackend::data_address.value();
  EXPECT_EQ(words[0], 0x1111111111111111u);
  EXPECT_EQ(words[1], base + 4096 + 40);
  EXPECT_EQ(words[2], 0x0000000011111111u);
  EXPECT_EQ(words[3], 0u);
  EXPECT_EQ(words[7], base + 1000);
}

TEST_F(WorkspaceTest, RunsAGraphAsOftenAsAskedWithOneSubmission) {
  protocol::Dispatch d = dispatch(module());
  const auto graph = workspace_->record_graph(graph_of(d));
  const FenceId fence = workspace_->launch(graph, 7);
  poll();
  EXPECT_EQ(completed_, fence);
  ASSERT_EQ(card_.launches().size(), 1u);
  const auto buffers = card_.launches()[0].buffers;
  ASSERT_EQ(buffers.size(), 7u);
  EXPECT_EQ(buffers[0].address, buffers[6].address);
  EXPECT_GT(buffers[0].dwords, 5u);
  // PM4 type 3 headers only, as far as the first packet tells.
  std::uint32_t first = 0;
  std::memcpy(&first,
              backend().data().data() + (buffers[0].address - FakeBackend::data_address).count(),
              4);
  EXPECT_EQ(first >> 30, 3u);
}

TEST_F(WorkspaceTest, RefusesHostileDispatches) {
  module_ = module();
  const auto buffer = workspace_->create_buffer(Bytes(1000), "b");
  EXPECT_EQ(spoiled([](auto& d) { d.set_module(999); }), missing);
  EXPECT_EQ(spoiled([](auto& d) { d.set_kernel(1); }), missing);
  EXPECT_EQ(spoiled([](auto& d) { d.set_kernel(0xffffffff); }), missing);
  EXPECT_EQ(spoiled([](auto& d) { d.set_grid_y(0); }), invalid);
  EXPECT_EQ(spoiled([](auto& d) { d.set_grid_x(0xffffffff); }), invalid);
  EXPECT_EQ(spoiled([](auto& d) { d.set_block_x(0); }), invalid);
  EXPECT_EQ(spoiled([](auto& d) { d.set_block_x(1025); }), invalid);
  EXPECT_EQ(spoiled([](auto& d) { d.set_block_y(0x10000000); }), invalid);
  EXPECT_EQ(spoiled([](auto& d) { d.set_dynamic_lds(65537); }), invalid);
  EXPECT_EQ(spoiled([](auto& d) { d.set_dynamic_lds(0xffffffff); }), invalid);
  EXPECT_EQ(spoiled([](auto& d) { d.set_kernarg(std::string(65, 'x')); }), invalid);
  EXPECT_EQ(spoiled([&](auto& d) { add_pointer(d, 4, buffer, 0); }), invalid);
  EXPECT_EQ(spoiled([&](auto& d) { add_pointer(d, 64, buffer, 0); }), invalid);
  EXPECT_EQ(spoiled([&](auto& d) { add_pointer(d, 0xfffffff8, buffer, 0); }), invalid);
  EXPECT_EQ(spoiled([&](auto& d) { add_pointer(d, 0, buffer, 1001); }), invalid);
  EXPECT_EQ(spoiled([&](auto& d) { add_pointer(d, 0, buffer, ~0ull); }), invalid);
  EXPECT_EQ(spoiled([&](auto& d) { add_pointer(d, 0, buffer, 1, 1000); }), invalid);
  EXPECT_EQ(spoiled([&](auto& d) { add_pointer(d, 0, buffer, 1, ~0ull); }), invalid);
  EXPECT_EQ(spoiled([&](auto& d) { add_pointer(d, 0, 999, 0); }), missing);
  EXPECT_EQ(spoiled([&](auto& d) { add_pointer(d, 0, module_, 0); }), missing);
  EXPECT_EQ(spoiled([&](auto& d) {
              add_pointer(d, 0, buffer, 0);
              add_pointer(d, 0, buffer, 8);
            }),
            invalid);
  EXPECT_EQ(spoiled([&](auto& d) {
              add_pointer(d, 0, buffer, 0);
              d.mutable_pointers(0)->set_access(protocol::ACCESS_UNSPECIFIED);
            }),
            invalid);
  EXPECT_EQ(spoiled([&](auto& d) {
              add_pointer(d, 0, buffer, 0);
              d.mutable_pointers(0)->set_access(static_cast<protocol::Access>(77));
            }),
            invalid);
}

TEST_F(WorkspaceTest, RefusesGraphsThatAreNone) {
  protocol::RecordGraphRequest request;
  request.set_last(true);
  EXPECT_EQ(code_of([&] { workspace_->record_graph(request); }), invalid);
  request.add_nodes()->mutable_barrier();
  EXPECT_EQ(code_of([&] { workspace_->record_graph(request); }), invalid);
  request.clear_nodes();
  request.add_nodes();
  EXPECT_EQ(code_of([&] { workspace_->record_graph(request); }), invalid);
  request.set_graph(12345);
  EXPECT_EQ(code_of([&] { workspace_->record_graph(request); }), missing);
}

TEST_F(WorkspaceTest, RecordsGraphsInPieces) {
  const auto piece = graph_of(dispatch(module()));
  auto first = piece;
  first.set_last(false);
  const auto id = workspace_->record_graph(first);
  EXPECT_EQ(code_of([&] { workspace_->launch(id, 1); }), missing);  // not before the last piece
  auto last = piece;
  last.set_graph(id);
  EXPECT_EQ(workspace_->record_graph(last), id);
  workspace_->launch(id, 1);
  EXPECT_EQ(code_of([&] { workspace_->record_graph(last); }), missing);  // nor after it
}

TEST_F(WorkspaceTest, LimitsTheLengthOfAGraph) {
  auto request = graph_of(dispatch(module()));
  for (int i = 0; i < 100; ++i) request.add_nodes()->mutable_barrier();
  EXPECT_EQ(code_of([&] { workspace_->record_graph(request); }), limit);
}

TEST_F(WorkspaceTest, DoesNotRecordWhatWasDestroyedMeanwhile) {
  const auto buffer = workspace_->create_buffer(Bytes(16), "b");
  const auto id = module();
  protocol::Dispatch d = dispatch(id);
  add_pointer(d, 0, buffer, 0);
  for (const auto& [kind, victim] : {std::pair(protocol::OBJECT_KIND_BUFFER, buffer),
                                     std::pair(protocol::OBJECT_KIND_MODULE, id)}) {
    auto piece = graph_of(kind == protocol::OBJECT_KIND_BUFFER ? d : dispatch(id));
    piece.set_last(false);
    protocol::RecordGraphRequest last;
    last.set_graph(workspace_->record_graph(piece));
    last.set_last(true);
    workspace_->destroy(kind, victim);
    EXPECT_EQ(code_of([&] { workspace_->record_graph(last); }), missing);
  }
}

TEST_F(WorkspaceTest, KeepsWhatGraphsName) {
  const auto buffer = workspace_->create_buffer(Bytes(16), "b");
  const auto id = module();
  protocol::Dispatch d = dispatch(id);
  add_pointer(d, 0, buffer, 0);
  const auto graph = workspace_->record_graph(graph_of(d));
  EXPECT_EQ(code_of([&] { workspace_->destroy(protocol::OBJECT_KIND_BUFFER, buffer); }), invalid);
  EXPECT_EQ(code_of([&] { workspace_->destroy(protocol::OBJECT_KIND_MODULE, id); }), invalid);
  workspace_->destroy(protocol::OBJECT_KIND_GRAPH, graph);
  workspace_->destroy(protocol::OBJECT_KIND_BUFFER, buffer);
  workspace_->destroy(protocol::OBJECT_KIND_MODULE, id);
  EXPECT_EQ(code_of([&] { workspace_->launch(graph, 1); }), missing);
}

}  // namespace
}  // namespace redbolt::daemon
