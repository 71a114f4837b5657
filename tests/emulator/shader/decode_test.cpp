// The decoder against LLVM's disassembler: for every opcode of the tables, random words with that
// opcode must have the length, the name and the operands that LLVM finds.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <map>
#include <random>
#include <set>

#include "decode/decoder.hpp"
#include "decode/decoding.hpp"
#include "disassembler.hpp"
#include "encoding_fields.hpp"
#include "opcode_table.hpp"
#include "semantics/registry.hpp"
#include "wave.hpp"

namespace redbolt::emulator {
namespace {

using test::Disassembly;
using test::Words;

std::string range(const std::string& prefix, std::uint32_t first, unsigned dwords) {
  if (dwords <= 1) return prefix + std::to_string(first);
  std::string text = prefix;
  return text.append("[")
      .append(std::to_string(first))
      .append(":")
      .append(std::to_string(first + dwords - 1))
      .append("]");
}

std::string scalar_name(std::uint32_t number, unsigned dwords) {
  const bool pair = dwords == 2;
  switch (number) {
    case scalar_index::vcc:
      return pair ? "vcc" : "vcc_lo";
    case scalar_index::vcc + 1:
      return "vcc_hi";
    case scalar_index::zero:
    case scalar_index::discard:
      return "null";
    case scalar_index::m0:
      return "m0";
    case scalar_index::exec:
      return pair ? "exec" : "exec_lo";
    case scalar_index::exec_high:
      return "exec_hi";
    case scalar_index::vcc_zero:
      return "src_vccz";
    case scalar_index::exec_zero:
      return "src_execz";
    case scalar_index::scc:
      return "src_scc";
    case scalar_index::apertures:
      return "src_shared_base";
    case scalar_index::apertures + 2:
      return "src_shared_limit";
    case scalar_index::apertures + 4:
      return "src_private_base";
    case scalar_index::apertures + 6:
      return "src_private_limit";
    case scalar_index::inverse_two_pi_64:
      return "inverse two pi";
    default:
      break;
  }
  return range("s", number, dwords);
}

// The operand of V_MOV_B16 and its like may be an upper half.
std::string half_suffix(const OpcodeInfo& info, bool high) {
  const bool halves = std::strstr(info.semantics, "_MOV_B16") != nullptr ||
                      std::strstr(info.semantics, "SWAP_B16") != nullptr;
  return !halves ? "" : high ? ".h" : ".l";
}

std::string name_of(const OpcodeInfo& info, const Operand& operand, unsigned dwords) {
  if (operand.kind == OperandKind::vgpr) {
    return range("v", operand.value, dwords) +
           half_suffix(info, (operand.modifiers & modifier::high_half) != 0);
  }
  if (operand.kind == OperandKind::sgpr) return scalar_name(operand.value, dwords);
  return std::string("#").append(std::to_string(operand.value));
}

// Whether LLVM's text for an operand means what was decoded. Constants: integers by value; inline
// floating-point numbers by the bits of one of the widths, as the text does not tell which.
bool same_operand(const std::string& text, const std::string& decoded) {
  if (decoded == "inverse two pi") return text.rfind("0.15915494", 0) == 0;
  // The trap handler's registers read 0 and lose what is written, like null.
  if (decoded == "null") return text == decoded || text.rfind("ttmp", 0) == 0;
  if (decoded == "#0" && text == "src_pops_exiting_wave_id") return true;
  if (decoded[0] != '#') return text == decoded;
  if (text.empty() || (std::isdigit(text[0]) == 0 && text[0] != '-')) return false;
  const auto bits = static_cast<std::uint32_t>(std::strtoul(decoded.c_str() + 1, nullptr, 10));
  if (text.find('.') == std::string::npos) {
    const auto value = static_cast<std::uint32_t>(std::strtoll(text.c_str(), nullptr, 0));
    // Of a literal for a 16-bit operand LLVM shows the lower half.
    return value == bits || (value <= 0xffff && value == (bits & 0xffff));
  }
  const double value = std::strtod(text.c_str(), nullptr);
  const auto f32 = std::bit_cast<std::uint32_t>(static_cast<float>(value));
  const auto f64 = static_cast<std::uint32_t>(std::bit_cast<std::uint64_t>(value) >> 32);
  const std::map<float, std::uint32_t> f16 = {{0.5f, 0x3800},  {-0.5f, 0xb800}, {1.0f, 0x3c00},
                                              {-1.0f, 0xbc00}, {2.0f, 0x4000},  {-2.0f, 0xc000},
                                              {4.0f, 0x4400},  {-4.0f, 0xc400}};
  const auto half = f16.find(static_cast<float>(value));
  const std::uint32_t f16_bits = half == f16.end() ? 0x3118 : half->second;
  return bits == f32 || bits == f64 || bits == f16_bits || bits == f32 >> 16;
}

unsigned source_dwords(const OpcodeInfo& info, unsigned n) {
  const ValueType types[] = {info.source0, info.source1, info.source2};
  if (types[n] == ValueType::m64) return 1;
  return std::max<unsigned>(info.source_dwords[n], dword_count(types[n]));
}

void add_vector_operands(const Instruction& instruction, const OpcodeInfo& info,
                         std::vector<std::string>& names) {
  const bool short_form = info.encoding == Encoding::vop1 || info.encoding == Encoding::vop2 ||
                          info.encoding == Encoding::vopc;
  const bool compare = (instruction.flags & flag::is_vopc) != 0;
  const bool carries =
      std::strstr(info.semantics, "_CO_") != nullptr || info.encoding == Encoding::vop3sd;
  if (compare) {
    const bool exec = std::strstr(info.semantics, "CMPX") != nullptr;
    if (!exec) names.push_back(scalar_name(instruction.scalar_destination, 1));
  } else if (info.scalar_destination) {
    names.push_back(scalar_name(instruction.scalar_destination, 1));
  } else if (info.destination != ValueType::none) {
    const unsigned dwords =
        std::max<unsigned>(info.destination_dwords, dword_count(info.destination));
    names.push_back(range("v", instruction.destination, dwords) +
                    half_suffix(info, (instruction.flags & flag::destination_high) != 0));
  }
  if (carries) names.push_back(scalar_name(instruction.scalar_destination, 1));
  const unsigned count = accumulates(info) ? 2 : 3;
  for (unsigned n = 0; n < count; ++n) {
    const Operand& operand = instruction.source[n];
    if (operand.kind == OperandKind::none) continue;
    names.push_back(name_of(info, operand, n == 2 && short_form ? 1 : source_dwords(info, n)));
  }
}

void add_scalar_operands(const Instruction& instruction, const OpcodeInfo& info,
                         std::vector<std::string>& names) {
  if (info.destination != ValueType::none && info.encoding != Encoding::sopc) {
    names.push_back(scalar_name(instruction.destination, dword_count(info.destination)));
  }
  const unsigned count = accumulates(info) ? 2 : 3;
  for (unsigned n = 0; n < count; ++n) {
    const unsigned dwords = n < 2 ? source_dwords(info, n) : 1;
    if (instruction.source[n].kind != OperandKind::none) {
      names.push_back(name_of(info, instruction.source[n], dwords));
    }
  }
}

void add_memory_operands(const Instruction& instruction, const OpcodeInfo& info,
                         std::vector<std::string>& names) {
  const bool ds = info.encoding == Encoding::ds;
  const bool atomic = std::strstr(info.semantics, "ATOMIC") != nullptr;
  const bool returns =
      info.destination_dwords != 0 && (!atomic || (instruction.flags & flag::glc) != 0);
  if (returns) names.push_back(range("v", instruction.destination, info.destination_dwords));
  const Operand& address = instruction.source[0];
  const Operand& scalar = instruction.source[2];
  const bool offset_only =
      ds || info.encoding == Encoding::scratch || scalar.kind == OperandKind::sgpr;
  if (address.kind == OperandKind::vgpr) {
    names.push_back(range("v", address.value, offset_only ? 1 : 2));
  } else if (!ds && std::strstr(info.semantics, "ADDTID") == nullptr) {
    names.push_back("off");
  }
  if (instruction.source[1].kind == OperandKind::vgpr) {
    names.push_back(range("v", instruction.source[1].value, info.source_dwords[1]));
  }
  if (ds) {
    if (scalar.kind == OperandKind::vgpr)
      names.push_back(range("v", scalar.value, info.source_dwords[2]));
  } else if (info.encoding != Encoding::flat) {
    names.push_back(scalar.kind == OperandKind::sgpr
                        ? scalar_name(scalar.value, info.encoding == Encoding::scratch ? 1 : 2)
                        : "off");
  }
}

class DecodeTest : public ::testing::Test {
 protected:
  test::Disassembler disassembler;
  std::mt19937 random{7};
  std::map<std::string, unsigned> compared;  // how often, by mnemonic

