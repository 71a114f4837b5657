// Norm of each head, rotation, and the store into the KV cache: one wave per head and token. The
// heads of a token are numbered queries first, then keys, then values.
#include "arguments.hpp"
#include "cache_row.hpp"
#include "prelude.hpp"
#include "step_rows.hpp"

namespace redbolt::kernels {

RB_CONSTANT u32 rope_dimensions;  // even, at most head_dimension
RB_CONSTANT u32 by_slot;          // rows are the states[row] that are active
RB_CONSTANT u32 neox;             // pairs (i, i + rope_dimensions / 2) instead of (2i, 2i + 1)

inline constexpr u32 threads = 128;
inline constexpr u32 max_pairs = 4;  // of a lane: 256 / 2 / 32

struct SineCosine {
  float sine;
  float cosine;
};

// Sine and cosine of `turns` full turns, |turns| at most 1: reduced exactly to an eighth of a turn,
// then Taylor polynomials, which are good to 1 ulp there.
RB_INLINE SineCosine sine_cosine(float turns) {
  const float quarter = __builtin_rintf(turns * 4.0f);
  const float angle = (turns - quarter * 0.25f) * 6.28318530717958647692f;
  const float s = angle * angle;
  const float sine =
      angle * (1.0f + s * (-1.0f / 6 + s * (1.0f / 120 + s * (-1.0f / 5040 + s / 362880.0f))));
  const float cosine =
      1.0f + s * (-0.5f + s * (1.0f / 24 + s * (-1.0f / 720 + s * (1.0f / 40320))));
  switch (static_cast<int>(quarter) & 3) {
    case 0:
      return {sine, cosine};
    case 1:
      return {cosine, -sine};
    case 2:
      return {-sine, -cosine};
    default:
      return {-cosine, sine};
  }
}

// The fraction of a turn that frequency * position is, with the product's rounding made good: at
// position 100,000 a plain float product would be off by a hundredth of a turn.
RB_INLINE float turns_at(u32 position, Global<const RopeFrequencyEntry> frequency) {
  // A product contracted into the subtraction below would no longer be the one that `rest` mends.
#pragma clang fp contract(off)
  const float p = static_cast<float>(position);
  const float high = frequency->high;
  const float product = p * high;
  const float rest = __builtin_fmaf(p, high, -product) + p * frequency->low;
  return (product - __builtin_rintf(product)) + rest;
}

// The elements of pair `pair`: rotated pairs first, then neighbours of what is not rotated.
struct PairPlace {
  u32 first;
  u32 second;
};

RB_INLINE PairPlace place_of(u32 pair) {
  const u32 rotated = rope_dimensions / 2;
  if (neox && pair < rotated) return {pair, pair + rotated};
  return {2 * pair, 2 * pair + 1};
}

struct Head {
  float x[max_pairs][2];
};

RB_INLINE Head load_head(Global<const float> source) {
  Head head;
  RB_UNROLL for (u32 i = 0; i < max_pairs; ++i) {
    const u32 pair = lane_id() + i * wave_lanes;
    const bool live = pair < head_dimension / 2;
    const PairPlace at = place_of(live ? pair : 0);
    head.x[i][0] = live ? source[at.first] : 0.0f;
    head.x[i][1] = live ? source[at.second] : 0.0f;
  }
  return head;
}

RB_INLINE void normalise_head(Head& head, Global<const float> weight, float epsilon) {
  float sum = 0;
  RB_UNROLL for (u32 i = 0; i < max_pairs; ++i) sum +=
      head.x[i][0] * head.x[i][0] + head.x[i][1] * head.x[i][1];
  const float mean = add_lanes(sum) / static_cast<float>(head_dimension);
  const float factor = __builtin_amdgcn_rsqf(mean + epsilon);
  RB_UNROLL for (u32 i = 0; i < max_pairs; ++i) {
    const u32 pair = lane_id() + i * wave_lanes;
    if (pair >= head_dimension / 2) continue;
    const PairPlace at = place_of(pair);
    head.x[i][0] *= factor * weight[at.first];
    head.x[i][1] *= factor * weight[at.second];
  }
}

RB_INLINE void rotate_head(Head& head, u32 position, Global<const RopeFrequencyEntry> frequencies,
                           float magnitude) {
  RB_UNROLL for (u32 i = 0; i < max_pairs; ++i) {
    const u32 pair = lane_id() + i * wave_lanes;
    if (pair >= rope_dimensions / 2) continue;
    const SineCosine r = sine_cosine(turns_at(position, frequencies + pair));
    const float a = head.x[i][0], b = head.x[i][1];
    head.x[i][0] = (a * r.cosine - b * r.sine) * magnitude;
    head.x[i][1] = (a * r.sine + b * r.cosine) * magnitude;
  }
}

// Calls store(element, value) for what the lane holds.
template <class Store>
RB_INLINE void for_each_element(const Head& head, Store store) {
  RB_UNROLL for (u32 i = 0; i < max_pairs; ++i) {
    const u32 pair = lane_id() + i * wave_lanes;
    if (pair >= head_dimension / 2) continue;
    const PairPlace at = place_of(pair);
    store(at.first, head.x[i][0]);
    store(at.second, head.x[i][1]);
  }
}

RB_INLINE void store_halves(const Head& head, Global<std::uint8_t> row) {
  const auto target = reinterpret_cast<Global<half>>(row);
  for_each_element(head, [=](u32 at, float value) { target[at] = static_cast<half>(value); });
}

RB_SHARED float shared_head[threads / wave_lanes][max_pairs * 2 * wave_lanes];

// Each 32 neighbours by the scale that brings the largest of them to 127, rounded to float16 first,
// so that it is the scale by which they are read. Alone in its wave's part of shared memory.
RB_INLINE void store_quants(const Head& head, Global<std::uint8_t> row) {
  float* const elements = shared_head[wave_id()];
  for_each_element(head, [=](u32 at, float value) { elements[at] = value; });
  __builtin_amdgcn_fence(__ATOMIC_RELEASE, "wavefront");
  __builtin_amdgcn_wave_barrier();
  __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "wavefront");
  const auto scales = reinterpret_cast<Global<half>>(row + head_dimension);
  RB_UNROLL for (u32 block = 0; block < max_pairs * 2; ++block) {
    if (block * scale_elements >= head_dimension) break;
    const u32 at = block * scale_elements + lane_id();
    const float value = at < head_dimension ? elements[at] : 0.0f;
    const half scale = static_cast<half>(max_lanes(__builtin_fabsf(value)) / largest_quant);
    // Where the scale is 0, whatever comes of this is 0 again when it is read.
    const float units = value / static_cast<float>(scale);
    const float bounded = __builtin_fminf(__builtin_fmaxf(units, -127.0f), 127.0f);
    const int quant = static_cast<int>(__builtin_rintf(bounded));
    if (at < head_dimension) row[at] = static_cast<std::uint8_t>(quant + int(quant_centre));
    if (lane_id() == 0) scales[block] = scale;
  }
}

