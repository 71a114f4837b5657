// The memory of the host that drawing tokens uses, a part for each slot: what the card tells (rings
// of tokens and of log-probabilities), what the host may say while steps are queued (cancel,
// masks), and what is copied to the card when a request begins.
//
// Belongs to the engine's thread.
#pragma once

#include <cstdint>
#include <span>

#include "redbolt/llm/engine/loaded_model.hpp"
#include "redbolt/llm/model/graph.hpp"
#include "redbolt/llm/tokenizer/vocabulary.hpp"
#include "redbolt/runtime/device.hpp"
#include "redbolt/runtime/token_ring.hpp"

namespace redbolt::llm {

// What a slot is told when it begins, laid out for the copies to the card.
struct SlotStart {
  runtime::SamplingParameters parameters{};
  std::span<const runtime::LogitBias> biases = {};
  // The tokens at the positions from history_begin on.
  std::span<const TokenId> history = {};
  std::uint32_t history_begin = 0;
};

class DrawMemory {
 public:
  // A power of two, above twice the steps that are queued ahead.
  static constexpr std::uint32_t kRingEntries = 32;

  explicit DrawMemory(const LoadedModel& model);

  DrawViews views() const;
  std::span<std::byte> ring(std::uint32_t slot);
  std::span<std::byte> logprobs(std::uint32_t slot);
  // Zeroed by whoever writes a mask.
  std::span<std::uint32_t> mask(std::uint32_t slot);

  void set_cancel(std::uint32_t slot, bool cancel);
  void set_use_mask(std::uint32_t slot, bool use);

  // Queues the copies of all but the state, then, by start_drawing(), of the state: from then on
  // steps feed the slot.
  void begin(std::uint32_t slot, const SlotStart& start);
  runtime::Fence start_drawing(std::uint32_t slot, const runtime::StepState& state);

 private:
  runtime::SlotControl& control(std::uint32_t slot);
  runtime::Fence copy(std::uint64_t staging_offset, std::uint64_t scratch_offset,
                      std::uint64_t bytes);

  const LoadedModel& model_;
  std::uint64_t mask_bytes_;
  std::uint64_t staging_bytes_;  // of a slot
  runtime::SharedBuffer rings_, control_, logprobs_, masks_, staging_;
};

}  // namespace redbolt::llm
