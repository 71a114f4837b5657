// The host's end of the ring of finished tokens: reads host memory only, never the card.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "redbolt/runtime/step_state.hpp"

namespace redbolt::runtime {

struct FinishedToken {
  std::uint32_t token = 0;
  StopReason stop = StopReason::none;  // not none: no token follows
  std::uint32_t sequence = 0;          // from 1
};

// Follows the tokens in order. The ring must be longer than the number of steps queued ahead, or
// tokens are overwritten before they are read. One thread at a time.
class TokenRing {
 public:
  // `memory` is shared memory that holds whole entries, zeroed, 8-byte aligned: at least one. The
  // number of entries is rounded down to a power of two, which is what Sample::ring must be given.
  explicit TokenRing(std::span<std::byte> memory);

  std::uint32_t entries() const { return static_cast<std::uint32_t>(entries_.size()); }

  // The next token if the card has finished it.
  std::optional<FinishedToken> poll();

  // Starts over at sequence number 1, as StepState::sampled = 0 does: clears the entries. Only
  // while no step is in flight.
  void reset();

 private:
  std::span<TokenRingEntry> entries_;
  std::uint32_t next_ = 1;
};

// The host's end of the ring of log-probabilities that runs beside a TokenRing with as many
// entries.
class LogprobRing {
 public:
  // `memory` is shared memory, zeroed, 8-byte aligned, for `entries` entries
  // (TokenRing::entries()).
  LogprobRing(std::span<std::byte> memory, std::uint32_t entries);

  // Of a token that TokenRing::poll() has returned and that is not overwritten yet. Nothing: none
  // were asked for.
  std::optional<TokenLogprobs> of(const FinishedToken& token) const;

  // As TokenRing::reset(), and with it.
  void reset();

 private:
  std::span<TokenLogprobs> entries_;
};

}  // namespace redbolt::runtime
