// What changes from token to token, and lies where the card can change it: the position, the token
// to feed, how to sample, and the ring of finished tokens. Kernels read these structures in device
// memory, so that a recorded graph is replayed unchanged. Included by host and device code alike.
#pragma once

#ifdef __cplusplus
#include <cstdint>
#endif

namespace redbolt::runtime {

enum class StopReason : std::uint32_t {
  none = 0,        // still generating
  stop_token = 1,  // the last token is one of SamplingParameters::stop_tokens
  limit = 2,       // `remaining` tokens were sampled
  context = 3,     // the KV cache is full
  cancelled = 4,   // SlotControl::cancel was set; the token that comes with it is to be dropped
};

// One sequence: of a slot, where several are fed at once. The host writes it before a prompt is
// fed; from then on the sampling kernel advances it.
struct StepState {
  std::uint32_t
      position;          // tokens in the KV cache before this step: the position of its first token
  std::uint32_t tokens;  // tokens that this step feeds; 0: every kernel returns at once
  std::uint32_t capacity;   // positions that the KV cache has
  std::uint32_t remaining;  // tokens that may still be sampled
  std::uint32_t token;      // the token sampled last, which a decode step feeds
  std::uint32_t sampled;  // tokens sampled so far; the sequence number of the last one in the ring
  std::uint32_t stop_reason;  // a StopReason; not none: `tokens` is 0 as well
  std::uint32_t slot;         // which of the KV cache's sequences it is
};

inline constexpr std::uint32_t max_stop_tokens = 24;
inline constexpr std::uint32_t max_logit_biases = 1024;
inline constexpr std::uint32_t max_top_logprobs = 20;
// A bias of this or less forbids the token.
inline constexpr float forbidding_bias = -100.0f;

// How the next token is drawn from the logits; the exact meaning is in docs/runtime.md. All zero:
// greedy, nothing else.
struct SamplingParameters {
  float temperature;       // 0 or less: greedy, the lowest id among the largest logits
  std::uint32_t top_k;     // keep the k largest; 0: all
  float top_p;             // keep the fewest whose probabilities sum to at least p; 1 or more: all
  float min_p;             // keep those at least min_p times as probable as the best; 0: all
  std::uint32_t seed_low;  // key of the counter-based generator
  std::uint32_t seed_high;
  float repeat_penalty;         // greater than 0; 1, or 0: none
  std::uint32_t repeat_last_n;  // tokens before the one that is drawn, of prompt and answer
  float presence_penalty;       // subtracted once from what the answer contains
  float frequency_penalty;      // and once per occurrence
  std::uint32_t answer_start;   // tokens of the prompt: where the answer begins in the history
  std::uint32_t bias_count;     // entries of the slot's biases in use; each token at most once
  std::uint32_t masked;         // 1: SlotControl::use_mask decides for each token; 0: no mask
  std::uint32_t logprobs;       // 0: none; 1 + n: of the token drawn, and of the n most probable
  std::uint32_t stop_count;     // entries of stop_tokens in use
  std::uint32_t reserved;
  std::uint32_t stop_tokens[max_stop_tokens];
};

// Added to the logit of a token.
struct LogitBias {
  std::uint32_t token;
  float bias;  // forbidding_bias or less: the token is not drawn while there is another
};

// What the host may change while steps are queued, in shared memory: one per slot, each in a cache
// line of its own.
struct SlotControl {
  std::uint32_t cancel;    // not 0: the next step that runs ends the sequence
  std::uint32_t use_mask;  // not 0: the slot's mask applies, if SamplingParameters::masked
  std::uint32_t reserved[14];
};

struct TokenLogprobEntry {
  std::uint32_t token;
  float logprob;
};

// An entry of the ring of log-probabilities, which runs beside the ring of tokens: written before
// the token with the same sequence number is published, if SamplingParameters::logprobs asks.
struct TokenLogprobs {
  std::uint32_t sequence;
  std::uint32_t count;  // entries of `top`
  float logprob;        // natural logarithm of the probability of the token drawn
  std::uint32_t reserved;
  TokenLogprobEntry top[max_top_logprobs];  // most probable first, among equals the lower id
};

// An entry of the ring of finished tokens, written by the card as one 8-byte store. Entry i holds
// the tokens whose sequence number (from 1) is i + 1 modulo the ring's length.
struct TokenRingEntry {
  std::uint32_t sequence;  // 0: never written
  std::uint32_t token;     // token id in the low 28 bits, StopReason in the high 4
};

inline constexpr std::uint32_t ring_token_bits = 28;

static_assert(sizeof(StepState) == 32);
static_assert(sizeof(SamplingParameters) == 64 + 4 * max_stop_tokens);
static_assert(sizeof(LogitBias) == 8);
static_assert(sizeof(SlotControl) == 64);
static_assert(sizeof(TokenLogprobs) == 16 + 8 * max_top_logprobs);
static_assert(sizeof(TokenRingEntry) == 8);

}  // namespace redbolt::runtime
