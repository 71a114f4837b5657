// The forms of linear_batched.cpp for steps of few sequences: a tile of 64 rows by 2, 4 or 8
// tokens. The four waves share the elements of each staged unit, where the wide tile would leave
// three of them without a token; their sums are added at the end.
#include "linear_tile.hpp"
#include "step_rows.hpp"

namespace redbolt::kernels {

RB_CONSTANT u32 tokens;  // 2, 4 or 8; those that states[token] says are active

inline constexpr u32 most_tokens = 8;
inline constexpr u32 token_stride = most_tokens + 4;
inline constexpr u32 wave_elements = unit_weights / waves;  // of a unit
inline constexpr u32 chunks = unit_weights / 4;             // of a unit, of 4 elements each

struct FewTile {
  float weights[2][unit_weights][weight_stride];
  float activations[2][unit_weights][token_stride];
};

RB_SHARED FewTile tile;
RB_SHARED float partial_sums[waves][most_tokens][tile_rows];
RB_SHARED float token_factors[most_tokens];

// What a lane accumulates: `rows` by `columns` of the tile, from `row` and `token` on.
template <u32 count>
struct LanePlace {
  static constexpr u32 rows = count <= 4 ? 2 : 4;
  static constexpr u32 columns = count <= 4 ? count : 4;
  static constexpr u32 row_lanes = tile_rows / rows;
  u32 row = lane_id() % row_lanes * rows;
  u32 token = lane_id() / row_lanes * columns;
};

template <u32 count>
struct FewSums {
  float at[LanePlace<count>::rows][LanePlace<count>::columns];
};

template <u32 length>
RB_INLINE void load_shared(const float* from, float (&to)[length]) {
  using Vector = float __attribute__((ext_vector_type(length)));
  const Vector values = *reinterpret_cast<const Vector*>(from);
  RB_UNROLL for (u32 i = 0; i < length; ++i) to[i] = values[i];
}

template <u32 count>
RB_INLINE void multiply_few(const float (&w)[unit_weights][weight_stride],
                            const float (&x)[unit_weights][token_stride], FewSums<count>& sums) {
  using Place = LanePlace<count>;
  const Place place;
  const u32 first = wave_id() * wave_elements;
  RB_UNROLL for (u32 i = 0; i < wave_elements; ++i) {
    float wk[Place::rows], xk[Place::columns];
    load_shared(&w[first + i][place.row], wk);
    load_shared(&x[first + i][place.token], xk);
    RB_UNROLL for (u32 r = 0; r < Place::rows; ++r)
        RB_UNROLL for (u32 t = 0; t < Place::columns; ++t) sums.at[r][t] += wk[r] * xk[t];
  }
}

// Stages `units` units of activations from `unit` on: 4 elements of one token a thread.
template <class D, u32 count, u32 units>
RB_INLINE void stage_few(Global<const float> input, Global<const float> norm, u32 unit, u32 live,
                         float& sum_of_squares) {
  constexpr u32 of_token = units * chunks;
  const u32 token = thread_id() / of_token;
  if (token >= count) return;
  const u32 chunk = thread_id() % of_token;
  const bool token_live = live >> token & 1;
  const Global<const float> row = input + u64(token_live ? token : 0) * columns;
  stage_activations<D>(row, norm, unit + chunk / chunks, chunk % chunks * 4, 4, token, token_live,
                       tile.activations[chunk / chunks], sum_of_squares);
}

// The norm's factor of every token, in LDS. A token's squares lie with `of_token` threads.
template <u32 count, u32 of_token>
RB_INLINE void finish_norm(float sum_of_squares, float epsilon) {
  if (!normalise) return;
  const float sum = add_lanes(sum_of_squares, of_token);
  const u32 token = thread_id() / of_token;
  if (token < count && thread_id() % of_token == 0)
    token_factors[token] = inverse_rms(sum, columns, epsilon);
}

template <u32 count>
RB_INLINE void store_partial(const FewSums<count>& sums) {
  using Place = LanePlace<count>;
  const Place place;
  RB_UNROLL for (u32 r = 0; r < Place::rows; ++r) RB_UNROLL for (u32 t = 0; t < Place::columns; ++t)
      partial_sums[wave_id()][place.token + t][place.row + r] = sums.at[r][t];
}

RB_INLINE float whole_sum(u32 token, u32 row) {
  float sum = 0;
  RB_UNROLL for (u32 w = 0; w < waves; ++w) sum += partial_sums[w][token][row];
  return normalise ? sum * token_factors[token] : sum;
}

template <class D, u32 count>
RB_INLINE void few_part(const LinearArguments& args, const LinearPartArguments& part, u32 live) {
  const u32 first_row = (group_x() - part.first_group) * tile_rows;
  const u32 staged_row = smaller(first_row + thread_id() % tile_rows, part.rows - 1);
  const Bytes weights = part.weights + staged_row * D::row_bytes(columns);
  const u32 own = thread_id() / tile_rows;  // the unit of the pair whose weights are staged here
  FewSums<count> sums = {};
  float sum_of_squares = 0;
  const u32 units = unit_count<D>();
  RB_NO_UNROLL for (u32 unit = 0; unit < units; unit += 2) {
    stage_weights<D>(weights, unit + own, tile.weights[own], thread_id() % tile_rows);
    stage_few<D, count, 2>(args.input, args.norm, unit, live, sum_of_squares);
    group_barrier();
    multiply_few<count>(tile.weights[0], tile.activations[0], sums);
    multiply_few<count>(tile.weights[1], tile.activations[1], sums);
    group_barrier();
  }
  finish_norm<count, 2 * chunks>(sum_of_squares, args.epsilon);
  store_partial<count>(sums);
  group_barrier();
  const u32 row = first_row + thread_id() % tile_rows;
  if (row >= part.rows) return;
  const float bias = part.bias ? part.bias[row] : 0.0f;
  RB_NO_UNROLL for (u32 token = thread_id() / tile_rows; token < count; token += 2) {
    if ((live >> token & 1) == 0) continue;
    const u64 at = u64(token) * part.rows + row;
    float y = whole_sum(token, thread_id() % tile_rows) + bias;
    if (part.residual) y += part.residual[at];
    part.output[at] = y;
  }
}

template <class D>
RB_INLINE void few_part_of(const LinearArguments& args, const LinearPartArguments& part, u32 live) {
  if (tokens == 2) return few_part<D, 2>(args, part, live);
  if (tokens == 4) return few_part<D, 4>(args, part, live);
  few_part<D, 8>(args, part, live);
}

RB_KERNEL(threads) linear_few(LinearArguments args) {
  const u32 live = live_rows(args.state, 0, args.capacity, true);
  if (live == 0) return;
  u32 index = 0;
  if (args.part_count > 1 && group_x() >= args.parts[1].first_group) index = 1;
  if (args.part_count > 2 && group_x() >= args.parts[2].first_group) index = 2;
  LinearPartArguments part = args.parts[0];
  if (index == 1) part = args.parts[1];
  if (index == 2) part = args.parts[2];
  const auto run = [&](auto decoder) { few_part_of<decltype(decoder)>(args, part, live); };
  if (type_1 != ~0u && part.type_slot == 1) return with_decoder<type_1>(run);
  if (type_2 != ~0u && part.type_slot == 2) return with_decoder<type_2>(run);
  with_decoder<type_0>(run);
}

// One unit of gate rows and of up rows a step.
template <class D, u32 count>
RB_INLINE void few_gated(const GatedLinearArguments& args, u32 live) {
  const u32 first_row = group_x() * tile_rows;
  const u32 own = uniform(thread_id() / tile_rows);  // 0: stages gate rows, 1: up rows
  const u32 staged_row = smaller(first_row + thread_id() % tile_rows, args.rows - 1);
  const Bytes weights = (own == 0 ? args.gate : args.up) + staged_row * D::row_bytes(columns);
  FewSums<count> gate = {}, up = {};
  float sum_of_squares = 0;
  const u32 units = unit_count<D>();
  RB_NO_UNROLL for (u32 unit = 0; unit < units; ++unit) {
    stage_weights<D>(weights, unit, tile.weights[own], thread_id() % tile_rows);
    stage_few<D, count, 1>(args.input, args.norm, unit, live, sum_of_squares);
    group_barrier();
    multiply_few<count>(tile.weights[0], tile.activations[0], gate);
    multiply_few<count>(tile.weights[1], tile.activations[0], up);
    group_barrier();
  }
  finish_norm<count, chunks>(sum_of_squares, args.epsilon);
  store_partial<count>(gate);
  group_barrier();
  // A thread's outputs: its row, and every other token.
  float gates[count / 2];
  RB_UNROLL for (u32 i = 0; i < count / 2; ++i) gates[i] =
      whole_sum(thread_id() / tile_rows + 2 * i, thread_id() % tile_rows);
  group_barrier();
  store_partial<count>(up);
  group_barrier();
  const u32 row = first_row + thread_id() % tile_rows;
  if (row >= args.rows) return;
  RB_UNROLL for (u32 i = 0; i < count / 2; ++i) {
    const u32 token = thread_id() / tile_rows + 2 * i;
    if ((live >> token & 1) == 0) continue;
    args.output[u64(token) * args.rows + row] =
        silu(gates[i]) * whole_sum(token, thread_id() % tile_rows);
  }
}

RB_KERNEL(threads) gated_few(GatedLinearArguments args) {
  const u32 live = live_rows(args.state, 0, args.capacity, true);
  if (live == 0) return;
  with_decoder<type_0>([&](auto d) {
    using D = decltype(d);
    if (tokens == 2) return few_gated<D, 2>(args, live);
    if (tokens == 4) return few_gated<D, 4>(args, live);
    few_gated<D, 8>(args, live);
  });
}

}  // namespace redbolt::kernels
