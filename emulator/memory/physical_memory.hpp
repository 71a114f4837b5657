// The card's physical address spaces behind the hubs: VRAM by offset, VRAM by MC address
// (framebuffer base plus offset), and host memory by bus address. Threads: any.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "memory/host_pages.hpp"
#include "memory/video_memory.hpp"

namespace redbolt::emulator {

// An address in the memory controller's space: framebuffer base + VRAM offset.
using McAddress = Address<struct McAddressTag>;

class PhysicalMemory {
 public:
  PhysicalMemory(VideoMemory& vram, HostPages& host, McAddress framebuffer_base)
      : vram_(vram), host_(host), framebuffer_base_(framebuffer_base) {}

  VideoMemory& vram() { return vram_; }
  HostPages& host() { return host_; }
  McAddress framebuffer_base() const { return framebuffer_base_; }
  McAddress framebuffer_end() const { return framebuffer_base_ + vram_.size(); }

  // VRAM by MC address; std::nullopt outside the framebuffer.
  std::optional<VramOffset> vram_offset(McAddress address, Bytes size) const;

  // False when any byte of the range is outside the framebuffer.
  bool read(McAddress address, std::span<std::byte> into) const;
  bool write(McAddress address, std::span<const std::byte> from);

 private:
  VideoMemory& vram_;
  HostPages& host_;
  McAddress framebuffer_base_;
};

}  // namespace redbolt::emulator
