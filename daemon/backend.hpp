// What the daemon needs of a booted card: two regions of video memory, pinned host memory, two
// queues with fences, and what the card reports. CardBackend is the driver's card; tests put a card
// of their own behind it.
//
// A Backend belongs to the device thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "redbolt/driver/card.hpp"

namespace redbolt::daemon {

// Whether the card may be writing beside what is pushed.
enum class Neighbours : std::uint8_t { at_rest, written };
// How much of a range the card has written: all that differs, or all of it.
enum class Written : std::uint8_t { some, everything };

// Host memory that the card reaches, released with the object.
class PinnedMemory {
 public:
  virtual ~PinnedMemory() = default;
  virtual driver::GpuAddress address() const = 0;
  virtual Bytes size() const = 0;
  // For another process to map, from offset 0; -1 where this way to reach the card has none.
  virtual int descriptor() const = 0;
  // offset + into.size() is at most size().
  virtual void read(Bytes offset, std::span<std::byte> into) const = 0;

  // Whether the card sees memory of its own instead, with which what the processes see has to be
  // brought together: push() what they wrote, pull() what it wrote. Ranges are within size().
  virtual bool mirrored() const { return false; }
  virtual void push(Bytes /*offset*/, Bytes /*size*/, Neighbours /*neighbours*/) {}
  virtual void pull(Bytes /*offset*/, Bytes /*size*/, Written /*written*/) {}
};

// What the kernels of one client reach: nothing at first. See driver::VmContext.
class MemoryContext {
 public:
  // Nothing may be running in it any more.
  virtual ~MemoryContext() = default;
  virtual driver::Vmid vmid() const = 0;
  // Whole pages of 4 KiB of the regions, of pinned memory, or of the scratch memory.
  virtual void grant(driver::GpuAddress address, Bytes size, driver::MemoryAccess access) = 0;
  // A granted range, whole.
  virtual void revoke(driver::GpuAddress address, Bytes size) = 0;
  // Where its work leaves how far it has come, and the last it left there.
  virtual driver::GpuAddress progress_word() const = 0;
  virtual std::uint32_t progress() const = 0;
};

// A range of video memory that was taken when the card was booted.
struct VramRegion {
  driver::GpuAddress address;
  Bytes size;
};

enum class Region : std::uint8_t {
  data,  // buffers, kernel arguments, recorded commands
  code,  // modules: executable
};

enum class Engine : std::uint8_t { compute, copy };

class Backend {
 public:
  virtual ~Backend() = default;

  virtual const driver::CardInfo& info() const = 0;
  virtual const driver::BootReport& boot_report() const = 0;
  virtual driver::DispatchLimits dispatch_limits() const = 0;

  virtual VramRegion region(Region region) const = 0;
  // Complete and visible to the card on return; offset + data.size() is within the region.
  virtual void write(Region region, Bytes offset, std::span<const std::byte> data) = 0;
  virtual std::unique_ptr<PinnedMemory> allocate_pinned(Bytes size) = 0;
  virtual std::unique_ptr<MemoryContext> create_context() = 0;

  // Each submission rings one doorbell and gets the next fence of its engine. `after`: a fence of
  // the other engine, which the card waits for first. What it wrote is visible then.
  virtual driver::FenceValue run(std::span<const driver::IndirectBuffer> buffers,
                                 std::optional<driver::FenceValue> after) = 0;
  virtual driver::FenceValue copy(const driver::CopyRegion& region,
                                  std::optional<driver::FenceValue> after) = 0;
  virtual driver::FenceValue fill(driver::GpuAddress destination, Bytes size, std::uint32_t value,
                                  std::optional<driver::FenceValue> after) = 0;
  // The last complete submission; reads host memory only.
  virtual driver::FenceValue completed(Engine engine) const = 0;
  // Whether a look at host memory costs a message to a server: then nobody looks without need.
  virtual bool looks_cost_messages() const { return false; }

  // A number that changes while the engines get on with what they do: packets read, and what more
  // the card tells. Accesses no register.
  virtual std::uint64_t progress() const = 0;

  // Stops what runs and brings the queues back to work, with video memory kept: see
  // driver::Card::recover(). Throws what that throws when only a boot is left.
  virtual driver::Recovery recover() = 0;

  // Whether the card may have reported something since the last drain. Accesses no register.
  virtual bool interrupts_pending() = 0;
  virtual std::vector<driver::Interrupt> drain_interrupts() = 0;
  virtual bool is_present() = 0;

  virtual driver::LinkCounters link_counters() const = 0;
  virtual std::map<std::string, std::uint64_t> card_counters() const = 0;
  virtual driver::Metrics metrics() = 0;
};

// Boots a card, on the device thread. Called again after a failure from which only a reset helps.
using BackendFactory = std::function<std::unique_ptr<Backend>()>;

}  // namespace redbolt::daemon
