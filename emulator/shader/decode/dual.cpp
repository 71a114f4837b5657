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

// The VGPRs of one half by the read port they go through; -1 where it reads none.
struct Ports {
  int source0 = -1;
  int source1 = -1;
  int source2 = -1;
};

// Decodes one half as an instruction of its own; both share the literal.
Instruction decode_half(Decoding& whole, const Half& half, Ports& ports) {
  if (!whole.select(Encoding::vopd, half.opcode)) return {};
  const auto& info = *whole.info;
  Instruction instruction = whole.instruction();
  instruction.destination = whole.vgpr_destination(half.destination);
  instruction.source[0] = whole.source(half.source0, info.source0);
  if (half.source0 >= 256) ports.source0 = static_cast<int>(half.source0 - 256);
  if (info.source1 != ValueType::none) {
    instruction.source[1] = whole.vgpr(half.source1);
    ports.source1 = static_cast<int>(half.source1);
  } else if (half.source1 != 0) {
    whole.problem("a move has no second source");
  }
  if (accumulates(info)) {
    instruction.source[2] = whole.vgpr(half.destination);
    ports.source2 = static_cast<int>(half.destination);
  } else if (adds_constant(info)) {
    instruction.source[2] = whole.literal(info.destination);
  } else if (multiplies_constant(info)) {
    instruction.source[2] = instruction.source[1];
    instruction.source[1] = whole.literal(info.destination);
    ports.source2 = ports.source1;
    ports.source1 = -1;
  } else if (std::string_view(info.semantics) == "V_CNDMASK_B32") {
    instruction.source[2] = whole.sgpr(scalar_index::vcc);
  }
  return instruction;
}

// Both halves read at once: sources 0 and 1 from different banks of four, source 2 from an even and
// an odd register (7.6 of AMD's document).
bool share_a_bank(int x, int y, int banks) {
  return x >= 0 && y >= 0 && x % banks == y % banks;
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
  Ports ports_x, ports_y;
  const Instruction x =
      decode_half(decoding,
                  {decoding.get(fields::vopd::opx), decoding.get(fields::vopd::srcx0),
                   decoding.get(fields::vopd::vsrcx1), destination_x},
                  ports_x);
  const Instruction y =
      decode_half(decoding,
                  {decoding.get(fields::vopd::opy), decoding.get(fields::vopd::srcy0),
                   decoding.get(fields::vopd::vsrcy1), destination_y},
                  ports_y);
  if (share_a_bank(ports_x.source0, ports_y.source0, 4) ||
      share_a_bank(ports_x.source1, ports_y.source1, 4) ||
      share_a_bank(ports_x.source2, ports_y.source2, 2)) {
    decoding.problem("the halves of a dual instruction read the same register bank");
  }
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
