// What is an instruction: the decoder against LLVM's disassembler, over systematic and over random
// words. Both must agree on what is legal and on the length, except for the differences listed
// here. REDBOLT_DECODE_WORDS sets how many random words are tried (default 300000).
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <map>
#include <random>

#include "decode/decoder.hpp"
#include "decode/decoding.hpp"
#include "disassembler.hpp"
#include "encoding_fields.hpp"
#include "opcode_table.hpp"

namespace redbolt::emulator {
namespace {

using test::Disassembly;
using test::Words;

bool contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

// One pair of opinions about some words.
struct Opinions {
  Words words{};
  Encoding encoding = Encoding::unknown;
  Decoded ours;
  Disassembly llvm;

  const OpcodeInfo& info() const { return opcode_table()[ours.instruction.opcode]; }
  // Whether we would let the card run it (which the emulator does, or refuses by name).
  bool ours_is_legal() const { return ours.problem.empty() || ours.not_modelled; }
  bool llvm_is_legal() const { return llvm.bytes != 0; }
  bool we_are_stricter(const char* reason) const {
    return llvm_is_legal() && !ours_is_legal() && contains(ours.problem, reason);
  }
  bool we_are_laxer() const { return !llvm_is_legal() && ours_is_legal(); }
};

// An upper half in VOP1, VOP2 or VOPC: bit 7 of the number of a 16-bit register.
bool names_upper_half(const Opinions& o) {
  const auto high = [](const Operand& operand) {
    return (operand.modifiers & modifier::high_half) != 0;
  };
  const bool short_form =
      o.encoding == Encoding::vop1 || o.encoding == Encoding::vop2 || o.encoding == Encoding::vopc;
  const Instruction& instruction =
      test::is_lane_shuffled(o.ours) ? o.ours.extra.inner[0] : o.ours.instruction;
  return short_form &&
         ((instruction.flags & flag::destination_high) != 0 || high(instruction.source[0]) ||
          high(instruction.source[1]) || high(instruction.source[2]));
}

struct Difference {
  const char* reason;
  bool (*applies)(const Opinions&);
};

constexpr Difference differences[] = {
    {"LLVM 19 takes null, apertures, VCCZ, EXECZ and SCC wherever a register is written or only a "
     "VGPR or SGPR is read; AMD's operand tables do not",
     [](const Opinions& o) {
       return o.we_are_stricter("is not one that this instruction takes") ||
              o.we_are_stricter("scalar destination") || o.we_are_stricter("belong to no operand");
     }},
    {"LLVM 19 reads 254 as LDS_DIRECT, which RDNA3 replaced by instructions of its own",
     [](const Opinions& o) { return o.we_are_stricter("source operand 254 does not exist"); }},
    {"LLVM 19 takes the dword of a lane shuffle for a literal as well",
     [](const Opinions& o) { return o.we_are_stricter("a literal beside a lane shuffle"); }},
    {"LLVM 19 checks the register banks of VOPD when it assembles, not when it disassembles",
     [](const Opinions& o) { return o.we_are_stricter("the same register bank"); }},
    {"LLVM 19 does not know the upper halves of 16-bit operands in short encodings (true16)",
     [](const Opinions& o) { return o.we_are_laxer() && names_upper_half(o); }},
    {"of AMD's document, not in LLVM 19's tables for this card",
     [](const Opinions& o) {
       const std::string_view name = o.info().mnemonic;
       constexpr std::uint32_t dot2acc_bf16 = 13;
       const bool dual = o.encoding == Encoding::vopd && ((o.words[0] >> 22 & 15) == dot2acc_bf16 ||
                                                          (o.words[0] >> 17 & 31) == dot2acc_bf16);
       return o.we_are_laxer() && (name == "v_mov_b16_e64" || name == "v_readfirstlane_b32_e64" ||
                                   name == "v_swap_b16_e32" || dual);
     }},
    {"images are refused by name whatever their fields hold",
     [](const Opinions& o) { return o.encoding == Encoding::mimg && o.ours.not_modelled; }},
};

class AgreementTest : public ::testing::Test {
 protected:
  test::Disassembler disassembler;
  std::mt19937 random{11};
  std::array<unsigned, std::size(differences)> seen{};
  unsigned agreed_legal = 0;
  unsigned agreed_illegal = 0;

  std::uint32_t any() { return static_cast<std::uint32_t>(random()); }

