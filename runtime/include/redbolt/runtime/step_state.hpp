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
};

// One sequence. The host writes it before a prompt is fed; from then on the sampling kernel
// advances it.
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

// How the next token is drawn from the logits; the exact meaning is in docs/runtime.md.
struct SamplingParameters {
  float temperature;       // 0 or less: greedy, the lowest id among the largest logits
  std::uint32_t top_k;     // keep the k largest; 0: all
  float top_p;             // keep the fewest whose probabilities sum to at least p; 1 or more: all
  float min_p;             // keep those at least min_p times as probable as the best; 0: all
  std::uint32_t seed_low;  // key of the counter-based generator
  std::uint32_t seed_high;
  std::uint32_t stop_count;  // entries of stop_tokens in use
  std::uint32_t reserved;
  std::uint32_t stop_tokens[max_stop_tokens];
};

// An entry of the ring of finished tokens, written by the card as one 8-byte store. Entry i holds
// the tokens whose sequence number (from 1) is i + 1 modulo the ring's length.
struct TokenRingEntry {
  std::uint32_t sequence;  // 0: never written
  std::uint32_t token;     // token id in the low 28 bits, StopReason in the high 4
};

inline constexpr std::uint32_t ring_token_bits = 28;

static_assert(sizeof(StepState) == 32);
static_assert(sizeof(SamplingParameters) == 32 + 4 * max_stop_tokens);
static_assert(sizeof(TokenRingEntry) == 8);

}  // namespace redbolt::runtime
