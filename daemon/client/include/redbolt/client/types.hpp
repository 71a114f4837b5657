// The words of the conversation with redboltd: ids, what the card is, how it is, and what a module
// and a command graph consist of.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "redbolt/base/quantity.hpp"
#include "redbolt/client/client_error.hpp"

namespace redbolt::client {

// Given by the daemon, never 0; valid in the connection that got them while it holds the lease.
using BufferId = Identifier<struct BufferIdTag>;  // of VRAM and of shared memory alike
using ModuleId = Identifier<struct ModuleIdTag>;
using GraphId = Identifier<struct GraphIdTag>;
using FenceId = Identifier<struct FenceIdTag>;  // grows with each submission of a connection

struct DeviceInfo {
  std::string name;        // "AMD Radeon RX 7900 XTX"
  std::string gfx_target;  // "gfx1100", as LLVM's -mcpu takes it
  std::string bus_name;    // "emulated:0000:03:00.0"
  Bytes vram;              // of the card
  Bytes arena;             // of it, for clients
  unsigned compute_units = 0;
  bool emulated = false;  // figures of such a card are counts, not speeds
  std::map<std::string, std::string> ip_versions;
};

struct BootStep {
  std::string name;
  double seconds = 0;
};

struct BootReport {
  bool warm = false;  // the card was found initialised and was taken over
  double seconds = 0;
  std::vector<BootStep> steps;
};

struct ArenaStatus {
  Bytes size;
  Bytes free;
  Bytes largest_free;  // the largest buffer that would fit now
  std::uint64_t allocations = 0;
  Bytes reclaimable;  // resident weights that nobody uses; they give way when room is needed
};

enum class ArenaUse : std::uint8_t { free, buffer, module, graph, resident, other };

// "free", "buffer", ...
const char* to_string(ArenaUse use);

struct ArenaRange {
  bool executable = false;  // in the region for modules, which is not part of ArenaStatus
  Bytes offset;             // in its region
  Bytes size;
  ArenaUse use = ArenaUse::other;
  std::string owner;  // the name of the buffer, module, graph or weights; may be empty
};

struct ArenaMap {
  std::vector<ArenaRange> ranges;  // of each region in order and without gaps; at most 2,048
  bool simplified = false;         // small neighbours were joined under the use of the largest
};

// What addresses resident weights: a hash of their content, made by the client.
using ContentHash = std::array<std::byte, 32>;

// Weights in the arena that stay after the client that brought them.
struct ResidentInfo {
  ContentHash hash{};
  std::string name;
  Bytes size;
  std::vector<std::string> users;  // "redbolt-llm run (pid 77)"
  double age_seconds = 0;
  double unused_seconds = 0;  // since the last use ended; 0 while in use
  std::uint64_t uses = 0;     // clients that found them there
};

// A figure that the holder of the card lets others see.
struct Gauge {
  std::string name;  // 1 to 64 bytes: "tokens_per_second"
  double value = 0;
  std::string text;        // at most 128 bytes
  double age_seconds = 0;  // in a status: since it was published
};

// A reading is absent where the card does not tell it.
struct Metrics {
  std::optional<double> temperature_celsius;  // of the edge
  std::optional<double> hotspot_celsius;
  std::optional<double> memory_celsius;
  std::optional<double> power_watts;
  std::optional<double> gfx_clock_mhz;
  std::optional<double> memory_clock_mhz;
  std::optional<double> activity_percent;  // of the graphics engine
};

struct StatusOptions {
  bool metrics = false;    // also ask the card's power controller, which costs register accesses
  bool arena_map = false;  // what lies where in the arena
};

struct DeviceStatus {
  BootReport boot;
  ArenaStatus arena;
  std::optional<LeaseHolder> holder;
  std::vector<LeaseHolder> waiting;  // in the order in which they will be served
  std::optional<Metrics> metrics;    // when asked for
  double uptime_seconds = 0;
  std::string state;                    // "ready", or what keeps the card from working
  bool card_lost = false;               // and that is: it does not answer, or did not come back
  std::optional<ArenaMap> arena_map;    // when asked for
  std::vector<ResidentInfo> residents;  // the last used first
  std::vector<Gauge> gauges;            // what the holder publishes
};

// Somebody asks the holder of the lease to give it back.
struct ReleaseRequest {
  std::int64_t pid = 0;
  std::uint32_t uid = 0;
  std::string command;
  std::string reason;  // may be empty
};

// What came of dropping resident weights.
struct DroppedResidents {
  std::uint64_t dropped = 0;
  Bytes bytes;
  std::uint64_t in_use = 0;     // meant, but kept: somebody uses them
  std::uint64_t not_found = 0;  // named, but not there
};

// Totals since the daemon started; a caller takes differences.
struct Counters {
  // Of the daemon over the link to the card: "register_reads", "register_writes", "doorbells",
  // "bytes_written", "bytes_read".
  std::map<std::string, std::uint64_t> link;
  // Of the card itself, by the card's own names (an emulated card: VRAM bytes, wave instructions by
  // class, dispatches, ...). Empty for hardware.
  std::map<std::string, std::uint64_t> card;
  // Of the daemon's own work: "requests" that clients made; "bytes_to_card" and "bytes_from_card",
  // moved by copies between host memory and VRAM.
  std::map<std::string, std::uint64_t> daemon;
};

// A buffer of VRAM (from the arena).
struct VramBuffer {
  BufferId id;
  Bytes size;  // as asked
};

// Weights that are, or are to become, resident.
struct ResidentBuffer {
  BufferId id;
  Bytes size;
  bool sealed = false;  // the content is there, and can only be read
};

// A place in a buffer.
struct BufferRange {
  BufferId buffer;
  Bytes offset;
};

enum class RelocationKind : std::uint8_t {
  abs64,     // 8 bytes at offset: address of the image + addend
  abs32_lo,  // 4 bytes: the low half of the same
  abs32_hi,  // 4 bytes: the high half
};

// Both positions are relative to the image. The offset need not be aligned.
struct Relocation {
  std::uint64_t offset = 0;
  std::int64_t addend = 0;
  RelocationKind kind = RelocationKind::abs64;
};

struct KernelEntry {
  std::string name;
  std::uint64_t descriptor_offset =
      0;  // of the 64-byte kernel descriptor (NAME.kd); a multiple of 64
};

// What the daemon read in a kernel descriptor.
struct KernelInfo {
  std::string name;
  Bytes kernarg;       // as the kernel expects it
  Bytes lds;           // static
  Bytes scratch;       // per work-item
  unsigned vgprs = 0;  // allocated per work-item
};

struct Module {
  ModuleId id;
  std::vector<KernelInfo>
      kernels;  // in the order of the request: a dispatch names one by its index
};

enum class Access : std::uint8_t { read, write, read_write };

// The 8 bytes at kernarg_offset of the kernarg block are replaced by the address of `offset` in
// `buffer`.
struct PointerArgument {
  std::uint32_t kernarg_offset = 0;  // a multiple of 8
  BufferId buffer;
  Bytes offset;
  Bytes size;  // that the kernel may touch there; 0: up to the end of the buffer
  Access access = Access::read;
};

struct Dispatch {
  ModuleId module;
  std::uint32_t kernel = 0;                      // index in Module::kernels
  std::array<std::uint32_t, 3> grid{1, 1, 1};    // workgroups; none is 0
  std::array<std::uint32_t, 3> block{32, 1, 1};  // work-items of a workgroup; product at most 1024
  Bytes dynamic_lds;               // in addition to the kernel's own; together at most 64 KiB
  std::vector<std::byte> kernarg;  // at most KernelInfo::kernarg bytes; the rest is zero
  std::vector<PointerArgument> pointers;
};

// Everything recorded before is complete and its writes are visible to everything recorded after.
// Between two barriers dispatches may run at the same time. A graph ends with an implied barrier.
struct Barrier {};

using GraphNode = std::variant<Dispatch, Barrier>;

}  // namespace redbolt::client
