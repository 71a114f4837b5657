#include "redbolt/runtime/token_ring.hpp"

#include <algorithm>
#include <bit>

#include "redbolt/runtime/runtime_error.hpp"

namespace redbolt::runtime {

TokenRing::TokenRing(std::span<std::byte> memory) {
  const std::size_t entries = std::bit_floor(memory.size() / sizeof(TokenRingEntry));
  if (entries == 0)
    throw RuntimeError(RuntimeErrorCode::invalid_argument,
                       "the ring of finished tokens needs memory for one entry at least");
  entries_ = {reinterpret_cast<TokenRingEntry*>(memory.data()), entries};
}

std::optional<FinishedToken> TokenRing::poll() {
  // The card stores an entry in one piece; so it must be read in one piece.
  const auto* entry =
      reinterpret_cast<const std::uint64_t*>(&entries_[(next_ - 1) % entries_.size()]);
  const std::uint64_t word = __atomic_load_n(entry, __ATOMIC_ACQUIRE);
  if (static_cast<std::uint32_t>(word) != next_) return std::nullopt;
  const auto token = static_cast<std::uint32_t>(word >> 32);
  return FinishedToken{token & ((1u << ring_token_bits) - 1),
                       static_cast<StopReason>(token >> ring_token_bits), next_++};
}

void TokenRing::reset() {
  std::ranges::fill(entries_, TokenRingEntry{});
  next_ = 1;
}

LogprobRing::LogprobRing(std::span<std::byte> memory, std::uint32_t entries) {
  if (entries == 0 || memory.size() / sizeof(TokenLogprobs) < entries)
    throw RuntimeError(RuntimeErrorCode::invalid_argument,
                       "the ring of log-probabilities needs as many entries as that of tokens");
  entries_ = {reinterpret_cast<TokenLogprobs*>(memory.data()), entries};
}

std::optional<TokenLogprobs> LogprobRing::of(const FinishedToken& token) const {
  // The token's entry was loaded with acquire order, so what was written before it is here.
  const TokenLogprobs& entry = entries_[(token.sequence - 1) % entries_.size()];
  if (entry.sequence != token.sequence) return std::nullopt;
  return entry;
}

void LogprobRing::reset() {
  std::ranges::fill(entries_, TokenLogprobs{});
}

}  // namespace redbolt::runtime
