#include "workspace.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <functional>

#include "code_object.hpp"
#include "errors.hpp"
#include "fake_card.hpp"

namespace redbolt::daemon {
namespace {

using testing::HasSubstr;

constexpr const char* invalid = "ERROR_CODE_INVALID_ARGUMENT";
constexpr const char* missing = "ERROR_CODE_NOT_FOUND";
constexpr const char* limit = "ERROR_CODE_LIMIT_EXCEEDED";
constexpr const char* memory = "ERROR_CODE_OUT_OF_MEMORY";

class WorkspaceTest : public testing::Test {
 protected:
  WorkspaceTest() {
    limits_.nodes_per_graph = 100;
    limits_.submissions = 8;
    limits_.shared = Bytes(1 << 20);
    workspace_ = std::make_unique<Workspace>(device_, limits_,
                                             [this](FenceId fence, const protocol::Error* error) {
                                               if (error == nullptr) completed_ = fence;
                                             });
  }
  void poll() { device_.poll(SubmissionQueue::Clock::now()); }
  FakeBackend& backend() { return static_cast<FakeBackend&>(device_.backend()); }

  std::uint64_t module(const TestKernel& kernel = {}) {
    return workspace_->create_module(module_request(make_image(kernel))).id();
  }
  // A dispatch that is accepted; tests spoil one thing of it.
  protocol::Dispatch dispatch(std::uint64_t module) {
    protocol::Dispatch dispatch;
    dispatch.set_module(module);
    dispatch.set_grid_x(1);
    dispatch.set_grid_y(1);
    dispatch.set_grid_z(1);
    dispatch.set_block_x(32);
    dispatch.set_block_y(1);
    dispatch.set_block_z(1);
    return dispatch;
  }
  static void add_pointer(protocol::Dispatch& dispatch, std::uint32_t at, std::uint64_t buffer,
                          std::uint64_t offset, std::uint64_t size = 0) {
    auto& pointer = *dispatch.add_pointers();
    pointer.set_kernarg_offset(at);
    pointer.set_buffer(buffer);
    pointer.set_offset(offset);
    pointer.set_size(size);
    pointer.set_access(protocol::ACCESS_READ);
  }
  static protocol::RecordGraphRequest graph_of(const protocol::Dispatch& dispatch) {
    protocol::RecordGraphRequest request;
    request.set_name("g");
    *request.add_nodes()->mutable_dispatch() = dispatch;
    request.set_last(true);
    return request;
  }
  std::string record_error(const protocol::Dispatch& dispatch) {
    const auto before = device_.arena_status().free;
    const auto error = error_of([&] { workspace_->record_graph(graph_of(dispatch)); });
    EXPECT_EQ(device_.arena_status().free, before) << "something stayed behind";
    EXPECT_THAT(error.message(), HasSubstr("graph \"g\", node 0"));
    return protocol::ErrorCode_Name(error.code());
  }
  template <class Change>
  std::string spoiled(Change change) {
    protocol::Dispatch d = dispatch(module_);
    change(d);
    return record_error(d);
  }

