// SOPK, and the hardware registers that S_GETREG and S_SETREG reach.
#include "semantics/registry.hpp"
#include "semantics/scalars.hpp"

namespace redbolt::emulator {
namespace {

constexpr auto salu = InstructionClass::salu;
constexpr auto message = InstructionClass::message;

// Ids of hardware registers, in bits 5:0 of SIMM16.
constexpr std::uint32_t register_mode = 1;
constexpr std::uint32_t register_status = 2;
constexpr std::uint32_t register_trap_status = 3;
constexpr std::uint32_t register_flush_instructions = 14;
constexpr std::uint32_t register_memory_bases = 15;
constexpr std::uint32_t register_flat_scratch_low = 20;
constexpr std::uint32_t register_flat_scratch_high = 21;
constexpr std::uint32_t register_hardware_id1 = 23;
constexpr std::uint32_t register_hardware_id2 = 24;
constexpr std::uint32_t register_shader_cycles = 29;

struct BitField {
  std::uint32_t id;
  std::uint32_t offset;
  std::uint32_t mask;  // not shifted
};

BitField bit_field(const Instruction& instruction) {
  const auto value = static_cast<std::uint32_t>(instruction.immediate);
  const std::uint32_t size = (value >> 11 & 31) + 1;
  return {value & 63, value >> 6 & 31, size == 32 ? ~0u : (1u << size) - 1};
}

std::uint32_t instruction_total(const Wave& wave) {
  std::uint32_t sum = 0;
  for (const auto count : wave.executed) sum += count;
  return sum;
}

std::uint32_t status_bits(const Wave& wave) {
  constexpr std::uint32_t execz = 1u << 9, vccz = 1u << 10, in_workgroup = 1u << 11;
  return (wave.scc() ? 1u : 0u) | (wave.exec() == 0 ? execz : 0) | (wave.vcc() == 0 ? vccz : 0) |
         in_workgroup;
}

void get_register(Wave& wave, const Instruction& instruction) {
  const BitField field = bit_field(instruction);
  std::uint32_t value = 0;
  switch (field.id) {
    case register_mode:
      value = wave.mode;
      break;
    case register_status:
      value = status_bits(wave);
      break;
    case register_flat_scratch_low:
      value = static_cast<std::uint32_t>(wave.scratch_address);
      break;
    case register_flat_scratch_high:
      value = static_cast<std::uint32_t>(wave.scratch_address >> 32);
      break;
    case register_shader_cycles:
      value = instruction_total(wave) & 0xfffff;
      break;
    case register_memory_bases:  // private base, shared base
      value = static_cast<std::uint32_t>(wave.dispatch->private_aperture >> 48) |
              static_cast<std::uint32_t>(wave.dispatch->shared_aperture >> 48) << 16;
      break;
    case register_trap_status:         // no exceptions are recorded
    case register_flush_instructions:  // write-only
    case register_hardware_id1:        // "not predictable values"
    case register_hardware_id2:
      break;
    default:
      wave.fail_not_modelled(instruction, "s_getreg_b32 of hardware register " +
                                              std::to_string(field.id) +
                                              ", which is for debugging,");
      return;
  }
  wave.scalar[instruction.destination] = value >> field.offset & field.mask;
}

void set_register(Wave& wave, const Instruction& instruction) {
  const BitField field = bit_field(instruction);
  // Only MODE of the registers that a program may write has a meaning here; writes to read-only
  // ones are lost.
  if (field.id != register_mode) return;
  const std::uint32_t value = scalar_operand(wave, instruction.source[0]);
  const std::uint32_t mask = field.mask << field.offset;
  wave.set_mode((wave.mode & ~mask) | (value << field.offset & mask));
}

void move_constant(Wave& wave, const Instruction& instruction) {
  wave.scalar[instruction.destination] = static_cast<std::uint32_t>(instruction.immediate);
}

void move_constant_if(Wave& wave, const Instruction& instruction) {
  if (wave.scc()) move_constant(wave, instruction);
}

void add_constant(Wave& wave, const Instruction& instruction) {
  std::int32_t sum = 0;
  const auto value = static_cast<std::int32_t>(wave.scalar[instruction.source[0].value]);
  wave.set_scc(__builtin_add_overflow(value, instruction.immediate, &sum));
  wave.scalar[instruction.destination] = static_cast<std::uint32_t>(sum);
}

void multiply_constant(Wave& wave, const Instruction& instruction) {
  wave.scalar[instruction.destination] =
      wave.scalar[instruction.source[0].value] * static_cast<std::uint32_t>(instruction.immediate);
}

// The constant is sign-extended for signed comparisons only.
template <bool (*predicate)(std::int64_t, std::int64_t), bool is_signed>
void compare_constant(Wave& wave, const Instruction& instruction) {
  const std::uint32_t value = wave.scalar[instruction.source[0].value];
  const std::int64_t left =
      is_signed ? std::int64_t{static_cast<std::int32_t>(value)} : std::int64_t{value};
  const std::int64_t right = is_signed ? instruction.immediate : instruction.immediate & 0xffff;
  wave.set_scc(predicate(left, right));
}

bool equal(std::int64_t a, std::int64_t b) {
  return a == b;
}
bool unequal(std::int64_t a, std::int64_t b) {
  return a != b;
}
bool greater(std::int64_t a, std::int64_t b) {
  return a > b;
}
bool greater_equal(std::int64_t a, std::int64_t b) {
  return a >= b;
}
bool less(std::int64_t a, std::int64_t b) {
  return a < b;
}
bool less_equal(std::int64_t a, std::int64_t b) {
  return a <= b;
}

void call(Wave& wave, const Instruction& instruction) {
  wave.set_scalar64(instruction.destination, wave.next_address());
  wave.branch(instruction.immediate);
}

// The two passes of a wave of 64 lanes over its halves of EXEC. With 32 there is one pass.
void begin_halves(Wave& wave, const Instruction& instruction) {
  std::uint32_t& low = wave.scalar[scalar_index::exec];
  std::uint32_t& high = wave.scalar[scalar_index::exec_high];
  if ((low | high) == 0) {
    wave.branch(instruction.immediate);
  } else if (low == 0) {
    wave.scalar[instruction.destination] = low;
  } else {
    wave.scalar[instruction.destination] = high;
    high = 0;
  }
}

void end_halves(Wave& wave, const Instruction& instruction) {
  std::uint32_t& low = wave.scalar[scalar_index::exec];
  std::uint32_t& high = wave.scalar[scalar_index::exec_high];
  std::uint32_t& saved = wave.scalar[instruction.destination];
  if (high != 0) {
    low = saved;
  } else if (saved != 0) {
    high = saved;
    saved = low;
    low = 0;
    wave.branch(instruction.immediate);
  }
}

// Results are there as soon as an instruction is executed: there is nothing to wait for.
void wait(Wave&, const Instruction&) {}

constexpr Binding bindings[] = {
    {"S_MOVK_I32", move_constant, salu},
    {"S_VERSION", wait, message},
    {"S_CMOVK_I32", move_constant_if, salu},
    {"S_CMPK_EQ_I32", compare_constant<equal, true>, salu},
    {"S_CMPK_LG_I32", compare_constant<unequal, true>, salu},
    {"S_CMPK_GT_I32", compare_constant<greater, true>, salu},
    {"S_CMPK_GE_I32", compare_constant<greater_equal, true>, salu},
    {"S_CMPK_LT_I32", compare_constant<less, true>, salu},
    {"S_CMPK_LE_I32", compare_constant<less_equal, true>, salu},
    {"S_CMPK_EQ_U32", compare_constant<equal, false>, salu},
    {"S_CMPK_LG_U32", compare_constant<unequal, false>, salu},
    {"S_CMPK_GT_U32", compare_constant<greater, false>, salu},
    {"S_CMPK_GE_U32", compare_constant<greater_equal, false>, salu},
    {"S_CMPK_LT_U32", compare_constant<less, false>, salu},
    {"S_CMPK_LE_U32", compare_constant<less_equal, false>, salu},
    {"S_ADDK_I32", add_constant, salu},
    {"S_MULK_I32", multiply_constant, salu},
    {"S_GETREG_B32", get_register, salu},
    {"S_SETREG_B32", set_register, salu},
    {"S_SETREG_IMM32_B32", set_register, salu},
    {"S_SUBVECTOR_LOOP_BEGIN", begin_halves, InstructionClass::branch},
    {"S_SUBVECTOR_LOOP_END", end_halves, InstructionClass::branch},
    {"S_CALL_B64", call, InstructionClass::branch},
    {"S_WAITCNT_VSCNT", wait, message},
    {"S_WAITCNT_VMCNT", wait, message},
    {"S_WAITCNT_EXPCNT", wait, message},
    {"S_WAITCNT_LGKMCNT", wait, message},
};

}  // namespace

std::span<const Binding> sopk_bindings() {
  return bindings;
}

}  // namespace redbolt::emulator
