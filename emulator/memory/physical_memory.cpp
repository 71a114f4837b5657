#include "memory/physical_memory.hpp"

namespace redbolt::emulator {

std::optional<VramOffset> PhysicalMemory::vram_offset(McAddress address, Bytes size) const {
  if (address < framebuffer_base_) return std::nullopt;
  const VramOffset offset((address - framebuffer_base_).count());
  if (!vram_.contains(offset, size)) return std::nullopt;
  return offset;
}

bool PhysicalMemory::read(McAddress address, std::span<std::byte> into) const {
  const auto offset = vram_offset(address, Bytes(into.size()));
  return offset && vram_.read(*offset, into);
}

bool PhysicalMemory::write(McAddress address, std::span<const std::byte> from) {
  const auto offset = vram_offset(address, Bytes(from.size()));
  return offset && vram_.write(*offset, from);
}

}  // namespace redbolt::emulator
