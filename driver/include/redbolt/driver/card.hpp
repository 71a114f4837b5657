// One card, from cold to usable, and back. The constructor boots it (or takes over a card that an
// earlier run left initialised), the destructor leaves it quiet and ready for the next run.
//
// Threads: a Card and everything it gives out belong to one thread, the device thread; exceptions
// are marked. Blocks and queues must not outlive their Card.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "redbolt/driver/command_encoder.hpp"
#include "redbolt/driver/compute_queue.hpp"
#include "redbolt/driver/copy_queue.hpp"
#include "redbolt/driver/driver_error.hpp"
#include "redbolt/driver/gpu_address.hpp"
#include "redbolt/driver/interrupt.hpp"
#include "redbolt/driver/recovery.hpp"
#include "redbolt/driver/vm_context.hpp"
#include "redbolt/firmware/firmware_set.hpp"
#include "redbolt/pci/pci_function.hpp"

namespace redbolt::driver {

// One step of the boot, as it was done.
struct BootStep {
  std::string name;  // "security processor", ...: for people
  double seconds = 0;
  std::string detail;  // what it found or did; may be empty
};

struct BootReport {
  enum class Kind : std::uint8_t {
    cold,         // everything from the security processor's boot loader on
    warm,         // an earlier run left the card initialised; firmware was not loaded again
    after_reset,  // the card was in an unknown state: reset, then cold
    taken_over    // warm, from a run that ended in the middle of its work: its engines were stopped
  };
  Kind kind = Kind::cold;
  std::vector<BootStep> steps;
  double seconds = 0;
};

const char* to_string(BootReport::Kind kind);  // "cold", "warm", "after reset", "taken over"

struct CardOptions {
  std::chrono::milliseconds timeout{10'000};  // for each single answer of the card
  bool allow_warm_start = true;
  std::function<void(const BootStep&)> on_step;  // called after each step, on the booting thread
};

// What a card is.
struct CardInfo {
  std::string marketing_name;  // "Radeon RX 7900 XTX"
  std::string gfx_target;      // "gfx1100": what kernels are compiled for
  std::string location;        // PciFunction::name()
  Bytes vram;                  // size of the video memory
  Bytes vram_visible;          // how much of it BAR0 shows
  unsigned shader_engines = 0;
  unsigned compute_units = 0;  // active ones
  unsigned wave_size = 32;
  std::map<std::string, std::string> ip_versions;  // "GC" -> "11.0.0", from IP discovery
};

// Traffic between host and card since boot, counted by the driver.
struct LinkCounters {
  std::uint64_t register_reads = 0;
  std::uint64_t register_writes = 0;
  std::uint64_t doorbells = 0;
  std::uint64_t bytes_read = 0;  // by the host, through BARs: registers, VRAM
  std::uint64_t bytes_written = 0;
};

// From the power controller. Temperatures in degrees Celsius, clocks in MHz.
struct Metrics {
  double edge_temperature = 0;
  double hotspot_temperature = 0;
  double memory_temperature = 0;
  double socket_power_watts = 0;
  unsigned graphics_clock = 0;
  unsigned memory_clock = 0;
  unsigned graphics_activity = 0;  // percent
};

enum class VramUse : std::uint8_t {
  data,        // read and write
  executable,  // read, write and execute: code objects
};

class Machine;  // the parts of a booted card; private

// Video memory, mapped in the GPU VM. Given back on destruction; work that uses it must be complete
// by then. Its contents are whatever was there before.
class VramBlock {
 public:
  VramBlock() = default;
  VramBlock(VramBlock&& other) noexcept;
  VramBlock& operator=(VramBlock&& other) noexcept;
  VramBlock(const VramBlock&) = delete;
  VramBlock& operator=(const VramBlock&) = delete;
  ~VramBlock();

  GpuAddress address() const { return address_; }
  Bytes size() const { return size_; }  // as asked for
  bool valid() const { return machine_ != nullptr; }

