// DPP8 and DPP16: the dword behind the instruction names the first source and how its lanes move.
#include "decode/decoding.hpp"
#include "semantics/registry.hpp"

namespace redbolt::emulator {
namespace {

constexpr std::uint32_t dpp8 = 233;
constexpr std::uint32_t dpp8_fetch_inactive = 234;
constexpr std::uint32_t dpp16 = 250;
constexpr unsigned row_lanes = 16;

// A family of DPP16 controls: numbers first..first+15, whose low bits are the parameter n. Shifts
// and rotations by 0 do not exist.
// Returns the source lane within the row, or -1 when there is none.
struct RowControl {
  std::uint32_t first;
  int (*source)(int lane, int n);
};

constexpr RowControl row_controls[] = {
    {0x100, [](int lane, int n) { return lane + n < 16 ? lane + n : -1; }},  // row_shl
    {0x110, [](int lane, int n) { return lane - n >= 0 ? lane - n : -1; }},  // row_shr
    {0x120, [](int lane, int n) { return (lane - n) & 15; }},                // row_ror
    {0x150, [](int, int n) { return n; }},                                   // row_share
    {0x160, [](int lane, int n) { return lane ^ n; }},                       // row_xmask
};

int row_source(std::uint32_t control, int lane) {
  if (control <= 0xff) return (lane & ~3) | static_cast<int>(control >> (2 * (lane & 3)) & 3);
  if (control == 0x140) return 15 - lane;                      // row_mirror
  if (control == 0x141) return (lane & 8) | (7 - (lane & 7));  // row_half_mirror
  for (const auto& family : row_controls) {
    if ((control & ~15u) == family.first && (control > family.first || family.first >= 0x150))
      return family.source(lane, static_cast<int>(control & 15));
  }
  return -2;
}

LaneControl decode_dpp8(std::uint32_t control, bool fetch_inactive) {
  LaneControl lanes;
  for (unsigned lane = 0; lane < lane_count; ++lane) {
    const std::uint32_t select = control >> (8 + 3 * (lane & 7)) & 7;
    lanes.source_lane[lane] = static_cast<std::uint8_t>((lane & ~7u) | select);
  }
  lanes.zero_when_invalid = true;
  lanes.fetch_inactive = fetch_inactive;
  return lanes;
}

LaneControl decode_dpp16(Decoding& decoding, std::uint32_t word) {
  LaneControl lanes;
  const std::uint32_t control = word >> 8 & 0x1ff;
  const std::uint32_t bank_mask = word >> 24 & 15;
  const std::uint32_t row_mask = word >> 28;
  lanes.fetch_inactive = (word >> 18 & 1) != 0;
  lanes.zero_when_invalid = (word >> 19 & 1) != 0;
  lanes.valid = lanes.written = 0;
  for (unsigned lane = 0; lane < lane_count; ++lane) {
    const unsigned row = lane / row_lanes;
    const unsigned position = lane % row_lanes;
    const int from = row_source(control, static_cast<int>(position));
    if (from == -2) {
      decoding.problem("DPP control " + std::to_string(control) + " does not exist");
      return lanes;
    }
    if (from >= 0) {
      lanes.valid |= 1u << lane;
      lanes.source_lane[lane] =
          static_cast<std::uint8_t>(row * row_lanes + static_cast<unsigned>(from));
    }
    if ((row_mask >> row & 1) != 0 && (bank_mask >> (position / 4) & 1) != 0) {
      lanes.written |= 1u << lane;
    }
  }
  return lanes;
}

void add_sign(Operand& operand, std::uint32_t word, unsigned negate_bit) {
  if ((word >> negate_bit & 1) != 0) operand.modifiers |= modifier::negate;
  if ((word >> (negate_bit + 1) & 1) != 0) operand.modifiers |= modifier::absolute;
}

}  // namespace

bool is_lane_shuffle(std::uint32_t source0) {
  return source0 == dpp8 || source0 == dpp8_fetch_inactive || source0 == dpp16;
}

void apply_lane_shuffle(Decoding& decoding, std::uint32_t source0, bool short_form) {
  if (decoding.has_literal()) decoding.problem("a literal beside a lane shuffle");
  const std::uint32_t word = decoding.trailing_word();
  if (!decoding.info->has_lane_shuffle) {
    decoding.problem(std::string(decoding.info->mnemonic) + " does not exist with a lane shuffle");
  }
  if (source0 == dpp16 && (word & decoding.info->fixed_shuffle_bits) != 0) {
    decoding.problem("the lane shuffle has signs of operands that have none");
  }
  Decoded& result = decoding.result;
  Instruction& outer = result.instruction;
  const std::uint32_t number = 256 + (word & 0xff);
  const Operand origin = short_form ? decoding.short_source(number, decoding.info->source0)
                                    : decoding.source(number, decoding.info->source0);
  Instruction& inner = result.extra.inner[0];
  inner = outer;
  inner.source[0] = Operand{vgpr_row::lane_shuffle, OperandKind::vgpr, origin.modifiers, 0};
  if (source0 == dpp16) {
    result.extra.lanes = decode_dpp16(decoding, word);
    if (short_form) {
      add_sign(inner.source[0], word, 20);
      add_sign(inner.source[1], word, 22);
    }
  } else {
    result.extra.lanes = decode_dpp8(word, source0 == dpp8_fetch_inactive);
  }
  outer.source[0] = Operand{origin.value, OperandKind::vgpr, 0, 0};
  outer.handler.store(execute_lane_shuffle, std::memory_order_relaxed);
  result.has_extra = true;
}

}  // namespace redbolt::emulator
