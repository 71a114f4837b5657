// A sequence of dispatches, described once and replayed many times. A CommandGraph is a plain
// description on the host: it needs no device. Operations (operations.hpp) append to it; the Device
// compiles the kernels it requests, and sends it to the daemon.
//
// Barriers are placed by the graph itself: before a dispatch that touches what a dispatch since the
// last barrier wrote, or that writes what one read. Views of one buffer conflict where they
// overlap.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "redbolt/runtime/buffer.hpp"
#include "redbolt/runtime/kernel.hpp"

namespace redbolt::runtime {

using Access = client::Access;

// A pointer in the kernel's argument block.
struct GraphPointer {
  std::uint32_t kernarg_offset = 0;
  BufferView view;
  Access access = Access::read;
};

struct GraphDispatch {
  std::size_t request = 0;               // index in CommandGraph::requests()
  std::array<std::uint32_t, 3> grid{};   // workgroups
  std::array<std::uint32_t, 3> block{};  // work-items of a workgroup
  std::vector<std::byte> kernarg;        // pointers are zero in it
  std::vector<GraphPointer> pointers;
};

using GraphNode = std::variant<GraphDispatch, client::Barrier>;

class CommandGraph {
 public:
  explicit CommandGraph(std::string name) : name_(std::move(name)) {}

  // Throws RuntimeError::invalid_argument for an empty grid or block.
  void dispatch(const KernelRequest& request, std::array<std::uint32_t, 3> grid,
                std::array<std::uint32_t, 3> block, std::vector<std::byte> kernarg,
                std::vector<GraphPointer> pointers);
  void barrier();

  const std::string& name() const { return name_; }
  std::span<const GraphNode> nodes() const { return nodes_; }
  std::span<const KernelRequest> requests() const { return requests_; }  // each once
  std::size_t dispatches() const { return dispatches_; }

 private:
  struct Use {
    BufferView view;
    bool written;
  };
  bool conflicts(const std::vector<GraphPointer>& pointers) const;

  std::string name_;
  std::vector<GraphNode> nodes_;
  std::vector<KernelRequest> requests_;
  std::vector<Use> since_barrier_;
  std::size_t dispatches_ = 0;
};

}  // namespace redbolt::runtime
