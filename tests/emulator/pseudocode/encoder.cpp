#include "encoder.hpp"

#include <stdexcept>

namespace redbolt::pseudocode {
namespace {

using emulator::Encoding;
namespace fields = emulator::fields;

struct Form {
  Encoding encoding;
  const char* name;
  u32 mark;  // bits 31.. of the first dword, in place
  unsigned dwords;
  emulator::Field opcode;
};

// The marks are those of encodings_rdna3.csv, in place.
constexpr Form forms[] = {
    {Encoding::sop1, "SOP1", 381u << 23, 1, fields::sop1::op},
    {Encoding::sop2, "SOP2", 2u << 30, 1, fields::sop2::op},
    {Encoding::sopc, "SOPC", 382u << 23, 1, fields::sopc::op},
    {Encoding::sopk, "SOPK", 11u << 28, 1, fields::sopk::op},
    {Encoding::sopp, "SOPP", 383u << 23, 1, fields::sopp::op},
    {Encoding::smem, "SMEM", 61u << 26, 2, fields::smem::op},
    {Encoding::vop1, "VOP1", 63u << 25, 1, fields::vop1::op},
    {Encoding::vop2, "VOP2", 0, 1, fields::vop2::op},
    {Encoding::vopc, "VOPC", 62u << 25, 1, fields::vopc::op},
    {Encoding::vop3, "VOP3", 53u << 26, 2, fields::vop3::op},
    {Encoding::vop3sd, "VOP3SD", 53u << 26, 2, fields::vop3sd::op},
    {Encoding::vop3p, "VOP3P", 204u << 24, 2, fields::vop3p::op},
    {Encoding::vopd, "VOPD", 50u << 26, 2, fields::vopd::opx},
    {Encoding::ds, "DS", 54u << 26, 2, fields::ds::op},
    {Encoding::flat, "FLAT", 55u << 26, 2, fields::flat::op},
    {Encoding::global, "GLOBAL", 55u << 26 | 2u << 16, 2, fields::global::op},
    {Encoding::scratch, "SCRATCH", 55u << 26 | 1u << 16, 2, fields::scratch::op},
    {Encoding::mubuf, "MUBUF", 56u << 26, 2, fields::mubuf::op},
    {Encoding::mtbuf, "MTBUF", 58u << 26, 2, fields::mtbuf::op},
    {Encoding::mimg, "MIMG", 60u << 26, 2, fields::mimg::op},
    {Encoding::exp, "EXP", 62u << 26, 2, fields::exp::target},
    {Encoding::ldsdir, "LDSDIR", 206u << 24, 1, fields::ldsdir::op},
    {Encoding::vinterp, "VINTERP", 205u << 24, 2, fields::vinterp::op},
};

const Form& form_of(Encoding encoding) {
  for (const Form& form : forms) {
    if (form.encoding == encoding) return form;
  }
  throw std::logic_error("an encoding without a form");
}

}  // namespace

Encoder::Encoder(const emulator::OpcodeInfo& info) : info_(info) {
  const Form& form = form_of(info.encoding);
  words_[0] = form.mark;
  length_ = form.dwords;
  put(form.opcode, info.opcode);
}

Encoder& Encoder::put(emulator::Field field, u32 value) {
  const u32 width = field.high - field.low + 1;
  const u32 mask = width >= 32 ? ~0u : (1u << width) - 1;
  if ((value & ~mask) != 0) throw std::logic_error("a value that its field does not hold");
  u32& word = words_[field.low / 32];
  const u32 shift = field.low % 32;
  word = (word & ~(mask << shift)) | value << shift;
  return *this;
}

std::array<u32, 3> Encoder::words() const {
  std::array<u32, 3> result = words_;
  for (unsigned i = 0; i < 2; ++i) {
    const auto fixed = static_cast<u32>(info_.fixed_bits >> (32 * i));
    const auto values = static_cast<u32>(info_.fixed_values >> (32 * i));
    // A literal stands where a longer instruction has its second dword.
    if (i < length_) result[i] = (result[i] & ~fixed) | values;
  }
  return result;
}

const char* encoding_name(Encoding encoding) {
  return form_of(encoding).name;
}

}  // namespace redbolt::pseudocode
