#include "packets/data_mover.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "packets/queue_error.hpp"

namespace redbolt::emulator {
namespace {

// How much is done between two looks at the stop token.
constexpr std::uint64_t longest_piece = 1 << 20;
constexpr std::uint64_t page_bytes = 4096;

}  // namespace

void DataMover::check_stop() const {
  if (stop_.stop_requested()) {
    throw QueueError(QueueErrorKind::aborted, "the queue was reset in the middle of a copy");
  }
}

void DataMover::copy(std::uint64_t destination, std::uint64_t source, std::uint64_t bytes) {
  while (bytes != 0) {
    check_stop();
    const MemoryWindow from = memory_.require(source, EngineAccess::read);
    const MemoryWindow to = memory_.require(destination, EngineAccess::write);
    std::uint64_t piece = std::min({bytes, from.size, to.size, longest_piece});
    // A piece longer than the distance would read what it has not written yet.
    const std::uint64_t distance = destination - source;
    if (distance != 0 && distance < piece) piece = distance;
    std::memmove(to.host, from.host, static_cast<std::size_t>(piece));
    source += piece;
    destination += piece;
    bytes -= piece;
  }
}

void DataMover::copy_backwards(std::uint64_t destination, std::uint64_t source,
                               std::uint64_t bytes) {
  while (bytes != 0) {
    check_stop();
    // Windows reach upwards only, so that a piece ends at the last byte and begins in its page.
    const std::uint64_t source_room = (source + bytes - 1) % page_bytes + 1;
    const std::uint64_t destination_room = (destination + bytes - 1) % page_bytes + 1;
    const std::uint64_t piece = std::min({bytes, source_room, destination_room});
    bytes -= piece;
    const MemoryWindow from = memory_.require(source + bytes, EngineAccess::read);
    const MemoryWindow to = memory_.require(destination + bytes, EngineAccess::write);
    const std::uint64_t done = std::min({piece, from.size, to.size});
    std::memmove(to.host, from.host, static_cast<std::size_t>(done));
  }
}

void DataMover::fill(std::uint64_t destination, std::uint32_t pattern, unsigned pattern_bytes,
                     std::uint64_t bytes) {
  std::array<std::byte, page_bytes> block{};
  for (std::size_t i = 0; i < block.size(); ++i) {
    block[i] = static_cast<std::byte>(pattern >> (i % pattern_bytes * 8));
  }
  std::uint64_t done = 0;
  while (done < bytes) {
    check_stop();
    const MemoryWindow to = memory_.require(destination + done, EngineAccess::write);
    // Pages begin anywhere in the pattern when the destination is not aligned to it.
    const std::size_t phase = static_cast<std::size_t>(done % pattern_bytes);
    const std::uint64_t piece = std::min({bytes - done, to.size, block.size() - phase});
    std::memcpy(to.host, block.data() + phase, static_cast<std::size_t>(piece));
    done += piece;
  }
}

}  // namespace redbolt::emulator
