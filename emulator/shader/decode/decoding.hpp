// One instruction on its way through the decoder: its words, its row of the opcode table, and what
// is known of the result so far. The per-encoding functions below fill it in.
#pragma once

#include <array>
#include <string>

#include "decode/decoder.hpp"
#include "opcode_table.hpp"
#include "wave.hpp"

namespace redbolt::emulator {

class Decoding {
 public:
  Decoding(const std::array<std::uint32_t, 3>& words, unsigned vgpr_limit)
      : words_(words), vgpr_limit_(vgpr_limit) {}

  Decoded result;
  Encoding encoding = Encoding::unknown;
  const OpcodeInfo* info = nullptr;

  Instruction& instruction() { return result.instruction; }
  std::uint32_t get(Field field) const;
  std::uint32_t word(unsigned index) const { return words_[index]; }

  // Looks the opcode up and binds its handler. False (and a problem) when there is no such opcode.
  bool select(Encoding wanted, unsigned opcode);

  // A source by its 8- or 9-bit number, as an operand of this type; `table_dwords` is its size by
  // the opcode table. A literal is the dword behind the instruction proper.
  Operand source(std::uint32_t number, ValueType type, unsigned table_dwords = 1,
                 SourceSet allowed = SourceSet::any);
  // The same for VOP1, VOP2 and VOPC, where bit 7 of a VGPR number selects the upper half of a
  // 16-bit operand.
  Operand short_source(std::uint32_t number, ValueType type, SourceSet allowed = SourceSet::any);
  // `dwords` registers from v[number], to be read. Beyond the wave's VGPRs v0 is read instead
  // (3.3.2.2 of AMD's document), or in a VOPD the register of the same bank.
  Operand vgpr(std::uint32_t number, unsigned dwords = 1);
  // The same, to be written. Beyond the wave's VGPRs the whole instruction does nothing.
  std::uint16_t vgpr_destination(std::uint32_t number, unsigned dwords = 1);
  // `dwords` scalar registers from s[number], the number of any scalar register. Those of the trap
  // handler (TTMP) read 0.
  Operand sgpr(std::uint32_t number, unsigned dwords = 1);
  Operand literal(ValueType type);

  void set_vector_destination(std::uint32_t number, ValueType type, bool short_form);
  // `dwords`: 1, or more for an aligned group. Writes to the trap handler's registers are lost.
  std::uint16_t scalar_destination(std::uint32_t number, unsigned dwords = 1);

  // The length without the literal or lane control that may follow. Before any operand.
  void set_length(unsigned dwords);
  // The dword that follows the instruction proper, and which belongs to it.
  std::uint32_t trailing_word();
  bool has_literal() const { return result.instruction.slots > length_; }
  // The instruction is not legal on the card.
  void problem(const std::string& text);
  // It is, but the emulator does not model it. Counts only where there is no problem.
  void not_modelled(const std::string& reason);
  // The instruction does nothing, because it writes what it may not.
  void nullify() { nullified_ = true; }
  // After all operands: what the instruction does where something is wrong with it.
  void finish();

 private:
  bool admits(SourceSet allowed, std::uint32_t number) const;

  std::array<std::uint32_t, 3> words_;
  unsigned vgpr_limit_;
  unsigned length_ = 1;
  bool nullified_ = false;     // a destination is out of range
  bool reads_status_ = false;  // a source is VCCZ or EXECZ
};

bool is_16bit(ValueType type);
unsigned dword_count(ValueType type);

// Whether this operation's third source is its own destination (FMAC and its relatives).
bool accumulates(const OpcodeInfo& info);
// Whether the dword behind it is its constant K: FMAMK (K is the second factor), FMAAK (the
// addend).
bool multiplies_constant(const OpcodeInfo& info);
bool adds_constant(const OpcodeInfo& info);

void decode_scalar(Decoding& decoding);         // SOP1, SOP2, SOPC, SOPK, SOPP
void decode_scalar_memory(Decoding& decoding);  // SMEM
void decode_vector(Decoding& decoding);         // VOP1, VOP2, VOPC
void decode_vector_long(Decoding& decoding);    // VOP3, VOP3SD, VOP3P
void decode_dual(Decoding& decoding);           // VOPD
void decode_interpolation(Decoding& decoding);  // VINTERP
void decode_memory(Decoding& decoding);         // DS, FLAT, GLOBAL, SCRATCH
void decode_buffer(Decoding& decoding);         // MUBUF, MTBUF
void decode_lds_direct(Decoding& decoding);     // LDSDIR
void decode_image(Decoding& decoding);          // MIMG
void decode_export(Decoding& decoding);         // EXP

// Numbers of src0 that stand for a lane shuffle; the dword behind the instruction says which.
bool is_lane_shuffle(std::uint32_t source0);
// Wraps the decoded instruction, whose source 0 is still unset, in the shuffle that the trailing
// word describes. `short_form`: VOP1, VOP2, VOPC.
void apply_lane_shuffle(Decoding& decoding, std::uint32_t source0, bool short_form);

}  // namespace redbolt::emulator
