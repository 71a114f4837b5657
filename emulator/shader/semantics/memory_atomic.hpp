// Atomics of single lanes on guest memory, as FLAT, GLOBAL and buffer instructions do them. Other
// workgroups and the host may touch the same memory at any time, so each is a real atomic operation
// of the host.
#pragma once

#include <atomic>
#include <cstdint>

#include "semantics/addresses.hpp"
#include "semantics/atomic_operations.hpp"
#include "wave.hpp"
#include "wave_memory.hpp"

namespace redbolt::emulator {

inline constexpr const char* atomic_not_mapped =
    "is an atomic on memory that is not mapped or not writable";

// Value number `index` of a lane's data: 32 or 64 bits from consecutive registers.
template <class T>
T atomic_data(const Wave& wave, const Operand& operand, unsigned index, unsigned lane) {
  const std::uint32_t row = operand.value + index * std::uint32_t{sizeof(T) / 4};
  if constexpr (sizeof(T) == 4) {
    return wave.vgpr[row][lane];
  } else {
    return wave.vgpr[row][lane] | static_cast<std::uint64_t>(wave.vgpr[row + 1][lane]) << 32;
  }
}

// False after the wave has failed: a misaligned address, or memory that is not mapped.
template <class T, atomic::Operation<T> operation>
bool apply_to_memory(Wave& wave, const Instruction& instruction, std::uint64_t address, T data,
                     T other, T& old) {
  if (address % sizeof(T) != 0) {
    fail_memory(wave, instruction, address, "is an atomic on a misaligned address");
    return false;
  }
  const auto* page = wave.memory->find(address, MemoryAccess::atomic);
  if (page == nullptr) {
    fail_memory(wave, instruction, address, atomic_not_mapped);
    return false;
  }
  std::atomic_ref<T> value(*reinterpret_cast<T*>(page->host + (address - page->base)));
  old = value.load(std::memory_order_acquire);
  while (!value.compare_exchange_weak(old, operation(old, data, other), std::memory_order_acq_rel,
                                      std::memory_order_acquire)) {
  }
  return true;
}

}  // namespace redbolt::emulator