RB_INLINE void store_row(const Head& head, Global<std::uint8_t> row) {
  if (quantised) return store_quants(head, row);
  store_halves(head, row);
}

RB_KERNEL(threads) rotary_store(RotaryStoreArguments args) {
  const u32 token = group_y();
  const StepRow row = row_of(args.state, token, by_slot);
  if (!row.live) return;
  u32 head_index = group_x() * (threads / wave_lanes) + wave_id();
  const u32 position = row.position;
  const u64 kv_row = u64(token) * args.key_value_heads;
  if (head_index < args.query_heads) {
    const Global<float> at =
        args.queries + (u64(token) * args.query_heads + head_index) * head_dimension;
    Head head = load_head(at);
    if (args.query_norm) normalise_head(head, args.query_norm, args.query_epsilon);
    rotate_head(head, position, args.frequencies, args.magnitude);
    for_each_element(head, [=](u32 i, float value) { at[i] = value; });
    return;
  }
  if (position >= args.positions || row.slot >= args.slots) return;
  head_index -= args.query_heads;
  const bool is_key = head_index < args.key_value_heads;
  if (!is_key) head_index -= args.key_value_heads;
  if (head_index >= args.key_value_heads) return;
  const u64 source = (kv_row + head_index) * head_dimension;
  const u64 sequence = u64(row.slot) * args.key_value_heads + head_index;
  const u64 target = (sequence * args.positions + position) * cache_row_bytes();
  if (!is_key) return store_row(load_head(args.values + source), args.value_cache + target);
  Head head = load_head(args.keys + source);
  if (args.key_norm) normalise_head(head, args.key_norm, args.key_epsilon);
  rotate_head(head, position, args.frequencies, args.magnitude);
  store_row(head, args.key_cache + target);
}

}  // namespace redbolt::kernels
