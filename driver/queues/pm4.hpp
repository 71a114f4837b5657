// PM4 type-3 packets of the compute micro engine: opcodes, fields, and functions that append one
// packet each (card/pm4_opcodes.csv, pm4_fields.csv and pm4_enums.csv of the reference tables).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

#include "redbolt/driver/gpu_address.hpp"
#include "redbolt/registers/register.hpp"

namespace redbolt::driver::pm4 {

using Words = std::vector<std::uint32_t>;

enum class Opcode : std::uint32_t {
  nop = 0x10,
  dispatch_direct = 0x15,
  write_data = 0x37,
  wait_reg_mem = 0x3c,
  indirect_buffer = 0x3f,
  event_write = 0x46,
  release_mem = 0x49,
  acquire_mem = 0x58,
  set_sh_reg = 0x76,
};

constexpr std::uint32_t header(Opcode opcode, std::size_t body_dwords) {
  return 3u << 30 | static_cast<std::uint32_t>(body_dwords - 1) << 16 |
         static_cast<std::uint32_t>(opcode) << 8;
}

// Cache operations of ACQUIRE_MEM, word 7 (GCR_CNTL).
namespace gcr {
inline constexpr std::uint32_t kInstructionInvalidate = 1u << 0;  // all ranges
inline constexpr std::uint32_t kMetadataWriteBack = 1u << 4;
inline constexpr std::uint32_t kMetadataInvalidate = 1u << 5;
inline constexpr std::uint32_t kScalarWriteBack = 1u << 6;
inline constexpr std::uint32_t kScalarInvalidate = 1u << 7;
inline constexpr std::uint32_t kVectorInvalidate = 1u << 8;
inline constexpr std::uint32_t kL1Invalidate = 1u << 9;
inline constexpr std::uint32_t kL2Invalidate = 1u << 14;
inline constexpr std::uint32_t kL2WriteBack = 1u << 15;

// Between dependent dispatches: everything above L2, which all of them share.
inline constexpr std::uint32_t kBetweenDispatches = kMetadataWriteBack | kMetadataInvalidate |
                                                    kScalarWriteBack | kScalarInvalidate |
                                                    kVectorInvalidate | kL1Invalidate;
// Before work on what the host or another engine wrote: L2 and the instruction caches too.
inline constexpr std::uint32_t kEverything =
    kBetweenDispatches | kInstructionInvalidate | kL2Invalidate | kL2WriteBack;
}  // namespace gcr

void set_sh_registers(Words& words, std::uint32_t first_register,
                      std::span<const std::uint32_t> values);
inline void set_sh_registers(Words& words, std::uint32_t first_register,
                             std::initializer_list<std::uint32_t> values) {
  set_sh_registers(words, first_register, std::span(values.begin(), values.size()));
}

// Waits until all compute waves before have finished.
void wait_for_waves(Words& words);
void acquire_memory(Words& words, std::uint32_t cache_operations);
void dispatch(Words& words, std::span<const std::uint32_t, 3> grid, std::uint32_t initiator);
// confirm: the packet processor goes on once the write has arrived.
void write_data(Words& words, GpuAddress destination, std::uint32_t value, bool confirm = true);
// vmid: the VM context of everything in the buffer; 0 is that of the ring.
void indirect_buffer(Words& words, GpuAddress address, std::uint32_t dwords, unsigned vmid = 0);
// Waits until the 32-bit value at `address` is at least `value`.
void wait_memory_at_least(Words& words, GpuAddress address, std::uint32_t value);
// Writes all ones to one register and waits until another holds all ones: the HDP flush pair.
// Registers are absolute dword addresses.
void request_and_wait(Words& words, std::uint32_t request_register, std::uint32_t done_register);
// When everything before is complete and its writes are in memory: stores `value`.
void release(Words& words, GpuAddress destination, std::uint32_t value);

// Sizes in dwords of what submission is made of.
inline constexpr std::size_t kWaitMemoryWords = 7;
inline constexpr std::size_t kRequestAndWaitWords = 7;
inline constexpr std::size_t kWaitForWavesWords = 2;
inline constexpr std::size_t kAcquireWords = 8;
inline constexpr std::size_t kIndirectBufferWords = 4;
inline constexpr std::size_t kReleaseWords = 8;

}  // namespace redbolt::driver::pm4
