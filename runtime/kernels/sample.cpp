// Drawing the next token of each slot on the card.
//
// sample_reduce adjusts the logits of the slots that ask for it, and finds the best token of each
// slice of the vocabulary. sample, one workgroup per slot, then takes the best of them (greedy), or
// draws. All sets that sampling keeps are prefixes of one order.
#include "sample_adjust.hpp"
#include "sample_logprobs.hpp"
#include "sample_select.hpp"

namespace redbolt::kernels {

template <class T>
RB_INLINE void take_slot(Global<T>& pointer, u32 slot, u32 each = 1) {
  pointer += u64(slot) * each;
}
template <class T>
RB_INLINE void take_optional(Global<T>& pointer, u32 slot, u32 each = 1) {
  if (pointer) pointer += u64(slot) * each;
}

RB_KERNEL(reduce_threads) sample_reduce(SampleReduceArguments args) {
  const u32 slot = group_y();
  take_slot(args.state, slot);
  if (args.state->tokens == 0) return;
  take_slot(args.logits, slot, args.vocabulary);
  take_slot(args.partials, slot, args.partial_count);
  take_slot(args.parameters, slot);
  const u32 begin = group_x() * reduce_slice;
  u32 end = begin + reduce_slice;
  if (end > args.vocabulary) end = args.vocabulary;
  Best best = {excluded_key, begin};
  if (is_adjusted(args.parameters)) {
    take_slot(args.keys, slot, args.vocabulary);
    take_optional(args.history, slot, args.history_length);
    take_optional(args.biases, slot, runtime::max_logit_biases);
    take_optional(args.control, slot);
    take_optional(args.masks, slot, args.mask_words);
    best = adjust_slice(args, begin, end);
  } else {
    for (u32 token = begin + thread_id(); token < end; token += reduce_threads)
      best = better(best, {key_of(args.logits[token]), token});
  }
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

RB_INLINE u32 draw(const SampleArguments& args, Best best) {
  const Global<const SamplingParameters> p = args.parameters;
  const bool adjusted = is_adjusted(p);
  const auto logits = reinterpret_cast<Global<const u32>>(args.logits);
  Source source = {adjusted ? args.keys : logits,
                   adjusted,
                   args.candidates,
                   args.vocabulary,
                   false,
                   logit_of(best.key),
                   log2_e / p->temperature};
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
RB_INLINE void finish(const SampleArguments& args, u32 token, bool cancelled) {
  const Global<StepState> state = args.state;
  const u32 position = state->position + state->tokens;
  const StopReason stop = cancelled ? StopReason::cancelled : stop_reason(args, token, position);
  const u32 sequence = state->sampled + 1;
  if (args.history && position < args.history_length) args.history[position] = token;
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
  const u32 slot = group_x();
  take_slot(args.state, slot);
  if (args.state->tokens == 0) return;
  take_slot(args.logits, slot, args.vocabulary);
  take_slot(args.partials, slot, args.partial_count);
  take_slot(args.keys, slot, args.vocabulary);
  take_slot(args.candidates, slot, args.vocabulary);
  take_slot(args.parameters, slot);
  take_slot(args.ring, slot, args.ring_entries);
  take_optional(args.logprobs, slot, args.ring_entries);
  take_optional(args.history, slot, args.history_length);
  // Asked for now and looked at last: host memory is far away.
  u32 cancel = 0;
  if (thread_id() == 0 && args.control) cancel = load_shared_memory(&args.control[slot].cancel);
  Best best = {excluded_key, args.partials[0].token};
  for (u32 i = thread_id(); i < args.partial_count; i += threads)
    best = better(best, {args.partials[i].key, args.partials[i].token});
  best = best_of_group<waves>(best);
  u32 token = best.token;
  if (args.parameters->temperature > 0 && best.key > not_a_number_key) token = draw(args, best);
  group_barrier();
  if (args.parameters->logprobs != 0 && args.logprobs) write_logprobs(args, token);
  if (thread_id() == 0) finish(args, token, cancel != 0);
}

}  // namespace redbolt::kernels