  Words random_words(const OpcodeInfo& info) {
    const auto any = [&] { return static_cast<std::uint32_t>(random()); };
    return test::words_of(info, any(), any(), any());
  }

  static std::vector<std::string> decoded_operands(const Decoded& decoded, const OpcodeInfo& info) {
    const Instruction& outer = decoded.instruction;
    std::vector<std::string> names;
    switch (info.encoding) {
      case Encoding::sop1:
      case Encoding::sop2:
      case Encoding::sopc:
        add_scalar_operands(outer, info, names);
        break;
      case Encoding::ds:
      case Encoding::flat:
      case Encoding::global:
      case Encoding::scratch:
        add_memory_operands(outer, info, names);
        break;
      default: {
        Instruction instruction = outer;
        if (test::is_lane_shuffled(decoded)) {
          instruction = decoded.extra.inner[0];
          instruction.source[0].value = outer.source[0].value;
        }
        add_vector_operands(instruction, info, names);
      }
    }
    return names;
  }

  void compare_operands(const Decoded& decoded, const OpcodeInfo& info,
                        const Disassembly& expected) {
    const auto wanted = expected.operands();
    const auto got = decoded_operands(decoded, info);
    ASSERT_EQ(got.size(), wanted.size()) << expected.text;
    for (std::size_t i = 0; i < got.size(); ++i) {
      ASSERT_TRUE(same_operand(wanted[i], got[i]))
          << expected.text << ": operand " << i << " is " << got[i];
    }
  }

