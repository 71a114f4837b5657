// Where the lanes of a FLAT, GLOBAL or SCRATCH instruction access memory.
#pragma once

#include <cstdint>

#include "wave.hpp"
#include "wave_memory.hpp"

namespace redbolt::emulator {

// Virtual addresses of all lanes; a disabled lane has the address of an enabled one.
struct alignas(64) LaneAddresses {
  std::uint64_t lane[lane_count];
  std::uint64_t lowest;
  std::uint64_t highest;  // of a first byte
};

// GLOBAL and FLAT: vector address (or scalar base and vector offset) plus the immediate. At least
// one lane must be enabled.
LaneAddresses global_addresses(const Wave& wave, const Instruction& instruction);

// Per-lane offsets into scratch, of SCRATCH instructions.
void scratch_offsets(const Wave& wave, const Instruction& instruction, std::uint32_t* offsets);

// Whether any enabled lane's FLAT address lies in the shared or the private aperture.
bool touches_apertures(const Wave& wave, const LaneAddresses& addresses);

enum class Segment : std::uint8_t { global, shared, scratch };
// Which memory a FLAT address means.
Segment segment_of(const Wave& wave, std::uint64_t address);

// Virtual address of byte `offset` of a lane's scratch: dwords of neighbouring lanes are
// neighbours.
inline std::uint64_t scratch_byte_address(const Wave& wave, std::uint32_t lane,
                                          std::uint32_t offset) {
  return wave.scratch_address + std::uint64_t{offset / 4} * (4 * lane_count) + lane * 4 +
         offset % 4;
}

void fail_memory(Wave& wave, const Instruction& instruction, std::uint64_t address,
                 const char* what);

// Adds what an instruction's lanes moved to the wave's counts; `page` is where the first of them
// went.
void count_access(Wave& wave, const MemoryPort::Page& page, const LaneAddresses& addresses,
                  std::uint32_t bytes_per_lane, bool write);

}  // namespace redbolt::emulator
