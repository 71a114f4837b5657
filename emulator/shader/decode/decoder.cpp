#include "decode/decoder.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "decode/decoding.hpp"
#include "semantics/registry.hpp"

namespace redbolt::emulator {
namespace {

// Inline floating-point constants 240..248 (0.5, -0.5, 1, -1, 2, -2, 4, -4, 1/2pi) by width.
constexpr std::array<std::uint32_t, 9> inline_f32{0x3f000000, 0xbf000000, 0x3f800000,
                                                  0xbf800000, 0x40000000, 0xc0000000,
                                                  0x40800000, 0xc0800000, 0x3e22f983};
constexpr std::array<std::uint32_t, 9> inline_f16{0x3800, 0xb800, 0x3c00, 0xbc00, 0x4000,
                                                  0xc000, 0x4400, 0xc400, 0x3118};
constexpr std::array<std::uint32_t, 9> inline_f64_upper{0x3fe00000, 0xbfe00000, 0x3ff00000,
                                                        0xbff00000, 0x40000000, 0xc0000000,
                                                        0x40100000, 0xc0100000, 0x3fc45f30};

constexpr std::uint32_t first_inline_integer = 128;
constexpr std::uint32_t last_inline_integer = 208;
constexpr std::uint32_t first_inline_float = 240;
constexpr std::uint32_t last_inline_float = 248;
constexpr std::uint32_t first_vgpr = 256;
constexpr std::uint32_t pops_exiting_wave_id = 239;
constexpr std::uint32_t register_file = 256;  // VGPRs that an instruction can name

Operand constant(std::uint32_t value, OperandKind kind = OperandKind::constant) {
  return Operand{value, kind, 0, 0};
}

std::uint32_t inline_integer(std::uint32_t number) {
  return number <= 192 ? number - 128 : 192 - number;
}

Operand inline_float(std::uint32_t index, ValueType type) {
  if (dword_count(type) == 2) {
    // 1/2pi alone needs all 64 bits; Wave::scalar holds it.
    if (index == 8) return Operand{scalar_index::inverse_two_pi_64, OperandKind::sgpr, 0, 0};
    return constant(inline_f64_upper[index], OperandKind::constant_upper);
  }
  if (type == ValueType::bf16 || type == ValueType::pk2_bf16)
    return constant(inline_f32[index] >> 16);
  if (is_16bit(type) || type == ValueType::pk2_f16) return constant(inline_f16[index]);
  return constant(inline_f32[index]);
}

// What is left out, by the beginning of its name, and why.
struct LeftOut {
  std::string_view prefix;
  const char* reason;
};
constexpr LeftOut left_out[] = {
    {"DS_GWS_", "needs global wave sync, a part of GDS"},
    {"DS_ORDERED_COUNT", "counts in GDS"},
    {"DS_ADD_GS_REG", "counts what geometry shaders stream out"},
    {"DS_SUB_GS_REG", "counts what geometry shaders stream out"},
    {"DS_BVH_STACK", "belongs to ray tracing"},
    {"IMAGE_BVH", "belongs to ray tracing"},
    {"IMAGE_", "accesses an image"},
    {"EXP", "exports to fixed-function graphics"},
    {"LDS_PARAM_LOAD", "reads the parameters of a pixel shader"},
};

const char* reason_not_modelled(std::string_view semantics) {
  for (const LeftOut& entry : left_out) {
    if (semantics.substr(0, entry.prefix.size()) == entry.prefix) return entry.reason;
  }
  return "is not implemented";
}

bool has(const OpcodeInfo& info, const char* text) {
  return std::strstr(info.semantics, text) != nullptr;
}

}  // namespace

bool is_16bit(ValueType type) {
  switch (type) {
    case ValueType::b16:
    case ValueType::u16:
    case ValueType::i16:
    case ValueType::f16:
    case ValueType::bf16:
      return true;
    default:
      return false;
  }
}

unsigned dword_count(ValueType type) {
  switch (type) {
    case ValueType::b64:
    case ValueType::u64:
    case ValueType::i64:
    case ValueType::f64:
      return 2;
    default:
      return 1;
  }
}

bool accumulates(const OpcodeInfo& info) {
  return has(info, "FMAC") || has(info, "DOT2ACC");
}
bool multiplies_constant(const OpcodeInfo& info) {
  return has(info, "FMAMK");
}
bool adds_constant(const OpcodeInfo& info) {
  return has(info, "FMAAK");
}

std::uint32_t Decoding::get(Field field) const {
  const std::uint32_t word = words_[field.low / 32];
  const unsigned width = field.high - field.low + 1;
  const std::uint32_t shifted = word >> (field.low % 32);
  return width >= 32 ? shifted : shifted & ((1u << width) - 1);
}

void Decoding::problem(const std::string& text) {
  if (!result.problem.empty() && !result.not_modelled) return;
  result.problem = text;
  result.not_modelled = false;
}

void Decoding::not_modelled(const std::string& reason) {
  if (!result.problem.empty()) return;
  result.problem = reason;
  result.not_modelled = true;
}

void Decoding::finish() {
  Instruction& instruction = result.instruction;
  if (!result.problem.empty()) {
    instruction.handler.store(execute_illegal, std::memory_order_relaxed);
    result.has_extra = false;
  } else if (nullified_) {
    instruction.handler.store(execute_nothing, std::memory_order_relaxed);
    result.has_extra = false;
  } else if (reads_status_) {
    result.extra.behind_status = instruction.handler.load(std::memory_order_relaxed);
    instruction.handler.store(execute_with_status, std::memory_order_relaxed);
    result.has_extra = true;
  }
}

bool Decoding::select(Encoding wanted, unsigned opcode) {
  encoding = wanted;
  const int id = find_opcode(wanted, opcode);
  if (id < 0) {
    problem("opcode " + std::to_string(opcode) + " does not exist in its encoding");
    return false;
  }
  info = &opcode_table()[static_cast<std::size_t>(id)];
  instruction().opcode = static_cast<std::uint16_t>(id);
  const std::uint64_t bits = words_[0] | std::uint64_t{words_[1]} << 32;
  if ((bits & info->fixed_bits) != info->fixed_values) {
    problem(std::string(info->mnemonic) + " has bits set that belong to no operand of it");
  }
  const Binding* binding = find_binding(static_cast<unsigned>(id));
  if (binding == nullptr) {
    not_modelled(std::string(info->mnemonic) + " " + reason_not_modelled(info->semantics));
    return true;
  }
  instruction().handler.store(binding->handler, std::memory_order_relaxed);
  instruction().kind = binding->kind;
  return true;
}

Operand Decoding::vgpr(std::uint32_t number, unsigned dwords) {
  if (number + dwords > register_file) {
    problem("VGPR " + std::to_string(number + dwords - 1) + " does not exist");
  }
  if (number + dwords > vgpr_limit_) number = encoding == Encoding::vopd ? number % 4 : 0;
  return Operand{number, OperandKind::vgpr, 0, 0};
}

std::uint16_t Decoding::vgpr_destination(std::uint32_t number, unsigned dwords) {
  if (number + dwords > register_file) {
    problem("VGPR " + std::to_string(number + dwords - 1) + " does not exist");
  }
  nullified_ = nullified_ || number + dwords > vgpr_limit_;
  return static_cast<std::uint16_t>(number);
}

Operand Decoding::sgpr(std::uint32_t number, unsigned dwords) {
  const bool odd = dwords == 2 && number % 2 != 0;
  const bool unaligned = dwords > 2 && number % 4 != 0;
  if (odd || unaligned) {
    problem("scalar register " + std::to_string(number) + " does not begin a group of " +
            std::to_string(dwords));
  }
  const bool reads_zero = number >= scalar_index::ttmp0 && number <= scalar_index::null;
  return Operand{reads_zero ? scalar_index::zero : number, OperandKind::sgpr, 0, 0};
}

void Decoding::set_length(unsigned dwords) {
  length_ = dwords;
  instruction().slots = static_cast<std::uint8_t>(dwords);
}

std::uint32_t Decoding::trailing_word() {
  instruction().slots = static_cast<std::uint8_t>(length_ + 1);
  return words_[length_];
}

Operand Decoding::literal(ValueType type) {
  const std::uint32_t value = trailing_word();
  if (type == ValueType::f64) return constant(value, OperandKind::constant_upper);
  if (type == ValueType::i64) return constant(value, OperandKind::constant_signed);
  return constant(value);
}

bool Decoding::admits(SourceSet allowed, std::uint32_t number) const {
  const bool is_vgpr = number >= first_vgpr;
  const bool is_inline = (number >= first_inline_integer && number <= last_inline_integer) ||
                         (number >= first_inline_float && number <= last_inline_float);
  switch (allowed) {
    case SourceSet::any:
      return true;
    case SourceSet::scalar:
      return !is_vgpr;
    case SourceSet::scalar_register:
      return number <= scalar_index::exec_high;
    case SourceSet::vgpr:
      return is_vgpr;
    case SourceSet::vgpr_or_inline:
      return is_vgpr || is_inline;
  }
  return false;
}

Operand Decoding::source(std::uint32_t number, ValueType type, unsigned table_dwords,
                         SourceSet allowed) {
  if (!admits(allowed, number)) {
    problem("source operand " + std::to_string(number) + " is not one that this instruction takes");
  }
  if (number >= first_vgpr) {
    return vgpr(number - first_vgpr,
                std::max(dword_count(type), type == ValueType::m64 ? 1 : table_dwords));
  }
  if (number < first_inline_integer) {
    if (type == ValueType::m64 && number >= scalar_index::exec) problem("EXEC is not a lane mask");
    return sgpr(number, dword_count(type));
  }
  if (number <= last_inline_integer) {
    return constant(inline_integer(number), OperandKind::constant_signed);
  }
  if (number >= first_inline_float && number <= last_inline_float) {
    return inline_float(number - first_inline_float, type);
  }
  if (number >= scalar_index::shared_base && number <= scalar_index::private_limit) {
    // Read as 32 bits these give the lower half, which is 0.
    return Operand{scalar_index::apertures + 2 * (number - scalar_index::shared_base),
                   OperandKind::sgpr, 0, 0};
  }
  if (number == pops_exiting_wave_id) return constant(0);  // of pixel shaders
  if (number == scalar_index::vcc_zero || number == scalar_index::exec_zero) reads_status_ = true;
  if (number >= scalar_index::vcc_zero && number <= scalar_index::scc) {
    return Operand{number, OperandKind::sgpr, 0, 0};
  }
  if (number == scalar_index::literal) return literal(type);
  problem("source operand " + std::to_string(number) + " does not exist");
  return constant(0);
}

Operand Decoding::short_source(std::uint32_t number, ValueType type, SourceSet allowed) {
  if (number < first_vgpr || !is_16bit(type)) return source(number, type, 1, allowed);
  Operand operand = vgpr((number - first_vgpr) & 0x7f);
  if ((number & 0x80) != 0) operand.modifiers |= modifier::high_half;
  return operand;
}

void Decoding::set_vector_destination(std::uint32_t number, ValueType type, bool short_form) {
  if (short_form && is_16bit(type)) {
    if ((number & 0x80) != 0) instruction().flags |= flag::destination_high;
    number &= 0x7f;
  }
  const unsigned dwords = std::max<unsigned>(dword_count(type), info->destination_dwords);
  instruction().destination = vgpr_destination(number, dwords);
}

std::uint16_t Decoding::scalar_destination(std::uint32_t number, unsigned dwords) {
  if (number > scalar_index::exec_high || (dwords > 1 && number % std::min(dwords, 4u) != 0)) {
    problem("scalar destination " + std::to_string(number) + " does not exist or is not aligned");
    return scalar_index::discard;
  }
  if (number >= scalar_index::ttmp0 && number <= scalar_index::null) return scalar_index::discard;
  return static_cast<std::uint16_t>(number);
}

namespace {

// Notes that the operation proper is all there is to do, the case for which handlers are fastest.
void mark_unmodified(Instruction& instruction) {
  bool plain = instruction.output_modifier == 0 &&
               (instruction.flags & (flag::clamp | flag::destination_high)) == 0;
  for (const Operand& source : instruction.source) plain = plain && source.modifiers == 0;
  if (plain) instruction.flags |= flag::unmodified;
}

}  // namespace

Decoded decode_instruction(const std::array<std::uint32_t, 3>& words, unsigned vgpr_limit) {
  Decoding decoding(words, vgpr_limit);
  decoding.encoding = find_encoding(words[0]);
  switch (decoding.encoding) {
    case Encoding::sop1:
    case Encoding::sop2:
    case Encoding::sopc:
    case Encoding::sopk:
    case Encoding::sopp:
      decode_scalar(decoding);
      break;
    case Encoding::smem:
      decode_scalar_memory(decoding);
      break;
    case Encoding::vop1:
    case Encoding::vop2:
    case Encoding::vopc:
      decode_vector(decoding);
      break;
    case Encoding::vop3:
    case Encoding::vop3p:
      decode_vector_long(decoding);
      break;
    case Encoding::vopd:
      decode_dual(decoding);
      break;
    case Encoding::mubuf:
    case Encoding::mtbuf:
      decode_buffer(decoding);
      break;
    case Encoding::ldsdir:
      decode_lds_direct(decoding);
      break;
    case Encoding::vinterp:
      decode_interpolation(decoding);
      break;
    case Encoding::mimg:
      decode_image(decoding);
      break;
    case Encoding::exp:
      decode_export(decoding);
      break;
    case Encoding::ds:
    case Encoding::flat:
    case Encoding::global:
    case Encoding::scratch:
      decode_memory(decoding);
      break;
    default:
      decoding.problem("instruction word " + std::to_string(words[0]) + " has no known encoding");
  }
  decoding.finish();
  mark_unmodified(decoding.instruction());
  for (Instruction& inner : decoding.result.extra.inner) mark_unmodified(inner);
  return decoding.result;
}

}  // namespace redbolt::emulator
