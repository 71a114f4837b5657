#include "packets/packet_stream.hpp"

#include <algorithm>
#include <cstring>
#include <sstream>

#include "packets/queue_error.hpp"

namespace redbolt::emulator {

PacketStream PacketStream::ring(EngineMemory& memory, std::uint64_t base, std::uint64_t size,
                                std::uint64_t position) {
  PacketStream stream(memory, base, size, true);
  stream.position_ = stream.end_ = position;
  return stream;
}

PacketStream PacketStream::buffer(EngineMemory& memory, std::uint64_t base, std::uint64_t size) {
  PacketStream stream(memory, base, size, false);
  stream.end_ = size;
  return stream;
}

Packet PacketStream::peek(std::size_t count) {
  if (packet_.size() < count) packet_.resize(count);
  const std::span<std::uint32_t> packet = std::span(packet_).first(count);
  const std::uint64_t first = ring_ ? position_ & (size_ - 1) : position_;
  const std::size_t before_wrap =
      static_cast<std::size_t>(std::min<std::uint64_t>(count, size_ - first));
  fetch(first, packet.first(before_wrap));
  if (before_wrap < count) fetch(0, packet.subspan(before_wrap));
  return packet;
}

void PacketStream::skip(std::uint64_t count) {
  skip_ = count;
  finish_skip();
}

bool PacketStream::finish_skip() {
  const std::uint64_t now = std::min(skip_, available());
  position_ += now;
  skip_ -= now;
  return skip_ == 0;
}

void PacketStream::fetch(std::uint64_t index, std::span<std::uint32_t> into) {
  std::uint64_t address = base_ + index * sizeof(std::uint32_t);
  std::span<std::byte> bytes = std::as_writable_bytes(into);
  while (!bytes.empty()) {
    const MemoryWindow& window = window_at(address);
    const std::uint64_t offset = address - window_address_;
    const std::size_t count =
        static_cast<std::size_t>(std::min<std::uint64_t>(window.size - offset, bytes.size()));
    std::memcpy(bytes.data(), window.host + offset, count);
    bytes = bytes.subspan(count);
    address += count;
  }
}

const MemoryWindow& PacketStream::window_at(std::uint64_t address) {
  const std::uint64_t generation = memory_->generation();
  const bool covered = address >= window_address_ && address - window_address_ < window_.size;
  if (covered && generation == window_generation_) return window_;
  window_ = memory_->require(address, EngineAccess::read);
  window_address_ = address;
  window_generation_ = generation;
  if (window_.redirected) {
    window_.size = 0;
    std::ostringstream text;
    text << "packets are fetched from 0x" << std::hex << address << ", which is not mapped";
    throw QueueError(QueueErrorKind::memory_fault, text.str(), address);
  }
  return window_;
}

}  // namespace redbolt::emulator
