// SOP1, SOP2, SOPC, SOPK, SOPP and SMEM.
#include <string_view>

#include "decode/decoding.hpp"

namespace redbolt::emulator {
namespace {

std::int32_t sign_extend(std::uint32_t value, unsigned bits) {
  const unsigned shift = 32 - bits;
  return static_cast<std::int32_t>(value << shift) >> shift;
}

void decode_two_sources(Decoding& decoding, Field source0, Field source1) {
  auto& instruction = decoding.instruction();
  const OpcodeInfo& info = *decoding.info;
  instruction.source[0] = decoding.source(decoding.get(source0), info.source0, 1, info.allowed[0]);
  instruction.source[1] = decoding.source(decoding.get(source1), info.source1, 1, info.allowed[1]);
}

// An operation that fails to write a register of the trap handler does nothing at all (3.3.1.4 of
// AMD's document), unless it writes EXEC or jumps too.
void lose_trap_destination(Decoding& decoding, std::uint32_t destination) {
  const std::string_view name = decoding.info->semantics;
  const bool only_reads = name.substr(0, 6) == "S_CMPK" || name.substr(0, 8) == "S_SETREG";
  const bool does_more = name.find("EXEC_B") != std::string_view::npos || name == "S_SWAPPC_B64" ||
                         name == "S_CALL_B64" || only_reads;
  if (destination >= scalar_index::ttmp0 && destination < scalar_index::null && !does_more) {
    decoding.nullify();
  }
}

void decode_sop1(Decoding& decoding) {
  if (!decoding.select(Encoding::sop1, decoding.get(fields::sop1::op))) return;
  auto& instruction = decoding.instruction();
  const auto& info = *decoding.info;
  instruction.immediate = static_cast<std::int32_t>(decoding.get(fields::sop1::ssrc0));
  if (info.destination != ValueType::none) {
    const auto destination = decoding.get(fields::sop1::sdst);
    instruction.destination =
        decoding.scalar_destination(destination, dword_count(info.destination));
    lose_trap_destination(decoding, destination);
  }
  if (info.source0 != ValueType::none) {
    instruction.source[0] =
        decoding.source(decoding.get(fields::sop1::ssrc0), info.source0, 1, info.allowed[0]);
  }
}

void decode_sop2(Decoding& decoding) {
  if (!decoding.select(Encoding::sop2, decoding.get(fields::sop2::op))) return;
  auto& instruction = decoding.instruction();
  const auto destination = decoding.get(fields::sop2::sdst);
  instruction.destination =
      decoding.scalar_destination(destination, dword_count(decoding.info->destination));
  lose_trap_destination(decoding, destination);
  decode_two_sources(decoding, fields::sop2::ssrc0, fields::sop2::ssrc1);
  if (accumulates(*decoding.info)) {
    instruction.source[2] = decoding.sgpr(destination);
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
  lose_trap_destination(decoding, destination);
  instruction.source[0] = decoding.sgpr(destination);
  instruction.immediate = sign_extend(decoding.get(fields::sopk::simm16), 16);
  constexpr unsigned setreg_imm32 = 19;
  if (decoding.info->opcode == setreg_imm32) {
    instruction.source[0] = decoding.literal(ValueType::b32);
  }
}

// Loads reach the SGPRs, VCC and nothing else; a group does not cross from one kind to another.
std::uint16_t scalar_load_destination(Decoding& decoding, std::uint32_t number, unsigned dwords) {
  const std::uint32_t last = number + dwords - 1;
  const bool in_sgprs = last < scalar_index::vcc;
  const bool in_vcc = number >= scalar_index::vcc && last < scalar_index::ttmp0;
  const bool lost =
      number == scalar_index::null || (number >= scalar_index::ttmp0 && last < scalar_index::null);
  if (!in_sgprs && !in_vcc && !lost) {
    decoding.problem("scalar load to " + std::to_string(dwords) + " registers from " +
                     std::to_string(number));
  }
  return decoding.scalar_destination(number, dwords);
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
  const auto& info = *decoding.info;
  instruction.immediate = sign_extend(decoding.get(fields::smem::offset), 21);
  if (info.source_dwords[0] == 0) return;
  const auto data = decoding.get(fields::smem::sdata);
  const auto base = decoding.get(fields::smem::sbase) * 2;
  const unsigned base_dwords = info.source_dwords[0];
  if (info.destination_dwords != 0) {
    instruction.destination = scalar_load_destination(decoding, data, info.destination_dwords);
  }
  if (base_dwords > 2 && base < scalar_index::ttmp0 && base + base_dwords > scalar_index::vcc) {
    decoding.problem("the buffer descriptor leaves the SGPRs");
  }
  instruction.source[0] = decoding.sgpr(base, base_dwords);
  instruction.source[1] = decoding.sgpr(decoding.get(fields::smem::soffset));
}

}  // namespace redbolt::emulator