  // Offsets of memory instructions and SIMM16.
  static void compare_immediate(const Instruction& instruction, const OpcodeInfo& info,
                                const Disassembly& expected) {
    if (info.encoding == Encoding::ds && std::strstr(info.semantics, "2ADDR") != nullptr) {
      const auto offsets = expected.number("offset0", 0) | expected.number("offset1", 0) << 8;
      ASSERT_EQ(instruction.immediate, offsets) << expected.text;
    } else if (info.encoding == Encoding::ds || info.encoding == Encoding::flat ||
               info.encoding == Encoding::global || info.encoding == Encoding::scratch) {
      const bool swizzle = expected.text.find("swizzle(") != std::string::npos;
      const std::int64_t offset = swizzle ? instruction.immediate : expected.number("offset", 0);
      ASSERT_EQ(instruction.immediate, offset) << expected.text;
    }
  }

  // LLVM's names of the forms that have a suffix of their own.
  static bool same_mnemonic(const std::string& llvm, const OpcodeInfo& info) {
    std::string own = info.mnemonic;
    if (llvm == own) return true;
    for (const char* suffix : {"_e32", "_e64"}) {
      if (own.size() > 4 && own.substr(own.size() - 4) == suffix) own.resize(own.size() - 4);
    }
    for (const char* suffix : {"", "_e32", "_e64", "_dpp", "_e64_dpp"}) {
      if (llvm == own + suffix) return true;
    }
    return false;
  }

