// One-source vector operations on bits and integers, and moves across lanes.
#include <bit>

#include "semantics/arithmetic.hpp"
#include "semantics/lanes.hpp"
#include "semantics/registry.hpp"

namespace redbolt::emulator {
namespace {

using u32 = std::uint32_t;
using i32 = std::int32_t;

u32 reversed(u32 value) {
  value = (value >> 1 & 0x55555555) | (value & 0x55555555) << 1;
  value = (value >> 2 & 0x33333333) | (value & 0x33333333) << 2;
  value = (value >> 4 & 0x0f0f0f0f) | (value & 0x0f0f0f0f) << 4;
  value = (value >> 8 & 0x00ff00ff) | (value & 0x00ff00ff) << 8;
  return value >> 16 | value << 16;
}

i32 leading_zeros(u32 value) {
  return value == 0 ? -1 : std::countl_zero(value);
}
i32 trailing_zeros(u32 value) {
  return value == 0 ? -1 : std::countr_zero(value);
}
i32 leading_signs(i32 value) {
  return leading_zeros(static_cast<u32>(value < 0 ? ~value : value));
}

u32 saturated_bytes(u32 packed) {
  const auto byte = [](u32 half) {
    const i32 value = static_cast<std::int16_t>(half);
    return static_cast<u32>(value < 0 ? 0 : value > 255 ? 255 : value);
  };
  return byte(packed & 0xffff) | byte(packed >> 16) << 8;
}

void nothing(Wave&, const Instruction&) {}

// The first enabled lane; lane 0 when none is.
void read_first_lane(Wave& wave, const Instruction& instruction) {
  const u32 exec = wave.exec();
  const auto lane = exec == 0 ? 0u : static_cast<unsigned>(std::countr_zero(exec));
  const Source<u32> source(wave, instruction.source[0]);
  wave.scalar[instruction.scalar_destination] = source[lane];
}

void swap(Wave& wave, const Instruction& instruction) {
  const auto first = wave.vgpr[instruction.destination];
  const auto second = wave.vgpr[instruction.source[0].value];
  store_row(wave, instruction.destination, second.data());
  store_row(wave, instruction.source[0].value, first.data());
}

void swap_halves(Wave& wave, const Instruction& instruction) {
  const Operand first{
      instruction.destination, OperandKind::vgpr,
      (instruction.flags & flag::destination_high) != 0 ? modifier::high_half : std::uint8_t{0}, 0};
  Row values[2];
  {
    const Source<std::uint16_t> a(wave, first);
    const Source<std::uint16_t> b(wave, instruction.source[0]);
    for (unsigned i = 0; i < lane_count; ++i) {
      values[0].lane[i] = b[i];
      values[1].lane[i] = a[i];
    }
  }
  store_half_row(wave, instruction, values[0].lane);
  Instruction other = instruction;
  other.destination = static_cast<std::uint16_t>(instruction.source[0].value);
  other.flags = (instruction.source[0].modifiers & modifier::high_half) != 0
                    ? flag::destination_high
                    : std::uint8_t{0};
  store_half_row(wave, other, values[1].lane);
}

// VGPR numbers displaced. Out of range v0 is read and nothing is written (3.3.2.2 of AMD's
// document). A shuffled source lies behind the registers and is not displaced.
bool in_range(const Wave& wave, u32 row, u32 by) {
  return std::uint64_t{row} + by < wave.vgpr_count;
}
auto displaced_row(const Wave& wave, u32 row, u32 by) {
  if (row >= vgpr_row::lane_shuffle) return wave.vgpr[row];
  return wave.vgpr[in_range(wave, row, by) ? row + by : 0];
}
void store_displaced(Wave& wave, u32 row, u32 by, const u32* values) {
  if (in_range(wave, row, by)) store_row(wave, row + by, values);
}

// The displacements of source and destination, by M0.
struct Displacement {
  u32 source;
  u32 destination;
};
using DisplacementOf = Displacement (*)(u32 m0);

Displacement of_source(u32 m0) {
  return {m0, 0};
}
Displacement of_both(u32 m0) {
  return {m0, m0};
}
Displacement by_two_fields(u32 m0) {
  return {m0 & 0x3ff, m0 >> 16 & 0x3ff};
}

void move_relative_destination(Wave& wave, const Instruction& instruction) {
  const Source<u32> source(wave, instruction.source[0]);
  Row values;
  for (unsigned i = 0; i < lane_count; ++i) values.lane[i] = source[i];
  store_displaced(wave, instruction.destination, wave.scalar[scalar_index::m0], values.lane);
}

template <DisplacementOf displacement>
void move_relative(Wave& wave, const Instruction& instruction) {
  const Displacement by = displacement(wave.scalar[scalar_index::m0]);
  const auto values = displaced_row(wave, instruction.source[0].value, by.source);
  store_displaced(wave, instruction.destination, by.destination, values.data());
}

void swap_relative(Wave& wave, const Instruction& instruction) {
  const Displacement by = by_two_fields(wave.scalar[scalar_index::m0]);
  const u32 source = instruction.source[0].value;
  if (!in_range(wave, source, by.source) ||
      !in_range(wave, instruction.destination, by.destination)) {
    return;
  }
  const auto first = wave.vgpr[instruction.destination + by.destination];
  const auto second = wave.vgpr[source + by.source];
  store_row(wave, instruction.destination + by.destination, second.data());
  store_row(wave, source + by.source, first.data());
}

constexpr Binding bindings[] = {
    {"V_NOP", nothing},
    {"V_PIPEFLUSH", nothing},
    {"V_MOV_B32", lanes<[](u32 a) { return a; }>},
    {"V_MOV_B16", lanes<[](std::uint16_t a) { return a; }>},
    {"V_READFIRSTLANE_B32", read_first_lane},
    {"V_NOT_B32", lanes<[](u32 a) { return ~a; }>},
    {"V_NOT_B16", lanes<[](std::uint16_t a) { return static_cast<std::uint16_t>(~a); }>},
    {"V_BFREV_B32", lanes<[](u32 a) { return reversed(a); }>},
    {"V_CLZ_I32_U32", lanes<[](u32 a) { return leading_zeros(a); }>},
    {"V_CTZ_I32_B32", lanes<[](u32 a) { return trailing_zeros(a); }>},
    {"V_CLS_I32", lanes<[](i32 a) { return leading_signs(a); }>},
    {"V_SAT_PK_U8_I16",
     lanes<[](u32 a) { return static_cast<std::uint16_t>(saturated_bytes(a)); }>},
    {"V_SWAP_B32", swap},
    {"V_SWAP_B16", swap_halves},
    {"V_MOVRELD_B32", move_relative_destination},
    {"V_MOVRELS_B32", move_relative<of_source>},
    {"V_MOVRELSD_B32", move_relative<of_both>},
    {"V_MOVRELSD_2_B32", move_relative<by_two_fields>},
    {"V_SWAPREL_B32", swap_relative},
    // Of waves of 64 lanes; nothing in waves of 32.
    {"V_PERMLANE64_B32", nothing},
};

}  // namespace

std::span<const Binding> vop1_bindings() {
  return bindings;
}

}  // namespace redbolt::emulator
