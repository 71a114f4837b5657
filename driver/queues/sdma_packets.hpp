// Packets of the copy engine, SDMA 6.0.0: functions that append one packet each
// (card/sdma_opcodes.csv and sdma_6_0_0_fields.csv of the reference tables).
#pragma once

#include <cstdint>
#include <vector>

#include "redbolt/driver/gpu_address.hpp"

namespace redbolt::driver::sdma {

using Words = std::vector<std::uint32_t>;

// The largest copy or fill of one packet: what the Linux driver uses (the field would hold 2^30).
inline constexpr std::uint64_t kMaxBytes = std::uint64_t{4} << 20;

// size: 1 .. kMaxBytes.
void copy_linear(Words& words, GpuAddress destination, GpuAddress source, std::uint64_t size);
// size: a multiple of 4, up to kMaxBytes.
void fill(Words& words, GpuAddress destination, std::uint64_t size, std::uint32_t value);
// Waits until the 32-bit value at `address` is at least `value`.
void wait_memory_at_least(Words& words, GpuAddress address, std::uint32_t value);
// Stores `value` when everything before is complete.
void fence(Words& words, GpuAddress destination, std::uint32_t value);

}  // namespace redbolt::driver::sdma
