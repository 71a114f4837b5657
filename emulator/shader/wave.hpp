// The state of one wave of 32 lanes, as its instructions see it.
//
// A wave belongs to one workgroup, and a workgroup to one worker thread at a time; nothing here is
// shared while it runs.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "instruction.hpp"
#include "opcode_table.hpp"
#include "redbolt/emulator/shader/dispatcher.hpp"

namespace redbolt::emulator {

class CodePage;
class CodeView;
class WaveMemory;

inline constexpr unsigned lane_count = 32;
inline constexpr std::uint32_t all_lanes = ~0u;

// Indices into Wave::scalar. 0..255 are the numbers of a scalar source operand, so that inline
// integers and status values are read like registers; `discard` takes writes to null.
namespace scalar_index {
inline constexpr std::uint32_t vcc = 106;
inline constexpr std::uint32_t ttmp0 = 108;
inline constexpr std::uint32_t null = 124;
inline constexpr std::uint32_t m0 = 125;
inline constexpr std::uint32_t exec = 126;
inline constexpr std::uint32_t exec_high = 127;
inline constexpr std::uint32_t shared_base = 235;
inline constexpr std::uint32_t shared_limit = 236;
inline constexpr std::uint32_t private_base = 237;
inline constexpr std::uint32_t private_limit = 238;
inline constexpr std::uint32_t vcc_zero = 251;   // up to date only while it is read
inline constexpr std::uint32_t exec_zero = 252;  // likewise
inline constexpr std::uint32_t scc = 253;
inline constexpr std::uint32_t literal = 255;
inline constexpr std::uint32_t discard = 256;  // and the next: a 64-bit result
inline constexpr std::uint32_t apertures =
    258;  // 64 bits each: shared base, limit, private base, limit
inline constexpr std::uint32_t inverse_two_pi_64 = 266;
inline constexpr std::uint32_t zero = 268;   // and the next three: what may not be read
inline constexpr std::uint32_t count = 288;  // room for a 512-bit load into the last registers
}  // namespace scalar_index

// Rows of Wave::vgpr behind the registers, for handlers that run other handlers; and some more, so
// that an operand of up to 16 dwords that starts in a register stays inside the array.
namespace vgpr_row {
inline constexpr std::uint32_t lane_shuffle = 256;  // a DPP source after the shuffle
inline constexpr std::uint32_t dual_result = 257;   // VOPD: X while Y still reads its destination
inline constexpr std::uint32_t count = 272;
}  // namespace vgpr_row

// Bits of the MODE register.
namespace mode {
inline constexpr std::uint32_t round_f32_shift = 0;
inline constexpr std::uint32_t round_f64_f16_shift = 2;
inline constexpr std::uint32_t denormal_f32_shift = 4;  // bit 0: keep inputs, bit 1: keep results
inline constexpr std::uint32_t denormal_f64_f16_shift = 6;
inline constexpr std::uint32_t dx10_clamp = 1u << 8;
inline constexpr std::uint32_t ieee = 1u << 9;
inline constexpr std::uint32_t fp16_overflow = 1u << 23;
}  // namespace mode

enum class WaveStatus : std::uint8_t {
  running,
  yielded,  // gives others a turn (s_sleep)
  at_barrier,
  ended,
  failed,  // Wave::failure says why
};

struct WaveFailure {
  DispatchResult::Kind kind = DispatchResult::Kind::completed;
  std::uint64_t address = 0;
  std::string message;
};

// What waves of one workgroup share.
struct WorkgroupMemory {
  std::uint8_t* lds = nullptr;  // 64 KiB and some slack are always there
  std::uint32_t lds_size = 0;   // bytes allocated; accesses beyond read 0 and write nothing
};

// What instructions did to memory; added to the dispatch's Counters when the workgroup ends.
struct MemoryCounts {
  std::uint64_t bytes_read = 0;
  std::uint64_t bytes_written = 0;
  std::uint64_t host_bytes_read = 0;
  std::uint64_t host_bytes_written = 0;
  std::uint64_t cache_lines_read = 0;
  std::uint64_t cache_lines_written = 0;
  std::uint64_t lds_accesses = 0;
  std::uint64_t scratch_bytes = 0;
};

struct alignas(64) Wave {
  // Row r holds v[r] of all lanes.
  alignas(64) std::array<std::array<std::uint32_t, lane_count>, vgpr_row::count> vgpr;
  alignas(64) std::array<std::uint32_t, scalar_index::count> scalar;

  const Instruction* next = nullptr;
  const CodePage* page = nullptr;  // the page `next` points into
  WaveStatus status = WaveStatus::running;
  bool float_is_plain = true;   // f32: round to nearest, denormals kept
  bool double_is_plain = true;  // f64 and f16 alike, and no FP16 overflow clamp
  std::uint32_t mode = 0;       // MODE register; change it with set_mode()

  CodeView* code = nullptr;      // the worker's view of instruction memory
  WaveMemory* memory = nullptr;  // the worker's view of data memory
  WorkgroupMemory* workgroup = nullptr;
  const Dispatch* dispatch = nullptr;
  std::uint64_t scratch_address = 0;  // of this wave's scratch
  std::uint32_t scratch_size = 0;     // bytes per lane
  std::uint32_t vgpr_count = 256;     // allocated; others are out of range

  std::array<std::uint32_t, instruction_class_count> executed{};
  MemoryCounts counts;
  WaveFailure failure;

  std::uint32_t exec() const { return scalar[scalar_index::exec]; }
  void set_exec(std::uint32_t mask) { scalar[scalar_index::exec] = mask; }
  std::uint32_t vcc() const { return scalar[scalar_index::vcc]; }
  bool scc() const { return scalar[scalar_index::scc] != 0; }
  void set_scc(bool value) { scalar[scalar_index::scc] = value ? 1 : 0; }
  std::uint64_t scalar64(std::uint32_t index) const {
    return scalar[index] | static_cast<std::uint64_t>(scalar[index + 1]) << 32;
  }
  void set_scalar64(std::uint32_t index, std::uint64_t value) {
    scalar[index] = static_cast<std::uint32_t>(value);
    scalar[index + 1] = static_cast<std::uint32_t>(value >> 32);
  }
  void set_mode(std::uint32_t value);

  // Sets inline constants and status values; registers keep what an earlier wave left in them.
  void reset_scalars();

  // Byte address of the instruction that `next` points at.
  std::uint64_t next_address() const;
  // Byte address of the instruction being executed, before it has jumped anywhere.
  std::uint64_t address_of(const Instruction& instruction) const;
  // Continues at a byte address. A multiple of 4; anything else stops the wave.
  void jump(std::uint64_t address);
  // Continues `dwords` behind the next instruction.
  void branch(std::int32_t dwords);

  void fail(DispatchResult::Kind kind, std::uint64_t address, std::string message);
  // Stops the wave at an instruction that the card cannot execute, for the reason given.
  void fail_illegal(const Instruction& instruction, const std::string& reason);
  // The same at one that the card would execute and the emulator cannot.
  void fail_not_modelled(const Instruction& instruction, const std::string& reason);
};

}  // namespace redbolt::emulator
