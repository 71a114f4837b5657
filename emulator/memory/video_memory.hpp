// The card's VRAM: sparse host memory of the card's full size. Offsets count from the first byte of
// VRAM (neither MC nor PCI addresses).
//
// Threads: any thread may access any byte, as on the card: what two agents do to the same bytes at
// the same time is their protocol's business. Aligned 4- and 8-byte accesses are single copies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "redbolt/base/quantity.hpp"

namespace redbolt::emulator {

using VramOffset = Address<struct VramOffsetTag>;

class VideoMemory {
 public:
  // Throws EmulatorError when the host refuses the reservation.
  explicit VideoMemory(Bytes size);
  ~VideoMemory();
  VideoMemory(const VideoMemory&) = delete;
  VideoMemory& operator=(const VideoMemory&) = delete;

  Bytes size() const { return size_; }
  bool contains(VramOffset offset, Bytes size) const;

  // The byte at offset, which must lie inside. Valid for the life of this object.
  std::byte* at(VramOffset offset) { return base_ + offset.value(); }
  const std::byte* at(VramOffset offset) const { return base_ + offset.value(); }

  // False, and nothing is copied, when the range does not lie inside.
  bool read(VramOffset offset, std::span<std::byte> into) const;
  bool write(VramOffset offset, std::span<const std::byte> from);

  // Gives all pages back to the host: VRAM reads as zeros afterwards, as after a power cycle.
  void clear();

 private:
  std::byte* base_ = nullptr;
  Bytes size_;
};

}  // namespace redbolt::emulator