  void check(const OpcodeInfo& info, bool operands) {
    for (unsigned attempt = 0; attempt < 150; ++attempt) {
      const Words words = random_words(info);
      const Disassembly expected = disassembler.disassemble(words);
      if (expected.bytes == 0 || expected.text.find("sendmsg(") != std::string::npos) continue;
      const Decoded decoded = decode_instruction(words, 256);
      if (!decoded.problem.empty()) continue;
      ASSERT_TRUE(same_mnemonic(expected.mnemonic(), info))
          << expected.text << " is not " << info.mnemonic;
      ASSERT_EQ(decoded.instruction.slots * 4u, expected.bytes) << expected.text;
      if (operands) {
        compare_operands(decoded, info, expected);
        compare_immediate(decoded.instruction, info, expected);
      }
      if (HasFatalFailure()) return;
      ++compared[info.mnemonic];
    }
  }

  void check_encodings(const std::set<Encoding>& encodings, bool operands) {
    unsigned opcodes = 0;
    for (const OpcodeInfo& info : opcode_table()) {
      if (encodings.count(info.encoding) == 0) continue;
      check(info, operands);
      if (HasFatalFailure()) return;
      opcodes += compared.count(info.mnemonic) != 0 ? 1 : 0;
    }
    EXPECT_GT(opcodes, 0u);
    RecordProperty("opcodes", static_cast<int>(opcodes));
  }
};

TEST_F(DecodeTest, ScalarInstructions) {
  check_encodings({Encoding::sop1, Encoding::sop2, Encoding::sopc}, true);
}
TEST_F(DecodeTest, ScalarInstructionsWithConstants) {
  check_encodings({Encoding::sopk, Encoding::sopp, Encoding::smem}, false);
}
TEST_F(DecodeTest, ShortVectorInstructions) {
  check_encodings({Encoding::vop1, Encoding::vop2, Encoding::vopc}, true);
}
TEST_F(DecodeTest, LongVectorInstructions) {
  check_encodings({Encoding::vop3, Encoding::vop3sd, Encoding::vop3p}, true);
}
TEST_F(DecodeTest, MemoryInstructions) {
  check_encodings({Encoding::ds, Encoding::flat, Encoding::global, Encoding::scratch}, true);
}

// VOPD: both halves, each against LLVM's text for it. LLVM shows a wrong tied operand for Y where
// that accumulates, which is not shown in the text.
TEST_F(DecodeTest, DualInstructions) {
  unsigned seen = 0;
  for (unsigned attempt = 0; attempt < 200000; ++attempt) {
    Words words{static_cast<std::uint32_t>(random()), static_cast<std::uint32_t>(random()),
                static_cast<std::uint32_t>(random())};
    words[0] = (words[0] & 0x03ffffff) | 0xc8000000;
    const Disassembly expected = disassembler.disassemble(words);
    if (expected.bytes == 0) continue;
    const Decoded decoded = decode_instruction(words, 256);
    if (!decoded.problem.empty()) continue;  // AgreementTest knows where LLVM is laxer
    ASSERT_EQ(decoded.instruction.slots * 4u, expected.bytes) << expected.text;
    const auto separator = expected.text.find(" :: ");
    ASSERT_NE(separator, std::string::npos);
    const Disassembly halves[2] = {{8, expected.text.substr(0, separator)},
                                   {8, expected.text.substr(separator + 4)}};
    for (const Disassembly& half : halves) {
      // The halves may have been put into the other order.
      const auto matches = [&](const Instruction& instruction) {
        const OpcodeInfo& info = opcode_table()[instruction.opcode];
        std::vector<std::string> names;
        add_vector_operands(instruction, info, names);
        if (std::strstr(info.semantics, "CNDMASK") != nullptr && names.back() == "vcc_lo")
          names.pop_back();
        auto wanted = half.operands();
        if (half.mnemonic() != info.mnemonic || names.size() != wanted.size()) return false;
        for (std::size_t i = 0; i < names.size(); ++i) {
          if (!same_operand(wanted[i], names[i])) return false;
        }
        return true;
      };
      ASSERT_TRUE(matches(decoded.extra.inner[0]) || matches(decoded.extra.inner[1]))
          << expected.text;
    }
    ++seen;
  }
  EXPECT_GT(seen, 1000u);
}

// What the card executes and the emulator does not: exactly the following, each for a reason that
// the refusal names. Images are left out as a whole.
TEST_F(DecodeTest, WhatIsNotModelledIsKnown) {
  std::string list;
  unsigned images = 0;
  for (unsigned id = 0; id < opcode_table().size(); ++id) {
    const OpcodeInfo& info = opcode_table()[id];
    if (find_binding(id) != nullptr) continue;
    for (unsigned attempt = 0; attempt < 60; ++attempt) {
      const Decoded decoded = decode_instruction(random_words(info), 256);
      if (!decoded.not_modelled) continue;
      EXPECT_EQ(decoded.problem.find("not implemented"), std::string::npos) << decoded.problem;
      EXPECT_EQ(decoded.problem.rfind(info.mnemonic, 0), 0u) << decoded.problem;
    }
    if (info.encoding == Encoding::mimg) {
      ++images;
    } else {
      list += std::string(info.semantics) + " ";
    }
  }
  EXPECT_EQ(list,
            "DS_GWS_SEMA_RELEASE_ALL DS_GWS_INIT DS_GWS_SEMA_V DS_GWS_SEMA_BR DS_GWS_SEMA_P "
            "DS_GWS_BARRIER DS_ORDERED_COUNT DS_ADD_GS_REG_RTN DS_SUB_GS_REG_RTN "
            "DS_BVH_STACK_RTN_B32 EXP LDS_PARAM_LOAD ");
  EXPECT_EQ(images, 84u);
}

// Two refusals of the same kernel memory are told apart.
TEST_F(DecodeTest, IllegalAndNotModelledAreTwoThings) {
  const Decoded illegal = decode_instruction({0xbe806000, 0, 0}, 256);  // s_ceil_f32, of gfx1150
  EXPECT_FALSE(illegal.not_modelled);
  EXPECT_NE(illegal.problem, "");
  const Decoded gds = decode_instruction({0xd8020000, 0x00000100, 0}, 256);  // ds_add_u32 gds
  EXPECT_TRUE(gds.not_modelled);
  EXPECT_NE(gds.problem.find("GDS"), std::string::npos);
}

// 3.3.2.2 of AMD's document: v0 for a source, nothing for a destination, the bank in a VOPD.
TEST_F(DecodeTest, RegistersBeyondTheAllocation) {
  const Words add{0x06000000 | 20u << 17 | 30u << 9 | (256 + 5), 0, 0};  // v_add_f32 v20, v5, v30
  const Decoded source = decode_instruction(add, 24);
  EXPECT_EQ(source.problem, "");
  EXPECT_EQ(source.instruction.source[1].value, 0u);
  EXPECT_EQ(source.instruction.source[0].value, 5u);
  const Decoded destination = decode_instruction(add, 16);
  EXPECT_EQ(destination.problem, "");
  EXPECT_EQ(destination.instruction.handler.load(), execute_nothing);
  // v_dual_add_f32 v0, v1, v30 :: v_dual_add_f32 v1, v2, v31
  const Words dual{0xc9080000 | 30u << 9 | 257, 0x00000000 | 31u << 9 | 258, 0};
  const Decoded banks = decode_instruction(dual, 24);
  EXPECT_EQ(banks.problem, "");
  EXPECT_EQ(banks.extra.inner[0].source[1].value, 2u);
  EXPECT_EQ(banks.extra.inner[1].source[1].value, 3u);
}

}  // namespace
}  // namespace redbolt::emulator
