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
  return buffer.address + Bytes(pointer.offset());
}

}  // namespace

void GraphRecorder::add(const protocol::GraphNode& node, const ObjectTable& objects) try {
  if (nodes_.size() >= limits_.nodes_per_graph || kernargs_.size() > limits_.recording.count()) {
    throw limit_exceeded("more than " + std::to_string(limits_.nodes_per_graph) + " nodes or " +
                         std::to_string(limits_.recording.count()) + " bytes of arguments");
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
  }
}

std::vector<std::vector<std::uint32_t>> GraphRecorder::encode(const driver::DispatchLimits& limits,
                                                              driver::GpuAddress kernargs,
                                                              const ObjectTable& objects) const {
  std::vector<std::vector<std::uint32_t>> parts;
  driver::CommandEncoder encoder(limits);
  const auto close_part = [&] {
    if (encoder.words().empty()) return;
    parts.emplace_back(encoder.words().begin(), encoder.words().end());
    encoder.clear();
  };
  for (const auto& node : nodes_) {
    if (std::holds_alternative<BarrierNode>(node)) {
      encoder.barrier();
    } else {
      const auto& dispatch = std::get<DispatchNode>(node);
      const ModuleKernel& kernel =
          find_kernel(objects.find_module(dispatch.module), dispatch.kernel);
      driver::KernelLaunch launch;
      launch.entry = kernel.entry;
      launch.kernel = kernel.descriptor;
      launch.kernarg = kernargs + dispatch.kernarg;
      launch.dynamic_lds = dispatch.dynamic_lds;
      launch.grid = dispatch.grid;
      launch.block = dispatch.block;
      encoder.dispatch(launch);
    }
    if (encoder.words().size() >= dwords_per_buffer) close_part();
  }
  close_part();
  return parts;
}

Graph GraphRecorder::finish(Device& device, const ObjectTable& objects) const {
  for (const std::uint64_t id : buffers_) objects.find_buffer(id);
  const std::string what = "graph " + in_quotes(name_);
  if (modules_.empty()) throw invalid_argument(what + " has no dispatch");
  Graph graph;
  graph.name = name_;
  graph.buffers = buffers_;
  graph.modules = modules_;
  const driver::GpuAddress base = device.backend().region(Region::data).address;
  // A kernel without arguments gets a valid address all the same.
  graph.kernargs =
      device.take(Region::data, Bytes(std::max<std::size_t>(kernargs_.size(), 1)), what);
  const auto parts =
      encode(device.backend().dispatch_limits(), base + graph.kernargs.offset(), objects);
  std::vector<std::uint32_t> words;
  for (const auto& part : parts) words.insert(words.end(), part.begin(), part.end());
  const auto packets = std::as_bytes(std::span(words));
  graph.packets = device.take(Region::data, Bytes(packets.size()), what);
  driver::GpuAddress address = base + graph.packets.offset();
  for (const auto& part : parts) {
    graph.commands.push_back({address, static_cast<std::uint32_t>(part.size())});
    address += Bytes(part.size() * sizeof(std::uint32_t));
  }
  if (!kernargs_.empty()) device.backend().write(Region::data, graph.kernargs.offset(), kernargs_);
  device.backend().write(Region::data, graph.packets.offset(), packets);
  return graph;
}

}  // namespace redbolt::daemon
