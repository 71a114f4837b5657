// Command graphs: nodes as they come from the client are checked one by one and kept in a plain
// form; the last one turns them into packets and kernel arguments in video memory.
//
// Belongs to the device thread.
#pragma once

#include <redbolt/protocol/work.pb.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "arena.hpp"
#include "client_limits.hpp"
#include "compute_limits.hpp"
#include "device.hpp"
#include "module.hpp"

namespace redbolt::daemon {

struct BufferView {
  driver::GpuAddress address;
  Bytes size;
};

// What a client owns, by its ids. Both throw DaemonError (not_found).
class ObjectTable {
 public:
  virtual ~ObjectTable() = default;
  virtual BufferView find_buffer(std::uint64_t id) const = 0;
  virtual const Module& find_module(std::uint64_t id) const = 0;
};

// Encoded once, run any number of times.
struct Graph {
  std::string name;
  ArenaBlock kernargs;
  ArenaBlock packets;
  std::vector<driver::IndirectBuffer> commands;  // in packets
  std::set<std::uint64_t> buffers;               // that it names
  std::set<std::uint64_t> modules;
};

class GraphRecorder {
 public:
  GraphRecorder(std::string name, const ComputeLimits& compute_limits, const ClientLimits& limits)
      : name_(std::move(name)), compute_limits_(compute_limits), limits_(limits) {}

  // Throws DaemonError, naming the node by its number and the kernel.
  void add(const protocol::GraphNode& node, const ObjectTable& objects);

  // Encodes. Throws DaemonError: invalid_argument if there is nothing in it, not_found if something
  // that it names has been destroyed meanwhile, out_of_memory.
  Graph finish(Device& device, const ObjectTable& objects) const;

 private:
  struct DispatchNode {
    std::uint64_t module;
    std::uint32_t kernel;
    std::array<std::uint32_t, 3> grid;
    std::array<std::uint32_t, 3> block;
    Bytes dynamic_lds;
    Bytes kernarg;  // position in kernargs_
  };
  struct BarrierNode {};

  DispatchNode check_dispatch(const protocol::Dispatch& dispatch, const ObjectTable& objects);
  void write_pointers(const protocol::Dispatch& dispatch, const ModuleKernel& kernel, Bytes kernarg,
                      const ObjectTable& objects);
  std::vector<std::vector<std::uint32_t>> encode(const driver::DispatchLimits& limits,
                                                 driver::GpuAddress kernargs,
                                                 const ObjectTable& objects) const;

  std::string name_;
  const ComputeLimits& compute_limits_;
  const ClientLimits& limits_;
  std::vector<std::variant<DispatchNode, BarrierNode>> nodes_;
  std::vector<std::byte> kernargs_;
  std::set<std::uint64_t> buffers_;
  std::set<std::uint64_t> modules_;
};

}  // namespace redbolt::daemon
