// Drawing the next token on the card.
//
// sample_reduce finds the best token of each slice of the vocabulary. sample, one workgroup, then
// takes the best of them (greedy), or draws. All sets that sampling keeps are prefixes of one
// order: larger logit first, lower token id first among equals. An element's place in it is its
// composite, which is unique. So top-k, top-p and the draw itself are one question, "where does the
// sum of weights along this order reach a target?", answered by a radix select over composites.
//
// Weights are integers, floor(2^31 exp((logit - largest) / temperature)): their sums do not depend
// on the order of addition, so a seed gives the same tokens on every run.
#include "arguments.hpp"
#include "prelude.hpp"

namespace redbolt::kernels {

inline constexpr u32 reduce_threads = 256;
inline constexpr u32 reduce_slice = 4096;  // tokens of a workgroup of sample_reduce
inline constexpr u32 threads = 1024;
inline constexpr u32 waves = threads / wave_lanes;
inline constexpr u32 digits = 256;
inline constexpr u32 unit_weight = 1u << 31;

// An integer with the order of the logits; NaN is 0, before everything, and -0 equals +0.
RB_INLINE u32 key_of(float logit) {
  if (logit != logit) return 0;
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

RB_SHARED Best wave_best[waves];

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

RB_KERNEL(reduce_threads) sample_reduce(SampleReduceArguments args) {
  if (args.state->tokens == 0) return;
  const u32 begin = group_x() * reduce_slice;
  u32 end = begin + reduce_slice;
  if (end > args.vocabulary) end = args.vocabulary;
  Best best = {0, begin};
  for (u32 token = begin + thread_id(); token < end; token += reduce_threads)
    best = better(best, {key_of(args.logits[token]), token});
  best = best_of_group<reduce_threads / wave_lanes>(best);
  if (thread_id() == 0) {
    args.partials[group_x()].key = best.key;
    args.partials[group_x()].token = best.token;
  }
}

// Philox 4x32 with 10 rounds: 64 random bits that depend on nothing but key and counter.
RB_INLINE u64 philox(u32 key_low, u32 key_high, u32 counter_0, u32 counter_1) {
  u32 c[4] = {counter_0, counter_1, 0, 0};
  for (int round = 0; round < 10; ++round) {
    const u64 a = u64(c[0]) * 0xd2511f53u;
    const u64 b = u64(c[2]) * 0xcd9e8d57u;
    const u32 next[4] = {u32(b >> 32) ^ c[1] ^ key_low, u32(b), u32(a >> 32) ^ c[3] ^ key_high,
                         u32(a)};
    for (int i = 0; i < 4; ++i) c[i] = next[i];
    key_low += 0x9e3779b9u;
    key_high += 0xbb67ae85u;
  }
  return u64(c[1]) << 32 | c[0];
}

// floor(a * b / 2^64).
RB_INLINE u64 multiply_high(u64 a, u64 b) {
  return u64((static_cast<unsigned __int128>(a) * b) >> 64);
}

// The elements that are still in play: all logits, or the candidates that top-k left.
struct Source {
  Global<const float> logits;
  Global<const SampleCandidate> candidates;
  u32 count;
  bool compacted;
  float largest;
  float scale;  // log2(e) / temperature

  RB_INLINE Best at(u32 index) const {
    if (compacted) return {candidates[index].key, candidates[index].token};
    return {key_of(logits[index]), index};
  }
  RB_INLINE u32 weight(u32 key) const {
    if (key == 0) return 0;
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

RB_INLINE u32 draw(const SampleArguments& args, Best best) {
  const Global<const SamplingParameters> p = args.parameters;
  Source source = {args.logits, args.candidates,    args.vocabulary,
                   false,       logit_of(best.key), log2_e / p->temperature};
  const u32 top_k = p->top_k;
  if (top_k != 0 && top_k < source.count) keep_best(source, top_k, args.candidates);
  u64 kept = weight_sum(source, 0);
  if (p->top_p < 1.0f) kept = select(source, share_of(kept, p->top_p), false).sum;
  if (p->min_p > 0) {
    const float least = p->min_p * static_cast<float>(unit_weight);
    const u64 sum =
        weight_sum(source, p->min_p >= 1 ? unit_weight : static_cast<u32>(__builtin_ceilf(least)));
    if (sum < kept) kept = sum;
  }
  const u64 random = philox(p->seed_low, p->seed_high, args.state->sampled, args.state->position);
  const u64 target = multiply_high(random, kept) + 1;
  return ~u32(select(source, target, false).threshold);
}

RB_INLINE StopReason stop_reason(const SampleArguments& args, u32 token, u32 position) {
  const Global<const SamplingParameters> p = args.parameters;
  u32 count = p->stop_count;
  if (count > runtime::max_stop_tokens) count = runtime::max_stop_tokens;
  for (u32 i = 0; i < count; ++i)
    if (p->stop_tokens[i] == token) return StopReason::stop_token;
  if (args.state->remaining <= 1) return StopReason::limit;
  if (position >= args.state->capacity) return StopReason::context;
  return StopReason::none;
}

// Advances the state and publishes the token. One thread.
RB_INLINE void finish(const SampleArguments& args, u32 token) {
  const Global<StepState> state = args.state;
  const u32 position = state->position + state->tokens;
  const StopReason stop = stop_reason(args, token, position);
  const u32 sequence = state->sampled + 1;
  state->position = position;
  state->tokens = stop == StopReason::none ? 1 : 0;
  state->remaining = state->remaining > 0 ? state->remaining - 1 : 0;
  state->token = token;
  state->sampled = sequence;
  state->stop_reason = static_cast<u32>(stop);
  const u32 word = token | static_cast<u32>(stop) << runtime::ring_token_bits;
  const auto entry =
      reinterpret_cast<Global<u64>>(args.ring + ((sequence - 1) & (args.ring_entries - 1)));
  __scoped_atomic_store_n(entry, u64(word) << 32 | sequence, __ATOMIC_RELEASE,
                          __MEMORY_SCOPE_SYSTEM);
}

RB_KERNEL(threads) sample(SampleArguments args) {
  if (args.state->tokens == 0) return;
  Best best = {0, args.partials[0].token};
  for (u32 i = thread_id(); i < args.partial_count; i += threads)
    best = better(best, {args.partials[i].key, args.partials[i].token});
  best = best_of_group<waves>(best);
  u32 token = best.token;
  if (args.parameters->temperature > 0 && best.key != 0) token = draw(args, best);
  group_barrier();
  if (thread_id() == 0) finish(args, token);
}

}  // namespace redbolt::kernels
