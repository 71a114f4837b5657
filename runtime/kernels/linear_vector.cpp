// output = W norm(input) + bias + residual for one row of activations, and the gated pair
// silu(G x) * (U x): each weight is read once. A group of lanes shares a row, each lane taking
// every so-manieth unit of 32 weights; `row_tile` rows share the activations in registers.
#include "arguments.hpp"
#include "dot_product.hpp"

namespace redbolt::kernels {

RB_CONSTANT u32 columns;
RB_CONSTANT u32 lanes_per_row;  // a power of two, 1..32
RB_CONSTANT u32 row_tile;       // rows of a lane: 2 or 4
RB_CONSTANT u32 type_0;         // WeightType of the parts; 0xffffffff: not used
RB_CONSTANT u32 type_1;
RB_CONSTANT u32 type_2;
RB_CONSTANT u32 normalise;
RB_CONSTANT u32 last_row;  // input row: 1: StepState::tokens - 1, 0: the first

inline constexpr u32 threads = 128;
inline constexpr u32 gated_tile = 2;  // rows of a lane, of each of the two matrices

// Row offsets of `tile` consecutive rows that a group of lanes works on.
template <class D, u32 tile>
struct Rows {
  Bytes address[tile];
};

template <class D, u32 tile>
RB_INLINE Rows<D, tile> rows_from(Bytes weights, u32 first, u32 rows) {
  Rows<D, tile> result;
  RB_UNROLL for (u32 r = 0; r < tile; ++r) {
    const u32 row = first + r < rows ? first + r : rows - 1;  // beyond the last: read, not stored
    result.address[r] = weights + row * D::row_bytes(columns);
  }
  return result;
}

struct Input {
  Global<const float> row;
  Global<const float> norm;
  u32 lane;  // in the group of lanes that shares a row
};

// The products of `tile` rows (of `matrices` matrices) with the input, complete in every lane of
// the group; the factor of the norm is left to the caller.
template <class D, u32 tile, u32 matrices>
RB_INLINE void dot_rows(const Rows<D, tile> (&w)[matrices], const Input& in,
                        float (&sums)[matrices][tile], float& sum_of_squares) {
  const u32 whole = columns / unit_weights * unit_weights;
  const u32 units = whole / unit_weights;
  RB_UNROLL for (u32 m = 0; m < matrices; ++m) RB_UNROLL for (u32 r = 0; r < tile; ++r) sums[m][r] =
      0;
  sum_of_squares = 0;
  const u32 steps = (units + lanes_per_row - 1) / lanes_per_row;
  RB_NO_UNROLL for (u32 step = 0; step < steps; ++step) {
    const u32 unit = step * lanes_per_row + in.lane;
    if (units % lanes_per_row != 0 && unit >= units) break;
    const auto x = load_activations<D>(in.row, in.norm, normalise, unit, columns, sum_of_squares);
    RB_UNROLL for (u32 m = 0; m < matrices; ++m) RB_UNROLL for (u32 r = 0; r < tile; ++r)
        sums[m][r] = multiply_add<D>(D::decode(w[m].address[r], unit, columns), x, sums[m][r]);
  }
  if constexpr (!D::whole_units) {
    for (u32 i = whole + in.lane; i < columns; i += lanes_per_row) {
      float x = in.row[i];
      if (normalise) {
        sum_of_squares += x * x;
        x *= in.norm[i];
      }
      RB_UNROLL for (u32 m = 0; m < matrices; ++m) RB_UNROLL for (u32 r = 0; r < tile; ++r)
          sums[m][r] += D::element(w[m].address[r], i) * x;
    }
  }
  RB_UNROLL for (u32 m = 0; m < matrices; ++m) RB_UNROLL for (u32 r = 0; r < tile; ++r) sums[m][r] =
      add_lanes(sums[m][r], lanes_per_row);
  if (normalise) sum_of_squares = add_lanes(sum_of_squares, lanes_per_row);
}

// The first of the rows that this group of lanes works on.
template <u32 tile>
RB_INLINE u32 first_row(u32 group) {
  const u32 lane_groups = wave_lanes / lanes_per_row;
  const u32 wave = group * (threads / wave_lanes) + wave_id();
  return (wave * lane_groups + lane_id() / lanes_per_row) * tile;
}

RB_INLINE Input input_of(Global<const float> input, Global<const float> norm,
                         Global<const StepState> state) {
  const u64 row = last_row ? state->tokens - 1 : 0;
  return {input + row * columns, norm, lane_id() % lanes_per_row};
}

template <class D, u32 tile>
RB_INLINE void part_rows(const LinearArguments& args, const LinearPartArguments& part) {
  const u32 first = first_row<tile>(group_x() - part.first_group);
  if (uniform(first) >= part.rows) return;
  const Rows<D, tile> rows[1] = {rows_from<D, tile>(part.weights, first, part.rows)};
  const Input in = input_of(args.input, args.norm, args.state);
  float sums[1][tile], sum_of_squares;
  dot_rows<D, tile, 1>(rows, in, sums, sum_of_squares);
  const float factor = normalise ? inverse_rms(sum_of_squares, columns, args.epsilon) : 1.0f;
  if (in.lane != 0) return;
  RB_UNROLL for (u32 r = 0; r < tile; ++r) {
    const u32 row = first + r;
    if (row >= part.rows) return;
    float y = sums[0][r] * factor;
    if (part.bias) y += part.bias[row];
    if (part.residual) y += part.residual[row];
    part.output[row] = y;
  }
}

template <class D>
RB_INLINE void part_tiled(const LinearArguments& args, const LinearPartArguments& part) {
  if (row_tile == 4) return part_rows<D, 4>(args, part);
  return part_rows<D, 2>(args, part);
}

RB_KERNEL(threads) linear_vector(LinearArguments args) {
  if (args.state->tokens == 0) return;
  u32 index = 0;
  if (args.part_count > 1 && group_x() >= args.parts[1].first_group) index = 1;
  if (args.part_count > 2 && group_x() >= args.parts[2].first_group) index = 2;
  LinearPartArguments part = args.parts[0];
  if (index == 1) part = args.parts[1];
  if (index == 2) part = args.parts[2];
  const auto run = [&](auto decoder) { part_tiled<decltype(decoder)>(args, part); };
  if (type_1 != ~0u && part.type_slot == 1) return with_decoder<type_1>(run);
  if (type_2 != ~0u && part.type_slot == 2) return with_decoder<type_2>(run);
  with_decoder<type_0>(run);
}

template <class D, u32 tile>
RB_INLINE void gated_rows(const GatedLinearArguments& args) {
  const u32 first = first_row<tile>(group_x());
  if (uniform(first) >= args.rows) return;
  const Rows<D, tile> rows[2] = {rows_from<D, tile>(args.gate, first, args.rows),
                                 rows_from<D, tile>(args.up, first, args.rows)};
  const Input in = input_of(args.input, args.norm, args.state);
  float sums[2][tile], sum_of_squares;
  dot_rows<D, tile, 2>(rows, in, sums, sum_of_squares);
  const float factor = normalise ? inverse_rms(sum_of_squares, columns, args.epsilon) : 1.0f;
  if (in.lane != 0) return;
  RB_UNROLL for (u32 r = 0; r < tile; ++r) {
    if (first + r >= args.rows) return;
    args.output[first + r] = silu(sums[0][r] * factor) * (sums[1][r] * factor);
  }
}

RB_KERNEL(threads) gated_vector(GatedLinearArguments args) {
  if (args.state->tokens == 0) return;
  with_decoder<type_0>([&](auto decoder) { gated_rows<decltype(decoder), gated_tile>(args); });
}

}  // namespace redbolt::kernels
