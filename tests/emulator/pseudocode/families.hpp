// Runs a check on all opcodes of some encodings.
#pragma once

#include <functional>
#include <vector>

#include "definitions.hpp"
#include "machine.hpp"
#include "operands.hpp"

namespace redbolt::pseudocode {

// One run of an opcode. Empty, or what is wrong.
using Check = std::function<std::string(const emulator::OpcodeInfo&, Random&, Machine&)>;

struct Family {
  std::vector<emulator::Encoding> encodings;
  unsigned repetitions;
  Check check;
};
const Family& vector_family();
const Family& scalar_family();
const Family& memory_family();

enum class Author : std::uint8_t { amd, ours };
// Against the definitions of this author. Skips the test where AMD's are wanted and not there.
void check_family(const Family& family, Author author);

}  // namespace redbolt::pseudocode
