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

}  // namespace
}  // namespace redbolt::pseudocode
