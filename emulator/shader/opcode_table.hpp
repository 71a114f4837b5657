// The gfx1100 opcodes and encodings as tables, generated from tables/*.csv.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace redbolt::emulator {

// Bits [low, high] of an instruction, counted from bit 0 of its first dword.
struct Field {
  unsigned low;
  unsigned high;
};

#include "encodings.inc"  // Encoding, ValueType, namespace fields

// What a source operand may be.
enum class SourceSet : std::uint8_t {
  any,              // registers, constants, a literal
  scalar,           // the same without VGPRs
  scalar_register,  // no constant either
  vgpr,
  vgpr_or_inline,  // no SGPR, no literal
};

struct OpcodeInfo {
  Encoding encoding;
  std::uint16_t opcode;
  const char* mnemonic;   // as the assembler writes it: "v_add_f32_e32"
  const char* semantics;  // shared by all encodings of one operation: "V_ADD_F32"
  ValueType destination;
  ValueType source0;
  ValueType source1;
  ValueType source2;
  bool scalar_destination;  // a vector instruction that writes an SGPR
  // In dwords, 0 where there is none. Memory instructions: source 0 is the address, 1 and 2 are
  // data.
  std::uint8_t destination_dwords;
  std::uint8_t source_dwords[3];
  SourceSet allowed[3];
  // Bits of the first two dwords that are the same in every instruction with this opcode.
  std::uint64_t fixed_bits;
  std::uint64_t fixed_values;
  std::uint32_t fixed_shuffle_bits;  // bits that are 0 in the dword of a DPP16
  bool has_lane_shuffle;             // exists with DPP8 and DPP16

  std::string_view name() const { return mnemonic; }
};

// All opcodes of gfx1100, sorted by encoding and opcode. An opcode's id is its index here.
std::span<const OpcodeInfo> opcode_table();

// The id of an opcode; -1 when the encoding has no such opcode.
int find_opcode(Encoding encoding, unsigned opcode);

// The encoding of the instruction that starts with `first_dword`. VOP3SD shares its bits with VOP3
// and is told apart by the opcode.
Encoding find_encoding(std::uint32_t first_dword);

}  // namespace redbolt::emulator
