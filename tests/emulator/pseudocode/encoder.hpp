// Machine code from fields.
#pragma once

#include <array>

#include "machine.hpp"
#include "opcode_table.hpp"

namespace redbolt::pseudocode {

class Encoder {
 public:
  // Starts with the bits that mark the encoding, and the opcode.
  explicit Encoder(const emulator::OpcodeInfo& info);

  Encoder& put(emulator::Field field, u32 value);
  // A constant behind the instruction proper, which is `length` dwords long.
  void literal(u32 value) { words_[length_] = value; }
  unsigned length() const { return length_; }
  // Bits that belong to no operand of the opcode are as LLVM's tables fix them.
  std::array<u32, 3> words() const;

 private:
  const emulator::OpcodeInfo& info_;
  std::array<u32, 3> words_{};
  unsigned length_ = 1;
};

// "VOP2", as the tables write it.
const char* encoding_name(emulator::Encoding encoding);

}  // namespace redbolt::pseudocode
