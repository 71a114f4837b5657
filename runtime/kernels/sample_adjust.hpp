// Logits after bias, penalties and mask, for the slots that ask: docs/runtime.md has the steps.
// Both the biases and the history are lists of tokens, so a workgroup first spreads what concerns
// its slice of the vocabulary over shared memory. Nothing has to be cleared or counted between
// tokens.
#pragma once

#include "sample_order.hpp"

namespace redbolt::kernels {

inline constexpr u32 reduce_threads = 256;
inline constexpr u32 reduce_slice = 4096;  // tokens of a workgroup of sample_reduce
inline constexpr u32 in_repeat_window = 1u << 31;

RB_SHARED float slice_bias[reduce_slice];
RB_SHARED u32 slice_marks[reduce_slice];  // in_repeat_window, and occurrences in the answer
RB_SHARED u32 slice_masked;

// All fields at once: without branches they are one load.
RB_INLINE bool repeats_are_penalised(Global<const SamplingParameters> p) {
  const float penalty = p->repeat_penalty;
  return (penalty != 0) & (penalty != 1) & (p->repeat_last_n != 0);
}
RB_INLINE bool answer_is_penalised(Global<const SamplingParameters> p) {
  return (p->presence_penalty != 0) | (p->frequency_penalty != 0);
}
// Whether the draw takes the reduction's keys instead of the logits.
RB_INLINE bool is_adjusted(Global<const SamplingParameters> p) {
  return (p->bias_count | p->masked | u32(repeats_are_penalised(p)) |
          u32(answer_is_penalised(p))) != 0;
}

template <class T>
RB_INLINE T load_shared_memory(Global<const T> address) {
  return __scoped_atomic_load_n(address, __ATOMIC_RELAXED, __MEMORY_SCOPE_SYSTEM);
}

RB_INLINE void spread_biases(const SampleReduceArguments& args, u32 begin) {
  if (!args.biases) return;
  u32 count = args.parameters->bias_count;
  if (count > runtime::max_logit_biases) count = runtime::max_logit_biases;
  for (u32 i = thread_id(); i < count; i += reduce_threads) {
    const u32 at = args.biases[i].token - begin;
    if (at < reduce_slice) slice_bias[at] = args.biases[i].bias;
  }
}

RB_INLINE void spread_history(const SampleReduceArguments& args, u32 begin) {
  if (!args.history) return;
  const Global<const SamplingParameters> p = args.parameters;
  u32 length = args.state->position + args.state->tokens;
  if (length > args.history_length) length = args.history_length;
  if (repeats_are_penalised(p)) {
    const u32 from = length > p->repeat_last_n ? length - p->repeat_last_n : 0;
    for (u32 i = from + thread_id(); i < length; i += reduce_threads) {
      const u32 at = args.history[i] - begin;
      if (at < reduce_slice)
        __scoped_atomic_fetch_or(&slice_marks[at], in_repeat_window, __ATOMIC_RELAXED,
                                 __MEMORY_SCOPE_WRKGRP);
    }
  }
  if (answer_is_penalised(p)) {
    for (u32 i = p->answer_start + thread_id(); i < length; i += reduce_threads) {
      const u32 at = args.history[i] - begin;
      if (at < reduce_slice)
        __scoped_atomic_fetch_add(&slice_marks[at], 1u, __ATOMIC_RELAXED, __MEMORY_SCOPE_WRKGRP);
    }
  }
}

RB_INLINE float adjusted_logit(Global<const SamplingParameters> p, float logit, float bias,
                               u32 marks) {
  logit = bias <= runtime::forbidding_bias ? -__builtin_inff() : logit + bias;
  if (marks & in_repeat_window)
    logit = logit > 0 ? logit / p->repeat_penalty : logit * p->repeat_penalty;
  const u32 occurrences = marks & ~in_repeat_window;
  if (occurrences != 0)
    logit -= p->presence_penalty + p->frequency_penalty * static_cast<float>(occurrences);
  return logit;
}

// Writes the keys of a slice, and returns the best that the thread saw.
RB_INLINE Best adjust_slice(const SampleReduceArguments& args, u32 begin, u32 end) {
  for (u32 i = thread_id(); i < reduce_slice; i += reduce_threads) {
    slice_bias[i] = 0;
    slice_marks[i] = 0;
  }
  if (thread_id() == 0)
    slice_masked = args.parameters->masked != 0 && args.control && args.masks &&
                   load_shared_memory(&args.control->use_mask) != 0;
  group_barrier();
  spread_biases(args, begin);
  spread_history(args, begin);
  group_barrier();
  const bool masked = slice_masked != 0;
  Best best = {excluded_key, begin};
  for (u32 token = begin + thread_id(); token < end; token += reduce_threads) {
    const u32 at = token - begin;
    u32 key = key_of(
        adjusted_logit(args.parameters, args.logits[token], slice_bias[at], slice_marks[at]));
    if (masked && (load_shared_memory(args.masks + token / 32) >> token % 32 & 1) == 0)
      key = excluded_key;
    args.keys[token] = key;
    best = better(best, {key, token});
  }
  return best;
}

}  // namespace redbolt::kernels
