// All answers to one request, and how a handler follows them.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <vector>

#include "server/generation/answer.hpp"
#include "server/http/exchange.hpp"
#include "server/http/limits.hpp"

namespace redbolt::llm::server {

// What one answer has brought.
struct Batch {
  std::uint32_t answer = 0;
  std::vector<Piece> pieces = {};
  bool ended = false;
};

// What a request asks, once for each prompt; all with the same model and wishes.
using Prompts = std::vector<std::shared_ptr<const Prepared>>;

class Answers {
 public:
  // Those to the first prompt come first. Throws ApiError when the engine does not take them all.
  Answers(Prompts prompts, const Limits& limits, Exchange& exchange);

  std::size_t size() const { return answers_.size(); }
  const Answer& operator[](std::size_t i) const { return *answers_[i]; }

  // Waits for what comes next and returns all there is; empty: nothing came for a whole ping
  // interval. Throws ClientGone, ApiError.
  boost::asio::awaitable<std::vector<Batch>> next();
  bool ended() const;

  // Of all answers together.
  std::uint32_t prompt_tokens() const;
  std::uint32_t cached_tokens() const;
  std::uint32_t generated_tokens() const;
  std::uint32_t reasoning_tokens() const;

 private:
  std::vector<Batch> collect();

  Prompts prompts_;
  Exchange& exchange_;
  std::chrono::milliseconds ping_interval_;
  std::vector<std::unique_ptr<Answer>> answers_;
  std::vector<bool> told_end_;
};

// Follows all answers to their end without anybody watching.
boost::asio::awaitable<std::vector<std::vector<Piece>>> collect_all(Answers& answers);

}  // namespace redbolt::llm::server
