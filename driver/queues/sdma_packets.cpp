#include "queues/sdma_packets.hpp"

namespace redbolt::driver::sdma {
namespace {

enum Opcode : std::uint32_t { op_copy = 1, op_fence = 5, op_poll_regmem = 8, op_const_fill = 11 };

constexpr std::uint32_t low32(GpuAddress address) {
  return static_cast<std::uint32_t>(address.value());
}
constexpr std::uint32_t high32(GpuAddress address) {
  return static_cast<std::uint32_t>(address.value() >> 32);
}

}  // namespace

void copy_linear(Words& words, GpuAddress destination, GpuAddress source, std::uint64_t size) {
  words.insert(words.end(), {op_copy, static_cast<std::uint32_t>(size - 1), 0, low32(source),
                             high32(source), low32(destination), high32(destination)});
}

void fill(Words& words, GpuAddress destination, std::uint64_t size, std::uint32_t value) {
  constexpr std::uint32_t kByDwords = 2u << 30;
  words.insert(words.end(), {op_const_fill | kByDwords, low32(destination), high32(destination),
                             value, static_cast<std::uint32_t>(size - 1)});
}

void wait_memory_at_least(Words& words, GpuAddress address, std::uint32_t value) {
  constexpr std::uint32_t kGreaterOrEqual = 5u << 28;
  constexpr std::uint32_t kMemory = 1u << 31;
  constexpr std::uint32_t kInterval = 4;
  constexpr std::uint32_t kRetries = 0xfffu << 16;
  words.insert(words.end(), {op_poll_regmem | kGreaterOrEqual | kMemory, low32(address),
                             high32(address), value, 0xffffffff, kInterval | kRetries});
}

void fence(Words& words, GpuAddress destination, std::uint32_t value) {
  constexpr std::uint32_t kUncached = 3u << 16;
  words.insert(words.end(), {op_fence | kUncached, low32(destination), high32(destination), value});
}

}  // namespace redbolt::driver::sdma
