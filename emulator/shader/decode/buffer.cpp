// MUBUF and MTBUF. Canonical operands: source 0 is the vector address (index, offset, or both),
// source 1 the data, source 2 the scalar offset. The descriptor is Instruction::scalar_destination.
#include <cstring>

#include "decode/decoding.hpp"

namespace redbolt::emulator {
namespace {

constexpr std::uint32_t last_descriptor_in_sgprs = 100;

// The number of the first of four scalar registers, in fours.
std::uint16_t descriptor(Decoding& decoding) {
  const std::uint32_t number = decoding.get(fields::mubuf::srsrc) * 4;
  if (number > last_descriptor_in_sgprs && number < scalar_index::ttmp0) {
    decoding.problem("the buffer descriptor leaves the SGPRs");
  }
  return static_cast<std::uint16_t>(decoding.sgpr(number, 4).value);
}

void decode_address(Decoding& decoding) {
  auto& instruction = decoding.instruction();
  const bool index = decoding.get(fields::mubuf::idxen) != 0;
  const bool offset = decoding.get(fields::mubuf::offen) != 0;
  if (index) instruction.flags |= flag::buffer_index;
  if (offset) instruction.flags |= flag::buffer_offset;
  if (index || offset) {
    instruction.source[0] =
        decoding.vgpr(decoding.get(fields::mubuf::vaddr), index && offset ? 2 : 1);
  }
  instruction.scalar_destination = descriptor(decoding);
  instruction.source[2] =
      decoding.source(decoding.get(fields::mubuf::soffset), ValueType::b32, 1, SourceSet::scalar);
  instruction.immediate = static_cast<std::int32_t>(decoding.get(fields::mubuf::offset));
}

void decode_data(Decoding& decoding) {
  auto& instruction = decoding.instruction();
  const auto& info = *decoding.info;
  const bool is_atomic = std::strstr(info.semantics, "ATOMIC") != nullptr;
  const bool returns = decoding.get(fields::mubuf::glc) != 0;
  if (returns) instruction.flags |= flag::glc;
  // With TFE one more register tells whether the access failed.
  const bool status = decoding.get(fields::mubuf::tfe) != 0;
  const auto data = decoding.get(fields::mubuf::vdata);
  const unsigned dwords = info.source_dwords[1];
  if (status) {
    decoding.vgpr(data, dwords + 1);
    decoding.not_modelled(std::string(info.mnemonic) +
                          " with TFE, which partially resident "
                          "textures need,");
  }
  if (dwords == 0) return;
  instruction.source[1] = decoding.vgpr(data, dwords);
  const bool is_load = std::strstr(info.semantics, "LOAD") != nullptr;
  if (is_load || (is_atomic && returns))
    instruction.destination = decoding.vgpr_destination(data, dwords);
}

}  // namespace

void decode_buffer(Decoding& decoding) {
  decoding.set_length(2);
  const bool typed = decoding.encoding == Encoding::mtbuf;
  if (!decoding.select(decoding.encoding,
                       decoding.get(typed ? fields::mtbuf::op : fields::mubuf::op)))
    return;
  if (decoding.info->source_dwords[0] == 0) return;  // cache control
  decode_address(decoding);
  decode_data(decoding);
  if (typed) {
    decoding.instruction().output_modifier =
        static_cast<std::uint8_t>(decoding.get(fields::mtbuf::format));
  }
}

}  // namespace redbolt::emulator
