// SOP1, SOP2, SOPC, SOPK, SOPP and SMEM.
#include "decode/decoding.hpp"

namespace redbolt::emulator {
namespace {

std::int32_t sign_extend(std::uint32_t value, unsigned bits) {
  const unsigned shift = 32 - bits;
  return static_cast<std::int32_t>(value << shift) >> shift;
}

void decode_two_sources(Decoding& decoding, Field source0, Field source1) {
  auto& instruction = decoding.instruction();
  instruction.source[0] = decoding.source(decoding.get(source0), decoding.info->source0);
  instruction.source[1] = decoding.source(decoding.get(source1), decoding.info->source1);
}

void decode_sop1(Decoding& decoding) {
  if (!decoding.select(Encoding::sop1, decoding.get(fields::sop1::op))) return;
  auto& instruction = decoding.instruction();
  const auto& info = *decoding.info;
  instruction.immediate = static_cast<std::int32_t>(decoding.get(fields::sop1::ssrc0));
  if (info.destination != ValueType::none) {
    instruction.destination = decoding.scalar_destination(decoding.get(fields::sop1::sdst),
                                                          dword_count(info.destination));
  }
  if (info.source0 != ValueType::none) {
    instruction.source[0] = decoding.source(decoding.get(fields::sop1::ssrc0), info.source0);
  }
}

void decode_sop2(Decoding& decoding) {
  if (!decoding.select(Encoding::sop2, decoding.get(fields::sop2::op))) return;
  auto& instruction = decoding.instruction();
  instruction.destination = decoding.scalar_destination(decoding.get(fields::sop2::sdst),
                                                        dword_count(decoding.info->destination));
  decode_two_sources(decoding, fields::sop2::ssrc0, fields::sop2::ssrc1);
  if (accumulates(*decoding.info)) {
    instruction.source[2] = decoding.sgpr(decoding.get(fields::sop2::sdst));
  } else if (adds_constant(*decoding.info)) {
    instruction.source[2] = decoding.literal(decoding.info->destination);
  } else if (multiplies_constant(*decoding.info)) {
    instruction.source[2] = instruction.source[1];
    instruction.source[1] = decoding.literal(decoding.info->destination);
  }
}

void decode_sopk(Decoding& decoding) {
  if (!decoding.select(Encoding::sopk, decoding.get(fields::sopk::op))) return;
  auto& instruction = decoding.instruction();
  const auto destination = decoding.get(fields::sopk::sdst);
  instruction.destination =
      decoding.scalar_destination(destination, dword_count(decoding.info->destination));
  instruction.source[0] = decoding.sgpr(destination);
  instruction.immediate = sign_extend(decoding.get(fields::sopk::simm16), 16);
  constexpr unsigned setreg_imm32 = 19;
  if (decoding.info->opcode == setreg_imm32) {
    instruction.source[0] = decoding.literal(ValueType::b32);
  }
}

}  // namespace

void decode_scalar(Decoding& decoding) {
  switch (decoding.encoding) {
    case Encoding::sop1:
      return decode_sop1(decoding);
    case Encoding::sop2:
      return decode_sop2(decoding);
    case Encoding::sopk:
      return decode_sopk(decoding);
    case Encoding::sopc:
      if (decoding.select(Encoding::sopc, decoding.get(fields::sopc::op))) {
        decode_two_sources(decoding, fields::sopc::ssrc0, fields::sopc::ssrc1);
      }
      return;
    default:
      if (decoding.select(Encoding::sopp, decoding.get(fields::sopp::op))) {
        decoding.instruction().immediate = sign_extend(decoding.get(fields::sopp::simm16), 16);
      }
  }
}

void decode_scalar_memory(Decoding& decoding) {
  decoding.set_length(2);
  if (!decoding.select(Encoding::smem, decoding.get(fields::smem::op))) return;
  auto& instruction = decoding.instruction();
  instruction.destination = static_cast<std::uint16_t>(decoding.get(fields::smem::sdata));
  instruction.source[0] = decoding.sgpr(decoding.get(fields::smem::sbase) * 2);
  instruction.source[1] = decoding.sgpr(decoding.get(fields::smem::soffset));
  instruction.immediate = sign_extend(decoding.get(fields::smem::offset), 21);
}

}  // namespace redbolt::emulator
