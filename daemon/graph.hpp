// Command graphs: nodes as they come from the client are checked one by one and kept in a plain
// form; the last one turns them into packets and kernel arguments in video memory.
//
// Belongs to the device thread.
#pragma once

#include <redbolt/protocol/work.pb.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "client_limits.hpp"
#include "client_memory.hpp"
#include "compute_limits.hpp"
#include "device.hpp"
#include "mirrored_work.hpp"
#include "module.hpp"
#include "redbolt/driver/command_encoder.hpp"

namespace redbolt::daemon {

struct BufferView {
  driver::GpuAddress address;
  Bytes size;
  bool writable = true;
  PinnedMemory* mirrored = nullptr;  // if it is mirrored
};

// What a client owns, by its ids. Both throw DaemonError (not_found).
class ObjectTable {
 public:
  virtual ~ObjectTable() = default;
  virtual BufferView find_buffer(std::uint64_t id) const = 0;
  virtual const Module& find_module(std::uint64_t id) const = 0;
};

// Which kernels are running when a graph's marks (CommandEncoder::mark) have come so far: each
// dispatch leaves its number, from 1 on, when it is reached.
class DispatchMap {
 public:
  void add_dispatch(const std::string& kernel);
  void add_barrier() { ++segment_; }
  // The kernel, or all that may be running at once, with their places: "\"gemm\" (dispatch 3 of
  // 7)". Empty if no mark of this graph can be meant.
  std::string running_at(std::uint32_t mark) const;

 private:
  struct Place {
    std::uint32_t name;
    std::uint32_t segment;  // between barriers
  };
  std::vector<std::string> names_;
  std::map<std::string, std::uint32_t> numbers_;  // of names
  std::vector<Place> places_;
  std::uint32_t segment_ = 0;
};

// Encoded once, run any number of times.
struct Graph {
  std::string name;
  GrantedBlock kernargs;
  GrantedBlock packets;
  std::vector<VramRegion> leftovers;  // to be cleared before it runs: scratch memory of others
  std::shared_ptr<const DispatchMap> dispatches;
  std::vector<driver::IndirectBuffer> commands;  // in packets
  std::set<std::uint64_t> buffers;               // that it names
  std::shared_ptr<const MirroredWork> mirrored;  // of them; may be none
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
  Graph finish(Device& device, ClientMemory& memory, const ObjectTable& objects) const;

  // What the recorder keeps of the nodes, about.
  Bytes size() const {
    return Bytes(nodes_.size() * sizeof(nodes_[0]) + kernargs_.size() + mirrored_.size() * 64);
  }

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
  static driver::KernelLaunch launch_of(const DispatchNode& dispatch, const ModuleKernel& kernel,
                                        driver::GpuAddress kernargs);
  struct Encoded {
    std::vector<std::vector<std::uint32_t>> parts;
    DispatchMap dispatches;
    bool uses_scratch = false;
  };
  Encoded encode(const driver::DispatchLimits& limits, driver::GpuAddress kernargs,
                 driver::GpuAddress progress_word, const ObjectTable& objects) const;

  std::string name_;
  const ComputeLimits& compute_limits_;
  const ClientLimits& limits_;
  std::vector<std::variant<DispatchNode, BarrierNode>> nodes_;
  std::vector<std::byte> kernargs_;
  std::set<std::uint64_t> buffers_;
  MirroredRanges mirrored_;
  std::set<std::uint64_t> modules_;
};

}  // namespace redbolt::daemon
