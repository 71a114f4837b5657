#include "graph.hpp"

#include <algorithm>
#include <cstring>

#include "daemon_error.hpp"
#include "printable.hpp"
#include "redbolt/base/checked.hpp"
#include "redbolt/driver/command_encoder.hpp"

namespace redbolt::daemon {
namespace {

constexpr std::size_t kernarg_alignment = 64;  // the hardware wants 16; a cache line is kinder
constexpr std::size_t pointer_size = 8;
// An indirect buffer is at most 2^20 - 1 dwords; longer graphs become several.
constexpr std::size_t dwords_per_buffer = std::size_t{1} << 19;

std::string in_quotes(const std::string& name) {
  return "\"" + name + "\"";
}

const ModuleKernel& find_kernel(const Module& module, std::uint32_t index) {
  if (index >= module.kernels.size()) {
    throw not_found("module " + in_quotes(module.name) + " has " +
                    std::to_string(module.kernels.size()) + " kernels, and number " +
                    std::to_string(index) + " is asked for");
  }
  return module.kernels[index];
}

// The address that the pointer argument stands for.
driver::GpuAddress resolve(const protocol::PointerArgument& pointer, const std::string& kernel,
                           const ObjectTable& objects) {
  const BufferView buffer = objects.find_buffer(pointer.buffer());
  const std::string where =
      "kernel " + in_quotes(kernel) + ", argument at " + std::to_string(pointer.kernarg_offset());
  if (!range_fits(pointer.offset(), pointer.size(), buffer.size.count())) {
    throw invalid_argument(where + ": " + std::to_string(pointer.size()) + " bytes at " +
                           std::to_string(pointer.offset()) + " of a buffer of " +
                           std::to_string(buffer.size.count()) + " bytes");
  }
  if (pointer.access() < protocol::ACCESS_READ || pointer.access() > protocol::ACCESS_READ_WRITE) {
    throw invalid_argument(where + ": it does not say whether it is read or written");
  }
  if (!buffer.writable && pointer.access() != protocol::ACCESS_READ) {
    throw invalid_argument(where + ": resident weights can only be read");
  }
  return buffer.address + Bytes(pointer.offset());
}

}  // namespace

void GraphRecorder::add(const protocol::GraphNode& node, const ObjectTable& objects) try {
  if (nodes_.size() >= limits_.nodes_per_graph) {
    throw limit_exceeded("more than " + std::to_string(limits_.nodes_per_graph) + " nodes");
  }
  switch (node.node_case()) {
    case protocol::GraphNode::kDispatch:
      nodes_.emplace_back(check_dispatch(node.dispatch(), objects));
      return;
    case protocol::GraphNode::kBarrier:
      nodes_.emplace_back(BarrierNode{});
      return;
    case protocol::GraphNode::NODE_NOT_SET:
      break;
  }
  throw invalid_argument("neither a dispatch nor a barrier");
} catch (const DaemonError& error) {
  protocol::Error located = error.error();
  located.set_message("graph " + in_quotes(printable(name_)) + ", node " +
                      std::to_string(nodes_.size()) + ": " + error.what());
  throw DaemonError(std::move(located));
}

GraphRecorder::DispatchNode GraphRecorder::check_dispatch(const protocol::Dispatch& dispatch,
                                                          const ObjectTable& objects) {
  const ModuleKernel& kernel =
      find_kernel(objects.find_module(dispatch.module()), dispatch.kernel());
  DispatchNode node{};
  node.module = dispatch.module();
  node.kernel = dispatch.kernel();
  node.grid = {dispatch.grid_x(), dispatch.grid_y(), dispatch.grid_z()};
  node.block = {dispatch.block_x(), dispatch.block_y(), dispatch.block_z()};
  node.dynamic_lds = Bytes(dispatch.dynamic_lds());
  check_launch(compute_limits_, kernel.name, kernel.descriptor, node.grid, node.block,
               node.dynamic_lds);

  const std::uint64_t expected = kernel.descriptor.kernarg.count();
  const std::string& given = dispatch.kernarg();
  if (given.size() > expected) {
    throw invalid_argument("kernel " + in_quotes(kernel.name) + " takes " +
                           std::to_string(expected) + " bytes of arguments and is given " +
                           std::to_string(given.size()));
  }
  const std::size_t position =
      (kernargs_.size() + kernarg_alignment - 1) & ~(kernarg_alignment - 1);
  kernargs_.resize(position + expected);
  std::memcpy(kernargs_.data() + position, given.data(), given.size());
  node.kernarg = Bytes(position);
  write_pointers(dispatch, kernel, node.kernarg, objects);
  modules_.insert(dispatch.module());
  return node;
}

void GraphRecorder::write_pointers(const protocol::Dispatch& dispatch, const ModuleKernel& kernel,
                                   Bytes kernarg, const ObjectTable& objects) {
  const std::uint64_t size = kernel.descriptor.kernarg.count();
  std::vector<bool> written(size / pointer_size);
  for (const auto& pointer : dispatch.pointers()) {
    const std::uint32_t offset = pointer.kernarg_offset();
    if (offset % pointer_size != 0 || !range_fits(offset, pointer_size, size)) {
      throw invalid_argument("kernel " + in_quotes(kernel.name) + ": a pointer argument at " +
                             std::to_string(offset) + " of " + std::to_string(size) +
                             " bytes of arguments");
    }
    if (written[offset / pointer_size]) {
      throw invalid_argument("kernel " + in_quotes(kernel.name) + ": two pointer arguments at " +
                             std::to_string(offset));
    }
    written[offset / pointer_size] = true;
    const std::uint64_t address = resolve(pointer, kernel.name, objects).value();
    std::byte* destination = kernargs_.data() + kernarg.count() + offset;
    for (std::size_t i = 0; i < pointer_size; ++i)
      destination[i] = static_cast<std::byte>((address >> (8 * i)) & 0xff);
    buffers_.insert(pointer.buffer());
    if (const BufferView buffer = objects.find_buffer(pointer.buffer()); buffer.mirrored) {
      const Bytes rest = buffer.size - Bytes(pointer.offset());
      mirrored_.add(buffer.mirrored, Bytes(pointer.offset()),
                    pointer.size() != 0 ? Bytes(pointer.size()) : rest,
                    pointer.access() != protocol::ACCESS_READ);
    }
  }
}

GraphRecorder::Encoded GraphRecorder::encode(const driver::DispatchLimits& limits,
                                             driver::GpuAddress kernargs,
                                             driver::GpuAddress progress_word,
                                             const ObjectTable& objects) const {
  Encoded result;
  driver::CommandEncoder encoder(limits);
  std::uint32_t mark = 0;
  const auto close_part = [&] {
    if (encoder.words().empty()) return;
    result.parts.emplace_back(encoder.words().begin(), encoder.words().end());
    encoder.clear();
  };
  for (const auto& node : nodes_) {
    if (std::holds_alternative<BarrierNode>(node)) {
      encoder.barrier();
      result.dispatches.add_barrier();
    } else {
      const auto& dispatch = std::get<DispatchNode>(node);
      const ModuleKernel& kernel =
          find_kernel(objects.find_module(dispatch.module), dispatch.kernel);
      encoder.mark(progress_word, ++mark);
      encoder.dispatch(launch_of(dispatch, kernel, kernargs));
      result.dispatches.add_dispatch(kernel.name);
      result.uses_scratch |= kernel.descriptor.scratch_per_lane.count() != 0;
    }
    if (encoder.words().size() >= dwords_per_buffer) close_part();
  }
  close_part();
  return result;
}

driver::KernelLaunch GraphRecorder::launch_of(const DispatchNode& dispatch,
                                              const ModuleKernel& kernel,
                                              driver::GpuAddress kernargs) {
  driver::KernelLaunch launch;
  launch.entry = kernel.entry;
  launch.kernel = kernel.descriptor;
  launch.kernarg = kernargs + dispatch.kernarg;
  launch.dynamic_lds = dispatch.dynamic_lds;
  launch.grid = dispatch.grid;
  launch.block = dispatch.block;
  return launch;
}

Graph GraphRecorder::finish(Device& device, ClientMemory& memory,
                            const ObjectTable& objects) const {
  for (const std::uint64_t id : buffers_) objects.find_buffer(id);
  const std::string what = "graph " + in_quotes(name_);
  if (modules_.empty()) throw invalid_argument(what + " has no dispatch");
  Backend& backend = device.backend();
  Graph graph;
  graph.name = name_;
  graph.buffers = buffers_;
  graph.modules = modules_;
  graph.mirrored = mirrored_.work();
  // A kernel without arguments gets a valid address all the same.
  graph.kernargs = memory.take(Region::data, Bytes(std::max<std::size_t>(kernargs_.size(), 1)),
                               driver::MemoryAccess::read, what);
  Encoded encoded = encode(backend.dispatch_limits(), graph.kernargs.address,
                           memory.context().progress_word(), objects);
  std::vector<std::uint32_t> words;
  for (const auto& part : encoded.parts) words.insert(words.end(), part.begin(), part.end());
  graph.packets = memory.take(Region::data, Bytes(words.size() * sizeof(std::uint32_t)),
                              driver::MemoryAccess::read, what);
  driver::GpuAddress address = graph.packets.address;
  for (const auto& part : encoded.parts) {
    graph.commands.push_back(
        {address, static_cast<std::uint32_t>(part.size()), memory.context().vmid()});
    address += Bytes(part.size() * sizeof(std::uint32_t));
  }
  if (encoded.uses_scratch) graph.leftovers = memory.use_scratch();
  graph.dispatches = std::make_shared<const DispatchMap>(std::move(encoded.dispatches));
  // Whole blocks, so that nothing of a former owner is left in them.
  const auto write = [&](const ArenaBlock& block, std::span<const std::byte> bytes) {
    std::vector<std::byte> padded(bytes.begin(), bytes.end());
    padded.resize(block.size().count());
    backend.write(Region::data, block.offset(), padded);
  };
  write(graph.kernargs.block, kernargs_);
  write(graph.packets.block, std::as_bytes(std::span(words)));
  return graph;
}

void DispatchMap::add_dispatch(const std::string& kernel) {
  const auto [entry, is_new] = numbers_.emplace(kernel, static_cast<std::uint32_t>(names_.size()));
  if (is_new) names_.push_back(kernel);
  places_.push_back({entry->second, segment_});
}

std::string DispatchMap::running_at(std::uint32_t mark) const {
  if (mark == 0 || mark > places_.size()) return {};
  std::uint32_t first = mark;
  while (first > 1 && places_[first - 2].segment == places_[mark - 1].segment) --first;
  constexpr std::size_t most_names = 4;
  std::vector<std::uint32_t> named;
  for (std::uint32_t at = first; at <= mark; ++at) {
    const std::uint32_t name = places_[at - 1].name;
    if (std::ranges::find(named, name) == named.end()) named.push_back(name);
  }
  std::string text;
  for (std::size_t i = 0; i < std::min(named.size(), most_names); ++i) {
    text += (i == 0 ? "" : " or ") + in_quotes(names_[named[i]]);
  }
  if (named.size() > most_names) text += " or others";
  text += first == mark ? " (dispatch " + std::to_string(mark)
                        : " (dispatches " + std::to_string(first) + " to " + std::to_string(mark);
  return text + " of " + std::to_string(places_.size()) + ")";
}

}  // namespace redbolt::daemon
