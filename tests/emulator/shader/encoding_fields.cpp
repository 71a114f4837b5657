#include "encoding_fields.hpp"

#include "wave.hpp"

namespace redbolt::test {
namespace {

using emulator::Encoding;
using emulator::Field;
namespace fields = emulator::fields;

struct Pattern {
  std::uint32_t mask;
  std::uint32_t value;
  Encoding encoding;
};
constexpr Pattern patterns[] = {
#include "encoding_patterns.inc"
};

struct Layout {
  Encoding encoding;
  Field opcode;
  std::vector<Field> operands;
};

const std::vector<Layout>& layouts() {
  using namespace fields;
  static const std::vector<Layout> all = {
      {Encoding::sop1, sop1::op, {sop1::sdst, sop1::ssrc0}},
      {Encoding::sop2, sop2::op, {sop2::sdst, sop2::ssrc0, sop2::ssrc1}},
      {Encoding::sopc, sopc::op, {sopc::ssrc0, sopc::ssrc1}},
      {Encoding::sopk, sopk::op, {sopk::sdst}},
      {Encoding::sopp, sopp::op, {}},
      {Encoding::smem, smem::op, {smem::sdata, smem::sbase, smem::soffset}},
      {Encoding::vop1, vop1::op, {vop1::vdst, vop1::src0}},
      {Encoding::vop2, vop2::op, {vop2::vdst, vop2::src0, vop2::vsrc1}},
      {Encoding::vopc, vopc::op, {vopc::src0, vopc::vsrc1}},
      {Encoding::vop3, vop3::op, {vop3::vdst, vop3::src0, vop3::src1, vop3::src2}},
      {Encoding::vop3sd, vop3::op, {vop3::vdst, vop3sd::sdst, vop3::src0, vop3::src1, vop3::src2}},
      {Encoding::vop3p, vop3p::op, {vop3p::vdst, vop3p::src0, vop3p::src1, vop3p::src2}},
      {Encoding::vinterp,
       vinterp::op,
       {vinterp::vdst, vinterp::src0, vinterp::src1, vinterp::src2}},
      {Encoding::ds, ds::op, {ds::vdst, ds::addr, ds::data0, ds::data1}},
      {Encoding::flat, flat::op, {flat::vdst, flat::addr, flat::data, flat::saddr}},
      {Encoding::global, flat::op, {flat::vdst, flat::addr, flat::data, flat::saddr}},
      {Encoding::scratch, flat::op, {flat::vdst, flat::addr, flat::data, flat::saddr}},
      {Encoding::mubuf, mubuf::op, {mubuf::vdata, mubuf::vaddr, mubuf::srsrc, mubuf::soffset}},
      {Encoding::mtbuf, mtbuf::op, {mtbuf::vdata, mtbuf::vaddr, mtbuf::srsrc, mtbuf::soffset}},
      {Encoding::ldsdir, ldsdir::op, {ldsdir::vdst}},
      {Encoding::mimg, mimg::op, {}},
      {Encoding::exp, {10, 9}, {}},
  };
  return all;
}

const Layout& layout_of(Encoding encoding) {
  for (const Layout& layout : layouts()) {
    if (layout.encoding == encoding) return layout;
  }
  return layouts().front();
}

}  // namespace

void set_field(Words& words, Field field, std::uint32_t value) {
  if (field.high < field.low) return;  // an encoding without an opcode
  const unsigned shift = field.low % 32;
  const std::uint32_t mask = ((1u << (field.high - field.low + 1)) - 1) << shift;
  std::uint32_t& word = words[field.low / 32];
  word = (word & ~mask) | (value << shift & mask);
}

Field opcode_field(Encoding encoding) {
  return layout_of(encoding).opcode;
}

std::vector<Field> operand_fields(Encoding encoding) {
  return layout_of(encoding).operands;
}

Field source0_field(Encoding encoding) {
  switch (encoding) {
    case Encoding::vop1:
    case Encoding::vop2:
    case Encoding::vopc:
      return fields::vop1::src0;
    case Encoding::vop3:
    case Encoding::vop3sd:
    case Encoding::vop3p:
      return fields::vop3::src0;
    default:
      return {0, 0};
  }
}

bool is_lane_shuffled(const emulator::Decoded& decoded) {
  return decoded.has_extra &&
         decoded.extra.inner[0].source[0].value == emulator::vgpr_row::lane_shuffle;
}

Words words_of(const emulator::OpcodeInfo& info, std::uint32_t random0, std::uint32_t random1,
               std::uint32_t random2) {
  const Encoding bits = info.encoding == Encoding::vop3sd ? Encoding::vop3 : info.encoding;
  Words words{random0, random1, random2};
  for (const auto& pattern : patterns) {
    if (pattern.encoding == bits) words[0] = (words[0] & ~pattern.mask) | pattern.value;
  }
  set_field(words, opcode_field(info.encoding), info.opcode);
  const auto fix = [&](std::uint32_t& word, unsigned shift) {
    const auto mask = static_cast<std::uint32_t>(info.fixed_bits >> shift);
    word = (word & ~mask) | static_cast<std::uint32_t>(info.fixed_values >> shift);
  };
  fix(words[0], 0);
  fix(words[1], 32);
  return words;
}

}  // namespace redbolt::test
