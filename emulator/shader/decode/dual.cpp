// VOPD: two operations in one instruction, both of which read their sources before either writes.
#include "decode/decoding.hpp"
#include "semantics/registry.hpp"

namespace redbolt::emulator {
namespace {

struct Half {
  std::uint32_t opcode;
  std::uint32_t source0;
  std::uint32_t source1;
  std::uint32_t destination;
};

// Decodes one half as an instruction of its own; both share the literal.
Instruction decode_half(Decoding& whole, const Half& half) {
  Decoding part({whole.word(0), whole.word(1), whole.word(2)}, 256);
  part.set_length(2);
  if (!part.select(Encoding::vopd, half.opcode)) {
    whole.problem(part.result.problem);
    return {};
  }
  Instruction& instruction = part.instruction();
  const auto& info = *part.info;
  instruction.destination = static_cast<std::uint16_t>(whole.vgpr(half.destination).value);
  instruction.source[0] = part.source(half.source0, info.source0);
  if (instruction.source[0].kind == OperandKind::vgpr) whole.vgpr(instruction.source[0].value);
  if (info.source1 != ValueType::none) instruction.source[1] = whole.vgpr(half.source1);
  if (accumulates(info)) {
    instruction.source[2] = whole.vgpr(half.destination);
  } else if (adds_constant(info)) {
    instruction.source[2] = part.literal(info.destination);
  } else if (multiplies_constant(info)) {
    instruction.source[2] = instruction.source[1];
    instruction.source[1] = part.literal(info.destination);
  } else if (std::string_view(info.semantics) == "V_CNDMASK_B32") {
    instruction.source[2] = part.sgpr(scalar_index::vcc);
  }
  if (instruction.slots == 3) whole.trailing_word();
  if (!part.result.problem.empty()) whole.problem(part.result.problem);
  return instruction;
}

bool reads(const Instruction& instruction, std::uint16_t row) {
  for (const auto& source : instruction.source) {
    if (source.kind == OperandKind::vgpr && source.value == row) return true;
  }
  return false;
}

}  // namespace

void decode_dual(Decoding& decoding) {
  decoding.set_length(2);
  const auto destination_x = decoding.get(fields::vopd::vdstx);
  // The lowest bit of Y's destination is not encoded: it is the opposite of X's.
  const auto destination_y = decoding.get(fields::vopd::vdsty) << 1 | (~destination_x & 1);
  const Instruction x =
      decode_half(decoding, {decoding.get(fields::vopd::opx), decoding.get(fields::vopd::srcx0),
                             decoding.get(fields::vopd::vsrcx1), destination_x});
  const Instruction y =
      decode_half(decoding, {decoding.get(fields::vopd::opy), decoding.get(fields::vopd::srcy0),
                             decoding.get(fields::vopd::vsrcy1), destination_y});
  Decoded& result = decoding.result;
  Instruction& whole = decoding.instruction();
  result.has_extra = true;
  result.extra.inner = {x, y};
  whole.opcode = x.opcode;
  whole.kind = x.kind == InstructionClass::valu_dot ? x.kind : y.kind;
  Handler handler = execute_dual;
  if (reads(y, x.destination)) {
    if (reads(x, y.destination)) {
      handler = execute_dual_swapped;
    } else {
      result.extra.inner = {y, x};
    }
  }
  for (auto& half : result.extra.inner) half.slots = whole.slots;
  whole.handler.store(handler, std::memory_order_relaxed);
}

}  // namespace redbolt::emulator
