#include "opcode_table.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace redbolt::emulator {
namespace {

constexpr OpcodeInfo opcodes[] = {
#include "opcodes.inc"
};

struct EncodingPattern {
  std::uint32_t mask;
  std::uint32_t value;
  Encoding encoding;
};

// Most specific first.
constexpr EncodingPattern patterns[] = {
#include "encoding_patterns.inc"
};

constexpr auto key(Encoding encoding, unsigned opcode) {
  return std::pair<unsigned, unsigned>(static_cast<unsigned>(encoding), opcode);
}

}  // namespace

std::span<const OpcodeInfo> opcode_table() {
  return opcodes;
}

int find_opcode(Encoding encoding, unsigned opcode) {
  const auto wanted = key(encoding, opcode);
  const auto* found = std::lower_bound(std::begin(opcodes), std::end(opcodes), wanted,
                                       [](const OpcodeInfo& info, const auto& value) {
                                         return key(info.encoding, info.opcode) < value;
                                       });
  if (found == std::end(opcodes) || key(found->encoding, found->opcode) != wanted) return -1;
  return static_cast<int>(found - opcodes);
}

Encoding find_encoding(std::uint32_t first_dword) {
  for (const auto& pattern : patterns) {
    if ((first_dword & pattern.mask) == pattern.value) return pattern.encoding;
  }
  return Encoding::unknown;
}

}  // namespace redbolt::emulator
