// A program's connection to redboltd, the process that owns the card: memory on the card, kernels,
// command graphs and their completion, by blocking calls over a Unix socket.
//
// The usual order: open() → acquire_lease() → create_buffer()/create_shared()/create_module() →
// record_graph() → launch() → wait(). Only status(), counters() and device() work without the
// lease.
//
// Submissions (launch, copy, fill) return as soon as the daemon has taken them, and run on the card
// in the order in which they were made, each after the one before is complete; several may be
// queued ahead. What the host must see in shared memory is there once wait() has returned, or, for
// words that a kernel releases at system scope, when they appear.
//
// Everything that a connection created is freed when it closes, or when the lease is released, also
// in the middle of work.
//
// After device_fault, device_hang or device_lost the card is reset: everything the connection had
// on it is gone and the lease has ended; acquire_lease() may be tried again. After connection_lost
// and protocol only closing is left.
//
// Threads: one thread at a time may use a Connection. Every call throws ClientError.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "redbolt/client/client_error.hpp"
#include "redbolt/client/shared_memory.hpp"
#include "redbolt/client/types.hpp"

namespace redbolt::client {

// Where the daemon of this user listens: $REDBOLT_SOCKET if set, else
// $XDG_RUNTIME_DIR/redbolt/redboltd.sock, else /tmp/redbolt-UID/redboltd.sock (macOS: under the
// user's temporary folder).
std::filesystem::path default_socket_path();

struct ConnectionOptions {
  std::filesystem::path socket = default_socket_path();
  // What this program calls itself to those who wait for the card: "redbolt-llm run".
  std::string command;
};

// A module to load: the segments of a code object laid out as one image, entry offsets in it, and
// the words that depend on where the daemon puts it.
struct ModuleImage {
  std::string name;
  std::span<const std::byte> image;  // at most 64 MiB; copied before the call returns
  std::span<const Relocation> relocations;
  std::span<const KernelEntry> kernels;
};

class Connection {
 public:
  // Connects and shakes hands. Throws no_daemon, permission_denied, version_mismatch,
  // invalid_argument (a socket path longer than the system allows).
  explicit Connection(const ConnectionOptions& options = {});
  ~Connection();  // closes, and thereby frees everything
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;

  const DeviceInfo& device() const;
  const std::string& daemon_version() const;  // "redboltd 0.1.0"

  // Called while the lease is held by another: when the wait starts, and whenever the position (1:
  // next) or the holder changes.
  using WaitingObserver = std::function<void(unsigned position, const LeaseHolder& holder)>;

  // Waits in order for the card, up to `timeout` (0: only if it is free). Throws busy, with the
  // holder. A connection that holds the lease already gets invalid_argument.
  LeaseId acquire_lease(std::chrono::milliseconds timeout, const WaitingObserver& on_waiting = {});
  void release_lease();

  // size: at least 1 byte. Aligned to 256 bytes at least, contents undefined. The name appears in
  // messages. Throws out_of_memory, limit_exceeded.
  VramBuffer create_buffer(Bytes size, std::string_view name);

  // Pinned host memory, zeroed, mapped here and reached by the card over the link: for transfers
  // and for what host and card tell each other. Throws out_of_memory, limit_exceeded, unsupported.
  SharedMemory create_shared(Bytes size, std::string_view name);

  // Places the image in executable VRAM and checks the kernel descriptors: entry inside the image,
  // wave32, registers, LDS and scratch within the card's limits.
  Module create_module(const ModuleImage& module);

  // Waits for submissions that use the object. A buffer that a recorded graph names stays until the
  // graph is destroyed: invalid_argument. Shared memory must not be used by the host afterwards if
  // the SharedMemory object is gone; its mapping alone stays valid.
  void destroy(BufferId buffer);
  void destroy(ModuleId module);
  void destroy(GraphId graph);

  // Checks and encodes the nodes once, for any number of launches. The buffers and modules that it
  // names must stay. Any length: long graphs are sent in pieces.
  GraphId record_graph(std::string_view name, std::span<const GraphNode> nodes);

  // Runs the graph `repeat` times (1..256) in sequence, with one message and one doorbell.
  FenceId launch(GraphId graph, unsigned repeat = 1);

  // By the copy engine; between VRAM and shared memory in any direction. Ranges must not overlap.
  FenceId copy(BufferRange destination, BufferRange source, Bytes size);
  // value is a 32-bit word; offset and size are multiples of 4.
  FenceId fill(BufferRange destination, Bytes size, std::uint32_t value);

  // True when the submission is complete, false after the timeout. Throws device_fault, device_hang
  // or device_lost if it failed.
  bool wait(FenceId fence, std::chrono::milliseconds timeout);
  // Waits without limit; the daemon ends what hangs.
  void wait(FenceId fence);

  // with_metrics also asks the card's power controller, which costs register accesses.
  DeviceStatus status(bool with_metrics = false);
  // Costs no register access.
  Counters counters();

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace redbolt::client
