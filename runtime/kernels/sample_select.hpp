// Where does the sum of weights along the order of the candidates reach a target? Answered by a
// radix select over composites, in one workgroup; top-k, top-p and the draw are this question.
//
// Weights are integers, floor(2^31 exp((logit - largest) / temperature)): their sums do not depend
// on the order of addition, so a seed gives the same tokens on every run.
#pragma once

#include "sample_order.hpp"

namespace redbolt::kernels {

inline constexpr u32 threads = 1024;
inline constexpr u32 waves = threads / wave_lanes;
inline constexpr u32 digits = 256;
inline constexpr u32 unit_weight = 1u << 31;

// The elements that are still in play: all logits, all keys where the logits were adjusted, or the
// candidates that top-k left.
struct Source {
  Global<const u32> words;  // logits, or keys
  bool adjusted;            // they are keys
  Global<const SampleCandidate> candidates;
  u32 count;
  bool compacted;
  float largest;
  float scale;  // log2(e) / temperature

  RB_INLINE Best at(u32 index) const {
    if (compacted) return {candidates[index].key, candidates[index].token};
    const u32 word = words[index];
    const u32 key = key_of(bits<float>(word));
    return {adjusted ? word : key, index};
  }
  RB_INLINE u32 weight(u32 key) const {
    if (key <= not_a_number_key) return 0;
    const float logit = logit_of(key);
    if (logit == largest) return unit_weight;  // also when both are infinite
    return static_cast<u32>(exp2_fast((logit - largest) * scale) * static_cast<float>(unit_weight));
  }
};

RB_SHARED u64 histogram[digits];
RB_SHARED u32 occupants[digits];
RB_SHARED u64 shared_u64;
RB_SHARED u64 shared_above;
RB_SHARED u32 shared_digit;
RB_SHARED u32 shared_count;

RB_INLINE void shared_add(u64* at, u64 value) {
  __scoped_atomic_fetch_add(at, value, __ATOMIC_RELAXED, __MEMORY_SCOPE_WRKGRP);
}
RB_INLINE u32 shared_add(u32* at, u32 value) {
  return __scoped_atomic_fetch_add(at, value, __ATOMIC_RELAXED, __MEMORY_SCOPE_WRKGRP);
}

RB_INLINE u64 lane_above(u64 value, u32 distance) {
  const int at = int((lane_id() - distance) * 4);
  const u32 low = u32(__builtin_amdgcn_ds_bpermute(at, int(u32(value))));
  const u32 high = u32(__builtin_amdgcn_ds_bpermute(at, int(u32(value >> 32))));
  return u64(high) << 32 | low;
}

// Finds the digit in which the sum over the histogram, from the highest digit down and starting at
// `above`, reaches target; leaves it in shared_digit and what lies above it in shared_above. One
// wave: each lane takes eight digits.
RB_INLINE void find_digit(u64 above, u64 target) {
  constexpr u32 each = digits / wave_lanes;
  const u32 highest = digits - 1 - lane_id() * each;
  u64 own = 0;
  for (u32 i = 0; i < each; ++i) own += histogram[highest - i];
  u64 inclusive = own;
  for (u32 distance = 1; distance < wave_lanes; distance *= 2) {
    const u64 other = lane_above(inclusive, distance);
    if (lane_id() >= distance) inclusive += other;
  }
  u64 sum = above + inclusive - own;
  if (sum >= target || above + inclusive < target) return;  // not in this lane's digits
  for (u32 i = 0; i < each; ++i) {
    const u64 next = sum + histogram[highest - i];
    if (next >= target) {
      shared_digit = highest - i;
      shared_above = sum;
      return;
    }
    sum = next;
  }
}

struct Selection {
  u64 threshold;  // composite of the element at which the sum reaches the target
  u64 sum;        // up to it, itself included
};

// counted: every element weighs 1. target is at least 1 and at most the sum over all elements.
RB_INLINE Selection select(const Source& source, u64 target, bool counted) {
  u64 prefix = 0, above = 0;
  for (int shift = 56;; shift -= 8) {
    for (u32 d = thread_id(); d < digits; d += threads) {
      histogram[d] = 0;
      occupants[d] = 0;
    }
    group_barrier();
    for (u32 i = thread_id(); i < source.count; i += threads) {
      const Best element = source.at(i);
      const u64 c = composite(element.key, element.token);
      if (shift < 56 && (c ^ prefix) >> (shift + 8) != 0) continue;
      const u32 weight = counted ? 1 : source.weight(element.key);
      if (weight == 0) continue;
      const u32 digit = u32(c >> shift) & (digits - 1);
      shared_add(&histogram[digit], weight);
      shared_add(&occupants[digit], 1);
    }
    group_barrier();
    if (wave_id() == 0) find_digit(above, target);
    group_barrier();
    const u32 digit = shared_digit;
    above = shared_above;
    prefix |= u64(digit) << shift;
    const bool alone = occupants[digit] == 1;
    const u64 sum = above + histogram[digit];
    group_barrier();
    if (!alone && shift > 0) continue;
    // One element is left: whoever sees it tells the others the rest of its composite.
    for (u32 i = thread_id(); i < source.count; i += threads) {
      const Best element = source.at(i);
      const u64 c = composite(element.key, element.token);
      if ((c ^ prefix) >> shift != 0) continue;
      if (counted || source.weight(element.key) != 0) shared_u64 = c;
    }
    group_barrier();
    const u64 threshold = shared_u64;
    group_barrier();
    return {threshold, sum};
  }
}

// The sum of the weights that are at least `least`.
RB_INLINE u64 weight_sum(const Source& source, u32 least) {
  if (thread_id() == 0) shared_u64 = 0;
  group_barrier();
  u64 own = 0;
  for (u32 i = thread_id(); i < source.count; i += threads) {
    const u32 weight = source.weight(source.at(i).key);
    if (weight >= least) own += weight;
  }
  if (own != 0) shared_add(&shared_u64, own);
  group_barrier();
  const u64 sum = shared_u64;
  group_barrier();
  return sum;
}

// Moves what top-k keeps into the list of candidates.
RB_INLINE void keep_best(Source& source, u32 count, Global<SampleCandidate> candidates) {
  const Selection last = select(source, count, true);
  if (thread_id() == 0) shared_count = 0;
  group_barrier();
  for (u32 i = thread_id(); i < source.count; i += threads) {
    const Best element = source.at(i);
    if (composite(element.key, element.token) < last.threshold) continue;
    const u32 at = shared_add(&shared_count, 1);
    candidates[at].key = element.key;
    candidates[at].token = element.token;
  }
  group_barrier();
  source.compacted = true;
  source.candidates = candidates;
  source.count = count;
}

// p * sum, rounded up, at least 1; p is taken in steps of 2^-32.
RB_INLINE u64 share_of(u64 sum, float p) {
  if (p <= 0) return 1;
  const u64 fraction = static_cast<u64>(p * 4294967296.0f);
  const u64 share = u64((static_cast<unsigned __int128>(sum) * fraction + 0xffffffffu) >> 32);
  return share == 0 ? 1 : share;
}

}  // namespace redbolt::kernels
