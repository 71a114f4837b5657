#include "cli/token_stream.hpp"

namespace redbolt::llm::cli {

void TokenStream::on_prompt(std::uint32_t, std::uint32_t) {}

void TokenStream::on_token(const GeneratedToken& token) {
  const std::lock_guard lock(mutex_);
  tokens_.push_back(token.token);
  changed_.notify_one();
}

void TokenStream::on_end(const EndReport& report) {
  const std::lock_guard lock(mutex_);
  end_ = report;
  changed_.notify_one();
}

std::optional<TokenId> TokenStream::take(std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, limit, [&] { return !tokens_.empty() || end_; });
  if (tokens_.empty()) return std::nullopt;
  const TokenId token = tokens_.front();
  tokens_.pop_front();
  return token;
}

std::optional<EndReport> TokenStream::end() const {
  const std::lock_guard lock(mutex_);
  return tokens_.empty() ? end_ : std::nullopt;
}

}  // namespace redbolt::llm::cli
