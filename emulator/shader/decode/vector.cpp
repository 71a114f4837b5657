// VOP1, VOP2, VOPC and their long forms VOP3, VOP3SD, VOP3P.
#include <cstring>

#include "decode/decoding.hpp"
#include "semantics/registry.hpp"

namespace redbolt::emulator {
namespace {

bool starts_with(const OpcodeInfo& info, const char* prefix) {
  return std::strncmp(info.semantics, prefix, std::strlen(prefix)) == 0;
}

bool is_compare(const OpcodeInfo& info) {
  return starts_with(info, "V_CMP");
}
bool writes_exec(const OpcodeInfo& info) {
  return starts_with(info, "V_CMPX");
}

// Operations whose short form reads VCC as its third source.
bool selects_by_vcc(const OpcodeInfo& info) {
  return starts_with(info, "V_CNDMASK");
}
bool carries_through_vcc(const OpcodeInfo& info) {
  return std::strstr(info.semantics, "_CO_CI_") != nullptr;
}

Operand destination_as_source(const Instruction& instruction) {
  Operand operand{instruction.destination, OperandKind::vgpr, 0, 0};
  if ((instruction.flags & flag::destination_high) != 0) operand.modifiers = modifier::high_half;
  return operand;
}

void set_implied_operands(Decoding& decoding) {
  auto& instruction = decoding.instruction();
  const auto& info = *decoding.info;
  if (accumulates(info)) instruction.source[2] = destination_as_source(instruction);
  if (selects_by_vcc(info) || carries_through_vcc(info)) {
    instruction.source[2] = decoding.sgpr(scalar_index::vcc);
  }
  if (carries_through_vcc(info)) instruction.scalar_destination = scalar_index::vcc;
}

void set_compare_destination(Decoding& decoding, std::uint32_t mask) {
  auto& instruction = decoding.instruction();
  instruction.flags |= flag::is_vopc;
  instruction.scalar_destination =
      writes_exec(*decoding.info) ? scalar_index::exec : decoding.scalar_destination(mask);
}

void add_signs(Operand& operand, bool absolute, bool negate) {
  if (absolute) operand.modifiers |= modifier::absolute;
  if (negate) operand.modifiers |= modifier::negate;
}

// FMA_MIX: OP_SEL_HI says which sources are float16 and which float32.
bool is_mixed_precision(const OpcodeInfo& info) {
  return starts_with(info, "V_FMA_MIX");
}
std::uint32_t select_high_bits(const Decoding& decoding) {
  return decoding.get(fields::vop3p::opsel_hi) | decoding.get(fields::vop3p::opsel_hi2) << 2;
}
ValueType mixed_type(const Decoding& decoding, unsigned source) {
  return (select_high_bits(decoding) >> source & 1) != 0 ? ValueType::f16 : ValueType::f32;
}

// The first source, or, when its number stands for a lane shuffle, the wrapping into one.
void set_source0(Decoding& decoding, std::uint32_t number, bool short_form) {
  auto& instruction = decoding.instruction();
  if (is_mixed_precision(*decoding.info) && !is_lane_shuffle(number)) {
    instruction.source[0] = decoding.source(number, mixed_type(decoding, 0));
    return;
  }
  const OpcodeInfo& info = *decoding.info;
  if (!is_lane_shuffle(number)) {
    instruction.source[0] =
        short_form ? decoding.short_source(number, info.source0, info.allowed[0])
                   : decoding.source(number, info.source0, info.source_dwords[0], info.allowed[0]);
    return;
  }
  apply_lane_shuffle(decoding, number, short_form);
}

void decode_vop1(Decoding& decoding) {
  if (!decoding.select(Encoding::vop1, decoding.get(fields::vop1::op))) return;
  auto& instruction = decoding.instruction();
  const auto destination = decoding.get(fields::vop1::vdst);
  if (decoding.info->scalar_destination) {
    instruction.scalar_destination = decoding.scalar_destination(destination);
  } else if (decoding.info->destination != ValueType::none) {
    decoding.set_vector_destination(destination, decoding.info->destination, true);
  }
  if (decoding.info->source0 != ValueType::none) {
    set_source0(decoding, decoding.get(fields::vop1::src0), true);
  }
}

void decode_vop2(Decoding& decoding) {
  if (!decoding.select(Encoding::vop2, decoding.get(fields::vop2::op))) return;
  auto& instruction = decoding.instruction();
  const auto& info = *decoding.info;
  decoding.set_vector_destination(decoding.get(fields::vop2::vdst), info.destination, true);
  instruction.source[1] =
      decoding.short_source(256 + decoding.get(fields::vop2::vsrc1), info.source1);
  set_implied_operands(decoding);
  if (adds_constant(info)) {
    instruction.source[2] = decoding.literal(info.destination);
  } else if (multiplies_constant(info)) {
    instruction.source[2] = instruction.source[1];
    instruction.source[1] = decoding.literal(info.destination);
  }
  set_source0(decoding, decoding.get(fields::vop2::src0), true);
}

void decode_vopc(Decoding& decoding) {
  if (!decoding.select(Encoding::vopc, decoding.get(fields::vopc::op))) return;
  set_compare_destination(decoding, scalar_index::vcc);
  decoding.instruction().source[1] =
      decoding.short_source(256 + decoding.get(fields::vopc::vsrc1), decoding.info->source1);
  set_source0(decoding, decoding.get(fields::vopc::src0), true);
}

// OP_SEL of VOP3: bit i selects the upper half of 16-bit source i, bit 3 that of the destination.
void apply_operand_select(Instruction& instruction, const OpcodeInfo& info, std::uint32_t select) {
  const std::array<ValueType, 3> types{info.source0, info.source1, info.source2};
  for (unsigned i = 0; i < 3; ++i) {
    if ((select >> i & 1) != 0 && is_16bit(types[i])) {
      instruction.source[i].modifiers |= modifier::high_half;
    }
  }
  if ((select & 8) != 0) instruction.flags |= flag::destination_high;
}

void select_saturating(Decoding& decoding) {
  auto& instruction = decoding.instruction();
  instruction.flags |= flag::clamp;
  const Binding* binding = find_binding(instruction.opcode);
  if (binding != nullptr && binding->saturating != nullptr) {
    instruction.handler.store(binding->saturating, std::memory_order_relaxed);
  }
}

void set_long_destination(Decoding& decoding, std::uint32_t number) {
  auto& instruction = decoding.instruction();
  if (is_compare(*decoding.info)) {
    set_compare_destination(decoding, number);
  } else if (decoding.info->scalar_destination) {
    instruction.scalar_destination = decoding.scalar_destination(number);
  } else if (decoding.info->destination != ValueType::none) {
    decoding.set_vector_destination(number, decoding.info->destination, false);
  }
}

// Sources 1 and 2; source 0 comes last, because a lane shuffle wraps what is there.
void set_long_sources(Decoding& decoding) {
  auto& instruction = decoding.instruction();
  const auto& info = *decoding.info;
  if (is_mixed_precision(info)) {
    const bool shuffled = is_lane_shuffle(decoding.get(fields::vop3p::src0));
    instruction.source[1] =
        decoding.source(decoding.get(fields::vop3p::src1), mixed_type(decoding, 1), 1,
                        shuffled ? SourceSet::vgpr : SourceSet::any);
    instruction.source[2] =
        decoding.source(decoding.get(fields::vop3p::src2), mixed_type(decoding, 2));
    return;
  }
  if (info.source1 != ValueType::none) {
    instruction.source[1] = decoding.source(decoding.get(fields::vop3::src1), info.source1,
                                            info.source_dwords[1], info.allowed[1]);
  }
  if (info.source2 != ValueType::none) {
    instruction.source[2] = decoding.source(decoding.get(fields::vop3::src2), info.source2,
                                            info.source_dwords[2], info.allowed[2]);
  }
}

void decode_vop3p(Decoding& decoding) {
  if (!decoding.select(Encoding::vop3p, decoding.get(fields::vop3p::op))) return;
  auto& instruction = decoding.instruction();
  set_long_destination(decoding, decoding.get(fields::vop3p::vdst));
  if (std::strcmp(decoding.info->semantics, "V_FMA_MIXHI_F16") == 0) {
    instruction.flags |= flag::destination_high;
  }
  set_long_sources(decoding);
  const auto add_halves = [&](unsigned i) {
    const std::uint32_t bit = 1u << i;
    auto& modifiers = instruction.source[i].modifiers;
    const std::uint32_t select_high = select_high_bits(decoding);
    if ((decoding.get(fields::vop3p::opsel) & bit) != 0) modifiers |= modifier::high_half;
    if ((select_high & bit) != 0) modifiers |= modifier::high_from_high;
    if ((decoding.get(fields::vop3p::neg) & bit) != 0) modifiers |= modifier::negate;
    if ((decoding.get(fields::vop3p::neg_hi) & bit) != 0) modifiers |= modifier::negate_high;
  };
  add_halves(1);
  add_halves(2);
  add_halves(0);
  if (decoding.get(fields::vop3p::clmp) != 0) select_saturating(decoding);
  const auto modifiers0 = instruction.source[0].modifiers;
  set_source0(decoding, decoding.get(fields::vop3p::src0), false);
  Instruction& target = decoding.result.has_extra ? decoding.result.extra.inner[0] : instruction;
  target.source[0].modifiers |= modifiers0;
}

}  // namespace

void decode_interpolation(Decoding& decoding) {
  decoding.set_length(2);
  if (!decoding.select(Encoding::vinterp, decoding.get(fields::vinterp::op))) return;
  auto& instruction = decoding.instruction();
  const auto& info = *decoding.info;
  decoding.set_vector_destination(decoding.get(fields::vinterp::vdst), info.destination, false);
  const Field numbers[] = {fields::vinterp::src0, fields::vinterp::src1, fields::vinterp::src2};
  const ValueType types[] = {info.source0, info.source1, info.source2};
  const auto negate = decoding.get(fields::vinterp::neg);
  for (unsigned i = 0; i < 3; ++i) {
    instruction.source[i] = decoding.source(decoding.get(numbers[i]), types[i], 1, info.allowed[i]);
    add_signs(instruction.source[i], false, (negate >> i & 1) != 0);
  }
  apply_operand_select(instruction, info, decoding.get(fields::vinterp::opsel));
  if (decoding.get(fields::vinterp::clmp) != 0) select_saturating(decoding);
}

void decode_vector(Decoding& decoding) {
  switch (decoding.encoding) {
    case Encoding::vop1:
      return decode_vop1(decoding);
    case Encoding::vop2:
      return decode_vop2(decoding);
    default:
      return decode_vopc(decoding);
  }
}

void decode_vector_long(Decoding& decoding) {
  decoding.set_length(2);
  if (decoding.encoding == Encoding::vop3p) return decode_vop3p(decoding);
  const auto opcode = decoding.get(fields::vop3::op);
  const bool carry_form = find_opcode(Encoding::vop3sd, opcode) >= 0;
  if (!decoding.select(carry_form ? Encoding::vop3sd : Encoding::vop3, opcode)) return;
  auto& instruction = decoding.instruction();
  set_long_destination(decoding, decoding.get(fields::vop3::vdst));
  set_long_sources(decoding);
  const auto negate = decoding.get(fields::vop3::neg);
  const auto absolute = carry_form ? 0 : decoding.get(fields::vop3::abs);
  for (unsigned i = 1; i < 3; ++i) {
    add_signs(instruction.source[i], (absolute >> i & 1) != 0, (negate >> i & 1) != 0);
  }
  if (carry_form) {
    instruction.scalar_destination =
        decoding.scalar_destination(decoding.get(fields::vop3sd::sdst));
  } else {
    apply_operand_select(instruction, *decoding.info, decoding.get(fields::vop3::opsel));
    if (accumulates(*decoding.info)) {
      const auto signs = instruction.source[2].modifiers;
      instruction.source[2] = destination_as_source(instruction);
      instruction.source[2].modifiers |= signs;
    }
  }
  instruction.output_modifier = static_cast<std::uint8_t>(decoding.get(fields::vop3::omod));
  if (decoding.get(fields::vop3::clmp) != 0) select_saturating(decoding);
  if (decoding.info->source0 == ValueType::none) return;
  const auto modifiers0 = instruction.source[0].modifiers;
  set_source0(decoding, decoding.get(fields::vop3::src0), false);
  Operand& source0 =
      decoding.result.has_extra ? decoding.result.extra.inner[0].source[0] : instruction.source[0];
  source0.modifiers |= modifiers0;
  add_signs(source0, (absolute & 1) != 0, (negate & 1) != 0);
}

}  // namespace redbolt::emulator
