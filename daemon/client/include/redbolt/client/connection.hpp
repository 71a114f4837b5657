// A program's connection to redboltd, the process that owns the card: memory on the card, kernels,
// command graphs and their completion, by blocking calls over a Unix socket.
//
// The usual order: open() → acquire_lease() → create_buffer()/create_shared()/create_module() →
// record_graph() → launch() → wait(). Without the lease there are device(), status(), counters(),
// and what is said to another's lease or to the daemon itself: ask_release(), revoke_lease(),
// reset_card(), drop_residents().
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
#include <optional>
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

  // Resident weights: they stay in the arena after this client, and who comes next with the same
  // hash finds them there. find: nothing if they are not there. open: a new buffer then, to be
  // filled and sealed. What is sealed can be read by kernels and copies, and written by nobody;
  // destroy() ends this client's use of it. Throws invalid_argument if weights of that hash have
  // another size; unsupported from a daemon before 1.1.
  std::optional<ResidentBuffer> find_resident(const ContentHash& hash, Bytes size);
  ResidentBuffer open_resident(const ContentHash& hash, Bytes size, std::string_view name);
  // Makes a buffer of VRAM resident. No recorded graph may name it yet. If weights of that hash are
  // there by now, the buffer becomes theirs. Waits for submissions.
  void seal_resident(BufferId buffer, const ContentHash& hash, std::string_view name);

  // Lets others see figures of this client's work, in place of those published before: at most 16.
  // One message, so not for every token.
  void publish(std::span<const Gauge> gauges);

  // Whether somebody has asked this client, which holds the lease, to give it back. Each request is
  // told once. Sends nothing and does not wait: it looks at what the daemon has sent.
  std::optional<ReleaseRequest> release_request();

  // --- for tools: no lease is needed ---

  // Asks whoever has this lease to give it back; how it answers is its own affair, see status().
  // Throws not_found if that lease does not hold the card.
  LeaseHolder ask_release(LeaseId lease, std::string_view reason);
  // Takes the lease from its holder, and returns when its memory is free. Without `force`, busy
  // while the holder has work on the card; with it, work that does not end is ended by a reset.
  // Throws not_found if that lease does not hold the card, permission_denied if it is another
  // user's.
  void revoke_lease(LeaseId lease, bool force, std::string_view reason);
  // Resets the card and boots it; returns how that went. Throws busy while somebody holds the
  // lease, unless forced: then that lease is revoked first. device_lost if the card does not come
  // back.
  BootReport reset_card(bool force, std::string_view reason);
  // Frees resident weights that nobody uses.
  DroppedResidents drop_residents(std::span<const ContentHash> hashes);
  DroppedResidents drop_all_residents();

  DeviceStatus status(const StatusOptions& options = {});
  // Costs no register access.
  Counters counters();

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace redbolt::client
