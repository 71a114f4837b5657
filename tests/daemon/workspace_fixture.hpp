// A workspace on a fake card, and requests for it that are accepted until a test spoils them.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "errors.hpp"
#include "fake_card.hpp"
#include "module_image.hpp"
#include "workspace.hpp"

namespace redbolt::daemon {

inline constexpr const char* invalid = "ERROR_CODE_INVALID_ARGUMENT";
inline constexpr const char* missing = "ERROR_CODE_NOT_FOUND";
inline constexpr const char* limit = "ERROR_CODE_LIMIT_EXCEEDED";
inline constexpr const char* memory = "ERROR_CODE_OUT_OF_MEMORY";

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
    EXPECT_THAT(error.message(), testing::HasSubstr("graph \"g\", node 0"));
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

}  // namespace redbolt::daemon
