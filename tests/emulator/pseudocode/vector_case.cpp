#include "vector_case.hpp"

#include <algorithm>
#include <sstream>

#include "semantics/registry.hpp"

namespace redbolt::pseudocode {
namespace {

using emulator::Encoding;
using emulator::ValueType;
namespace fields = emulator::fields;
namespace index = emulator::scalar_index;

constexpr u32 inline_f32[] = {0x3f000000, 0xbf000000, 0x3f800000, 0xbf800000,
                              0x40000000, 0xc0000000, 0x40800000, 0xc0800000};
constexpr u32 inline_f16[] = {0x3800, 0xb800, 0x3c00, 0xbc00, 0x4000, 0xc000, 0x4400, 0xc400};

bool starts(const std::string& text, const char* with) {
  return text.starts_with(with);
}
bool contains(const std::string& text, const char* what) {
  return text.find(what) != std::string::npos;
}

}  // namespace

bool is_float(ValueType type) {
  return type == ValueType::f16 || type == ValueType::f32 || type == ValueType::f64 ||
         type == ValueType::bf16;
}
bool is_half_word(ValueType type) {
  return type == ValueType::f16 || type == ValueType::bf16 || type == ValueType::b16 ||
         type == ValueType::u16 || type == ValueType::i16;
}
const FloatFormat& format_of(ValueType type) {
  switch (type) {
    case ValueType::f16:
    case ValueType::pk2_f16:
      return format_f16;
    case ValueType::bf16:
    case ValueType::pk2_bf16:
      return format_bf16;
    case ValueType::f64:
      return format_f64;
    default:
      return format_f32;
  }
}
unsigned dwords_of(ValueType type) {
  switch (type) {
    case ValueType::none:
      return 0;
    case ValueType::b64:
    case ValueType::u64:
    case ValueType::i64:
    case ValueType::f64:
      return 2;
    default:
      return 1;
  }
}

u32 random_mode(Random& random) {
  if (random.chance(2)) return 0xf0 | emulator::mode::ieee | emulator::mode::dx10_clamp;
  return static_cast<u32>(random.bits()) & 0x3ff;
}

void randomise(State& state, Random& random) {
  for (auto& row : state.vgpr) {
    for (u32& value : row) value = static_cast<u32>(random.bits());
  }
  for (u32& value : state.scalar) value = static_cast<u32>(random.bits());
  state.scalar[index::null] = 0;
  state.scalar[index::exec] = random_exec(random);
  state.scc = random.chance(2);
  state.mode = random_mode(random);
}

VectorCase::VectorCase(const emulator::OpcodeInfo& info, Random& random, Machine& machine)
    : info_(info),
      definition_(definition_of(info)),
      random_(random),
      machine_(machine),
      name_(info.semantics) {
  randomise(before_, random_);
}

std::string VectorCase::run() {
  choose();
  fill();
  encode();
  expected_ = actual_ = before_;
  if (!machine_.run(actual_, words_)) return report("stops the wave: " + machine_.failure() + "\n");
  try {
    expect();
  } catch (const std::exception& error) {
    return report(std::string("the definition: ") + error.what() + "\n");
  }
  settle_floats();
  const std::string text = differences(expected_, actual_);
  return text.empty() ? text : report(text);
}

std::string VectorCase::report(const std::string& what) const {
  std::ostringstream text;
  text << info_.mnemonic << std::hex << " mode 0x" << before_.mode << " exec 0x" << before_.exec()
       << (clamp_ ? " clamp" : "") << " omod " << output_modifier_ << " words";
  for (const u32 word : words_) text << " 0x" << word;
  text << "\n" << what;
  for (unsigned lane = 0; lane < lanes; ++lane) {
    // The operands of the first lane that differs.
    const auto row = destination_;
    const bool differs = expected_.vgpr[row][lane] != actual_.vgpr[row][lane] ||
                         expected_.vgpr[row + 1][lane] != actual_.vgpr[row + 1][lane];
    if (!differs && lane + 1 < lanes) continue;
    text << "  lane " << std::dec << lane << std::hex << " operands";
    for (const Source& source : source_) {
      if (source.place != Place::none)
        text << " 0x" << static_cast<u64>(modified(before_, source, lane));
    }
    text << " old 0x" << before_.vgpr[row][lane] << "\n";
    break;
  }
  return text.str();
}

// --- choices

void VectorCase::choose() {
  const ValueType types[] = {info_.source0, info_.source1, info_.source2};
  has_literal_ = clamp_ = false;
  output_modifier_ = 0;
  for (unsigned i = 0; i < 3; ++i) {
    source_[i] = Source{};
    source_[i].type = types[i];
    if (i == 1 && contains(name_, "LDEXP"))  // an exponent, of the width of the number
      source_[i].type = types[i] == ValueType::f16 ? ValueType::i16 : ValueType::i32;
    source_[i].dwords = std::max<unsigned>(dwords_of(types[i]), info_.source_dwords[i]);
    if (types[i] != ValueType::none) choose_source(i);
  }
  choose_destination();
  choose_modifiers();
}

void VectorCase::choose_source(unsigned i) {
  Source& source = source_[i];
  const bool scalar = source.type == ValueType::m64 || (i > 0 && (contains(name_, "LANE"))) ||
                      name_ == "V_WRITELANE_B32";
  if (scalar) {
    source.place = Place::sgpr;
    source.dwords = 1;
    source.number = source.field = random_.below(100);
    return;
  }
  const bool short_form = info_.encoding == Encoding::vop1 || info_.encoding == Encoding::vop2 ||
                          info_.encoding == Encoding::vopc;
  const bool vgpr_only = (short_form && i > 0) || contains(name_, "LANE") ||
                         contains(name_, "SWAP") || contains(name_, "MOVREL") ||
                         contains(name_, "FMA_MIX") || info_.encoding == Encoding::vop3p ||
                         definition_.mentions("VGPR[");
  if (!vgpr_only && random_.chance(4) && choose_constant(source, i)) return;
  choose_register(source, i);
  if (!vgpr_only && random_.chance(5)) {
    source.place = Place::sgpr;
    source.number = source.field = random_.below(50) * 2;
    source.high = false;
  }
}

void VectorCase::choose_register(Source& source, unsigned i) {
  source.place = Place::vgpr;
  source.number = 8 + 16 * i + random_.below(8);
  source.field = 256 + source.number;
  const bool short_form = info_.encoding == Encoding::vop1 || info_.encoding == Encoding::vop2 ||
                          info_.encoding == Encoding::vopc;
  if (short_form && is_half_word(source.type) && random_.chance(3)) {
    source.high = true;
    source.field |= 0x80;
  }
}

// Inline integers, inline floats for floats, a literal for 32 bits.
bool VectorCase::choose_constant(Source& source, unsigned i) {
  if (source.dwords > 2 || source.type == ValueType::wide) return false;
  source.place = Place::constant;
  const bool f32 = source.type == ValueType::f32;
  const bool f16 = source.type == ValueType::f16;
  if ((f32 || f16) && random_.chance(2)) {
    const u32 n = random_.below(8);
    source.field = 240 + n;
    source.value = f32 ? inline_f32[n] : inline_f16[n];
    return true;
  }
  const bool constant_of_its_own = contains(name_, "FMAMK") || contains(name_, "FMAAK");
  if (source.dwords == 1 && i == 0 && !constant_of_its_own && random_.chance(2)) {
    source.field = index::literal;
    literal_ = static_cast<u32>(random_operand(random_, source.type));
    source.value = literal_;
    has_literal_ = true;
    return true;
  }
  const auto n = static_cast<std::int64_t>(random_.below(81));
  source.field = static_cast<u32>(128 + n);
  source.value = static_cast<u64>(n <= 64 ? n : 64 - n);
  return true;
}

void VectorCase::choose_modifiers() {
  const bool interpolates = info_.encoding == Encoding::vinterp;
  const bool long_form =
      info_.encoding == Encoding::vop3 || info_.encoding == Encoding::vop3sd || interpolates;
  const bool packed = info_.encoding == Encoding::vop3p;
  const bool mixed = contains(name_, "FMA_MIX");
  const bool packed_float = packed && starts(name_, "V_PK_") && contains(name_, "F16");
  const bool packed_any = packed && starts(name_, "V_PK_");
  for (Source& source : source_) {
    source.high_from_high = packed;
    if (long_form && is_float(source.type) && random_.chance(3) && !contains(name_, "DIV_SCALE")) {
      source.negate = random_.chance(2);
      source.absolute = info_.encoding == Encoding::vop3 && random_.chance(2);
    }
    if ((info_.encoding == Encoding::vop3 || interpolates) && is_half_word(source.type) &&
        source.place == Place::vgpr && random_.chance(3)) {
      source.high = true;
    }
    if ((packed_any || mixed) && random_.chance(2)) {
      source.high = random_.chance(2);
      source.high_from_high = random_.chance(2);
    }
    if ((packed_float || mixed || contains(name_, "_IU")) && random_.chance(2)) {
      source.negate = random_.chance(2);
      source.negate_high = !contains(name_, "_IU") && random_.chance(2);
    }
  }
  if (contains(name_, "FMAC")) source_[2] = Source{};
  const emulator::Binding* binding =
      emulator::find_binding(static_cast<unsigned>(&info_ - emulator::opcode_table().data()));
  const bool saturates = binding != nullptr && binding->saturating != nullptr;
  const bool float_result =
      is_float(info_.destination) && !contains(name_, "DIV_SCALE") && !contains(name_, "DOT2");
  const bool clampable = (long_form && float_result) || saturates || packed_float || mixed;
  clamp_ = clampable && (long_form || packed) && random_.chance(4);
  // Ours are known to some accuracy only, which the factor would change.
  if (long_form && !interpolates && float_result && definition_.own == nullptr && random_.chance(3))
    output_modifier_ = random_.below(4);
}

void VectorCase::choose_destination() {
  destination_ = 60 + random_.below(16);
  destination_high_ = false;
  if (source_[0].place == Place::vgpr && info_.destination_dwords <= 1 && source_[0].dwords == 1 &&
      !source_[0].high && random_.chance(6)) {
    destination_ = source_[0].number;
  }
  const bool short_form = info_.encoding == Encoding::vop1 || info_.encoding == Encoding::vop2;
  const bool selects = info_.encoding == Encoding::vop3 || info_.encoding == Encoding::vinterp;
  if ((short_form || selects) && is_half_word(info_.destination)) {
    destination_high_ = random_.chance(3);
  }
  if (name_ == "V_FMA_MIXHI_F16") destination_high_ = true;
  scalar_destination_ = random_.below(50) * 2;
  const bool implied = info_.encoding == Encoding::vopc || info_.encoding == Encoding::vop2;
  if (implied) scalar_destination_ = index::vcc;
}

void VectorCase::fill() {
  before_.scalar[index::exec] = random_exec(random_);
  before_.mode = random_mode(random_);
  if (contains(name_, "MOVREL") || contains(name_, "SWAPREL")) {
    const bool two = contains(name_, "_2_") || contains(name_, "SWAPREL");
    before_.scalar[index::m0] = random_.below(100) | (two ? random_.below(100) << 16 : 0);
  }
  for (const Source& source : source_) {
    for (unsigned lane = 0; lane < lanes; ++lane) {
      for (unsigned d = 0; d < source.dwords; d += 2) {
        u64 value = random_operand(random_, source.type);
        const bool follows = &source != &source_[0] && source_[0].type == source.type;
        if (follows && random_.chance(5))
          value = related_value(random_, static_cast<u64>(raw(before_, source_[0], lane)));
        const bool pair = d + 1 < source.dwords;
        if (source.place == Place::vgpr) {
          u32& low = before_.vgpr[source.number + d][lane];
          const bool swap = source.high && info_.encoding != Encoding::vop3p;
          low = static_cast<u32>(swap ? value << 16 | random_.below(65536) : value);
          if (pair) before_.vgpr[source.number + d + 1][lane] = static_cast<u32>(value >> 32);
        } else if (source.place == Place::sgpr && lane == 0) {
          before_.scalar[source.number + d] = static_cast<u32>(value);
          if (pair) before_.scalar[source.number + d + 1] = static_cast<u32>(value >> 32);
        }
      }
    }
  }
  for (unsigned lane = 0; lane < lanes; ++lane) {
    if (destination_ < 60) break;
    const u64 old = random_operand(random_, info_.destination);
    before_.vgpr[destination_][lane] =
        static_cast<u32>(destination_high_ ? old << 16 | old >> 16 : old);
  }
}

// --- machine code

void VectorCase::encode() {
  Encoder encoder(info_);
  switch (info_.encoding) {
    case Encoding::vop1:
    case Encoding::vop2:
    case Encoding::vopc:
      encode_short(encoder);
      break;
    case Encoding::vop3p:
      encode_packed(encoder);
      break;
    default:
      encode_long(encoder);
  }
  if (contains(name_, "FMAMK") || contains(name_, "FMAAK")) {
    literal_ = static_cast<u32>(random_operand(random_, info_.destination));
    has_literal_ = true;
  }
  if (has_literal_) encoder.literal(literal_);
  words_ = encoder.words();
  length_ = encoder.length();
}

void VectorCase::encode_short(Encoder& encoder) const {
  const u32 high = destination_high_ ? 0x80 : 0;
  if (info_.encoding == Encoding::vop1) {
    encoder.put(fields::vop1::vdst,
                info_.scalar_destination ? scalar_destination_ : destination_ | high);
    encoder.put(fields::vop1::src0, source_[0].field);
  } else if (info_.encoding == Encoding::vop2) {
    encoder.put(fields::vop2::vdst, destination_ | high);
    encoder.put(fields::vop2::src0, source_[0].field);
    encoder.put(fields::vop2::vsrc1, source_[1].field & 0xff);
  } else {
    encoder.put(fields::vopc::src0, source_[0].field);
    encoder.put(fields::vopc::vsrc1, source_[1].field & 0xff);
  }
}

void VectorCase::encode_long(Encoder& encoder) const {
  const bool compares = starts(name_, "V_CMP");
  const bool to_scalar = compares || info_.scalar_destination;
  encoder.put(fields::vop3::vdst, to_scalar ? scalar_destination_ : destination_);
  encoder.put(fields::vop3::src0, source_[0].field);
  encoder.put(fields::vop3::src1, source_[1].field);
  encoder.put(fields::vop3::src2, source_[2].field);
  encoder.put(fields::vop3::clmp, clamp_ ? 1 : 0);
  encoder.put(fields::vop3::omod, output_modifier_);
  u32 negate = 0, absolute = 0, select = destination_high_ ? 8 : 0;
  for (u32 i = 0; i < 3; ++i) {
    negate |= (source_[i].negate ? 1u : 0u) << i;
    absolute |= (source_[i].absolute ? 1u : 0u) << i;
    select |= (source_[i].high ? 1u : 0u) << i;
  }
  encoder.put(fields::vop3::neg, negate);
  if (info_.encoding == Encoding::vop3sd) {
    encoder.put(fields::vop3sd::sdst, scalar_destination_);
  } else {
    encoder.put(fields::vop3::abs, absolute);
    encoder.put(fields::vop3::opsel, select);
  }
}

void VectorCase::encode_packed(Encoder& encoder) const {
  encoder.put(fields::vop3p::vdst, destination_);
  encoder.put(fields::vop3p::src0, source_[0].field);
  encoder.put(fields::vop3p::src1, source_[1].field);
  encoder.put(fields::vop3p::src2, source_[2].field);
  encoder.put(fields::vop3p::clmp, clamp_ ? 1 : 0);
  u32 negate = 0, negate_high = 0, select = 0, select_high = 0;
  for (u32 i = 0; i < 3; ++i) {
    negate |= (source_[i].negate ? 1u : 0u) << i;
    negate_high |= (source_[i].negate_high ? 1u : 0u) << i;
    select |= (source_[i].high ? 1u : 0u) << i;
    select_high |= (source_[i].high_from_high ? 1u : 0u) << i;
  }
  encoder.put(fields::vop3p::neg, negate);
  encoder.put(fields::vop3p::neg_hi, negate_high);
  encoder.put(fields::vop3p::opsel, select);
  encoder.put(fields::vop3p::opsel_hi, select_high & 3);
  encoder.put(fields::vop3p::opsel_hi2, select_high >> 2);
}

}  // namespace redbolt::pseudocode
