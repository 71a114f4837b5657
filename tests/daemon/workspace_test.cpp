// What a client owns, and the work it queues.
#include "workspace_fixture.hpp"

namespace redbolt::daemon {
namespace {

using testing::HasSubstr;

TEST_F(WorkspaceTest, GivesBackEverythingAtItsEnd) {
  const ArenaStatus before = device_.arena_status();
  const auto buffer = workspace_->create_buffer(Bytes(1000), "b");
  workspace_->create_shared(Bytes(5000), "s");
  protocol::Dispatch d = dispatch(module());
  add_pointer(d, 0, buffer, 0);
  workspace_->record_graph(graph_of(d));
  EXPECT_EQ(card_.pinned, 1u);
  EXPECT_EQ(workspace_->usage().shared, Bytes(5000));
  EXPECT_EQ(workspace_->usage().arena, before.free - device_.arena_status().free);
  workspace_.reset();
  EXPECT_EQ(device_.arena_status().free, before.free);
  EXPECT_EQ(device_.arena_status().largest_free, before.size);
  EXPECT_EQ(card_.pinned, 0u);
  EXPECT_NO_THROW(device_.take(Region::code, card_.code_size, "all code"));
}

TEST_F(WorkspaceTest, SaysHowMuchMemoryIsMissing) {
  const auto first = workspace_->create_buffer(Bytes(512 << 10), "first");
  workspace_->create_buffer(Bytes(256 << 10), "second");
  workspace_->destroy(protocol::OBJECT_KIND_BUFFER, first);
  const auto error = error_of([&] { workspace_->create_buffer(Bytes(600 << 10), "weights"); });
  EXPECT_EQ(protocol::ErrorCode_Name(error.code()), memory);
  EXPECT_THAT(error.message(), HasSubstr("weights"));
  EXPECT_EQ(error.shortage().asked(), 600u << 10);
  EXPECT_EQ(error.shortage().free(), 768u << 10);
  EXPECT_EQ(error.shortage().largest_free(), 512u << 10);
}

TEST_F(WorkspaceTest, RefusesSizesThatCannotBe) {
  EXPECT_EQ(code_of([&] { workspace_->create_buffer(Bytes(0), "b"); }), invalid);
  EXPECT_EQ(code_of([&] { workspace_->create_buffer(Bytes(~0ull), "b"); }), memory);
  EXPECT_EQ(code_of([&] { workspace_->create_buffer(Bytes(1), std::string(256, 'x')); }), invalid);
  EXPECT_EQ(code_of([&] { workspace_->create_shared(Bytes(0), "s"); }), invalid);
  EXPECT_EQ(code_of([&] { workspace_->create_shared(Bytes(~0ull), "s"); }), limit);
  workspace_->create_shared(Bytes(1 << 20), "all of it");
  EXPECT_EQ(code_of([&] { workspace_->create_shared(Bytes(1), "s"); }), limit);
}

TEST_F(WorkspaceTest, LimitsTheNumberOfObjects) {
  limits_.buffers = 3;
  limits_.graphs = 2;
  limits_.modules = 1;
  Workspace small(device_, limits_, [](FenceId, const protocol::Error*) {});
  for (int i = 0; i < 3; ++i) small.create_buffer(Bytes(1), "b");
  EXPECT_EQ(code_of([&] { small.create_buffer(Bytes(1), "b"); }), limit);
  EXPECT_EQ(code_of([&] { small.create_shared(Bytes(1), "s"); }), limit);
  protocol::RecordGraphRequest open;
  small.record_graph(open);
  small.record_graph(open);
  EXPECT_EQ(code_of([&] { small.record_graph(open); }), limit);
  small.create_module(module_request(make_image({})));
  EXPECT_EQ(code_of([&] { small.create_module(module_request(make_image({}))); }), limit);
}

TEST_F(WorkspaceTest, DoesNotKnowTheObjectsOfOthers) {
  Workspace other(device_, limits_, [](FenceId, const protocol::Error*) {});
  const auto buffer = other.create_buffer(Bytes(16), "b");
  const auto module = other.create_module(module_request(make_image({}))).id();
  EXPECT_EQ(code_of([&] { workspace_->destroy(protocol::OBJECT_KIND_BUFFER, buffer); }), missing);
  EXPECT_EQ(code_of([&] { workspace_->destroy(protocol::OBJECT_KIND_MODULE, module); }), missing);
  EXPECT_EQ(code_of([&] { workspace_->destroy(protocol::OBJECT_KIND_GRAPH, 1); }), missing);
  EXPECT_EQ(code_of([&] { workspace_->destroy(protocol::OBJECT_KIND_UNSPECIFIED, 1); }), invalid);
  EXPECT_EQ(record_error(dispatch(module)), missing);
}

// --- submissions -------------------------------------------------------------------------------

protocol::Copy copy_of(std::uint64_t to, std::uint64_t to_offset, std::uint64_t from,
                       std::uint64_t from_offset, std::uint64_t size) {
  protocol::Copy copy;
  copy.mutable_destination()->set_buffer(to);
  copy.mutable_destination()->set_offset(to_offset);
  copy.mutable_source()->set_buffer(from);
  copy.mutable_source()->set_offset(from_offset);
  copy.set_size(size);
  return copy;
}

TEST_F(WorkspaceTest, RefusesHostileCopies) {
  const auto a = workspace_->create_buffer(Bytes(1000), "a");
  const auto b = workspace_->create_buffer(Bytes(1000), "b");
  workspace_->copy(copy_of(a, 0, b, 0, 1000));
  workspace_->copy(copy_of(a, 0, a, 500, 500));
  const auto refused = [&](const protocol::Copy& copy) {
    return code_of([&] { workspace_->copy(copy); });
  };
  EXPECT_EQ(refused(copy_of(a, 0, b, 0, 0)), invalid);
  EXPECT_EQ(refused(copy_of(a, 0, b, 0, 1001)), invalid);
  EXPECT_EQ(refused(copy_of(a, 1, b, 0, 1000)), invalid);
  EXPECT_EQ(refused(copy_of(a, ~0ull, b, 0, 2)), invalid);
  EXPECT_EQ(refused(copy_of(a, 0, b, ~0ull, ~0ull)), invalid);
  EXPECT_EQ(refused(copy_of(a, 0, a, 499, 500)), invalid);
  EXPECT_EQ(refused(copy_of(a, 1, a, 0, 2)), invalid);
  EXPECT_EQ(refused(copy_of(99, 0, b, 0, 1)), missing);
  EXPECT_EQ(refused(protocol::Copy()), missing);
}

TEST_F(WorkspaceTest, RefusesHostileFills) {
  const auto a = workspace_->create_buffer(Bytes(1000), "a");
  const auto refused = [&](std::uint64_t buffer, std::uint64_t offset, std::uint64_t size) {
    protocol::Fill fill;
    fill.mutable_destination()->set_buffer(buffer);
    fill.mutable_destination()->set_offset(offset);
    fill.set_size(size);
    return code_of([&] { workspace_->fill(fill); });
  };
  EXPECT_EQ(refused(a, 0, 0), invalid);
  EXPECT_EQ(refused(a, 0, 1004), invalid);
  EXPECT_EQ(refused(a, 2, 8), invalid);
  EXPECT_EQ(refused(a, 0, 7), invalid);
  EXPECT_EQ(refused(a, ~0ull - 3, 8), invalid);
  EXPECT_EQ(refused(0, 0, 4), missing);
}

TEST_F(WorkspaceTest, LimitsWhatIsQueued) {
  card_.hold = true;
  const auto graph = workspace_->record_graph(graph_of(dispatch(module())));
  EXPECT_EQ(code_of([&] { workspace_->launch(graph, 0); }), invalid);
  EXPECT_EQ(code_of([&] { workspace_->launch(graph, 257); }), invalid);
  for (int i = 0; i < 8; ++i) workspace_->launch(graph, 256);
  EXPECT_EQ(code_of([&] { workspace_->launch(graph, 1); }), limit);
  EXPECT_FALSE(workspace_->idle());
  card_.hold = false;
  for (int i = 0; i < 9; ++i) poll();
  EXPECT_TRUE(workspace_->idle());
  workspace_->launch(graph, 1);
}

TEST_F(WorkspaceTest, NothingWorksOnAFailedCardUntilItIsBootedAgain) {
  const auto buffer = workspace_->create_buffer(Bytes(1000), "a");
  device_.fail(make_error(protocol::ERROR_CODE_DEVICE_HANG, "hung"));
  EXPECT_EQ(code_of([&] { workspace_->create_buffer(Bytes(1), "b"); }), "ERROR_CODE_DEVICE_LOST");
  EXPECT_EQ(code_of([&] { workspace_->copy(copy_of(buffer, 0, buffer, 500, 10)); }),
            "ERROR_CODE_DEVICE_LOST");
  workspace_.reset();
  device_.recover();
  EXPECT_EQ(card_.boots, 2u);
  EXPECT_EQ(card_.ends, 1u);
  EXPECT_EQ(device_.arena_status().blocks, 0u);
  EXPECT_FALSE(device_.failure());
}

TEST_F(WorkspaceTest, AResetThatKeepsTheMemoryIsPreferredToABoot) {
  card_.reset_helps = true;
  const auto block = device_.take(Region::data, Bytes(4096), "what somebody else keeps");
  device_.fail(make_error(protocol::ERROR_CODE_DEVICE_HANG, "hung"));
  device_.stop_work();
  EXPECT_FALSE(device_.failure());
  workspace_.reset();
  device_.recover();
  EXPECT_EQ(card_.boots, 1u);
  EXPECT_EQ(card_.resets, 1u);
  EXPECT_EQ(device_.arena_status().blocks, 1u);
  ASSERT_TRUE(device_.last_recovery());
  EXPECT_TRUE(device_.last_recovery()->memory_kept());
}

TEST_F(WorkspaceTest, WhatDidNotHelpOnceIsNotTriedAgain) {
  device_.fail(make_error(protocol::ERROR_CODE_DEVICE_HANG, "hung"));
  device_.stop_work();
  EXPECT_TRUE(device_.failure());
  workspace_.reset();
  device_.recover();
  EXPECT_EQ(card_.resets, 1u);
  EXPECT_EQ(card_.boots, 2u);
  EXPECT_FALSE(device_.last_recovery()->memory_kept());
}

// A copy is as many packets as the driver cuts it into.
TEST(Workspace, LargeCopiesDoNotFillTheRing) {
  FakeCard card;
  card.data_size = Bytes(std::uint64_t{80} << 20);
  Device device(card.factory(), {});
  ClientLimits limits;
  Workspace workspace(device, limits, [](FenceId, const protocol::Error*) {});
  const Bytes size(std::uint64_t{32} << 20);
  const auto a = workspace.create_buffer(size, "a");
  const auto b = workspace.create_buffer(size, "b");
  while (!workspace.idle()) device.poll(SubmissionQueue::Clock::now());
  const auto started = [&] { return device.backend().link_counters().doorbells; };
  const auto before = started();
  card.hold = true;
  for (int i = 0; i < 100; ++i) workspace.copy(copy_of(a, 0, b, 0, size.count()));
  EXPECT_EQ(started() - before, 256u / 9) << "nine packets of at most 4 MiB each";
  card.hold = false;
  while (!workspace.idle()) device.poll(SubmissionQueue::Clock::now());
}

TEST(Device, ThatDoesNotComeBackMayBeTriedAgain) {
  FakeCard card;
  Device device(card.factory(), {});
  device.fail(make_error(protocol::ERROR_CODE_DEVICE_HANG, "hung"));
  card.boot_fails = true;
  EXPECT_EQ(code_of([&] { device.recover(); }), "ERROR_CODE_DEVICE_LOST");
  EXPECT_EQ(code_of([&] { device.backend(); }), "ERROR_CODE_DEVICE_LOST");
  EXPECT_EQ(device.arena_status().size, Bytes(0));
  card.boot_fails = false;
  device.recover();
  EXPECT_NO_THROW(device.backend());
}

}  // namespace
}  // namespace redbolt::daemon
