// What graphics left in the compute set: cube map coordinates, interpolation of parameters that are
// already in registers, and single values from LDS for a whole wave.
#include <bit>
#include <cmath>

#include "semantics/arithmetic.hpp"
#include "semantics/lanes.hpp"
#include "semantics/lds.hpp"
#include "semantics/registry.hpp"

namespace redbolt::emulator {
namespace {

using u32 = std::uint32_t;

// Which axis a direction is nearest to; ties go to z, then to y.
bool along_z(float x, float y, float z) {
  return std::fabs(z) >= std::fabs(x) && std::fabs(z) >= std::fabs(y);
}
bool along_y(float x, float y) {
  return std::fabs(y) >= std::fabs(x);
}

float cube_face(float x, float y, float z) {
  return along_z(x, y, z) ? (z < 0 ? 5.0f : 4.0f)
         : along_y(x, y)  ? (y < 0 ? 3.0f : 2.0f)
                          : (x < 0 ? 1.0f : 0.0f);
}
float cube_s(float x, float y, float z) {
  return along_z(x, y, z) ? (z < 0 ? -x : x) : along_y(x, y) ? x : x < 0 ? z : -z;
}
float cube_t(float x, float y, float z) {
  return along_z(x, y, z) ? -y : along_y(x, y) ? (y < 0 ? -z : z) : -y;
}
float cube_axis(float x, float y, float z) {
  return 2.0f * (along_z(x, y, z) ? z : along_y(x, y) ? y : x);
}

// A quad keeps P0 in its first lane, P10 in its second, P20 in its third, whatever EXEC says.
constexpr unsigned own_lane = ~0u;
constexpr unsigned quad_lane(unsigned lane, unsigned place) {
  return place == own_lane ? lane : (lane & ~3u) + place;
}

float value_of(float value) {
  return value;
}
float value_of(Half value) {
  return value.value;
}

template <class Type>
Type result_of(float value) {
  if constexpr (std::is_same_v<Type, Half>) return Half{value};
  return Type{value};
}

// fma(source 0 of one lane of the quad, source 1, source 2 of another or of the lane itself).
template <class A, class C, class R, unsigned place_a, unsigned place_c, bool toward_zero>
void interpolate(Wave& wave, const Instruction& instruction) {
  Result<R> result;
  {
    const Source<A> a(wave, instruction.source[0]);
    const Source<float> b(wave, instruction.source[1]);
    const Source<C> c(wave, instruction.source[2]);
    const RoundingScope rounding(toward_zero ? Rounding::toward_zero : f32_mode(wave).rounding);
    for (unsigned lane = 0; lane < lane_count; ++lane) {
      const float sum = fused(value_of(a[quad_lane(lane, place_a)]), b[lane],
                              value_of(c[quad_lane(lane, place_c)]));
      // A float16 in between is exact, so that the result is rounded in this direction only.
      const bool narrow = toward_zero && std::is_same_v<R, Half>;
      result.set(lane, result_of<R>(narrow ? half_to_float_portable(
                                                 float_to_half_portable(sum, Rounding::toward_zero))
                                           : sum));
    }
  }
  result.store(wave, instruction);
}

// EXEC counts by quads: one lane that is on writes all four.
u32 whole_quads(u32 exec) {
  u32 result = 0;
  for (unsigned lane = 0; lane < lane_count; lane += 4) {
    if ((exec >> lane & 15) != 0) result |= 15u << lane;
  }
  return result;
}

void load_for_all(Wave& wave, const Instruction& instruction) {
  enum Type : u32 {
    unsigned_byte = 0,
    unsigned_short = 1,
    dword = 2,
    signed_byte = 4,
    signed_short = 5
  };
  const u32 m0 = wave.scalar[scalar_index::m0];
  const u32 offset = m0 & 0xffff;
  u32 value = 0;
  switch (m0 >> 16 & 7) {
    case unsigned_byte:
      value = lds_read<std::uint8_t>(wave, offset);
      break;
    case unsigned_short:
      value = lds_read<std::uint16_t>(wave, offset);
      break;
    case dword:
      value = lds_read<u32>(wave, offset);
      break;
    case signed_byte:
      value = static_cast<u32>(lds_read<std::int8_t>(wave, offset));
      break;
    case signed_short:
      value = static_cast<u32>(lds_read<std::int16_t>(wave, offset));
      break;
    default:
      break;  // reserved
  }
  wave.counts.lds_accesses += 1;
  const u32 exec = wave.exec();
  Row row;
  splat(row, value);
  wave.set_exec(whole_quads(exec));
  store_row(wave, instruction.destination, row.lane);
  wave.set_exec(exec);
}

constexpr Binding bindings[] = {
    {"V_CUBEID_F32", lanes<[](float x, float y, float z) { return cube_face(x, y, z); }>},
    {"V_CUBESC_F32", lanes<[](float x, float y, float z) { return cube_s(x, y, z); }>},
    {"V_CUBETC_F32", lanes<[](float x, float y, float z) { return cube_t(x, y, z); }>},
    {"V_CUBEMA_F32", lanes<[](float x, float y, float z) { return cube_axis(x, y, z); }>},
    {"V_INTERP_P10_F32", interpolate<float, float, float, 1, 0, false>},
    {"V_INTERP_P2_F32", interpolate<float, float, float, 2, own_lane, false>},
    {"V_INTERP_P10_F16_F32", interpolate<Half, Half, float, 1, 0, false>},
    {"V_INTERP_P2_F16_F32", interpolate<Half, float, Half, 2, own_lane, false>},
    {"V_INTERP_P10_RTZ_F16_F32", interpolate<Half, Half, float, 1, 0, true>},
    {"V_INTERP_P2_RTZ_F16_F32", interpolate<Half, float, Half, 2, own_lane, true>},
    {"LDS_DIRECT_LOAD", load_for_all, InstructionClass::lds},
};

}  // namespace

std::span<const Binding> interpolation_bindings() {
  return bindings;
}

}  // namespace redbolt::emulator
