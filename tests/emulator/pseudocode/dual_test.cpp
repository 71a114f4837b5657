// VOPD: every pair of operations, each by the definition of its single form, both on the registers
// as they were before.
#include <gtest/gtest.h>

#include <algorithm>

#include "comparison.hpp"
#include "encoder.hpp"
#include "operands.hpp"
#include "specification.hpp"
#include "vector_case.hpp"

namespace redbolt::pseudocode {
namespace {

using emulator::Encoding;
using emulator::OpcodeInfo;
namespace fields = emulator::fields;
namespace index = emulator::scalar_index;

struct Half {
  const OpcodeInfo* info;
  u32 source0, source1, destination;
};

class DualDefinition : public testing::Test {
 protected:
  // Sources and destinations obey the banks that the encoding asks for: X even, Y odd.
  void run_pair(const OpcodeInfo& x, const OpcodeInfo& y) {
    randomise(before_, random_);
    for (u32 row = 0; row < 64; ++row) {
      for (u32& value : before_.vgpr[row])
        value = static_cast<u32>(random_operand(random_, emulator::ValueType::f32));
    }
    literal_ = static_cast<u32>(random_operand(random_, emulator::ValueType::f32));
    const auto even = [&] { return random_.below(16) * 2; };
    Half first{&x, even(), even(), even()};
    Half second{&y, even() + 1, even() + 1, even() + 1};
    // A move has no second source.
    if (x.source1 == emulator::ValueType::none) first.source1 = 0;
    if (y.source1 == emulator::ValueType::none) second.source1 = 0;
    // Y reads what X writes, if that is in another bank than what X reads.
    if (random_.chance(2) && first.destination % 4 != first.source0 % 4)
      second.source0 = first.destination;
    Encoder e(x);
    e.put(fields::vopd::opy, y.opcode);
    e.put(fields::vopd::srcx0, 256 + first.source0).put(fields::vopd::vsrcx1, first.source1);
    e.put(fields::vopd::srcy0, 256 + second.source0).put(fields::vopd::vsrcy1, second.source1);
    e.put(fields::vopd::vdstx, first.destination).put(fields::vopd::vdsty, second.destination >> 1);
    const bool has_literal = takes_literal(x) || takes_literal(y);
    if (has_literal) e.literal(literal_);
    expected_ = actual_ = before_;
    ASSERT_TRUE(machine_.run(actual_, e.words()))
        << x.mnemonic << " :: " << y.mnemonic << ": " << machine_.failure();
    expected_.pc += 4 * (e.length() + (has_literal ? 1 : 0));
    for (unsigned lane = 0; lane < lanes; ++lane) {
      if (!before_.active(lane)) continue;
      expect(first, lane);
      expect(second, lane);
    }
    EXPECT_EQ(differences(expected_, actual_), "")
        << x.mnemonic << " :: " << y.mnemonic << std::hex << " mode 0x" << before_.mode;
  }

  static bool takes_literal(const OpcodeInfo& info) {
    const std::string name = info.semantics;
    return name.find("FMAMK") != std::string::npos || name.find("FMAAK") != std::string::npos;
  }

  void expect(const Half& half, unsigned lane) {
    const FloatMode mode(before_.mode);
    const OpcodeInfo& info = *half.info;
    const bool is_float_result = is_float(info.destination);
    const std::string name = info.semantics;
    const auto operand = [&](u32 bits, bool as_float) -> u32 {
      return as_float && mode.flush_input_f32 ? static_cast<u32>(flushed(bits, format_f32)) : bits;
    };
    StateSurroundings surroundings(expected_, false);
    const Definitions definitions = block_named;
    Evaluator e(surroundings, definitions);
    e.control = mode.control;
    constexpr Type bits32{Kind::bits, 32};
    const u32 s0 = operand(before_.vgpr[half.source0][lane], is_float(info.source0));
    const u32 s1 = operand(before_.vgpr[half.source1][lane], is_float(info.source1));
    const u32 old = operand(before_.vgpr[half.destination][lane], is_float_result);
    e.set("S0", bits32, s0);
    e.set("S1", bits32, s1);
    e.set("D0", bits32, old);
    e.set("SIMM32", bits32, operand(literal_, is_float_result));
    e.set("VCC", {Kind::bits, 64}, before_.scalar[index::vcc]);
    e.set("laneId", bits32, lane);
    e.set("WAVE_MODE.IEEE", bits32, mode.ieee ? 1 : 0);
    e.run(*definition_of(info).block);
    auto wanted = static_cast<u32>(e.bits("D0", 32));
    const u32 got = actual_.vgpr[half.destination][lane];
    if (is_float_result) {
      if (mode.flush_result_f32) wanted = static_cast<u32>(flushed(wanted, format_f32));
      Openness open;
      open.ieee = mode.ieee;
      open.any_nan = name.find("MIN") == std::string::npos && name.find("MAX") == std::string::npos;
      if (e.has("slack")) {
        open.absolute = to_double(number_of(e.variable("slack").value));
        open.any_zero = true;
        open.units = 1;
      }
      std::vector<Number> operands;
      for (const u32 bits : {s0, s1, old, literal_}) {
        operands.push_back(unpack(bits, format_f32));
        const FloatFormat& half_word =
            name.find("BF16") != std::string::npos ? format_bf16 : format_f16;
        operands.push_back(unpack(bits & 0xffff, half_word));
        operands.push_back(unpack(bits >> 16, half_word));
      }
      if (agree(wanted, got, format_f32, operands, open)) wanted = got;
    }
    expected_.vgpr[half.destination][lane] = wanted;
  }

  Random random_{seed_of_run()};
  Machine machine_;
  State before_, expected_, actual_;
  u32 literal_ = 0;
};

TEST_F(DualDefinition, EveryPair) {
  if (specification().by_opcode.empty()) {
    GTEST_SKIP() << "AMD's pseudocode is not at " << specification_path()
                 << ": set REDBOLT_REFERENCE to the folder of the reference material";
  }
  unsigned pairs = 0;
  constexpr unsigned x_opcodes = 16;  // what the field of X holds
  for (const OpcodeInfo& x : emulator::opcode_table()) {
    if (x.encoding != Encoding::vopd || x.opcode >= x_opcodes) continue;
    for (const OpcodeInfo& y : emulator::opcode_table()) {
      if (y.encoding != Encoding::vopd) continue;
      ASSERT_NE(definition_of(x).block, nullptr) << x.mnemonic << definition_of(x).problem;
      ASSERT_NE(definition_of(y).block, nullptr) << y.mnemonic << definition_of(y).problem;
      for (unsigned i = 0; i < 2 * rounds_of_run(); ++i) run_pair(x, y);
      ++pairs;
    }
  }
  EXPECT_GE(pairs, 14u * 17u);
}

}  // namespace
}  // namespace redbolt::pseudocode
