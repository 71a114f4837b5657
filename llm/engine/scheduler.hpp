// What the engine's thread does: gives waiting requests a slot, submits prompts in chunks and
// decode steps between them, and hands over what the card has finished.
//
// Order on the card is the order of submission. While requests run, at most one chunk comes between
// two steps, and a few steps are queued ahead. A request with a constraint has to be waited for
// between steps, since its mask depends on the token before; what is queued ahead then is the next
// step's first half, which computes logits while the host makes masks. While another model's engine
// has work too, chunks are short and as few steps as possible are queued: the card takes turns.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "engine/draw_memory.hpp"
#include "engine/request_board.hpp"
#include "engine/slot.hpp"
#include "engine/speed_gauge.hpp"
#include "engine/step_graphs.hpp"
#include "redbolt/llm/engine/card_share.hpp"
#include "redbolt/llm/engine/input_feed.hpp"

namespace redbolt::llm {

class Scheduler {
 public:
  // The references must outlive the scheduler.
  Scheduler(const LoadedModel& model, RequestBoard& board, std::shared_ptr<CardShare> share,
            bool context_shift, const runtime::Device::LoadProgress& progress);

  const runtime::LoadReport& kernels() const { return graphs_.kernels(); }

  // Until the board is closed. Throws what the device throws, and LlmError when the card is asked
  // back or does not do its work.
  void run();
  // Every request gets its end; the card is not touched any more.
  void end_all(EndReason reason, const std::optional<LlmError>& error);

 private:
  struct Chunk {
    std::uint32_t slot;
    TokenRequestId request;
    std::size_t done;  // of the sequence's tokens, with this chunk
    runtime::Fence fence;
  };

  bool take_requests();
  void check_lost();
  bool collect();
  bool submit_work();
  bool submit_chunk();
  void draw_first(Slot& slot);
  bool submit_steps();
  void submit_step_with_masks(SlotRange range, const std::vector<Slot*>& drawing, bool more);
  bool check_chunks();
  bool chunk_is_done(std::chrono::milliseconds timeout);
  void rest();
  void check_health();

  Slot* choose(std::span<const TokenId> prompt);
  std::vector<Slot*> drawing();
  std::uint32_t steps_ahead() const;
  std::uint32_t steps_wanted(std::uint32_t ahead, std::uint32_t left) const;

  const LoadedModel& model_;
  runtime::Device& device_;
  RequestBoard& board_;
  const bool context_shift_;
  DrawMemory memory_;
  StepGraphs graphs_;
  InputFeed feed_;
  CardShare::Seat seat_;
  SpeedGauge gauge_;
  std::vector<Slot> slots_;

  std::uint64_t turn_ = 0;     // of requests, for the slots' last use
  std::deque<Slot*> feeding_;  // in the order in which their requests came
  std::deque<Chunk> chunks_;   // submitted, not known to be done
  bool chunk_since_step_ = false;
  // The slots whose logits are computed, or will be, for a draw that is not submitted yet. No slot
  // may begin to draw meanwhile: it would be drawn for from logits that are not its own.
  std::optional<SlotRange> forward_ahead_;
  runtime::Fence last_;
  unsigned looks_ = 0;  // without anything new
  EngineClock::time_point next_check_, next_release_check_, next_chunk_check_;
  EngineClock::time_point last_token_;
  std::chrono::duration<double> step_time_{0};
};

}  // namespace redbolt::llm
