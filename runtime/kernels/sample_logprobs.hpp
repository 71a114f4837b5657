// The natural logarithm of probabilities by the model's own logits, for the slots that ask.
#pragma once

#include "sample_select.hpp"

namespace redbolt::kernels {

inline constexpr float ln_2 = 0.693147180559945309417f;

RB_SHARED float wave_sum[waves];

// Of softmax(logits).
struct Distribution {
  float largest;
  float log_sum;  // ln of the sum of exp(logit - largest)

  RB_INLINE float logprob(float logit) const {
    if (logit != logit) return -__builtin_inff();
    return (logit == largest ? 0.0f : logit - largest) - log_sum;
  }
};

RB_INLINE Distribution distribution_of(Global<const float> logits, u32 vocabulary) {
  Best best = {excluded_key, 0};
  for (u32 i = thread_id(); i < vocabulary; i += threads)
    best = better(best, {key_of(logits[i]), i});
  const float largest = logit_of(best_of_group<waves>(best).key);
  float sum = 0;
  for (u32 i = thread_id(); i < vocabulary; i += threads) {
    const float logit = logits[i];
    if (logit != logit) continue;
    sum += logit == largest ? 1.0f : exp2_fast((logit - largest) * log2_e);
  }
  // In a fixed order, so that the result is the same on every run.
  wave_sum[wave_id()] = add_lanes(sum);
  group_barrier();
  float total = 0;
  for (u32 w = 0; w < waves; ++w) total += wave_sum[w];
  return {largest, __builtin_amdgcn_logf(total) * ln_2};
}

// Called by the whole workgroup. All stores are made by the first wave, whose thread 0 publishes
// the token afterwards: its release covers them.
RB_INLINE void write_logprobs(const SampleArguments& args, u32 token) {
  u32 count = args.parameters->logprobs - 1;
  if (count > runtime::max_top_logprobs) count = runtime::max_top_logprobs;
  if (count > args.vocabulary) count = args.vocabulary;
  const Distribution distribution = distribution_of(args.logits, args.vocabulary);
  const auto logits = reinterpret_cast<Global<const u32>>(args.logits);
  Source source = {logits, false, args.candidates, args.vocabulary, false, 0, 0};
  if (count != 0) keep_best(source, count, args.candidates);
  const u32 sequence = args.state->sampled + 1;
  const Global<TokenLogprobs> entry = args.logprobs + ((sequence - 1) & (args.ring_entries - 1));
  const u32 own = thread_id();
  if (own < count) {
    const Best element = source.at(own);
    u32 rank = 0;
    for (u32 i = 0; i < count; ++i) {
      const Best other = source.at(i);
      if (composite(other.key, other.token) > composite(element.key, element.token)) ++rank;
    }
    entry->top[rank].token = element.token;
    entry->top[rank].logprob = distribution.logprob(args.logits[element.token]);
  }
  if (own == 0) {
    entry->sequence = sequence;
    entry->count = count;
    entry->logprob = distribution.logprob(args.logits[token]);
  }
}

}  // namespace redbolt::kernels
