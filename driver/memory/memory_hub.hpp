// A memory hub: translates addresses for a group of engines. A card has two with the same registers
// at different places: the graphics hub (shaders, command processors, copy engines) and the
// multimedia hub (interrupt handler and the rest). Context 0 is the driver's own, on both; contexts
// 1 to 15 are given out (context_tables.hpp), on the graphics hub alone: nothing that runs on
// behalf of a client passes through the other.
#pragma once

#include <cstdint>

#include "redbolt/driver/gpu_address.hpp"
#include "register_file.hpp"

namespace redbolt::driver {

// Where the GPU VM lies: a range that no other aperture touches.
inline constexpr GpuAddress kVmStart{0x2000'0000'0000};
inline constexpr GpuAddress kVmLast{0x7fff'ffff'ffff};

inline constexpr unsigned kVmContexts = 16;

// The card's video memory as the memory controller numbers it.
struct Framebuffer {
  McAddress base;
  McAddress top;  // start of the last 16 MiB unit

  McAddress address(VramOffset offset) const { return base + Bytes(offset.value()); }
};

// Reads FB_LOCATION_BASE and _TOP; throws DriverError::unsupported_card if they cannot be right.
Framebuffer read_framebuffer(RegisterFile& registers, Bytes vram);

struct HubRegisters;  // which registers a hub has

class MemoryHub {
 public:
  enum class Kind : std::uint8_t { graphics, multimedia };

  MemoryHub(RegisterFile& registers, Kind kind);

  // Apertures, TLBs, caches, and context 0 with its page table at `root`.
  void configure(const Framebuffer& framebuffer, VramOffset root);

  // Context `vmid` translates by the page table at `root`, with the same range as context 0. What
  // the hub has cached of it stays until invalidate().
  void set_context(unsigned vmid, VramOffset root);

  // Drops every cached translation of some contexts, one bit each, and waits until that has
  // happened.
  void invalidate(std::uint32_t contexts = 1u << 0);

  // A protection fault, as the hub recorded the first since the last clear.
  struct Fault {
    std::uint32_t status = 0;  // 0: none
    GpuAddress page;
    bool is_write = false;
    unsigned vmid = 0;
  };
  Fault fault();
  void clear_fault();

 private:
  void configure_apertures(const Framebuffer& framebuffer);
  void configure_caches();
  void close_identity_aperture();
  void configure_invalidation();

  RegisterFile& registers_;
  const HubRegisters& hub_;
};

}  // namespace redbolt::driver
