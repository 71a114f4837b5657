// DPP: which lane a source comes from, by the control words of the ISA document, on a plain move
// and on operations that use the signs and the second source.
#include <gtest/gtest.h>

#include <optional>

#include "encoder.hpp"
#include "operands.hpp"
#include "vector_case.hpp"

namespace redbolt::pseudocode {
namespace {

using emulator::Encoding;
using emulator::OpcodeInfo;
namespace fields = emulator::fields;

constexpr u32 dpp8 = 233, dpp8_fetch_inactive = 234, dpp16 = 250;

// The lane of a row of 16 that `lane` reads; nothing where the shift leaves the row.
std::optional<unsigned> row_source(u32 control, unsigned lane) {
  const u32 n = control & 15;
  switch (control >> 4) {
    case 0x10:
      return lane + n < 16 ? std::optional(lane + n) : std::nullopt;  // row_shl
    case 0x11:
      return lane >= n ? std::optional(lane - n) : std::nullopt;  // row_shr
    case 0x12:
      return (lane + 16 - n) % 16;  // row_ror
    case 0x14:
      return n == 0 ? 15 - lane : (lane / 8) * 8 + 7 - lane % 8;  // row_mirror, row_half_mirror
    case 0x15:
      return n;  // row_share
    case 0x16:
      return lane ^ n;  // row_xmask
    default:
      return lane / 4 * 4 + (control >> (2 * (lane % 4)) & 3);  // quad_perm
  }
}

class LaneShuffleDefinition : public testing::Test {
 protected:
  struct Control {
    bool eight = false;
    u32 control = 0, row_mask = 15, bank_mask = 15;
    bool bound_control = false, fetch_inactive = false;
    bool negate = false, absolute = false;
    u32 word(u32 source) const {
      if (eight) return source | control << 8;
      return source | control << 8 | (fetch_inactive ? 1u << 18 : 0) |
             (bound_control ? 1u << 19 : 0) | (negate ? 1u << 20 : 0) | (absolute ? 1u << 21 : 0) |
             bank_mask << 24 | row_mask << 28;
    }
  };

  Control random_control() {
    static constexpr u32 families[] = {0x100, 0x110, 0x120, 0x150, 0x160};
    Control c;
    c.eight = random_.chance(4);
    c.fetch_inactive = random_.chance(2);
    if (c.eight) {
      c.control = static_cast<u32>(random_.bits()) & 0xffffff;
      return c;
    }
    const u32 kind = random_.below(7);
    if (kind < 5) {
      const u32 low = families[kind] < 0x130 ? 1 + random_.below(15) : random_.below(16);
      c.control = families[kind] | low;
    } else {
      c.control = kind == 5 ? random_.below(256) : 0x140 + random_.below(2);
    }
    c.bound_control = random_.chance(2);
    if (random_.chance(2)) c.row_mask = random_.below(16);
    if (random_.chance(2)) c.bank_mask = random_.below(16);
    return c;
  }

  // The source of a lane; nothing where the lane is not written.
  std::optional<u32> shuffled(const Control& c, u32 row, unsigned lane) const {
    if (c.eight) {
      const unsigned from = lane / 8 * 8 + (c.control >> (3 * (lane % 8)) & 7);
      return c.fetch_inactive || before_.active(from) ? before_.vgpr[row][from] : 0;
    }
    const bool masked =
        (c.row_mask >> (lane / 16) & 1) == 0 || (c.bank_mask >> (lane % 16 / 4) & 1) == 0;
    if (masked) return std::nullopt;
    const auto from = row_source(c.control, lane % 16);
    const bool valid =
        from.has_value() && (c.fetch_inactive || before_.active(lane / 16 * 16 + *from));
    if (valid) return before_.vgpr[row][lane / 16 * 16 + *from];
    return c.bound_control ? std::optional(0u) : std::nullopt;
  }

  static const OpcodeInfo& opcode(Encoding encoding, const std::string& semantics) {
    for (const OpcodeInfo& info : emulator::opcode_table()) {
      if (info.encoding == encoding && semantics == info.semantics) return info;
    }
    throw std::logic_error(semantics);
  }

