// Rows of a table decoded to float32: the embedding lookup, and whole matrices for tests.
#include "arguments.hpp"
#include "step_rows.hpp"
#include "weight_decoder.hpp"

namespace redbolt::kernels {

RB_CONSTANT u32 columns;
RB_CONSTANT u32 type_0;   // WeightType
RB_CONSTANT u32 by_slot;  // rows are the states[row] that are active, and feed their token

inline constexpr u32 threads = 64;

template <class D>
RB_INLINE void decode_row(Bytes row, Global<float> output) {
  const u32 units = columns / unit_weights;
  RB_NO_UNROLL for (u32 unit = thread_id(); unit < units; unit += threads) {
    const auto w = D::decode(row, unit, columns);
    constexpr u32 length = D::Result::run_length;
    RB_UNROLL for (u32 i = 0; i < unit_weights; ++i)
        output[D::position(unit, i / length, columns) + i % length] = exact_weight<D>(w, i);
  }
  if constexpr (!D::whole_units)
    for (u32 i = units * unit_weights + thread_id(); i < columns; i += threads)
      output[i] = D::element(row, i);
}

RB_KERNEL(threads) embedding(EmbeddingArguments args) {
  const u32 token_index = group_x();
  if (!row_of(args.state, token_index, by_slot).live) return;
  const u32 row = by_slot ? args.state[token_index].token : args.tokens[token_index];
  const Global<float> output = args.output + u64(token_index) * columns;
  if (row >= args.rows) {
    for (u32 i = thread_id(); i < columns; i += threads) output[i] = 0;
    return;
  }
  with_decoder<type_0>([&](auto d) {
    using D = decltype(d);
    decode_row<D>(args.table + row * D::row_bytes(columns), output);
  });
}

RB_KERNEL(threads) dequantize(DequantizeArguments args) {
  const u64 row = group_x();
  with_decoder<type_0>([&](auto d) {
    using D = decltype(d);
    decode_row<D>(args.weights + row * D::row_bytes(columns), args.output + row * columns);
  });
}

}  // namespace redbolt::kernels
