// The batched forms of linear_vector.cpp, for prefill and for steps of many sequences: a workgroup
// computes a tile of 64 rows by 32 tokens. Each step stages two units of weights and activations,
// and every lane accumulates 4 rows by 4 tokens. The squares for a fused norm are summed from the
// activations as they pass.
#include "arguments.hpp"
#include "linear_tile.hpp"
#include "step_rows.hpp"

namespace redbolt::kernels {

RB_CONSTANT u32 by_slot;  // tokens are those of the active states

inline constexpr u32 tile_tokens = 32;
inline constexpr u32 token_stride = tile_tokens + 4;

// LDS of one step. Plain: two units of 64 rows; gated: one unit of 64 gate rows and of 64 up rows.
struct Tile {
  WeightUnit weights[2];
  float activations[2][unit_weights][token_stride];
};

struct Accumulator {
  float at[4][4];  // [row][token]
};

RB_INLINE u32 token_tile_start() {
  return group_y() * tile_tokens;
}

// sums += weights^T * activations for the lane's 4 rows and 4 tokens, the same activations with a
// unit of each of `matrices` matrices. All of it in one loop: that lets the compiler pair nearly
// all products (V_DUAL_FMAC).
template <u32 matrices>
RB_INLINE void multiply_tile(const WeightUnit* w, const float (&x)[unit_weights][token_stride],
                             u32 row, u32 token, Accumulator (&sums)[matrices]) {
  _Pragma("clang loop unroll_count(8)") for (u32 k = 0; k < unit_weights; ++k) {
    const f32x4 xk = *reinterpret_cast<const f32x4*>(&x[k][token]);
    RB_UNROLL for (u32 m = 0; m < matrices; ++m) {
      const f32x4 wk = *reinterpret_cast<const f32x4*>(&w[m][k][row]);
      auto& at = sums[m].at;
      RB_UNROLL for (int r = 0; r < 4; ++r) RB_UNROLL for (int t = 0; t < 4; ++t) at[r][t] +=
          wk[r] * xk[t];
    }
  }
}

// Where a lane works: it stages for token `stage_token`, and computes 4 rows from `row` and 4
// tokens from `token` of the tile. A wave covers 8 tokens, and skips the products if none is live.
struct Place {
  u32 stage_token = lane_id();
  u32 row = lane_id() % 16 * 4;
  u32 token = wave_id() * 8 + lane_id() / 16 * 4;
};

// Factors of the norm for the tile's tokens, from the partial sums of the four waves.
RB_INLINE void finish_norm(float sum_of_squares, float epsilon, float (&sums)[waves][tile_tokens],
                           const Place& place, float (&factors)[4]) {
  RB_UNROLL for (int t = 0; t < 4; ++t) factors[t] = 1.0f;
  if (!normalise) return;
  group_barrier();
  sums[wave_id()][place.stage_token] = sum_of_squares;
  group_barrier();
  RB_UNROLL for (u32 t = 0; t < 4; ++t) {
    float sum = 0;
    RB_UNROLL for (u32 w = 0; w < waves; ++w) sum += sums[w][place.token + t];
    factors[t] = inverse_rms(sum, columns, epsilon);
  }
}

RB_SHARED Tile tile;
RB_SHARED float norm_sums[waves][tile_tokens];

// live: a bit for each token of the tile that the step has, at least one.
template <class D>
RB_INLINE void part_tile(const LinearArguments& args, const LinearPartArguments& part, u32 live) {
  const Place place;
  const u32 first_token = token_tile_start();
  const u32 first_row = (group_x() - part.first_group) * tile_rows;
  const bool token_live = live >> place.stage_token & 1;
  const u32 token = first_token + (token_live ? place.stage_token : 0);
  const Global<const float> input = args.input + u64(token) * columns;
  const u32 staged_row = smaller(first_row + thread_id() % tile_rows, part.rows - 1);
  const Bytes weights = part.weights + staged_row * D::row_bytes(columns);
  Accumulator sums[1] = {};
  float sum_of_squares = 0;
  const u32 units = unit_count<D>();
  RB_NO_UNROLL for (u32 unit = 0; unit < units; unit += 2) {
    const u32 own = thread_id() / tile_rows;  // the unit of the pair whose weights are staged here
    const u32 half_wave = wave_id() / 2;      // and whose activations
    stage_weights<D>(weights, unit + own, tile.weights[own], thread_id() % tile_rows);
    stage_activations<D>(input, args.norm, unit + half_wave, wave_id() % 2 * 16, 16,
                         place.stage_token, token_live, tile.activations[half_wave],
                         sum_of_squares);
    group_barrier();
    if ((live >> wave_id() * 8 & 0xff) != 0) {
      multiply_tile(&tile.weights[0], tile.activations[0], place.row, place.token, sums);
      multiply_tile(&tile.weights[1], tile.activations[1], place.row, place.token, sums);
    }
    group_barrier();
  }
  float factors[4];
  finish_norm(sum_of_squares, args.epsilon, norm_sums, place, factors);
  RB_UNROLL for (u32 r = 0; r < 4; ++r) {
    const u32 row = first_row + place.row + r;
    if (row >= part.rows) continue;
    const float bias = part.bias ? part.bias[row] : 0.0f;
    RB_UNROLL for (u32 t = 0; t < 4; ++t) {
      if ((live >> (place.token + t) & 1) == 0) continue;
      const u64 at = u64(first_token + place.token + t) * part.rows + row;
      float y = sums[0].at[r][t] * factors[t] + bias;
      if (part.residual) y += part.residual[at];
      part.output[at] = y;
    }
  }
}

RB_KERNEL(threads) linear_batched(LinearArguments args) {
  const u32 live = live_rows(args.state, token_tile_start(), args.capacity, by_slot);
  if (live == 0) return;
  u32 index = 0;
  if (args.part_count > 1 && group_x() >= args.parts[1].first_group) index = 1;
  if (args.part_count > 2 && group_x() >= args.parts[2].first_group) index = 2;
  LinearPartArguments part = args.parts[0];
  if (index == 1) part = args.parts[1];
  if (index == 2) part = args.parts[2];
  const auto run = [&](auto decoder) { part_tile<decltype(decoder)>(args, part, live); };
  if (type_1 != ~0u && part.type_slot == 1) return with_decoder<type_1>(run);
  if (type_2 != ~0u && part.type_slot == 2) return with_decoder<type_2>(run);
  with_decoder<type_0>(run);
}

template <class D>
RB_INLINE void gated_tile(const GatedLinearArguments& args, u32 live) {
  const Place place;
  const u32 first_token = token_tile_start();
  const u32 first_row = group_x() * tile_rows;
  const bool token_live = live >> place.stage_token & 1;
  const u32 token = first_token + (token_live ? place.stage_token : 0);
  const Global<const float> input = args.input + u64(token) * columns;
  const u32 own = uniform(thread_id() / tile_rows);  // 0: stages gate rows, 1: up rows
  const u32 staged_row = smaller(first_row + thread_id() % tile_rows, args.rows - 1);
  const Bytes weights = (own == 0 ? args.gate : args.up) + staged_row * D::row_bytes(columns);
  Accumulator sums[2] = {};  // of gate, of up
  float sum_of_squares = 0;
  const u32 units = unit_count<D>();
  RB_NO_UNROLL for (u32 unit = 0; unit < units; ++unit) {
    stage_weights<D>(weights, unit, tile.weights[own], thread_id() % tile_rows);
    stage_activations<D>(input, args.norm, unit, wave_id() * 8, 8, place.stage_token, token_live,
                         tile.activations[0], sum_of_squares);
    group_barrier();
    if ((live >> wave_id() * 8 & 0xff) != 0) {
      multiply_tile(tile.weights, tile.activations[0], place.row, place.token, sums);
    }
    group_barrier();
  }
  float factors[4];
  finish_norm(sum_of_squares, args.epsilon, norm_sums, place, factors);
  RB_UNROLL for (u32 r = 0; r < 4; ++r) RB_UNROLL for (u32 t = 0; t < 4; ++t) {
    const u32 row = first_row + place.row + r;
    if (row >= args.rows || (live >> (place.token + t) & 1) == 0) continue;
    args.output[u64(first_token + place.token + t) * args.rows + row] =
        silu(sums[0].at[r][t] * factors[t]) * (sums[1].at[r][t] * factors[t]);
  }
}

RB_KERNEL(threads) gated_batched(GatedLinearArguments args) {
  const u32 live = live_rows(args.state, token_tile_start(), args.capacity, by_slot);
  if (live == 0) return;
  with_decoder<type_0>([&](auto d) { gated_tile<decltype(d)>(args, live); });
}

}  // namespace redbolt::kernels
