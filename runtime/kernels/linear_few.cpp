// The forms of linear_batched.cpp for steps of few sequences: a tile of 64 rows by 2, 4, 8 or 16
// tokens. The four waves share the elements of each staged unit, where the wide tile would leave
// two or three of them without a token; their sums are added at the end.
#include "linear_tile.hpp"
#include "step_rows.hpp"

namespace redbolt::kernels {

RB_CONSTANT u32 tokens;  // 2, 4, 8 or 16; those that states[token] says are active

inline constexpr u32 most_tokens = 16;
inline constexpr u32 token_stride = most_tokens + 4;
inline constexpr u32 wave_elements = unit_weights / waves;  // of a unit
inline constexpr u32 chunks = unit_weights / 4;             // of a unit, of 4 elements each

using ActivationUnit = float[unit_weights][token_stride];

struct FewTile {
  WeightUnit weights[2];
  ActivationUnit activations[2];
};

// The sums of the waves take the tile's place when the last unit has been multiplied.
union FewMemory {
  FewTile tile;
  float partial_sums[waves][most_tokens][tile_rows];
};

RB_SHARED FewMemory memory;
RB_SHARED float token_factors[most_tokens];

// What a lane accumulates: `rows` by `columns` of the tile, from `row` and `token` on.
template <u32 count>
struct LanePlace {
  static constexpr u32 rows = count <= 4 ? 2 : 4;
  static constexpr u32 columns = count <= 4 ? count : count / 2;
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
  constexpr u32 piece = length < 4 ? length : 4;
  using Vector = float __attribute__((ext_vector_type(piece)));
  RB_UNROLL for (u32 i = 0; i < length; i += piece) {
    const Vector values = *reinterpret_cast<const Vector*>(from + i);
    RB_UNROLL for (u32 j = 0; j < piece; ++j) to[i + j] = values[j];
  }
}

// Multiplies the same activations with a unit of each of `matrices` matrices. From 8 tokens on in a
// loop of its own: there the compiler pairs nearly all products (V_DUAL_FMAC), while in straight
// code it is a matter of luck, and may be one in five.
template <u32 count, u32 matrices>
RB_INLINE void multiply_few(const WeightUnit* w, const ActivationUnit& x,
                            FewSums<count> (&sums)[matrices]) {
  using Place = LanePlace<count>;
  const Place place;
  const u32 first = wave_id() * wave_elements;
  _Pragma("clang loop unroll_count(count <= 4 ? wave_elements : 4)") for (u32 i = 0;
                                                                          i < wave_elements; ++i) {
    float wk[Place::rows], xk[Place::columns];
    load_shared(&x[first + i][place.token], xk);
    RB_UNROLL for (u32 m = 0; m < matrices; ++m) {
      load_shared(&w[m][first + i][place.row], wk);
      auto& at = sums[m].at;
      RB_UNROLL for (u32 r = 0; r < Place::rows; ++r)
          RB_UNROLL for (u32 t = 0; t < Place::columns; ++t) at[r][t] += wk[r] * xk[t];
    }
  }
}

// How the threads stage `units` units of activations: 4 elements of one token each, as many tokens
// at a time as there are threads for.
template <u32 count, u32 units>
struct Staging {
  static constexpr u32 of_token = units * chunks;
  static constexpr u32 at_once = threads / of_token;
  static constexpr u32 passes = (count + at_once - 1) / at_once;
  float squares[passes] = {};  // of what the thread has staged, for a norm
  u32 token = thread_id() / of_token;
  u32 chunk = thread_id() % of_token;

  template <class D>
  RB_INLINE void stage(Global<const float> input, Global<const float> norm, u32 unit, u32 live) {
    RB_UNROLL for (u32 pass = 0; pass < passes; ++pass) {
      const u32 at = token + pass * at_once;
      if (at >= count) return;
      const bool token_live = live >> at & 1;
      const Global<const float> row = input + u64(token_live ? at : 0) * columns;
      stage_activations<D>(row, norm, unit + chunk / chunks, chunk % chunks * 4, 4, at, token_live,
                           memory.tile.activations[chunk / chunks], squares[pass]);
    }
  }

  // The norm's factor of every token, in LDS.
  RB_INLINE void finish_norm(float epsilon) const {
    if (!normalise) return;
    RB_UNROLL for (u32 pass = 0; pass < passes; ++pass) {
      const u32 at = token + pass * at_once;
      const float sum = add_lanes(squares[pass], of_token);
      if (at < count && chunk == 0) token_factors[at] = inverse_rms(sum, columns, epsilon);
    }
  }
};

template <u32 count>
RB_INLINE void store_partial(const FewSums<count>& sums) {
  using Place = LanePlace<count>;
  const Place place;
  RB_UNROLL for (u32 r = 0; r < Place::rows; ++r) RB_UNROLL for (u32 t = 0; t < Place::columns; ++t)
      memory.partial_sums[wave_id()][place.token + t][place.row + r] = sums.at[r][t];
}

RB_INLINE float whole_sum(u32 token, u32 row) {
  float sum = 0;
  RB_UNROLL for (u32 w = 0; w < waves; ++w) sum += memory.partial_sums[w][token][row];
  return normalise ? sum * token_factors[token] : sum;
}

template <class D, u32 count>
RB_INLINE void few_part(const LinearArguments& args, const LinearPartArguments& part, u32 live) {
  const u32 first_row = (group_x() - part.first_group) * tile_rows;
  const u32 staged_row = smaller(first_row + thread_id() % tile_rows, part.rows - 1);
  const Bytes weights = part.weights + staged_row * D::row_bytes(columns);
  const u32 own = thread_id() / tile_rows;  // the unit of the pair whose weights are staged here
  FewSums<count> sums[1] = {};
  Staging<count, 2> staging;
  FewTile& tile = memory.tile;
  const u32 units = unit_count<D>();
  RB_NO_UNROLL for (u32 unit = 0; unit < units; unit += 2) {
    stage_weights<D>(weights, unit + own, tile.weights[own], thread_id() % tile_rows);
    staging.template stage<D>(args.input, args.norm, unit, live);
    group_barrier();
    multiply_few<count>(&tile.weights[0], tile.activations[0], sums);
    multiply_few<count>(&tile.weights[1], tile.activations[1], sums);
    group_barrier();
  }
  staging.finish_norm(args.epsilon);
  store_partial<count>(sums[0]);
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
  if (tokens == 8) return few_part<D, 8>(args, part, live);
  few_part<D, 16>(args, part, live);
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
  FewSums<count> sums[2] = {};  // of gate, of up
  Staging<count, 1> staging;
  FewTile& tile = memory.tile;
  const u32 units = unit_count<D>();
  RB_NO_UNROLL for (u32 unit = 0; unit < units; ++unit) {
    stage_weights<D>(weights, unit, tile.weights[own], thread_id() % tile_rows);
    staging.template stage<D>(args.input, args.norm, unit, live);
    group_barrier();
    multiply_few<count>(tile.weights, tile.activations[0], sums);
    group_barrier();
  }
  staging.finish_norm(args.epsilon);
  store_partial<count>(sums[0]);
  group_barrier();
  // A thread's outputs: its row, and every other token.
  float gates[count / 2];
  RB_UNROLL for (u32 i = 0; i < count / 2; ++i) gates[i] =
      whole_sum(thread_id() / tile_rows + 2 * i, thread_id() % tile_rows);
  group_barrier();
  store_partial<count>(sums[1]);
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
    if (tokens == 8) return few_gated<D, 8>(args, live);
    few_gated<D, 16>(args, live);
  });
}

}  // namespace redbolt::kernels