  FakeCard card_;
  Device device_{card_.factory(), {std::chrono::milliseconds(1000), true}};
  ClientLimits limits_;
  std::unique_ptr<Workspace> workspace_;
  FenceId completed_;
  std::uint64_t module_ = 0;
};

// --- buffers -----------------------------------------------------------------------------------

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

// --- modules -----------------------------------------------------------------------------------

TEST_F(WorkspaceTest, ReadsKernelDescriptors) {
  TestKernel kernel;
  kernel.lds = 1024;
  kernel.kernarg = 48;
  kernel.vgprs = 104;
  kernel.scratch = 16;
  const auto reply = workspace_->create_module(module_request(make_image(kernel)));
  ASSERT_EQ(reply.kernels_size(), 1);
  EXPECT_EQ(reply.kernels(0).name(), "k");
  EXPECT_EQ(reply.kernels(0).lds_bytes(), 1024u);
  EXPECT_EQ(reply.kernels(0).kernarg_bytes(), 48u);
  EXPECT_EQ(reply.kernels(0).vgprs(), 104u);
  EXPECT_EQ(reply.kernels(0).scratch_bytes(), 16u);
}

TEST_F(WorkspaceTest, RelocatesTheImageItPlaces) {
  auto request = module_request(make_image({}));
  const auto add = [&](std::uint64_t offset, std::int64_t addend, protocol::RelocationKind kind) {
    auto& relocation = *request.add_relocations();
    relocation.set_offset(offset);
    relocation.set_addend(addend);
    relocation.set_kind(kind);
  };
  add(1001, 2000, protocol::RELOCATION_KIND_ABS64);
  add(1024, 12, protocol::RELOCATION_KIND_ABS32_LO);
  add(1028, 12, protocol::RELOCATION_KIND_ABS32_HI);
  add(4088, 4096, protocol::RELOCATION_KIND_ABS64);           // the very end, to one past the end
  workspace_->create_module(module_request(make_image({})));  // so that ours is not at the start
  workspace_->create_module(request);
  const std::uint64_t base = FakeBackend::code_address.value() + 4096;
  const auto word = [&](std::size_t offset, std::size_t size) {
    std::uint64_t value = 0;
    std::memcpy(&value, backend().code().data() + 4096 + offset, size);
    return value;
  };
  EXPECT_EQ(word(1001, 8), base + 2000);
  EXPECT_EQ(word(1024, 4), (base + 12) & 0xffffffff);
  EXPECT_EQ(word(1028, 4), (base + 12) >> 32);
  EXPECT_EQ(word(4088, 8), base + 4096);
  EXPECT_EQ(word(256, 4), 0xbfb00000u);
}

TEST_F(WorkspaceTest, RefusesHostileModules) {
  const auto refused = [&](const protocol::CreateModuleRequest& request) {
    const std::string code = code_of([&] { workspace_->create_module(request); });
    EXPECT_NO_THROW(device_.take(Region::code, card_.code_size, "all"))
        << "code memory stayed behind";
    return code;
  };
  const auto with = [&](auto change) {
    TestKernel kernel;
    change(kernel);
    return refused(module_request(make_image(kernel)));
  };
  EXPECT_EQ(with([](TestKernel& k) { k.entry = 4096; }), invalid);
  EXPECT_EQ(with([](TestKernel& k) { k.entry = -256; }), invalid);
  EXPECT_EQ(with([](TestKernel& k) { k.entry = INT64_MAX; }), invalid);
  EXPECT_EQ(with([](TestKernel& k) { k.entry = INT64_MIN; }), invalid);
  EXPECT_EQ(with([](TestKernel& k) { k.entry = 320; }), invalid);  // not a multiple of 256
  EXPECT_EQ(with([](TestKernel& k) { k.wave32 = false; }), invalid);
  EXPECT_EQ(with([](TestKernel& k) { k.lds = 65537; }), invalid);
  EXPECT_EQ(with([](TestKernel& k) { k.lds = 0xffffffff; }), invalid);
  EXPECT_EQ(with([](TestKernel& k) { k.scratch = 0xffffffff; }), invalid);
  EXPECT_EQ(with([](TestKernel& k) { k.kernarg = 0xffffffff; }), invalid);
  EXPECT_EQ(with([](TestKernel& k) { k.vgprs = 264; }), invalid);
  EXPECT_EQ(with([](TestKernel& k) { k.extra_rsrc1 = 1u << 20; }), invalid);  // PRIV

  const auto image = make_image({});
  EXPECT_EQ(refused(module_request(image, 32)), invalid);
  EXPECT_EQ(refused(module_request(image, 4096)), invalid);
  EXPECT_EQ(refused(module_request(image, ~std::uint64_t{63})), invalid);
  EXPECT_EQ(refused(module_request({})), invalid);
  auto request = module_request(image);
  request.clear_kernels();
  EXPECT_EQ(refused(request), invalid);
  request = module_request(image);
  request.clear_image();
  EXPECT_EQ(refused(request), invalid);
  EXPECT_EQ(refused(module_request(std::vector<std::byte>(300 << 10))), memory);
}

TEST_F(WorkspaceTest, RefusesHostileRelocations) {
  const auto with = [&](std::uint64_t offset, std::int64_t addend, int kind) {
    auto request = module_request(make_image({}));
    auto& relocation = *request.add_relocations();
    relocation.set_offset(offset);
    relocation.set_addend(addend);
    relocation.set_kind(static_cast<protocol::RelocationKind>(kind));
    return code_of([&] { workspace_->create_module(request); });
  };
  EXPECT_EQ(with(4089, 0, protocol::RELOCATION_KIND_ABS64), invalid);
  EXPECT_EQ(with(~0ull, 0, protocol::RELOCATION_KIND_ABS64), invalid);
  EXPECT_EQ(with(4093, 0, protocol::RELOCATION_KIND_ABS32_LO), invalid);
  EXPECT_EQ(with(0, -1, protocol::RELOCATION_KIND_ABS64), invalid);
  EXPECT_EQ(with(0, 4097, protocol::RELOCATION_KIND_ABS64), invalid);
  EXPECT_EQ(with(0, INT64_MIN, protocol::RELOCATION_KIND_ABS64), invalid);
  EXPECT_EQ(with(0, 0, protocol::RELOCATION_KIND_UNSPECIFIED), invalid);
  EXPECT_EQ(with(0, 0, 99), invalid);
}

TEST_F(WorkspaceTest, TakesAnImageFromSharedMemoryOnly) {
  const auto image = make_image({});
  SharedBuffer shared = workspace_->create_shared(Bytes(8192), "image");
  void* mapped =
      ::mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, shared.descriptor.get(), 0);
  ASSERT_NE(mapped, MAP_FAILED);
  std::memcpy(static_cast<std::byte*>(mapped) + 100, image.data(), image.size());
  ::munmap(mapped, 8192);
  auto request = module_request(image);
  request.mutable_shared_image()->set_buffer(shared.id);
  request.mutable_shared_image()->set_offset(100);
  request.set_image_size(4096);
  EXPECT_EQ(workspace_->create_module(request).kernels_size(), 1);
  request.set_image_size(8093);
  EXPECT_EQ(code_of([&] { workspace_->create_module(request); }), invalid);
  request.set_image_size(~0ull);
  EXPECT_EQ(code_of([&] { workspace_->create_module(request); }), limit);
  request.set_image_size(4096);
  request.mutable_shared_image()->set_buffer(workspace_->create_buffer(Bytes(8192), "vram"));
  EXPECT_EQ(code_of([&] { workspace_->create_module(request); }), invalid);
}

// --- graphs ------------------------------------------------------------------------------------

TEST_F(WorkspaceTest, WritesKernelArgumentsWithPointersInPlace) {
  const auto buffer = workspace_->create_buffer(Bytes(1000), "b");
  const auto second = workspace_->create_buffer(Bytes(1000), "c");
  protocol::Dispatch d = dispatch(module());
  d.set_kernarg(std::string(20, '\x11'));  // of 64; the rest is zero
  add_pointer(d, 8, second, 40, 960);
  add_pointer(d, 56, buffer, 1000, 0);  // one past the end, for nothing
  workspace_->record_graph(graph_of(d));
  // Two buffers of 1 KiB, then the arguments.
  std::uint64_t words[8] = {};
  std::memcpy(words, backend().data().data() + 2048, sizeof words);
  const std::uint64_t base = FakeBackend::data_address.value();
  EXPECT_EQ(words[0], 0x1111111111111111u);
  EXPECT_EQ(words[1], base + 1024 + 40);
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
