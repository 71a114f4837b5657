// One unit of activations in registers, and its product with a unit of weights.
#pragma once

#include "weight_decoder.hpp"

namespace redbolt::kernels {

// 32 activations at the positions of a unit of weights, and (for types that need it) the sum of
// each run.
template <class D>
struct Activations {
  static constexpr u32 runs = D::Result::runs;
  static constexpr u32 run_length = D::Result::run_length;
  static constexpr bool needs_sums = D::has_minimum || D::centre != 0;
  float x[unit_weights];
  float sums[runs];
};

// Loads the unit; with `norm`, multiplies by it and adds the squares of the plain activations to
// sum_of_squares.
template <class D>
RB_INLINE Activations<D> load_activations(Global<const float> row, Global<const float> norm,
                                          u32 normalise, u32 unit, u32 columns,
                                          float& sum_of_squares) {
  using A = Activations<D>;
  A a;
  RB_UNROLL for (u32 run = 0; run < A::runs; ++run) {
    const u32 first = D::position(unit, run, columns);
    RB_UNROLL for (u32 i = 0; i < A::run_length; i += 4) {
      const f32x4 x = load4(row + first + i);
      RB_UNROLL for (u32 j = 0; j < 4; ++j) a.x[run * A::run_length + i + j] = x[j];
    }
    if (normalise) {
      RB_UNROLL for (u32 i = 0; i < A::run_length; i += 4) {
        const f32x4 g = load4(norm + first + i);
        RB_UNROLL for (u32 j = 0; j < 4; ++j) {
          float& x = a.x[run * A::run_length + i + j];
          sum_of_squares += x * x;
          x *= g[j];
        }
      }
    }
    if constexpr (A::needs_sums) {
      float sum = 0;
      RB_UNROLL for (u32 i = 0; i < A::run_length; ++i) sum += a.x[run * A::run_length + i];
      a.sums[run] = sum;
    }
  }
  return a;
}

// sum + the product of 32 weights and activations. Scales are applied once per run.
template <class D>
RB_INLINE float multiply_add(const typename D::Result& w, const Activations<D>& a, float sum) {
  using A = Activations<D>;
  if constexpr (!D::scaled) {
    RB_UNROLL for (u32 i = 0; i < unit_weights; ++i) sum += w.q[i] * a.x[i];
    return sum;
  }
  RB_UNROLL for (u32 run = 0; run < A::runs; ++run) {
    float dot = 0;
    if constexpr (D::centre != 0) dot = -D::centre * a.sums[run];
    RB_UNROLL for (u32 i = 0; i < A::run_length; ++i) dot +=
        w.q[run * A::run_length + i] * a.x[run * A::run_length + i];
    sum += w.scale[run] * dot;
    if constexpr (D::has_minimum) sum += w.minimum[run] * a.sums[run];
  }
  return sum;
}

// 1 / sqrt(mean of squares + epsilon).
RB_INLINE float inverse_rms(float sum_of_squares, u32 width, float epsilon) {
  return __builtin_amdgcn_rsqf(sum_of_squares / static_cast<float>(width) + epsilon);
}

}  // namespace redbolt::kernels
