// One sequence of the KV cache, and the request that it serves: what it holds, what is still to be
// fed, which tokens are to come, and what its sink is told.
//
// Belongs to the engine's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/draw_memory.hpp"
#include "engine/request_board.hpp"
#include "redbolt/llm/engine/token_engine.hpp"
#include "redbolt/runtime/token_ring.hpp"

namespace redbolt::llm {

class Slot {
 public:
  // The references must outlive the slot.
  Slot(std::uint32_t index, const LoadedModel& model, DrawMemory& memory, RequestBoard& board);

  std::uint32_t index() const { return index_; }
  bool idle() const { return phase_ == Phase::idle; }
  bool feeding() const { return phase_ == Phase::prompt; }
  // Its state on the card is active, as far as is known: steps draw for it.
  bool drawing() const { return phase_ == Phase::answer; }
  std::optional<TokenRequestId> request() const;
  // When it was last used: the larger the later.
  std::uint64_t last_used() const { return last_used_; }
  std::size_t held() const { return filled_; }
  // How many tokens at the beginning of `prompt` it holds, the last one never counted.
  std::uint32_t common_prefix(std::span<const TokenId> prompt) const;

  // Takes a request; from now on feeding().
  void begin(WaitingRequest request, std::uint64_t turn);

  // The tokens to be fed next, `most` at most, and the state to feed them with.
  std::span<const TokenId> next_chunk(std::uint32_t most) const;
  runtime::StepState chunk_state() const;
  // They have been submitted; true if they were the prompt's last.
  bool chunk_submitted(std::size_t count);
  // The first `count` tokens of what is to be fed are in the cache. The sink is told, once.
  void chunk_done(std::size_t count);
  // After the last chunk: queues the state with which steps draw. From now on drawing().
  void start_drawing();

  // Steps were submitted that draw `count` tokens, unless the answer ends before.
  void draws_submitted(std::uint32_t count) { queued_ += count; }
  std::uint32_t draws_queued() const { return queued_ - received_; }
  // Tokens that it may still draw, what is queued included. Of a request that has been given up,
  // the one draw in which the card notices.
  std::uint32_t draws_wanted() const {
    return request() ? draws_left() : (draws_queued() == 0 ? 1 : 0);
  }
  bool constrained() const { return job_ && job_->request.constraint != nullptr; }
  // Before its next draw, with nothing queued: whether its mask is to be used; then makes it.
  bool restricted() const;
  void make_mask();

  // Takes what the card has finished: how many tokens. Ends or shifts where the answer says so.
  std::uint32_t collect(bool context_shift);

  // Ends the request, if there is one, for its sink; the slot is free once the card has stopped
  // drawing for it.
  void end(EndReason reason, std::optional<LlmError> error = std::nullopt);
  // The card is gone: nothing is held any more.
  void forget();

 private:
  enum class Phase { idle, prompt, answer };
  struct Job {
    TokenRequestId id = 0;
    TokenRequest request;
    std::shared_ptr<TokenSink> sink;  // null once it has been told the end
    std::uint32_t cached = 0;
    std::size_t reported = 0;  // of the prompt's tokens, to the sink
    std::uint32_t generated = 0;
    EngineClock::time_point asked, begun, first_token, last_token;
  };
  std::uint32_t draws_left() const { return limit_ - received_; }
  void put_sampling();
  void take(const runtime::FinishedToken& token, bool context_shift);
  void deliver(const runtime::FinishedToken& token);
  void shift();
  void release();
  void show() const;

  const std::uint32_t index_;
  const LoadedModel& model_;
  DrawMemory& memory_;
  RequestBoard& board_;
  runtime::TokenRing ring_;
  runtime::LogprobRing logprobs_;
  std::optional<runtime::FinishedToken> waiting_token_;  // for its log-probabilities

  Phase phase_ = Phase::idle;
  bool stopped_ = false;  // in the answer: the card has stopped drawing
  std::uint64_t last_used_ = 0;
  std::vector<TokenId> tokens_;   // of the sequence, as far as they are known
  std::size_t filled_ = 0;        // of them, in the cache or submitted to be
  std::size_t answer_start_ = 0;  // in tokens_
  std::uint32_t limit_ = 0, queued_ = 0, received_ = 0;
  std::optional<Job> job_;
};

}  // namespace redbolt::llm
