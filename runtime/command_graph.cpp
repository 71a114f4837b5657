#include "redbolt/runtime/command_graph.hpp"

#include <algorithm>
#include <utility>

#include "redbolt/runtime/runtime_error.hpp"

namespace redbolt::runtime {
namespace {

bool overlap(const BufferView& a, const BufferView& b) {
  return a.buffer == b.buffer && a.offset < b.offset + b.size && b.offset < a.offset + a.size;
}

bool empty(const std::array<std::uint32_t, 3>& extent) {
  return std::ranges::find(extent, 0u) != extent.end();
}

}  // namespace

bool CommandGraph::conflicts(const std::vector<GraphPointer>& pointers) const {
  return std::ranges::any_of(pointers, [this](const GraphPointer& pointer) {
    const bool writes = pointer.access != Access::read;
    return std::ranges::any_of(since_barrier_, [&](const Use& use) {
      return (writes || use.written) && overlap(use.view, pointer.view);
    });
  });
}

void CommandGraph::dispatch(const KernelRequest& request, std::array<std::uint32_t, 3> grid,
                            std::array<std::uint32_t, 3> block, std::vector<std::byte> kernarg,
                            std::vector<GraphPointer> pointers) {
  if (empty(grid) || empty(block))
    throw RuntimeError(RuntimeErrorCode::invalid_argument,
                       request.description() + ": an empty grid or workgroup");
  if (conflicts(pointers)) barrier();
  for (const GraphPointer& pointer : pointers)
    since_barrier_.push_back({pointer.view, pointer.access != Access::read});
  auto found = std::ranges::find(requests_, request);
  if (found == requests_.end()) found = requests_.insert(requests_.end(), request);
  const auto index = static_cast<std::size_t>(found - requests_.begin());
  nodes_.emplace_back(GraphDispatch{index, grid, block, std::move(kernarg), std::move(pointers)});
  ++dispatches_;
}

void CommandGraph::barrier() {
  nodes_.emplace_back(client::Barrier{});
  since_barrier_.clear();
}

}  // namespace redbolt::runtime
