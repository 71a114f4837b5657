// What running waves count. Workers add to these once per workgroup, so that counting costs nothing
// per instruction; readers may look at any time.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace redbolt::emulator {

// Kinds of wave instructions that are counted apart.
enum class InstructionClass : std::uint8_t {
  salu,
  valu,
  valu_dot,  // dot products
  wmma,      // matrix multiply-accumulate
  transcendental,
  smem,
  vmem_load,
  vmem_store,
  vmem_atomic,
  lds,
  branch,
  message,  // s_waitcnt, s_nop, s_clause, s_sendmsg, barriers and the like
};
inline constexpr std::size_t instruction_class_count = 12;

// Lower-case name as it is printed in reports ("salu", "vmem_load", ...).
std::string_view name(InstructionClass value);

struct Counters {
  std::array<std::atomic<std::uint64_t>, instruction_class_count> wave_instructions{};
  // Asked for by lanes and scalar loads, of VRAM and of host memory behind the link.
  std::atomic<std::uint64_t> bytes_read{0};
  std::atomic<std::uint64_t> bytes_written{0};
  std::atomic<std::uint64_t> host_bytes_read{0};
  std::atomic<std::uint64_t> host_bytes_written{0};
  std::atomic<std::uint64_t> cache_lines_read{0};     // 128-byte lines touched, per instruction
  std::atomic<std::uint64_t> cache_lines_written{0};  // 128-byte lines touched, per instruction
  std::atomic<std::uint64_t> lds_accesses{0};         // lanes that read or wrote LDS
  std::atomic<std::uint64_t> scratch_bytes{0};        // read or written through scratch
  std::atomic<std::uint64_t> dispatches{0};
  std::atomic<std::uint64_t> workgroups{0};
  std::atomic<std::uint64_t> waves{0};

  std::uint64_t instructions() const;  // of all classes together
};

}  // namespace redbolt::emulator
