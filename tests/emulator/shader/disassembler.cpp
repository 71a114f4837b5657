#include "disassembler.hpp"

#include <llvm-c/Disassembler.h>
#include <llvm-c/Target.h>

#include <cctype>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace redbolt::test {
namespace {

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Without signs and bars: -|v1|, neg(v1), abs(s2).
std::string without_modifiers(std::string text) {
  for (const char* word : {"neg(", "abs(", "sext("}) {
    for (auto at = text.find(word); at != std::string::npos; at = text.find(word)) {
      text.erase(at, std::strlen(word));
    }
  }
  if (text.rfind("-|", 0) == 0) text.erase(0, 1);
  std::string result;
  for (const char c : text) {
    if (c != '|' && c != ')') result += c;
  }
  const bool negated_register =
      result.size() > 1 && result[0] == '-' && std::isalpha(result[1]) != 0;
  return negated_register ? result.substr(1) : result;
}

// Where the first "name:value" begins; "v[4:5]" is none.
std::size_t modifiers_of(const std::string& text) {
  for (std::size_t colon = text.find(':'); colon != std::string::npos;
       colon = text.find(':', colon + 1)) {
    const std::size_t space = text.rfind(' ', colon);
    if (space != std::string::npos &&
        text.substr(space, colon - space).find('[') == std::string::npos)
      return space;
  }
  return text.size();
}

}  // namespace

std::vector<std::string> Disassembly::operands() const {
  std::vector<std::string> result;
  const auto space = text.find(' ');
  if (space == std::string::npos) return result;
  std::string rest = text.substr(0, modifiers_of(text)).substr(space + 1);
  std::size_t begin = 0;
  while (begin <= rest.size()) {
    auto end = rest.find(',', begin);
    if (end == std::string::npos) end = rest.size();
    std::string item = trimmed(rest.substr(begin, end - begin));
    // Behind the last operand come the modifiers: "v3 offset:16 glc".
    item = without_modifiers(item.substr(0, item.find(' ')));
    if (!item.empty()) result.push_back(item);
    begin = end + 1;
  }
  return result;
}

std::int64_t Disassembly::number(const std::string& name, std::int64_t absent) const {
  const auto at = text.find(" " + name + ":");
  if (at == std::string::npos) return absent;
  return std::strtoll(text.c_str() + at + name.size() + 2, nullptr, 0);
}

Disassembler::Disassembler() {
  LLVMInitializeAMDGPUTargetInfo();
  LLVMInitializeAMDGPUTarget();
  LLVMInitializeAMDGPUTargetMC();
  LLVMInitializeAMDGPUDisassembler();
  context_ = LLVMCreateDisasmCPUFeatures("amdgcn-amd-amdhsa", "gfx1100",
                                         "+wavefrontsize32,-wavefrontsize64", nullptr, 0, nullptr,
                                         nullptr);
  if (context_ == nullptr) throw std::runtime_error("LLVM has no disassembler for gfx1100");
}

Disassembler::~Disassembler() {
  LLVMDisasmDispose(context_);
}

Disassembly Disassembler::disassemble(const std::array<std::uint32_t, 3>& words) const {
  // A fourth dword shows when LLVM takes more than the three that an instruction has at most.
  std::array<std::uint8_t, 16> bytes{};
  for (std::size_t i = 0; i < 4 * words.size(); ++i) {
    bytes[i] = static_cast<std::uint8_t>(words[i / 4] >> (8 * (i % 4)));
  }
  char text[256] = {};
  Disassembly result;
  result.bytes = static_cast<unsigned>(
      LLVMDisasmInstruction(context_, bytes.data(), bytes.size(), 0, text, sizeof(text)));
  result.text = trimmed(text);
  // LLVM shows some words that the card would not take (misaligned or wrong registers), with a
  // remark.
  // A hint of s_delay_alu that means nothing is still a hint.
  const bool doubtful = (result.text.find("Warning") != std::string::npos ||
                         result.text.find("/*") != std::string::npos) &&
                        result.text.find("/* invalid inst") == std::string::npos;
  if (doubtful) result.bytes = 0;
  return result;
}

}  // namespace redbolt::test
