// Everything that one client has on the card: buffers, modules, graphs, and the work it has queued.
// Every request is checked here against what the client owns, before anything reaches the card.
//
// A Workspace belongs to the device thread. When it is destroyed none of its work may be on the
// card any more: wait for idle(), or fail the Device.
#pragma once

#include <redbolt/protocol/work.pb.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "arena_map.hpp"
#include "client_limits.hpp"
#include "client_memory.hpp"
#include "device.hpp"
#include "graph.hpp"
#include "lease_queue.hpp"
#include "module.hpp"
#include "redbolt/base/file_descriptor.hpp"

namespace redbolt::daemon {

struct SharedBuffer {
  std::uint64_t id = 0;
  Bytes size;
  FileDescriptor descriptor;  // for the client to map
};

class Workspace : private ObjectTable {
 public:
  // on_complete is told, on the device thread, of each fence in order.
  Workspace(Device& device, const ClientLimits& limits, CompletionHandler on_complete);
  ~Workspace() override;
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  // All throw DaemonError; what they refuse leaves nothing behind.
  std::uint64_t create_buffer(Bytes size, const std::string& name);
  SharedBuffer create_shared(Bytes size, const std::string& name);
  protocol::CreateModuleReply create_module(const protocol::CreateModuleRequest& request);
  std::uint64_t record_graph(const protocol::RecordGraphRequest& request);
  // Only while idle().
  void destroy(protocol::ObjectKind kind, std::uint64_t id);

  // Resident weights as a buffer that can be read; 0 if there are none of that hash. `user` is who
  // they are in use by, for others to see.
  std::uint64_t find_resident(const ContentHash& hash, Bytes size, const std::string& user);
  // Makes a buffer of video memory, which no graph names, resident; if there are weights of that
  // hash by now, it becomes them. Returns its size. Only while idle().
  Bytes seal_resident(std::uint64_t buffer, const ContentHash& hash, const std::string& name,
                      const std::string& user);

  FenceId launch(std::uint64_t graph, std::uint32_t repeat);
  FenceId copy(const protocol::Copy& copy);
  FenceId fill(const protocol::Fill& fill);

  // Whether nothing of it is queued or on the card.
  bool idle() const { return *queued_ == 0; }
  LeaseUsage usage() const;
  // What it has in video memory, for people to look at.
  void describe(std::vector<ArenaRange>& ranges) const;

 private:
  struct Buffer {
    std::string name;
    Bytes size;
    driver::GpuAddress address;
    ArenaBlock block;                         // of video memory,
    std::unique_ptr<PinnedMemory> pinned;     // or of the host,
    ResidentUse resident;                     // or resident weights, which can only be read
    Grant grant;                              // goes before the memory does
    std::shared_ptr<Grant> resident_grant{};  // with the client's other buffers of the same weights
    std::size_t uses = 0;                     // graphs that name it
  };

  BufferView find_buffer(std::uint64_t id) const override;
  const Module& find_module(std::uint64_t id) const override;

  Buffer& buffer(std::uint64_t id);
  driver::GpuAddress range(const protocol::BufferRange& range, std::uint64_t size,
                           const char* what) const;
  // The same, of what may be written to.
  driver::GpuAddress target(const protocol::BufferRange& range, std::uint64_t size,
                            const char* what) const;
  void check_room_for_buffer() const;
  void become_resident(Buffer& buffer, ResidentUse use);
  std::vector<std::byte> image_of(const protocol::CreateModuleRequest& request) const;
  void check_name(const std::string& name) const;
  void change_uses(const Graph& graph, int change);
  FenceId submit(Work work);
  FenceId enqueue(Work work);
  void clear(const std::vector<VramRegion>& ranges);
  void forget_recorder(std::map<std::uint64_t, GraphRecorder>::iterator recorder);
  void destroy_buffer(std::uint64_t id);
  void destroy_module(std::uint64_t id);
  void destroy_graph(std::uint64_t id);

  Device& device_;
  std::shared_ptr<const void> device_user_;
  ClientLimits limits_;
  const ComputeLimits& compute_limits_;
  CompletionHandler on_complete_;
  ClientMemory memory_;  // outlives all that was granted
  std::uint64_t last_id_ = 0;
  std::map<std::uint64_t, Buffer> buffers_;
  std::map<std::uint64_t, Module> modules_;
  std::map<std::uint64_t, Graph> graphs_;
  std::map<std::uint64_t, GraphRecorder> recorders_;  // graphs whose last piece has not come
  Bytes recording_;                                   // what the recorders keep
  Bytes shared_;
  std::shared_ptr<std::size_t> queued_;  // shared with the work on its way, which may outlive this
};

}  // namespace redbolt::daemon
