#include "server/generation/answers.hpp"

#include <algorithm>
#include <iterator>

namespace redbolt::llm::server {

namespace asio = boost::asio;

Answers::Answers(Prompts prompts, const Limits& limits, Exchange& exchange)
    : prompts_(std::move(prompts)), exchange_(exchange), ping_interval_(limits.ping_interval) {
  for (const auto& prompt : prompts_) {
    for (std::uint32_t i = 0; i < prompt->wishes.answers; ++i) {
      answers_.push_back(std::make_unique<Answer>(*prompt, i, limits.unread_tokens,
                                                  [waker = exchange.waker()] { waker->wake(); }));
      told_end_.push_back(false);
    }
  }
}

bool Answers::ended() const {
  return std::ranges::all_of(answers_, [](const auto& answer) { return answer->ended(); });
}

std::vector<Batch> Answers::collect() {
  std::vector<Batch> batches;
  for (std::uint32_t i = 0; i < answers_.size(); ++i) {
    if (told_end_[i]) continue;
    Batch batch{i, answers_[i]->take(), answers_[i]->ended()};
    told_end_[i] = batch.ended;
    if (batch.ended || !batch.pieces.empty()) batches.push_back(std::move(batch));
  }
  return batches;
}

asio::awaitable<std::vector<Batch>> Answers::next() {
  const auto deadline = Clock::now() + ping_interval_;
  for (;;) {
    auto batches = collect();
    if (!batches.empty() || ended()) co_return batches;
    const bool woken = co_await exchange_.wait_until(deadline);
    if (!woken && Clock::now() >= deadline) co_return batches;
  }
}

std::uint32_t Answers::prompt_tokens() const {
  std::size_t sum = 0;
  for (const auto& prompt : prompts_) sum += prompt->prompt.size();
  return static_cast<std::uint32_t>(sum);
}

std::uint32_t Answers::cached_tokens() const {
  std::uint32_t sum = 0;
  std::size_t first = 0;
  for (const auto& prompt : prompts_) {
    if (answers_[first]->ended()) sum += answers_[first]->report().cached_tokens;
    first += prompt->wishes.answers;
  }
  return sum;
}

std::uint32_t Answers::generated_tokens() const {
  std::uint32_t sum = 0;
  for (const auto& answer : answers_) sum += answer->tokens();
  return sum;
}

std::uint32_t Answers::reasoning_tokens() const {
  std::uint32_t sum = 0;
  for (const auto& answer : answers_) sum += answer->reasoning_tokens();
  return sum;
}

asio::awaitable<std::vector<std::vector<Piece>>> collect_all(Answers& answers) {
  std::vector<std::vector<Piece>> all(answers.size());
  while (!answers.ended()) {
    std::vector<Batch> batches = co_await answers.next();
    for (Batch& batch : batches) {
      std::ranges::move(batch.pieces, std::back_inserter(all[batch.answer]));
    }
  }
  co_return all;
}

}  // namespace redbolt::llm::server
