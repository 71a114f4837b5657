// Which handler executes which operation. A semantics file lists its handlers in one table; the
// registry joins them with the opcode table by name.
#pragma once

#include <span>

#include "instruction.hpp"

namespace redbolt::emulator {

struct Binding {
  const char* semantics;  // OpcodeInfo::semantics, e.g. "V_ADD_F32"
  Handler handler;
  InstructionClass kind = InstructionClass::valu;
  // With the CLAMP bit of an integer operation; floating-point handlers clamp by themselves.
  Handler saturating = nullptr;
};

// One function per semantics file.
std::span<const Binding> sop1_bindings();
std::span<const Binding> sop2_bindings();
std::span<const Binding> sopk_bindings();
std::span<const Binding> sopp_bindings();
std::span<const Binding> sopc_bindings();
std::span<const Binding> smem_bindings();
std::span<const Binding> vop1_bindings();
std::span<const Binding> vop1_convert_bindings();
std::span<const Binding> vop1_transcendental_bindings();
std::span<const Binding> vop2_bindings();
std::span<const Binding> vop3_bindings();
std::span<const Binding> vop3_16bit_bindings();
std::span<const Binding> vop3_64bit_bindings();
std::span<const Binding> vop3_divide_bindings();
std::span<const Binding> vop3_lane_bindings();
std::span<const Binding> extreme_bindings();
std::span<const Binding> vopc_bindings();
std::span<const Binding> vop3p_bindings();
std::span<const Binding> packed_vop2_bindings();
std::span<const Binding> buffer_bindings();
std::span<const Binding> buffer_atomic_bindings();
std::span<const Binding> interpolation_bindings();
std::span<const Binding> trig_preop_bindings();
std::span<const Binding> dot_bindings();
std::span<const Binding> wmma_bindings();
std::span<const Binding> ds_bindings();
std::span<const Binding> ds_atomic_bindings();
std::span<const Binding> flat_bindings();
std::span<const Binding> flat_atomic_bindings();

// The binding of an opcode id; nullptr when it is not implemented.
const Binding* find_binding(unsigned opcode_id);

// Handlers that stand for no opcode.
void execute_lane_shuffle(Wave& wave, const Instruction& instruction);  // DPP8, DPP16
void execute_dual(Wave& wave, const Instruction& instruction);          // VOPD, halves in any order
void execute_dual_swapped(Wave& wave,
                          const Instruction& instruction);  // VOPD, each reads the other
// After VCCZ and EXECZ have been brought up to date: InstructionExtra::behind_status.
void execute_with_status(Wave& wave, const Instruction& instruction);
void execute_nothing(Wave& wave, const Instruction& instruction);
void execute_illegal(Wave& wave, const Instruction& instruction);  // or not modelled

}  // namespace redbolt::emulator
