// The card as a program uses it: memory, transfers, kernels and graphs, over a connection to
// redboltd that holds the lease.
//
//   Device device({.socket = ..., .command = "redbolt-llm run"});
//   Buffer x = device.allocate(Bytes(4096), "x");
//   CommandGraph graph("decode");
//   rms_norm(graph, {...});                      // operations.hpp
//   device.load(graph.requests(), {});           // compiled, or from the cache
//   ExecutableGraph decode = device.record(graph);
//   device.wait(device.submit(decode, 8));
//
// Throws RuntimeError, and client::ClientError for what the daemon says. Threads: calls may come
// from any thread; one call at a time is in progress, the others wait, in the order in which they
// came.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "redbolt/client/connection.hpp"
#include "redbolt/runtime/buffer.hpp"
#include "redbolt/runtime/command_graph.hpp"
#include "redbolt/runtime/runtime_error.hpp"

namespace redbolt::runtime {

using Fence = client::FenceId;

struct DeviceOptions {
  std::filesystem::path socket = client::default_socket_path();
  std::string command = "redbolt";             // what those who wait for the card are told
  std::chrono::milliseconds lease_timeout{0};  // 0: only if the card is free
  client::Connection::WaitingObserver on_waiting;
  std::filesystem::path cache_folder;  // of finalised kernels; empty: default_cache_folder()
  bool use_cache = true;
  unsigned compile_threads = 0;                        // 0: one per core
  std::function<void(const std::string&)> on_warning;  // "the kernel cache ... cannot be written"
};

// $REDBOLT_CACHE, else $XDG_CACHE_HOME/redbolt, else ~/.cache/redbolt.
std::filesystem::path default_cache_folder();

struct LoadReport {
  double seconds = 0;
  std::size_t kernels = 0;     // that the call asked for
  std::size_t from_cache = 0;  // of them, found in the cache
  std::size_t compiled = 0;    // of them, compiled now
  bool cached() const { return compiled == 0; }
};

// A graph that the daemon has checked and encoded. Freed with the object.
class ExecutableGraph {
 public:
  ExecutableGraph() = default;
  ExecutableGraph(std::shared_ptr<DeviceConnection> connection, client::GraphId id,
                  std::size_t dispatches);
  ~ExecutableGraph();
  ExecutableGraph(ExecutableGraph&& other) noexcept;
  ExecutableGraph& operator=(ExecutableGraph&& other) noexcept;

  client::GraphId id() const { return id_; }
  std::size_t dispatches() const { return dispatches_; }

 private:
  void release() noexcept;

  std::shared_ptr<DeviceConnection> connection_;
  client::GraphId id_;
  std::size_t dispatches_ = 0;
};

// Called during transfers with the bytes done so far.
using TransferProgress = std::function<void(Bytes done)>;

class Device {
 public:
  // Connects and takes the lease.
  explicit Device(DeviceOptions options = {});
  ~Device();
  Device(Device&&) noexcept;
  Device& operator=(Device&&) noexcept;

  const client::DeviceInfo& info() const;

  Buffer allocate(Bytes size, std::string_view name);               // contents undefined
  SharedBuffer allocate_shared(Bytes size, std::string_view name);  // zeroed

  // Copies through pinned staging memory, in pieces, two in flight. Return when all is there.
  void upload(const BufferView& destination, std::span<const std::byte> source,
              const TransferProgress& progress = {});
  // The same from a reader, which fills each piece of staging memory with the bytes at the offset:
  // in order, and a piece may still be looked at until the reader returns from the next call.
  using UploadReader = std::function<void(Bytes offset, std::span<std::byte> into)>;
  void upload_from(const BufferView& destination, const UploadReader& read,
                   const TransferProgress& progress = {});
  void download(std::span<std::byte> destination, const BufferView& source,
                const TransferProgress& progress = {});
  // Between buffers of any kind, on the card's copy engine; in order with submit().
  Fence copy(const BufferView& destination, const BufferView& source);
  // offset and size multiples of 4.
  Fence fill(const BufferView& destination, std::uint32_t value);

  // Weights that stay on the card after this program; see client::Connection. find: nothing if they
  // are not there (any more), or if the daemon is older than that. The buffer can only be read.
  std::optional<Buffer> find_resident(const client::ContentHash& hash, Bytes size);
  // The buffer, whole and filled, becomes such weights. No graph may have been recorded with it.
  void seal_resident(const Buffer& buffer, const client::ContentHash& hash, std::string_view name);

  // Figures for others to see; one message.
  void publish(std::span<const client::Gauge> gauges);
  // Whether somebody asks for the card; no message, and no waiting.
  std::optional<client::ReleaseRequest> release_request();

  // Called after each kernel, from one thread at a time.
  using LoadProgress = std::function<void(std::size_t done, std::size_t of)>;
  // Makes the kernels ready that are not yet: from the cache, or compiled on all cores. May be
  // called repeatedly; give it the requests of all graphs at once to compile them together.
  LoadReport load(std::span<const KernelRequest> requests, const LoadProgress& progress = {});

  // Sends the graph to the daemon. Loads what load() has not.
  ExecutableGraph record(const CommandGraph& graph);

  // Queues `repeat` replays with one message and one doorbell, and returns. Submissions and copies
  // run in the order in which they were made.
  Fence submit(const ExecutableGraph& graph, unsigned repeat = 1);
  // False after the timeout.
  bool wait(Fence fence, std::chrono::milliseconds timeout);
  void wait(Fence fence);

  client::DeviceStatus status(const client::StatusOptions& options = {});
  client::Counters counters();

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace redbolt::runtime