  // Counts an agreement or a listed difference; anything else is a failure.
  void compare(const Words& words) {
    Opinions o;
    o.words = words;
    o.encoding = find_encoding(words[0]);
    o.ours = decode_instruction(words, 256);
    o.llvm = disassembler.disassemble(words);
    if (o.ours_is_legal() && o.llvm_is_legal() && o.encoding != Encoding::mimg) {
      ++agreed_legal;
      ASSERT_EQ(o.ours.instruction.slots * 4u, o.llvm.bytes) << describe(o);
      return;
    }
    if (o.ours_is_legal() == o.llvm_is_legal()) {
      ++agreed_illegal;
      return;
    }
    for (std::size_t i = 0; i < std::size(differences); ++i) {
      if (!differences[i].applies(o)) continue;
      ++seen[i];
      return;
    }
    FAIL() << describe(o);
  }

  void try_operands(const OpcodeInfo& info) {
    for (const Field field : test::operand_fields(info.encoding)) {
      const std::uint32_t values = 1u << (field.high - field.low + 1);
      for (std::uint32_t value = 0; value < values && !HasFatalFailure(); ++value) {
        Words words = test::words_of(info, any(), any(), any());
        test::set_field(words, field, value);
        compare(words);
      }
    }
    for (unsigned bit = 0; bit < 64 && !HasFatalFailure(); ++bit) {
      Words words = test::words_of(info, any(), any(), any());
      words[bit / 32] ^= 1u << (bit % 32);
      compare(words);
    }
  }

  void try_lane_shuffles(const OpcodeInfo& info) {
    const Field source0 = test::source0_field(info.encoding);
    if (source0.high == 0) return;
    const unsigned tail = source0.low / 32 + 1;
    for (unsigned attempt = 0; attempt < 200 && !HasFatalFailure(); ++attempt) {
      Words words = test::words_of(info, any(), any(), any());
      constexpr std::uint32_t kinds[] = {233, 234, 250, 250};
      constexpr std::uint32_t literal = 255;
      test::set_field(words, source0, kinds[attempt % 4]);
      if (attempt % 16 == 4 && tail == 2) test::set_field(words, fields::vop3::src1, literal);
      if (attempt % 4 == 2) {  // a control that exists, most of the time
        constexpr std::uint32_t controls[] = {0, 0x100, 0x110, 0x120, 0x140, 0x150, 0x160};
        words[tail] = (words[tail] & ~0x1f000u) | controls[attempt / 4 % 7] << 8;
        words[tail] &= ~info.fixed_shuffle_bits;
      }
      compare(words);
    }
  }

  static std::string describe(const Opinions& o) {
    char hexadecimal[64];
    std::snprintf(hexadecimal, sizeof(hexadecimal), "%08x %08x %08x", o.words[0], o.words[1],
                  o.words[2]);
    return std::string(hexadecimal) + ": we say '" +
           (o.ours.problem.empty() ? "legal" : o.ours.problem) + "', LLVM says '" +
           (o.llvm_is_legal() ? o.llvm.text : "illegal") + "'";
  }
};

// Every value of every operand field of every opcode, the other fields at random; then every single
// bit changed; then lane shuffles with all controls; then duals.
TEST_F(AgreementTest, SystematicWords) {
  for (const OpcodeInfo& info : opcode_table()) {
    if (info.encoding == Encoding::vopd) continue;
    try_operands(info);
    try_lane_shuffles(info);
    if (HasFatalFailure()) return;
  }
  for (unsigned i = 0; i < 200000; ++i) {
    compare({(any() & 0x03ffffff) | 0xc8000000, any(), any()});
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(agreed_legal, 100000u);
  EXPECT_GT(agreed_illegal, 100000u);
  for (std::size_t i = 0; i < std::size(differences); ++i) {
    EXPECT_GT(seen[i], 0u) << "no longer a difference: " << differences[i].reason;
  }
}

TEST_F(AgreementTest, RandomWords) {
  const char* text = std::getenv("REDBOLT_DECODE_WORDS");
  const unsigned long count = text == nullptr ? 300000 : std::strtoul(text, nullptr, 0);
  for (unsigned long i = 0; i < count; ++i) {
    Words words{any(), any(), any()};
    // Half of all words would be VOP2: give the longer prefixes their turn.
    if (i % 2 == 0) words[0] |= 0xc0000000;
    compare(words);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(agreed_legal, count / 20);
  EXPECT_GT(agreed_illegal, count / 20);
}

}  // namespace
}  // namespace redbolt::emulator
