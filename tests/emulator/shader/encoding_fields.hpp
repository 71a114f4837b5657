// Bit fields of the encodings, for tests that make up instruction words.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "decode/decoder.hpp"
#include "opcode_table.hpp"

namespace redbolt::test {

using Words = std::array<std::uint32_t, 3>;

void set_field(Words& words, emulator::Field field, std::uint32_t value);

// Where an encoding's opcode is.
emulator::Field opcode_field(emulator::Encoding encoding);
// The fields that hold operands.
std::vector<emulator::Field> operand_fields(emulator::Encoding encoding);
// Source 0 of the encodings that take a lane shuffle there; {0, 0} of the others.
emulator::Field source0_field(emulator::Encoding encoding);

// Whether the operation proper is the first inner instruction.
bool is_lane_shuffled(const emulator::Decoded& decoded);

// An instruction with this opcode, its free bits from the random dwords.
Words words_of(const emulator::OpcodeInfo& info, std::uint32_t random0, std::uint32_t random1,
               std::uint32_t random2);

}  // namespace redbolt::test
