// DS, FLAT, GLOBAL and SCRATCH. Canonical operands: source 0 is the address, source 1 the data,
// source 2 the second data of DS or the scalar address of the others.
#include <cstring>

#include "decode/decoding.hpp"

namespace redbolt::emulator {
namespace {

// A VGPR operand that the table says this opcode has.
Operand register_operand(Decoding& decoding, Field field, unsigned dwords) {
  if (dwords == 0) return {};
  return decoding.vgpr(decoding.get(field), dwords);
}

std::uint16_t register_destination(Decoding& decoding, Field field, unsigned dwords) {
  return dwords == 0 ? std::uint16_t{0} : decoding.vgpr_destination(decoding.get(field), dwords);
}

void decode_ds(Decoding& decoding) {
  if (!decoding.select(Encoding::ds, decoding.get(fields::ds::op))) return;
  if (decoding.get(fields::ds::gds) != 0) {
    decoding.not_modelled(std::string(decoding.info->mnemonic) + " of the global data share (GDS)");
  }
  auto& instruction = decoding.instruction();
  const auto& info = *decoding.info;
  instruction.source[0] = register_operand(decoding, fields::ds::addr, info.source_dwords[0]);
  instruction.source[1] = register_operand(decoding, fields::ds::data0, info.source_dwords[1]);
  instruction.source[2] = register_operand(decoding, fields::ds::data1, info.source_dwords[2]);
  instruction.destination =
      register_destination(decoding, fields::ds::vdst, info.destination_dwords);
  instruction.immediate = static_cast<std::int32_t>(decoding.get(fields::ds::offset0) |
                                                    decoding.get(fields::ds::offset1) << 8);
}

void decode_flat(Decoding& decoding) {
  if (!decoding.select(decoding.encoding, decoding.get(fields::flat::op))) return;
  auto& instruction = decoding.instruction();
  const auto& info = *decoding.info;
  const bool scratch = decoding.encoding == Encoding::scratch;
  const bool flat = decoding.encoding == Encoding::flat;
  const auto scalar_address = decoding.get(fields::flat::saddr);
  const bool has_scalar_address = !flat && scalar_address != scalar_index::null;
  if (has_scalar_address) {
    if (scratch && scalar_address == scalar_index::exec_high)
      decoding.problem("EXEC_HI as address");
    instruction.source[2] = decoding.sgpr(scalar_address, scratch ? 1 : 2);
  }
  // SCRATCH without SVE has no vector address; beside a scalar address it is a 32-bit offset.
  if (!scratch || decoding.get(fields::flat::sve) != 0) {
    const unsigned dwords = scratch || has_scalar_address ? 1 : 2;
    instruction.source[0] =
        register_operand(decoding, fields::flat::addr, info.source_dwords[0] == 0 ? 0 : dwords);
  }
  instruction.source[1] = register_operand(decoding, fields::flat::data, info.source_dwords[1]);
  const bool returns = decoding.get(fields::flat::glc) != 0;
  const bool is_atomic = std::strstr(info.semantics, "ATOMIC") != nullptr;
  if (!is_atomic || returns) {
    instruction.destination =
        register_destination(decoding, fields::flat::vdst, info.destination_dwords);
  }
  const auto offset = decoding.get(fields::flat::offset);
  // FLAT offsets are unsigned, the others signed.
  instruction.immediate =
      flat ? static_cast<std::int32_t>(offset) : static_cast<std::int32_t>(offset << 19) >> 19;
  if (returns) instruction.flags |= flag::glc;
}

}  // namespace

void decode_lds_direct(Decoding& decoding) {
  if (!decoding.select(Encoding::ldsdir, decoding.get(fields::ldsdir::op))) return;
  decoding.instruction().destination =
      decoding.vgpr_destination(decoding.get(fields::ldsdir::vdst));
}

// Images and exports belong to graphics: told apart by name, and no further.
void decode_image(Decoding& decoding) {
  decoding.set_length(decoding.get(fields::mimg::nsa) != 0 ? 3 : 2);
  decoding.select(Encoding::mimg, decoding.get(fields::mimg::op));
}

void decode_export(Decoding& decoding) {
  decoding.set_length(2);
  decoding.select(Encoding::exp, 0);
}

void decode_memory(Decoding& decoding) {
  decoding.set_length(2);
  if (decoding.encoding == Encoding::ds) {
    decode_ds(decoding);
  } else {
    decode_flat(decoding);
  }
}

}  // namespace redbolt::emulator
