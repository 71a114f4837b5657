// Which definition an opcode is tested against: AMD's, or where that leaves bits open, is wrong or
// cannot be run, one written for this test in the same language.
#pragma once

#include <span>
#include <string>

#include "evaluator.hpp"
#include "opcode_table.hpp"

namespace redbolt::pseudocode {

struct OwnDefinition {
  const char* semantics;  // OpcodeInfo::semantics
  const char* text;
  const char* reason;   // why AMD's text is not used
  unsigned units = 0;   // results may differ by so many units in the last place
  double absolute = 0;  // or by so much, for results near zero
};
std::span<const OwnDefinition> own_definitions();

struct Definition {
  const Block* block = nullptr;        // nullptr: there is none that can be parsed
  const OwnDefinition* own = nullptr;  // nullptr: AMD's
  std::string text;
  std::string problem;  // why block is nullptr
  bool mentions(const char* word) const { return text.find(word) != std::string::npos; }
};

// Opcodes that no definition is tried on.
struct Exclusion {
  const char* pattern;  // "DS DS_GWS_*": encoding and semantics
  const char* reason;
};
// Nothing to compare, or not to be had on this card.
const Exclusion* exclusion_of(const emulator::OpcodeInfo& info);
// Compared in another way, by the test that is named.
const Exclusion* own_test_of(const emulator::OpcodeInfo& info);
// Without semantics so far. Once there are some they are tested like all others.
const Exclusion* not_modelled(const emulator::OpcodeInfo& info);

const Definition& definition_of(const emulator::OpcodeInfo& info);
// What definitions call by name.
const Block* block_named(const std::string& name);

}  // namespace redbolt::pseudocode