 private:
  friend class Card;
  friend class Machine;
  void release() noexcept;
  Machine* machine_ = nullptr;
  GpuAddress address_;
  Bytes size_;
};

// Pinned host memory, mapped in the GPU VM, coherent: the card sees the host's writes and the other
// way round without flushes.
class HostBlock {
 public:
  HostBlock() = default;
  HostBlock(HostBlock&& other) noexcept;
  HostBlock& operator=(HostBlock&& other) noexcept;
  HostBlock(const HostBlock&) = delete;
  HostBlock& operator=(const HostBlock&) = delete;
  ~HostBlock();

  GpuAddress address() const { return address_; }
  Bytes size() const { return size_; }  // as asked for
  pci::HostMemory& memory() const { return *memory_; }
  bool valid() const { return machine_ != nullptr; }

 private:
  friend class Card;
  friend class Machine;
  void release() noexcept;
  Machine* machine_ = nullptr;
  GpuAddress address_;
  Bytes size_;
  std::unique_ptr<pci::HostMemory> memory_;
};

class Card {
 public:
  // Finds the firmware of a chip; called only once discovery knows the chip.
  using FirmwareSource = std::function<firmware::FirmwareSet(const firmware::ChipFirmwareNames&)>;

  // Boots the card. Throws DriverError, firmware::FirmwareError or pci::PciError; the card is then
  // left as it is, and the next attempt resets it.
  Card(std::unique_ptr<pci::PciFunction> function, const FirmwareSource& firmware,
       CardOptions options = {});
  ~Card();  // stops the queues, lowers the clocks, marks the card as cleanly left; never throws
  Card(const Card&) = delete;
  Card& operator=(const Card&) = delete;

  const CardInfo& info() const;
  const BootReport& boot_report() const;

  // Video memory not yet given out. A block needs its size rounded up to 4 KiB (2 MiB from 2 MiB
  // on).
  Bytes vram_free() const;
  // The largest block allocate_vram() can give now.
  Bytes vram_largest_free() const;

  // Throws DriverError::out_of_vram, which says how much is free.
  VramBlock allocate_vram(Bytes size, VramUse use = VramUse::data);
  HostBlock allocate_host(Bytes size);

  // Host access to video memory: through BAR0 where it reaches, otherwise through the copy queue
  // and a staging buffer. Complete and visible to the card when it returns; work of the card that
  // touches the range must be complete before. Throws DriverError::invalid_argument out of range.
  void write_vram(const VramBlock& block, Bytes offset, std::span<const std::byte> data);
  void read_vram(const VramBlock& block, Bytes offset, std::span<std::byte> data);

  // A VM context that sees nothing yet. Throws DriverError::out_of_contexts if all 15 are in use.
  VmContext create_context();

  DispatchLimits dispatch_limits() const;
  ComputeQueue& compute();
  CopyQueue& copies();
  // Whether pinned host memory is mapped here. Otherwise it lies with a server, and what "reads
  // host memory only" costs a message and its reply.
  bool maps_host_memory() const;

  LinkCounters link_counters() const;
  std::map<std::string, std::uint64_t> card_counters() const;  // of the PciFunction; may be empty
  Metrics metrics();                                           // asks the power controller

  // What the card reported since the last call. Reads one register: not for the token loop.
  std::vector<Interrupt> drain_interrupts();

  // Whether there is something to drain. Reads four bytes of video memory and no register.
  bool interrupts_pending();

  // Stops what runs on the card, without waiting for its end, and brings both queues back to work
  // by the lightest reset that does: of the queues, then of the engines. Video memory, contexts and
  // addresses are kept; submissions given out before are lost, and count as complete. Takes a few
  // seconds at most. Throws DriverError if only a reset of the whole card is left: the card has
  // then been cut off from host memory and is good for nothing but to be destroyed, after
  // everything that it gave out; the next Card resets it.
  Recovery recover();

  // False when the card no longer answers on the bus.
  bool is_present();

 private:
  std::unique_ptr<Machine> machine_;
};

}  // namespace redbolt::driver
