// One PCI function, however it is reached: an emulated card in this process, Linux sysfs or VFIO,
// the TinyGPU socket on macOS, or a USB bridge. The driver knows nothing else of the machine it
// runs on, and this interface knows nothing of the card behind it.
//
// What every implementation must offer, and no more:
//   * configuration space by 1, 2 and 4 bytes;
//   * BARs by naturally aligned 4- and 8-byte registers and by blocks. Writes may be posted and
//     batched: they reach the function in order, at the latest when flush() returns or when a read
//     through the same function returns. A read sees all writes before it;
//   * host memory which the function can reach by DMA, given as a list of bus pages;
//   * reset and presence.
//
// A function that is gone (a pulled cable) answers reads with all ones and drops writes, as PCIe
// does; is_present() tells the two apart. Errors of the transport itself are PciError.
//
// Threads: one thread at a time may use a PciFunction, except that HostMemory::data() may be used
// from any thread, like any memory shared with a device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>

#include "redbolt/base/quantity.hpp"

namespace redbolt::pci {

// An address as the function puts it on the bus when it does DMA.
using BusAddress = Address<struct BusAddressTag>;

// A byte position inside a BAR or in configuration space.
using BarOffset = Address<struct BarOffsetTag>;
using ConfigOffset = Address<struct ConfigOffsetTag>;

// Base address register 0..5.
enum class Bar : std::uint8_t { k0 = 0, k1, k2, k3, k4, k5 };

enum class PciErrorCode : std::uint8_t {
  transport_closed,  // the way to the function broke (server gone, bridge unplugged)
  no_such_bar,       // the BAR is not implemented
  out_of_range,      // an access beyond a BAR, or misaligned
  no_host_memory,    // host memory the function can reach could not be had
  unsupported,       // this way to reach the function cannot do it (resize, reset)
  busy,              // another driver has the function
  no_card,           // there is a way, and no card at its end
  bad_reply,         // the other end of the way does not keep to its protocol
  refused,           // the other end of the way said no; the message says what it said
};

class PciError : public std::runtime_error {
 public:
  PciError(PciErrorCode code, const std::string& message)
      : std::runtime_error(message), code_(code) {}
  PciErrorCode code() const { return code_; }

 private:
  PciErrorCode code_;
};

struct BarInfo {
  BusAddress base;
  Bytes size;  // 0 when the BAR is not implemented
};

// Whether the bus pages must follow each other without gaps.
enum class Contiguity : std::uint8_t { any, contiguous };

// Host memory pinned for DMA; released with the object. The function sees it as 4 KiB bus pages, in
// the order of the memory, not necessarily neighbours on the bus.
class HostMemory {
 public:
  static constexpr Bytes page_size{4096};

  virtual ~HostMemory() = default;
  virtual Bytes size() const = 0;
  virtual std::span<const BusAddress> pages() const = 0;

  // The memory as this process sees it, or nullptr where it lies behind a bridge and only read()
  // and write() reach it.
  virtual std::byte* data() = 0;
  virtual void read(Bytes offset, std::span<std::byte> into) = 0;
  virtual void write(Bytes offset, std::span<const std::byte> from) = 0;

  // A descriptor another process can map to share this memory (from offset 0), or -1 where there
  // is none. Owned by this object.
  virtual int descriptor() const = 0;
};

class PciFunction {
 public:
  virtual ~PciFunction() = default;

  // Where the function is, for messages: "emulated:0000:03:00.0".
  virtual std::string name() const = 0;

  // Configuration space, little-endian; width is 1, 2 or 4 and offset is a multiple of it.
  virtual std::uint32_t read_config(ConfigOffset offset, unsigned width) = 0;
  virtual void write_config(ConfigOffset offset, unsigned width, std::uint32_t value) = 0;

  virtual BarInfo bar(Bar bar) = 0;
  // Asks for the largest size the function offers through its resizable-BAR capability, or for
  // `size` if that is not 0. Returns what the BAR has now; throws PciError::unsupported where it
  // cannot be changed.
  virtual BarInfo resize_bar(Bar bar, Bytes size) = 0;

  virtual std::uint32_t read32(Bar bar, BarOffset offset) = 0;
  virtual std::uint64_t read64(Bar bar, BarOffset offset) = 0;
  virtual void write32(Bar bar, BarOffset offset, std::uint32_t value) = 0;
  virtual void write64(Bar bar, BarOffset offset, std::uint64_t value) = 0;
  virtual void read_block(Bar bar, BarOffset offset, std::span<std::byte> into) = 0;
  virtual void write_block(Bar bar, BarOffset offset, std::span<const std::byte> from) = 0;
  // Pushes out posted writes. Does not wait for the function to act on them.
  virtual void flush() = 0;

  // size is rounded up to whole pages. The memory starts zeroed.
  virtual std::unique_ptr<HostMemory> allocate_host_memory(Bytes size, Contiguity contiguity) = 0;

  // Function-level or bus reset, whichever this way offers; throws PciError::unsupported.
  virtual void reset() = 0;
  // False when the function no longer answers on the bus.
  virtual bool is_present() = 0;

  // What this way of reaching the card counts, by name (an emulated card: VRAM bytes, wave
  // instructions, ...). Empty for hardware.
  virtual std::map<std::string, std::uint64_t> counters() const { return {}; }
};

}  // namespace redbolt::pci
