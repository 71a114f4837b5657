// LLVM's disassembler as an oracle for the decoder.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace redbolt::test {

struct Disassembly {
  unsigned bytes = 0;  // 0: not an instruction
  std::string text;    // "v_add_f32_e32 v1, v2, v3"
  std::string mnemonic() const { return text.substr(0, text.find(' ')); }
  // Operands in order, without modifiers; see disassembler.cpp.
  std::vector<std::string> operands() const;
  // The number behind "name:", or `absent`.
  std::int64_t number(const std::string& name, std::int64_t absent) const;
};

// gfx1100 in wave32. Not thread-safe.
class Disassembler {
 public:
  Disassembler();
  ~Disassembler();
  Disassembler(const Disassembler&) = delete;
  Disassembler& operator=(const Disassembler&) = delete;
  Disassembly disassemble(const std::array<std::uint32_t, 3>& words) const;

 private:
  void* context_;
};

}  // namespace redbolt::test