  template <class Operation>
  void check(const OpcodeInfo& info, Control control, bool signs, Operation operation) {
    randomise(before_, random_);
    before_.mode = 0xf0 | emulator::mode::ieee | emulator::mode::dx10_clamp;
    control.negate = signs && !control.eight && random_.chance(2);
    control.absolute = signs && !control.eight && random_.chance(2);
    constexpr u32 source0 = 5, source1 = 6, destination = 7;
    const u32 number = !control.eight ? dpp16 : control.fetch_inactive ? dpp8_fetch_inactive : dpp8;
    Encoder e(info);
    if (info.encoding == Encoding::vop1) {
      e.put(fields::vop1::src0, number).put(fields::vop1::vdst, destination);
    } else {
      e.put(fields::vop2::src0, number).put(fields::vop2::vdst, destination);
      e.put(fields::vop2::vsrc1, source1);
    }
    e.literal(control.word(source0));
    State actual = before_, expected = before_;
    ASSERT_TRUE(machine_.run(actual, e.words())) << machine_.failure();
    expected.pc += 8;
    for (unsigned lane = 0; lane < lanes; ++lane) {
      if (!before_.active(lane)) continue;
      auto value = shuffled(control, source0, lane);
      if (!value.has_value()) continue;
      if (control.absolute) *value &= 0x7fffffff;
      if (control.negate) *value ^= 0x80000000;
      expected.vgpr[destination][lane] = operation(*value, before_.vgpr[source1][lane]);
    }
    EXPECT_EQ(differences(expected, actual), "")
        << info.mnemonic << std::hex << " control 0x" << control.word(source0) << " exec 0x"
        << before_.exec();
  }

  Random random_{seed_of_run() + 3};
  Machine machine_;
  State before_;
};

TEST_F(LaneShuffleDefinition, MovesAdditionsAndSelections) {
  const auto& move = opcode(Encoding::vop1, "V_MOV_B32");
  const auto& add = opcode(Encoding::vop2, "V_ADD_NC_U32");
  const auto& subtract = opcode(Encoding::vop2, "V_SUBREV_NC_U32");
  const auto& select = opcode(Encoding::vop2, "V_MAX_F32");
  for (unsigned i = 0; i < 400 * rounds_of_run() && !HasFailure(); ++i) {
    check(move, random_control(), false, [](u32 a, u32) { return a; });
    check(add, random_control(), false, [](u32 a, u32 b) { return a + b; });
    check(subtract, random_control(), false, [](u32 a, u32 b) { return b - a; });
    check(select, random_control(), true, [](u32 a, u32 b) {
      const auto is_nan = [](u32 x) { return (x & 0x7fffffff) > 0x7f800000; };
      const auto quiet = [](u32 x) { return (x & 0x00400000) != 0; };
      if (is_nan(a) && !quiet(a)) return a | 0x00400000;
      if (is_nan(b) && !quiet(b)) return b | 0x00400000;
      if (is_nan(b)) return a;
      if (is_nan(a)) return b;
      const auto ordered = [](u32 x) {
        return (x >> 31) != 0 ? -static_cast<std::int64_t>(x & 0x7fffffff) - 1
                              : static_cast<std::int64_t>(x);
      };
      return ordered(a) > ordered(b) ? a : b;
    });
  }
}

// The longer encodings, comparisons, 16-bit operands: `put` fills in the other fields, given what
// stands for source 0; `effect` is what an enabled lane does with the source it gets.
class ShuffledEncodings : public LaneShuffleDefinition {
 protected:
  static constexpr u32 source0 = 5, source1 = 6, source2 = 8, destination = 7, mask = 20;

  template <class Put, class Effect>
  void check_with(const OpcodeInfo& info, Control control, Put put, Effect effect,
                  u32 source_field = source0) {
    before_.mode = 0xf0 | emulator::mode::ieee | emulator::mode::dx10_clamp;
    Encoder e(info);
    put(e, !control.eight ? dpp16 : control.fetch_inactive ? dpp8_fetch_inactive : dpp8);
    e.literal(control.word(source_field));
    State actual = before_, expected = before_;
    ASSERT_TRUE(machine_.run(actual, e.words())) << info.mnemonic << " " << machine_.failure();
    expected.pc += 4 * (e.length() + 1);
    if (info.encoding == Encoding::vopc) expected.scalar[emulator::scalar_index::vcc] = 0;
    if (std::string(info.semantics).starts_with("V_CMP") && info.encoding == Encoding::vop3)
      expected.scalar[mask] = 0;
    for (unsigned lane = 0; lane < lanes; ++lane) {
      if (!before_.active(lane)) continue;
      const auto value = shuffled(control, source0, lane);
      if (value.has_value()) effect(expected, lane, *value);
    }
    EXPECT_EQ(differences(expected, actual), "")
        << info.mnemonic << std::hex << " control 0x" << control.word(source_field) << " exec 0x"
        << before_.exec();
  }

