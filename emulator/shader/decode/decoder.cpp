#include "decode/decoder.hpp"

#include <algorithm>
#include <cstring>

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
  if (result.problem.empty()) result.problem = text;
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
  const Binding* binding = find_binding(static_cast<unsigned>(id));
  if (binding == nullptr) {
    problem(std::string(info->mnemonic) + " is not implemented");
    return false;
  }
  instruction().handler.store(binding->handler, std::memory_order_relaxed);
  instruction().kind = binding->kind;
  return true;
}

Operand Decoding::vgpr(std::uint32_t number, unsigned dwords) {
  if (number + dwords > vgpr_limit_) {
    problem("VGPR " + std::to_string(number + dwords - 1) + " is used but the wave has only " +
            std::to_string(vgpr_limit_));
  }
  return Operand{number, OperandKind::vgpr, 0, 0};
}

Operand Decoding::sgpr(std::uint32_t number) const {
  return Operand{number, OperandKind::sgpr, 0, 0};
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

Operand Decoding::source(std::uint32_t number, ValueType type, unsigned table_dwords) {
  if (number >= first_vgpr) {
    return vgpr(number - first_vgpr,
                std::max(dword_count(type), type == ValueType::m64 ? 1 : table_dwords));
  }
  if (number < first_inline_integer || number == scalar_index::scc) return sgpr(number);
  if (number <= last_inline_integer) {
    return constant(inline_integer(number), OperandKind::constant_signed);
  }
  if (number >= first_inline_float && number <= last_inline_float) {
    return inline_float(number - first_inline_float, type);
  }
  if (number >= scalar_index::shared_base && number <= scalar_index::private_limit) {
    // Read as 32 bits these give the lower half, which is 0.
    return sgpr(scalar_index::apertures + 2 * (number - scalar_index::shared_base));
  }
  if (number == scalar_index::literal) return literal(type);
  problem("source operand " + std::to_string(number) + " is not implemented");
  return constant(0);
}

Operand Decoding::short_source(std::uint32_t number, ValueType type) {
  if (number < first_vgpr || !is_16bit(type)) return source(number, type);
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
  instruction().destination = static_cast<std::uint16_t>(vgpr(number, dwords).value);
}

std::uint16_t Decoding::scalar_destination(std::uint32_t number, unsigned dwords) {
  if (number == scalar_index::null) return scalar_index::discard;
  if (number > scalar_index::exec_high || number % dwords != 0) {
    problem("scalar destination " + std::to_string(number) + " does not exist or is not aligned");
    return scalar_index::discard;
  }
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
      decoding.set_length(2);
      decoding.select(Encoding::mubuf, decoding.get(fields::mubuf::op));
      break;
    case Encoding::ds:
    case Encoding::flat:
    case Encoding::global:
    case Encoding::scratch:
      decode_memory(decoding);
      break;
    default:
      decoding.problem("the encoding of instruction word " + std::to_string(words[0]) +
                       " is not implemented");
  }
  Instruction& instruction = decoding.instruction();
  if (!decoding.result.problem.empty()) {
    instruction.handler.store(execute_illegal, std::memory_order_relaxed);
    decoding.result.has_extra = false;
  }
  mark_unmodified(instruction);
  for (Instruction& inner : decoding.result.extra.inner) mark_unmodified(inner);
  return decoding.result;
}

}  // namespace redbolt::emulator
