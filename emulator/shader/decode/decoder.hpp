// From machine code to Instruction.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "instruction.hpp"

namespace redbolt::emulator {

struct Decoded {
  Instruction instruction;
  InstructionExtra extra;  // to be linked to `instruction` by whoever keeps both
  bool has_extra = false;
  std::string problem;        // why the handler is execute_illegal; empty otherwise
  bool not_modelled = false;  // the problem is the emulator's: the card would execute this
};

// Decodes the instruction that starts with words[0]; words behind its end are not looked at. Always
// gives an instruction: what is illegal or not modelled stops the wave when it is executed.
// `vgpr_limit`: number of VGPRs the wave has.
Decoded decode_instruction(const std::array<std::uint32_t, 3>& words, unsigned vgpr_limit);

}  // namespace redbolt::emulator