  void draw() { randomise(before_, random_); }
  // Registers of float16 that are neither NaN nor infinite.
  void draw_finite_halves() {
    draw();
    for (auto& row : before_.vgpr) {
      for (u32& value : row) value &= 0xbfffbfff;
    }
  }
  struct Half {
    bool high = false, negate = false, absolute = false;
    u32 of(u32 value) const {
      u32 bits = (high ? value >> 16 : value) & 0xffff;
      if (absolute) bits &= 0x7fff;
      return negate ? bits ^ 0x8000 : bits;
    }
  };
  Half random_half(bool signs) {
    return {random_.chance(2), signs && random_.chance(2), signs && random_.chance(2)};
  }
  // Below zero the smaller the larger; -0 lies below +0.
  static int order(u32 half) {
    const auto magnitude = static_cast<int>(half & 0x7fff);
    return (half & 0x8000) != 0 ? -magnitude - 1 : magnitude;
  }
  static u32 larger(u32 a, u32 b) { return order(a) > order(b) ? a : b; }
  static void set_half(u32& target, bool high, u32 bits) {
    target = high ? (target & 0xffff) | bits << 16 : (target & 0xffff0000) | bits;
  }
};

TEST_F(ShuffledEncodings, Comparisons) {
  const auto& brief = opcode(Encoding::vopc, "V_CMP_LT_U32");
  const auto& full = opcode(Encoding::vop3, "V_CMP_LT_U32");
  for (unsigned i = 0; i < 200 * rounds_of_run() && !HasFailure(); ++i) {
    draw();
    const auto compare = [&](u32 target) {
      return [this, target](State& state, unsigned lane, u32 value) {
        if (value < before_.vgpr[source1][lane]) state.scalar[target] |= 1u << lane;
      };
    };
    check_with(
        brief, random_control(),
        [](Encoder& e, u32 number) {
          e.put(fields::vopc::src0, number).put(fields::vopc::vsrc1, source1);
        },
        compare(emulator::scalar_index::vcc));
    check_with(
        full, random_control(),
        [](Encoder& e, u32 number) {
          e.put(fields::vop3::src0, number).put(fields::vop3::src1, 256 + source1);
          e.put(fields::vop3::vdst, mask);
        },
        compare(mask));
  }
}

TEST_F(ShuffledEncodings, ThreeSources) {
  const auto& add = opcode(Encoding::vop3, "V_ADD3_U32");
  for (unsigned i = 0; i < 200 * rounds_of_run() && !HasFailure(); ++i) {
    draw();
    check_with(
        add, random_control(),
        [](Encoder& e, u32 number) {
          e.put(fields::vop3::src0, number).put(fields::vop3::src1, 256 + source1);
          e.put(fields::vop3::src2, 256 + source2).put(fields::vop3::vdst, destination);
        },
        [this](State& state, unsigned lane, u32 value) {
          state.vgpr[destination][lane] =
              value + before_.vgpr[source1][lane] + before_.vgpr[source2][lane];
        });
  }
}

TEST_F(ShuffledEncodings, HalvesWithSigns) {
  const auto& brief = opcode(Encoding::vop2, "V_MAX_F16");
  const auto& full = opcode(Encoding::vop3, "V_MAX_F16");
  const auto& compare = opcode(Encoding::vopc, "V_CMP_GT_F16");
  for (unsigned i = 0; i < 200 * rounds_of_run() && !HasFailure(); ++i) {
    draw_finite_halves();
    Control control = random_control();
    const Half a = random_half(!control.eight), b = random_half(false);
    const bool high = random_.chance(2);
    control.negate = a.negate;
    control.absolute = a.absolute;
    const auto top = [](bool set) { return set ? 0x80u : 0u; };
    const auto maximum = [&](const Half& first, const Half& second) {
      return [this, high, first, second](State& state, unsigned lane, u32 value) {
        set_half(state.vgpr[destination][lane], high,
                 larger(first.of(value), second.of(before_.vgpr[source1][lane])));
      };
    };
    check_with(
        brief, control,
        [&](Encoder& e, u32 number) {
          e.put(fields::vop2::src0, number).put(fields::vop2::vsrc1, source1 | top(b.high));
          e.put(fields::vop2::vdst, destination | top(high));
        },
        maximum(a, b), source0 | top(a.high));
    check_with(
        compare, control,
        [&](Encoder& e, u32 number) {
          e.put(fields::vopc::src0, number).put(fields::vopc::vsrc1, source1 | top(b.high));
        },
        [&](State& state, unsigned lane, u32 value) {
          const u32 x = a.of(value), y = b.of(before_.vgpr[source1][lane]);
          const bool zeros = ((x | y) & 0x7fff) == 0;
          if (order(x) > order(y) && !zeros)
            state.scalar[emulator::scalar_index::vcc] |= 1u << lane;
        },
        source0 | top(a.high));
    // The signs of the long form are its own.
    const Half c = random_half(true), d = random_half(true);
    const auto pair = [](bool x, bool y) { return (x ? 1u : 0u) | (y ? 2u : 0u); };
    check_with(
        full, random_control(),
        [&](Encoder& e, u32 number) {
          e.put(fields::vop3::src0, number).put(fields::vop3::src1, 256 + source1);
          e.put(fields::vop3::vdst, destination);
          e.put(fields::vop3::neg, pair(c.negate, d.negate));
          e.put(fields::vop3::abs, pair(c.absolute, d.absolute));
          e.put(fields::vop3::opsel, pair(c.high, d.high) | (high ? 8u : 0u));
        },
        maximum(c, d));
  }
}

}  // namespace
}  // namespace redbolt::pseudocode
