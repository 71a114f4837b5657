// What the forms of a matrix that go through LDS share: a tile of 64 rows, of which each step
// stages units of 32 weights, decoded, next to the same elements of the activations. The order of
// elements inside a step is the decoder's; both sides use the same.
#pragma once

#include "arguments.hpp"
#include "dot_product.hpp"

namespace redbolt::kernels {

RB_CONSTANT u32 columns;
RB_CONSTANT u32 type_0;  // WeightType of the parts; 0xffffffff: not used
RB_CONSTANT u32 type_1;
RB_CONSTANT u32 type_2;
RB_CONSTANT u32 normalise;

inline constexpr u32 threads = 128;
inline constexpr u32 waves = threads / wave_lanes;
inline constexpr u32 tile_rows = 64;
inline constexpr u32 weight_stride = tile_rows + 4;  // floats; staggers the LDS banks

// A staged unit of the tile's rows.
using WeightUnit = float[unit_weights][weight_stride];

RB_INLINE u32 smaller(u32 a, u32 b) {
  return a < b ? a : b;
}

template <class D>
RB_INLINE u32 unit_count() {
  return columns / unit_weights + (D::whole_units || columns % unit_weights == 0 ? 0 : 1);
}

// Decodes a unit of one row into a column of the tile; zeros beyond the last unit.
template <class D>
RB_INLINE void stage_weights(Bytes row, u32 unit, WeightUnit& tile, u32 column) {
  const u32 whole = columns / unit_weights;
  if (unit < whole) {
    const auto w = D::decode(row, unit, columns);
    using R = typename D::Result;
    RB_UNROLL for (u32 i = 0; i < unit_weights; ++i) {
      const u32 run = i / R::run_length;
      float value = w.q[i];
      if constexpr (D::has_minimum)
        value = w.scale[run] * value + w.minimum[run];
      else if constexpr (D::scaled)
        value = w.scale[run] * value - D::centre * w.scale[run];
      tile[i][column] = value;
    }
    return;
  }
  for (u32 i = 0; i < unit_weights; ++i) {
    float value = 0;
    if constexpr (!D::whole_units)
      if (unit == whole && whole * unit_weights + i < columns)
        value = D::element(row, whole * unit_weights + i);
    tile[i][column] = value;
  }
}

// Loads `count` (a multiple of 4) activations of a unit, from slot `first` on, for one token.
template <class D, u32 token_stride>
RB_INLINE void stage_activations(Global<const float> row, Global<const float> norm, u32 unit,
                                 u32 first, u32 count, u32 column, bool live,
                                 float (&tile)[unit_weights][token_stride], float& sum_of_squares) {
  const u32 whole = columns / unit_weights;
  constexpr u32 length = D::Result::run_length;
  RB_UNROLL for (u32 i = 0; i < count; i += 4) {
    const u32 slot = first + i;
    f32x4 x = {0, 0, 0, 0};
    if (unit < whole) {
      const u32 element = D::position(unit, slot / length, columns) + slot % length;
      if (live) x = load4(row + element);
      if (normalise) {
        RB_UNROLL for (u32 j = 0; j < 4; ++j) sum_of_squares += x[j] * x[j];
        x *= load4(norm + element);
      }
    } else if (!D::whole_units && unit == whole) {
      RB_UNROLL for (u32 j = 0; j < 4; ++j) {
        const u32 element = whole * unit_weights + slot + j;
        if (!live || element >= columns) continue;
        x[j] = row[element];
        if (normalise) {
          sum_of_squares += x[j] * x[j];
          x[j] *= norm[element];
        }
      }
    }
    RB_UNROLL for (u32 j = 0; j < 4; ++j) tile[slot + j][column] = x[j];
  }
}

}  // namespace redbolt::kernels
