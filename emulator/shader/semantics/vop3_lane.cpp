// Operations across lanes: single lanes to and from SGPRs, permutations within rows of 16.
#include "semantics/registry.hpp"
#include "semantics/rows.hpp"
#include "semantics/scalars.hpp"

namespace redbolt::emulator {
namespace {

using u32 = std::uint32_t;
using u64 = std::uint64_t;
constexpr u32 row_lanes = 16;

void read_lane(Wave& wave, const Instruction& instruction) {
  const u32 lane = scalar_operand(wave, instruction.source[1]) % lane_count;
  const Source<u32> source(wave, instruction.source[0]);
  wave.scalar[instruction.scalar_destination] = source[lane];
}

// EXEC is not looked at.
void write_lane(Wave& wave, const Instruction& instruction) {
  const u32 lane = scalar_operand(wave, instruction.source[1]) % lane_count;
  wave.vgpr[instruction.destination][lane] = scalar_operand(wave, instruction.source[0]);
}

// Each lane reads the one that 4 bits of the two scalar sources name, in its own row or the other.
template <u32 row_flip>
void permute_rows(Wave& wave, const Instruction& instruction) {
  const u64 select = scalar_operand(wave, instruction.source[1]) |
                     static_cast<u64>(scalar_operand(wave, instruction.source[2])) << 32;
  const auto& from = wave.vgpr[instruction.source[0].value];
  // OP_SEL 0: inactive lanes may be read; OP_SEL 1: what they would give is 0.
  Row result;
  for (u32 i = 0; i < lane_count; ++i) {
    const u32 row = (i / row_lanes) ^ row_flip;
    result.lane[i] = from[row * row_lanes + (select >> (4 * (i % row_lanes)) & 15)];
  }
  store_row(wave, instruction.destination, result.lane);
}

constexpr Binding bindings[] = {
    {"V_READLANE_B32", read_lane},
    {"V_WRITELANE_B32", write_lane},
    {"V_PERMLANE16_B32", permute_rows<0>},
    {"V_PERMLANEX16_B32", permute_rows<1>},
};

}  // namespace

std::span<const Binding> vop3_lane_bindings() {
  return bindings;
}

}  // namespace redbolt::emulator
