// What a vector instruction has to do, by its definition.
#include <algorithm>

#include "vector_case.hpp"

namespace redbolt::pseudocode {
namespace {

using emulator::Encoding;
using emulator::ValueType;
namespace index = emulator::scalar_index;

bool contains(const std::string& text, const char* what) {
  return text.find(what) != std::string::npos;
}

// Instructions that look at the bits of a number and not at its value.
bool keeps_denormals(const std::string& name) {
  for (const char* part : {"CLASS", "PACK_B32", "CNDMASK", "V_MOV"}) {
    if (contains(name, part)) return true;
  }
  return false;
}

// Instructions that choose among their operands, so that every bit is defined.
bool chooses_operands(const std::string& name) {
  for (const char* part : {"MIN", "MAX", "MED3"}) {
    if (contains(name, part)) return true;
  }
  return false;
}

const Definitions& all_definitions() {
  static const Definitions definitions = block_named;
  return definitions;
}

}  // namespace

u128 VectorCase::raw(const State& state, const Source& source, unsigned lane) const {
  u128 value = 0;
  for (unsigned d = 0; d < source.dwords; ++d) {
    u32 dword = 0;
    if (source.place == Place::vgpr) dword = state.vgpr[source.number + d][lane];
    if (source.place == Place::sgpr) dword = state.scalar[source.number + d];
    if (source.place == Place::constant) dword = static_cast<u32>(source.value >> (32 * d));
    value |= u128{dword} << (32 * d);
  }
  // Inline floats as the upper half of a float64 are left to the decoder's tests.
  if (source.place == Place::constant && source.type == ValueType::f64) value = source.value;
  return value;
}

u64 VectorCase::with_signs(u64 bits, const Source& source, const FloatFormat& format) const {
  const u64 sign = u64{1} << (format.width - 1);
  if (source.absolute) bits &= ~sign;
  if (source.negate) bits ^= sign;
  if (FloatMode(before_.mode).flushes_inputs(format) && !keeps_denormals(name_))
    bits = flushed(bits, format);
  return bits;
}

// VOP3P: OP_SEL and NEG choose the operand of the low half, their _HI the one of the high half.
u64 VectorCase::packed_operand(u64 bits, const Source& source) const {
  const auto half = [&](bool high, bool negate) {
    u64 value = (high ? bits >> 16 : bits) & 0xffff;
    if (source.type != ValueType::pk2_f16) return value;
    if (negate) value ^= 0x8000;
    return FloatMode(before_.mode).flush_input_f16 ? flushed(value, format_f16) : value;
  };
  return half(source.high, source.negate) | half(source.high_from_high, source.negate_high) << 16;
}

// FMA_MIX: a float32, or either half as a float16; NEG_HI means the absolute value.
u64 VectorCase::mixed_operand(u64 bits, const Source& source) const {
  Source plain = source;
  plain.absolute = source.negate_high;
  if (!source.high_from_high) return with_signs(bits & 0xffffffff, plain, format_f32);
  const u64 half = with_signs((source.high ? bits >> 16 : bits) & 0xffff, plain, format_f16);
  return half | half << 16;
}

u128 VectorCase::modified(const State& state, const Source& source, unsigned lane) const {
  const u128 value = raw(state, source, lane);
  const auto low = static_cast<u64>(value);
  if (contains(name_, "FMA_MIX")) return mixed_operand(low, source);
  if (info_.encoding == Encoding::vop3p && name_.starts_with("V_PK_"))
    return packed_operand(low, source);
  if (source.type == ValueType::pk2_f16 && name_.starts_with("V_PK_")) {
    Source both = source;
    both.high_from_high = true;
    return packed_operand(low, both);
  }
  if (is_half_word(source.type)) {
    const u64 half = (source.high ? low >> 16 : low) & 0xffff;
    return is_float(source.type) ? with_signs(half, source, format_of(source.type)) : half;
  }
  if (is_float(source.type)) return with_signs(low, source, format_of(source.type));
  return value;
}

void VectorCase::give_operands(Evaluator& e, const State& state, unsigned lane) const {
  constexpr Type bits32{Kind::bits, 32};
  const FloatMode mode(before_.mode);
  e.control = mode.control;
  const bool toward_zero = info_.encoding == Encoding::vinterp && contains(name_, "RTZ");
  if (toward_zero) e.control = {Direction::toward_zero, Direction::toward_zero};
  e.saturate = clamp_ && !is_float(info_.destination);
  std::vector<i128> all;
  for (unsigned i = 0; i < 3; ++i) {
    const auto value = static_cast<i128>(modified(state, source_[i], lane));
    e.set(std::string("S").append(std::to_string(i)), {Kind::bits, 128}, value);
    all.push_back(value);
  }
  e.set_array("S", bits32, all);
  u32 negate = 0, select = 0, select_high = 0;
  for (u32 i = 0; i < 3; ++i) {
    negate |= (source_[i].negate ? 1u : 0u) << i;
    select |= (source_[i].high ? 1u : 0u) << i;
    select_high |= (source_[i].high_from_high ? 1u : 0u) << i;
  }
  e.set("NEG", bits32, negate);
  e.set("OPSEL", bits32, select);
  e.set("OPSEL_HI", bits32, select_high);
  u64 literal = literal_;
  if (is_float(info_.destination) && mode.flushes_inputs(format_of(info_.destination)))
    literal = flushed(literal & (is_half_word(info_.destination) ? 0xffff : ~0u),
                      format_of(info_.destination));
  e.set("SIMM32", bits32, static_cast<i128>(literal));
  e.set("laneId", bits32, lane);
  e.set("M0", bits32, state.scalar[index::m0]);
  e.set("SRC0", bits32, source_[0].number);
  e.set("SRC2", bits32, source_[2].number);
  e.set("DST", bits32, destination_);
  e.set("VDST", bits32, destination_);
  e.set("EXEC", {Kind::bits, 64}, state.exec());
  e.set("EXEC_LO", bits32, state.exec());
  e.set("WAVE32", bits32, 1);
  e.set("WAVE64", bits32, 0);
  e.set("WAVE_MODE.IEEE", bits32, mode.ieee ? 1 : 0);
  e.set("ROUND_TOWARD_ZERO", bits32, 3);
  if (contains(name_, "RTZ") && !toward_zero)
    e.set("ROUND_MODE", bits32, static_cast<i128>(mode.control.f64_f16));
  // The mask that is read: VCC, or the third source of the long forms.
  const bool long_mask = source_[2].type == ValueType::m64;
  e.set("VCC", {Kind::bits, 64},
        long_mask ? state.scalar[source_[2].number] : state.scalar[index::vcc]);
}

void VectorCase::expect() {
  carried_ = compared_ = enabled_ = 0;
  expected_.pc = before_.pc + 4 * (length_ + (has_literal_ ? 1 : 0));
  if (definition_.mentions("VGPR[") && !definition_.mentions("laneId")) {
    expect_wave();
    return;
  }
  if (info_.encoding == Encoding::vinterp) quads_ = operands_of_quads();
  for (unsigned lane = 0; lane < lanes; ++lane) {
    if (before_.active(lane)) expect_lane(lane);
  }
  if (name_.starts_with("V_CMPX")) {
    expected_.scalar[index::exec] = enabled_;
  } else if (name_.starts_with("V_CMP")) {
    expected_.scalar[scalar_destination_] = compared_;
  } else if (contains(name_, "_CO_") || info_.encoding == Encoding::vop3sd) {
    expected_.scalar[scalar_destination_] = carried_;
  }
}

// Interpolation reads registers of other lanes by number: what they hold is as much an operand,
// with its half, sign and flushed denormals, as what the lane itself holds.
State VectorCase::operands_of_quads() const {
  State state = before_;
  for (const Source& source : source_) {
    for (unsigned lane = 0; lane < lanes; ++lane)
      state.vgpr[source.number][lane] = static_cast<u32>(modified(before_, source, lane));
  }
  return state;
}

void VectorCase::expect_lane(unsigned lane) {
  const bool interpolates = info_.encoding == Encoding::vinterp;
  StateSurroundings surroundings(interpolates ? quads_ : expected_, false);
  Evaluator e(surroundings, all_definitions());
  give_operands(e, before_, lane);
  u128 old = 0;
  const unsigned dwords =
      std::max<unsigned>(dwords_of(info_.destination), info_.destination_dwords);
  for (unsigned d = 0; d < dwords; ++d)
    old |= u128{before_.vgpr[destination_ + d][lane]} << (32 * d);
  if (destination_high_ && name_ != "V_FMA_MIXHI_F16") old = old >> 16 | (old & 0xffff) << 16;
  const FloatMode mode(before_.mode);
  // An accumulator is an operand too.
  if (contains(name_, "FMAC") || contains(name_, "DOT2ACC")) {
    const FloatFormat& format = format_of(info_.destination);
    const u64 mask = format.width == 16 ? 0xffff : 0xffffffff;
    if (mode.flushes_inputs(format) && name_ != "V_PK_FMAC_F16")
      old = (old & ~u128{mask}) | flushed(static_cast<u64>(old) & mask, format);
    if (mode.flush_input_f16 && name_ == "V_PK_FMAC_F16")
      old = flushed(static_cast<u64>(old) & 0xffff, format_f16) |
            flushed(static_cast<u64>(old) >> 16, format_f16) << 16;
  }
  e.set("D0", {Kind::bits, 128}, name_.starts_with("V_CMP") ? 0 : static_cast<i128>(old));
  e.set("D1", {Kind::bits, 32}, 0);
  if (name_.starts_with("V_CMPX")) e.set("EXEC", {Kind::bits, 64}, 0);
  e.run(*definition_.block);
  slack_[lane] = e.has("slack") ? to_double(number_of(e.variable("slack").value)) : 0;
  take_result(e, lane);
}

void VectorCase::take_result(Evaluator& e, unsigned lane) {
  const u32 bit = 1u << lane;
  const auto mask_of = [&](const char* name) { return (e.bits(name, 32) & bit) != 0 ? bit : 0; };
  if (name_.starts_with("V_CMPX")) {
    enabled_ |= mask_of("EXEC");
    return;
  }
  if (name_.starts_with("V_CMP")) {
    compared_ |= mask_of("D0");
    return;
  }
  carried_ |= definition_.mentions("D1") ? (e.bits("D1", 1) != 0 ? bit : 0) : mask_of("VCC");
  if (definition_.mentions("VGPR[")) {
    if (!definition_.mentions("D0")) return;
  }
  u128 result = e.bits("D0", 128);
  // The text forgets to narrow what P2_F16_F32 narrows; the operand is 16 bits wide for both.
  if (name_ == "V_INTERP_P2_RTZ_F16_F32")
    result = pack(unpack(static_cast<u64>(result) & 0xffffffff, format_f32), format_f16,
                  Direction::toward_zero);
  const unsigned dwords =
      std::max<unsigned>(dwords_of(info_.destination), info_.destination_dwords);
  if (is_half_word(info_.destination)) {
    u32& target = expected_.vgpr[destination_][lane];
    const auto half = static_cast<u32>(result) & 0xffff;
    target = destination_high_ ? (target & 0xffff) | half << 16 : (target & 0xffff0000) | half;
    if (name_ == "V_FMA_MIXHI_F16") target = static_cast<u32>(result);
  } else {
    for (unsigned d = 0; d < dwords; ++d)
      expected_.vgpr[destination_ + d][lane] = static_cast<u32>(result >> (32 * d));
  }
  if (name_.starts_with("V_SWAP_B")) {
    const auto other = static_cast<u32>(e.bits("S0", 32));
    u32& target = expected_.vgpr[source_[0].number][lane];
    if (name_ == "V_SWAP_B32") target = other;
    if (name_ == "V_SWAP_B16") {
      target = source_[0].high ? (target & 0xffff) | other << 16
                               : (target & 0xffff0000) | (other & 0xffff);
    }
  }
}

void VectorCase::expect_wave() {
  StateSurroundings surroundings(expected_, false);
  Evaluator e(surroundings, all_definitions());
  give_operands(e, before_, 0);
  e.set("D0", {Kind::bits, 128}, 0);
  e.run(*definition_.block);
  if (info_.scalar_destination)
    expected_.scalar[scalar_destination_] = static_cast<u32>(e.bits("D0", 32));
}

// --- what happens to a floating-point result on its way out

// OMOD: ignored in IEEE mode and where results may be denormal; else zeros lose their sign.
u64 VectorCase::multiplied(u64 bits, const FloatFormat& format) const {
  static constexpr int powers[] = {0, 1, 2, -1};
  const FloatMode mode(before_.mode);
  if (output_modifier_ == 0 || mode.ieee || !mode.flushes_results(format)) return bits;
  const Number number = scaled(unpack(flushed(bits, format), format), powers[output_modifier_]);
  const auto direction = format.width == 32 ? mode.control.f32 : mode.control.f64_f16;
  const u64 result = flushed(pack(number, format, direction), format);
  const u64 sign = u64{1} << (format.width - 1);
  return (result & ~sign) == 0 ? 0 : result;
}

u64 VectorCase::finished(u64 bits, const FloatFormat& format) const {
  const FloatMode mode(before_.mode);
  bits = multiplied(bits, format);
  if (clamp_) bits = clamped(bits, format, mode.dx10_clamp);
  if (mode.flushes_results(format) && !keeps_denormals(name_)) bits = flushed(bits, format);
  return bits;
}

std::vector<Number> VectorCase::nans_of(unsigned lane) const {
  std::vector<Number> result;
  const bool halves =
      info_.source0 == ValueType::pk2_f16 || contains(name_, "DOT2") || contains(name_, "FMA_MIX");
  for (const Source& source : source_) {
    const auto bits = static_cast<u64>(modified(before_, source, lane));
    if (halves || is_half_word(source.type)) {
      const bool brain = contains(name_, "BF16");
      result.push_back(unpack(bits & 0xffff, brain ? format_bf16 : format_f16));
      result.push_back(unpack(bits >> 16 & 0xffff, brain ? format_bf16 : format_f16));
    }
    if (!is_half_word(source.type)) result.push_back(unpack(bits, format_of(source.type)));
  }
  const u32 old = before_.vgpr[destination_][lane];
  result.push_back(unpack(literal_, format_of(info_.destination)));
  result.push_back(unpack(old, format_f32));
  result.push_back(unpack(old & 0xffff, format_f16));
  result.push_back(unpack(old >> 16, format_f16));
  return result;
}

// Finishes expected results, and takes the machine's where both are right.
void VectorCase::settle_floats() {
  const bool packed = info_.destination == ValueType::pk2_f16;
  if (!is_float(info_.destination) && !packed) return;
  if (info_.scalar_destination || name_.starts_with("V_CMP")) return;
  const FloatFormat& format = format_of(info_.destination);
  Openness open;
  open.ieee = FloatMode(before_.mode).ieee;
  open.any_nan = clamp_ || output_modifier_ != 0 || info_.encoding == Encoding::vinterp ||
                 !chooses_operands(name_);
  open.any_zero = clamp_ || (definition_.own != nullptr && definition_.own->absolute > 0);
  if (definition_.own != nullptr) {
    open.units = definition_.own->units;
    open.absolute = definition_.own->absolute;
  }
  const auto open_of = [&](unsigned lane) {
    Openness result = open;
    result.absolute = std::max(open.absolute, slack_[lane]);
    result.any_zero = open.any_zero || slack_[lane] > 0;
    return result;
  };
  const auto settle = [&](u32& expected, u32 actual, unsigned shift, unsigned lane) {
    const u64 mask = format.width == 16 ? 0xffff : 0xffffffff;
    const u64 wanted = finished(expected >> shift & mask, format);
    const u64 got = actual >> shift & mask;
    const u64 result = agree(wanted, got, format, nans_of(lane), open_of(lane)) ? got : wanted;
    expected = static_cast<u32>((expected & ~(mask << shift)) | result << shift);
  };
  for (unsigned lane = 0; lane < lanes; ++lane) {
    if (!before_.active(lane)) continue;
    u32& low = expected_.vgpr[destination_][lane];
    const u32 actual_low = actual_.vgpr[destination_][lane];
    if (format.width == 64) {
      u32& high = expected_.vgpr[destination_ + 1][lane];
      const u64 wanted = finished(low | u64{high} << 32, format);
      const u64 got = actual_low | u64{actual_.vgpr[destination_ + 1][lane]} << 32;
      const u64 result = agree(wanted, got, format, nans_of(lane), open_of(lane)) ? got : wanted;
      low = static_cast<u32>(result);
      high = static_cast<u32>(result >> 32);
    } else if (packed) {
      settle(low, actual_low, 0, lane);
      settle(low, actual_low, 16, lane);
    } else {
      settle(low, actual_low, destination_high_ ? 16 : 0, lane);
    }
  }
}

}  // namespace redbolt::pseudocode
