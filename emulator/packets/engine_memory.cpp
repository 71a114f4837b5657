#include "packets/engine_memory.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <sstream>

#include "packets/queue_error.hpp"

namespace redbolt::emulator {
namespace {

template <class Word>
bool is_aligned(std::uint64_t address) {
  return address % sizeof(Word) == 0;
}

template <class Word>
Word read_word(EngineMemory& memory, std::uint64_t address) {
  if (is_aligned<Word>(address)) {
    const MemoryWindow window = memory.require(address, EngineAccess::read);
    return std::atomic_ref<Word>(*reinterpret_cast<Word*>(window.host))
        .load(std::memory_order_acquire);
  }
  Word value{};
  memory.read(address, std::as_writable_bytes(std::span(&value, 1)));
  return value;
}

template <class Word>
void write_word(EngineMemory& memory, std::uint64_t address, Word value) {
  if (is_aligned<Word>(address)) {
    const MemoryWindow window = memory.require(address, EngineAccess::write);
    std::atomic_ref<Word>(*reinterpret_cast<Word*>(window.host))
        .store(value, std::memory_order_release);
    return;
  }
  memory.write(address, std::as_bytes(std::span(&value, 1)));
}

}  // namespace

MemoryWindow EngineMemory::require(std::uint64_t address, EngineAccess access) {
  const auto found = window(address, access);
  if (found) return *found;
  std::ostringstream text;
  text << "no translation for " << (access == EngineAccess::read ? "a read at 0x" : "a write at 0x")
       << std::hex << address;
  throw QueueError(QueueErrorKind::memory_fault, text.str(), address);
}

std::uint32_t EngineMemory::read32(std::uint64_t address) {
  return read_word<std::uint32_t>(*this, address);
}

std::uint64_t EngineMemory::read64(std::uint64_t address) {
  return read_word<std::uint64_t>(*this, address);
}

void EngineMemory::write32(std::uint64_t address, std::uint32_t value) {
  write_word(*this, address, value);
}

void EngineMemory::write64(std::uint64_t address, std::uint64_t value) {
  write_word(*this, address, value);
}

void EngineMemory::read(std::uint64_t address, std::span<std::byte> into) {
  while (!into.empty()) {
    const MemoryWindow window = require(address, EngineAccess::read);
    const std::size_t count =
        static_cast<std::size_t>(std::min<std::uint64_t>(window.size, into.size()));
    std::memcpy(into.data(), window.host, count);
    into = into.subspan(count);
    address += count;
  }
}

void EngineMemory::write(std::uint64_t address, std::span<const std::byte> from) {
  while (!from.empty()) {
    const MemoryWindow window = require(address, EngineAccess::write);
    const std::size_t count =
        static_cast<std::size_t>(std::min<std::uint64_t>(window.size, from.size()));
    std::memcpy(window.host, from.data(), count);
    from = from.subspan(count);
    address += count;
  }
}

}  // namespace redbolt::emulator
