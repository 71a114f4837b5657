// The order in which all candidates of a draw stand: larger logit first, lower token id first among
// equals, then what is not a number, then what the mask excludes. An element's place in it is its
// composite, which is unique.
#pragma once

#include "arguments.hpp"
#include "prelude.hpp"

namespace redbolt::kernels {

inline constexpr u32 excluded_key = 0;
inline constexpr u32 not_a_number_key = 1;  // no logit has it

// An integer with the order of the logits; -0 equals +0.
RB_INLINE u32 key_of(float logit) {
  if (logit != logit) return not_a_number_key;
  const u32 b = bits<u32>(logit + 0.0f);
  return b & 0x80000000u ? ~b : b | 0x80000000u;
}

RB_INLINE float logit_of(u32 key) {
  return bits<float>(key & 0x80000000u ? key & 0x7fffffffu : ~key);
}

RB_INLINE u64 composite(u32 key, u32 token) {
  return u64(key) << 32 | ~token;
}

struct Best {
  u32 key;
  u32 token;
};

RB_INLINE Best better(Best a, Best b) {
  const bool take_b = composite(b.key, b.token) > composite(a.key, a.token);
  return take_b ? b : a;
}

template <int mask>
RB_INLINE Best better_across(Best best) {
  return better(best, {lane_xor<mask>(best.key), lane_xor<mask>(best.token)});
}

inline constexpr u32 max_waves = 32;
RB_SHARED Best wave_best[max_waves];

// The best of the workgroup, in every thread.
template <u32 wave_count>
RB_INLINE Best best_of_group(Best best) {
  best = better_across<1>(best);
  best = better_across<2>(best);
  best = better_across<4>(best);
  best = better_across<8>(best);
  best = better_across<16>(best);
  wave_best[wave_id()] = best;
  group_barrier();
  for (u32 w = 0; w < wave_count; ++w) best = better(best, wave_best[w]);
  return best;
}

}  // namespace redbolt::kernels
