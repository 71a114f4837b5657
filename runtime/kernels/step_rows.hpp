// Which rows of activations a step has, and where each belongs. In a sequence the rows are
// neighbouring tokens of one StepState; by slot, row i is one token of states[i], and rows of
// inactive states are left alone.
#pragma once

#include "arguments.hpp"
#include "prelude.hpp"

namespace redbolt::kernels {

struct StepRow {
  bool live;
  u32 slot;
  u32 position;
};

RB_INLINE StepRow row_of(Global<const StepState> state, u32 row, bool by_slot) {
  if (by_slot) return {state[row].tokens != 0, state[row].slot, state[row].position};
  return {row < state->tokens, state->slot, state->position + row};
}

// A bit for each of the 32 rows from `first` on that is live, the same in all lanes of the wave.
// capacity: the number of states, at most 32; by slot `first` is 0.
RB_INLINE u32 live_rows(Global<const StepState> state, u32 first, u32 capacity, bool by_slot) {
  if (by_slot) {
    const u32 own = lane_id() < capacity ? lane_id() : 0;
    const u32 tokens = state[own].tokens;
    return __builtin_amdgcn_ballot_w32(lane_id() < capacity && tokens != 0);
  }
  const u32 tokens = state->tokens;
  if (tokens <= first) return 0;
  return tokens - first >= 32 ? ~0u : (1u << (tokens - first)) - 1;
}

}  // namespace redbolt::kernels
