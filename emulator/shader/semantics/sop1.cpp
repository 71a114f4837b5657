#include <bit>
#include <chrono>

#include "semantics/arithmetic.hpp"
#include "semantics/registry.hpp"
#include "semantics/scalars.hpp"

namespace redbolt::emulator {
namespace {

using u32 = std::uint32_t;
using i32 = std::int32_t;
using u64 = std::uint64_t;
using i64 = std::int64_t;

template <class T>
T nonzero(T result, bool& scc) {
  scc = result != 0;
  return result;
}

template <class T>
T reversed(T value) {
  T result = 0;
  for (unsigned i = 0; i < sizeof(T) * 8; ++i) result = result << 1 | (value >> i & 1);
  return result;
}

// Position of the first bit, counted from the right or the left; -1 when there is none.
template <class T>
i32 trailing_zeros(T value) {
  return value == 0 ? -1 : std::countr_zero(value);
}
template <class T>
i32 leading_zeros(T value) {
  return value == 0 ? -1 : std::countl_zero(value);
}
// How many bits below the sign bit equal it, plus one; -1 when all do.
template <class T>
i32 leading_signs(T value) {
  using U = std::make_unsigned_t<T>;
  const U changed = static_cast<U>(value < 0 ? ~value : value);
  return changed == 0 ? -1 : std::countl_zero(changed);
}

// For each group of four bits, whether any is set: as one bit (quad mask) or as all four (WQM).
template <class T>
T quads(T value, bool whole) {
  T result = 0;
  for (unsigned i = 0; i < sizeof(T) * 8; i += 4) {
    if ((value >> i & 15) == 0) continue;
    result |= whole ? T{15} << i : T{1} << (i / 4);
  }
  return result;
}

u64 replicated(u32 value) {
  u64 result = 0;
  for (unsigned i = 0; i < 32; ++i) result |= u64{value >> i & 1} * 3 << (2 * i);
  return result;
}

// The old EXEC goes to the destination, a function of it and the source to EXEC.
using MaskFunction = u32 (*)(u32 source, u32 exec);

template <MaskFunction function>
void save_exec(Wave& wave, const Instruction& instruction) {
  const u32 source = scalar_operand(wave, instruction.source[0]);
  const u32 exec = wave.exec();
  wave.scalar[instruction.destination] = exec;
  wave.set_exec(function(source, exec));
  wave.set_scc(wave.exec() != 0);
}

template <MaskFunction function>
void write_exec(Wave& wave, const Instruction& instruction) {
  const u32 result = function(scalar_operand(wave, instruction.source[0]), wave.exec());
  wave.set_exec(result);
  wave.scalar[instruction.destination] = result;
  wave.set_scc(result != 0);
}

// The 64-bit forms act on EXEC_HI too, which has no lanes in wave32.
using WideMaskFunction = u64 (*)(u64 source, u64 exec);

template <WideMaskFunction function>
void save_exec64(Wave& wave, const Instruction& instruction) {
  const u64 source = scalar_operand64(wave, instruction.source[0]);
  const u64 exec = wave.scalar64(scalar_index::exec);
  wave.set_scalar64(instruction.destination, exec);
  const u64 result = function(source, exec);
  wave.set_scalar64(scalar_index::exec, result);
  wave.set_scc(result != 0);
}

template <WideMaskFunction function>
void write_exec64(Wave& wave, const Instruction& instruction) {
  const u64 result =
      function(scalar_operand64(wave, instruction.source[0]), wave.scalar64(scalar_index::exec));
  wave.set_scalar64(scalar_index::exec, result);
  wave.set_scalar64(instruction.destination, result);
  wave.set_scc(result != 0);
}

template <class T>
constexpr T and_(T s, T e) {
  return s & e;
}
template <class T>
constexpr T or_(T s, T e) {
  return s | e;
}
template <class T>
constexpr T xor_(T s, T e) {
  return s ^ e;
}
template <class T>
constexpr T nand_(T s, T e) {
  return ~(s & e);
}
template <class T>
constexpr T nor_(T s, T e) {
  return ~(s | e);
}
template <class T>
constexpr T xnor_(T s, T e) {
  return ~(s ^ e);
}
template <class T>
constexpr T and_not0(T s, T e) {
  return ~s & e;
}
template <class T>
constexpr T or_not0(T s, T e) {
  return ~s | e;
}
template <class T>
constexpr T and_not1(T s, T e) {
  return s & ~e;
}
template <class T>
constexpr T or_not1(T s, T e) {
  return s | ~e;
}

template <class T>
void conditional_move(Wave& wave, const Instruction& instruction) {
  if (wave.scc()) write_scalar(wave, instruction, read_scalar<T>(wave, instruction.source[0]));
}

template <class T, bool set>
void change_bit(Wave& wave, const Instruction& instruction) {
  constexpr u32 last_bit = sizeof(T) * 8 - 1;
  const T bit = T{1} << (scalar_operand(wave, instruction.source[0]) & last_bit);
  const T old = read_scalar<T>(wave, Operand{instruction.destination, OperandKind::sgpr, 0, 0});
  write_scalar(wave, instruction, static_cast<T>(set ? old | bit : old & ~bit));
}

void get_pc(Wave& wave, const Instruction& instruction) {
  wave.set_scalar64(instruction.destination, wave.next_address());
}

void set_pc(Wave& wave, const Instruction& instruction) {
  wave.jump(scalar_operand64(wave, instruction.source[0]));
}

// Waves have no trap handler from which to return.
void return_from_trap(Wave& wave, const Instruction& instruction) {
  wave.fail_illegal(instruction, "s_rfe_b64 outside a trap handler");
}

void swap_pc(Wave& wave, const Instruction& instruction) {
  const u64 target = scalar_operand64(wave, instruction.source[0]);
  wave.set_scalar64(instruction.destination, wave.next_address());
  wave.jump(target);
}

// Register numbers displaced, inside the SGPRs and VCC. Out of that range s0 is read and nothing is
// written (3.3.1.4 of AMD's document); pairs ignore the lowest bit of the displacement.
bool reachable(u64 number, u32 dwords) {
  return number + dwords <= scalar_index::ttmp0;
}
u32 displaced_source(u32 number, u32 by, u32 dwords = 1) {
  const u64 sum = u64{number} + (by & ~(dwords - 1));
  return reachable(sum, dwords) ? static_cast<u32>(sum) : 0;
}
u32 displaced_destination(u32 number, u32 by, u32 dwords = 1) {
  const u64 sum = u64{number} + (by & ~(dwords - 1));
  return reachable(sum, dwords) ? static_cast<u32>(sum) : scalar_index::discard;
}

template <bool wide>
void move_relative_source(Wave& wave, const Instruction& instruction) {
  const u32 from =
      displaced_source(instruction.source[0].value, wave.scalar[scalar_index::m0], wide ? 2 : 1);
  if (wide) {
    wave.set_scalar64(instruction.destination, wave.scalar64(from));
  } else {
    wave.scalar[instruction.destination] = wave.scalar[from];
  }
}

// Source and destination are displaced by different fields of M0.
void move_relative_both(Wave& wave, const Instruction& instruction) {
  const u32 m0 = wave.scalar[scalar_index::m0];
  const u32 value = wave.scalar[displaced_source(instruction.source[0].value, m0 & 0x3ff)];
  wave.scalar[displaced_destination(instruction.destination, m0 >> 16 & 0x3ff)] = value;
}

// What the message asks for comes back at once.
template <bool wide>
void send_message_and_wait(Wave& wave, const Instruction& instruction) {
  // Of the draw, the trap handler's memory and its address: there are none.
  constexpr std::int32_t get_doorbell = 128, get_draw = 129, get_tma = 130, get_realtime = 131,
                         get_tba = 133;
  const std::int32_t message = instruction.immediate;
  u64 answer = 0;
  if (message == get_realtime) {
    using namespace std::chrono;
    // The reference clock runs at 100 MHz.
    const auto now = steady_clock::now().time_since_epoch();
    answer = static_cast<u64>(duration_cast<nanoseconds>(now).count()) / 10;
  } else if (message != get_doorbell && message != get_draw && message != get_tma &&
             message != get_tba) {
    wave.fail_not_modelled(instruction, "s_sendmsg_rtn " + std::to_string(message) +
                                            ", of trap handlers or of no meaning,");
    return;
  }
  if (wide) {
    wave.set_scalar64(instruction.destination, answer);
  } else {
    wave.scalar[instruction.destination] = static_cast<u32>(answer);
  }
}

template <bool wide>
void move_relative_destination(Wave& wave, const Instruction& instruction) {
  const u32 to =
      displaced_destination(instruction.destination, wave.scalar[scalar_index::m0], wide ? 2 : 1);
  if (wide) {
    wave.set_scalar64(to, scalar_operand64(wave, instruction.source[0]));
  } else {
    wave.scalar[to] = scalar_operand(wave, instruction.source[0]);
  }
}

constexpr Binding bindings[] = {
    {"S_MOV_B32", scalars<[](u32 a) { return a; }>, InstructionClass::salu},
    {"S_MOV_B64", scalars<[](u64 a) { return a; }>, InstructionClass::salu},
    {"S_CMOV_B32", conditional_move<u32>, InstructionClass::salu},
    {"S_CMOV_B64", conditional_move<u64>, InstructionClass::salu},
    {"S_BREV_B32", scalars<[](u32 a) { return reversed(a); }>, InstructionClass::salu},
    {"S_BREV_B64", scalars<[](u64 a) { return reversed(a); }>, InstructionClass::salu},
    {"S_CTZ_I32_B32", scalars<[](u32 a) { return trailing_zeros(a); }>, InstructionClass::salu},
    {"S_CTZ_I32_B64", scalars<[](u64 a) { return trailing_zeros(a); }>, InstructionClass::salu},
    {"S_CLZ_I32_U32", scalars<[](u32 a) { return leading_zeros(a); }>, InstructionClass::salu},
    {"S_CLZ_I32_U64", scalars<[](u64 a) { return leading_zeros(a); }>, InstructionClass::salu},
    {"S_CLS_I32", scalars<[](i32 a) { return leading_signs(a); }>, InstructionClass::salu},
    {"S_CLS_I32_I64", scalars<[](i64 a) { return leading_signs(a); }>, InstructionClass::salu},
    {"S_SEXT_I32_I8", scalars<[](u32 a) { return i32{static_cast<std::int8_t>(a)}; }>,
     InstructionClass::salu},
    {"S_SEXT_I32_I16", scalars<[](u32 a) { return i32{static_cast<std::int16_t>(a)}; }>,
     InstructionClass::salu},
    {"S_BITSET0_B32", change_bit<u32, false>, InstructionClass::salu},
    {"S_BITSET0_B64", change_bit<u64, false>, InstructionClass::salu},
    {"S_BITSET1_B32", change_bit<u32, true>, InstructionClass::salu},
    {"S_BITSET1_B64", change_bit<u64, true>, InstructionClass::salu},
    {"S_BITREPLICATE_B64_B32", scalars<[](u32 a) { return replicated(a); }>,
     InstructionClass::salu},
    {"S_ABS_I32",
     scalars<[](u32 a, bool& scc) { return nonzero(static_cast<i32>(a) < 0 ? 0u - a : a, scc); }>,
     InstructionClass::salu},
    {"S_BCNT0_I32_B32", scalars<[](u32 a, bool& scc) { return nonzero(std::popcount(~a), scc); }>,
     InstructionClass::salu},
    {"S_BCNT0_I32_B64", scalars<[](u64 a, bool& scc) { return nonzero(std::popcount(~a), scc); }>,
     InstructionClass::salu},
    {"S_BCNT1_I32_B32", scalars<[](u32 a, bool& scc) { return nonzero(std::popcount(a), scc); }>,
     InstructionClass::salu},
    {"S_BCNT1_I32_B64", scalars<[](u64 a, bool& scc) { return nonzero(std::popcount(a), scc); }>,
     InstructionClass::salu},
    {"S_QUADMASK_B32", scalars<[](u32 a, bool& scc) { return nonzero(quads(a, false), scc); }>,
     InstructionClass::salu},
    {"S_QUADMASK_B64", scalars<[](u64 a, bool& scc) { return nonzero(quads(a, false), scc); }>,
     InstructionClass::salu},
    {"S_WQM_B32", scalars<[](u32 a, bool& scc) { return nonzero(quads(a, true), scc); }>,
     InstructionClass::salu},
    {"S_WQM_B64", scalars<[](u64 a, bool& scc) { return nonzero(quads(a, true), scc); }>,
     InstructionClass::salu},
    {"S_NOT_B32", scalars<[](u32 a, bool& scc) { return nonzero(~a, scc); }>,
     InstructionClass::salu},
    {"S_NOT_B64", scalars<[](u64 a, bool& scc) { return nonzero(~a, scc); }>,
     InstructionClass::salu},
    {"S_AND_SAVEEXEC_B32", save_exec<and_<u32>>, InstructionClass::salu},
    {"S_OR_SAVEEXEC_B32", save_exec<or_<u32>>, InstructionClass::salu},
    {"S_XOR_SAVEEXEC_B32", save_exec<xor_<u32>>, InstructionClass::salu},
    {"S_NAND_SAVEEXEC_B32", save_exec<nand_<u32>>, InstructionClass::salu},
    {"S_NOR_SAVEEXEC_B32", save_exec<nor_<u32>>, InstructionClass::salu},
    {"S_XNOR_SAVEEXEC_B32", save_exec<xnor_<u32>>, InstructionClass::salu},
    {"S_AND_NOT0_SAVEEXEC_B32", save_exec<and_not0<u32>>, InstructionClass::salu},
    {"S_OR_NOT0_SAVEEXEC_B32", save_exec<or_not0<u32>>, InstructionClass::salu},
    {"S_AND_NOT1_SAVEEXEC_B32", save_exec<and_not1<u32>>, InstructionClass::salu},
    {"S_OR_NOT1_SAVEEXEC_B32", save_exec<or_not1<u32>>, InstructionClass::salu},
    {"S_AND_NOT0_WREXEC_B32", write_exec<and_not0<u32>>, InstructionClass::salu},
    {"S_AND_NOT1_WREXEC_B32", write_exec<and_not1<u32>>, InstructionClass::salu},
    {"S_AND_SAVEEXEC_B64", save_exec64<and_<u64>>, InstructionClass::salu},
    {"S_OR_SAVEEXEC_B64", save_exec64<or_<u64>>, InstructionClass::salu},
    {"S_XOR_SAVEEXEC_B64", save_exec64<xor_<u64>>, InstructionClass::salu},
    {"S_NAND_SAVEEXEC_B64", save_exec64<nand_<u64>>, InstructionClass::salu},
    {"S_NOR_SAVEEXEC_B64", save_exec64<nor_<u64>>, InstructionClass::salu},
    {"S_XNOR_SAVEEXEC_B64", save_exec64<xnor_<u64>>, InstructionClass::salu},
    {"S_AND_NOT0_SAVEEXEC_B64", save_exec64<and_not0<u64>>, InstructionClass::salu},
    {"S_OR_NOT0_SAVEEXEC_B64", save_exec64<or_not0<u64>>, InstructionClass::salu},
    {"S_AND_NOT1_SAVEEXEC_B64", save_exec64<and_not1<u64>>, InstructionClass::salu},
    {"S_OR_NOT1_SAVEEXEC_B64", save_exec64<or_not1<u64>>, InstructionClass::salu},
    {"S_AND_NOT0_WREXEC_B64", write_exec64<and_not0<u64>>, InstructionClass::salu},
    {"S_AND_NOT1_WREXEC_B64", write_exec64<and_not1<u64>>, InstructionClass::salu},
    {"S_MOVRELS_B32", move_relative_source<false>, InstructionClass::salu},
    {"S_MOVRELS_B64", move_relative_source<true>, InstructionClass::salu},
    {"S_MOVRELD_B32", move_relative_destination<false>, InstructionClass::salu},
    {"S_MOVRELD_B64", move_relative_destination<true>, InstructionClass::salu},
    {"S_MOVRELSD_2_B32", move_relative_both, InstructionClass::salu},
    {"S_SENDMSG_RTN_B32", send_message_and_wait<false>, InstructionClass::message},
    {"S_SENDMSG_RTN_B64", send_message_and_wait<true>, InstructionClass::message},
    {"S_GETPC_B64", get_pc, InstructionClass::salu},
    {"S_SETPC_B64", set_pc, InstructionClass::branch},
    {"S_SWAPPC_B64", swap_pc, InstructionClass::branch},
    {"S_RFE_B64", return_from_trap, InstructionClass::branch},
};

}  // namespace

std::span<const Binding> sop1_bindings() {
  return bindings;
}

}  // namespace redbolt::emulator
