#include "constraint/thinking_constraint.hpp"

#include <algorithm>
#include <utility>

#include "output/json_scanner.hpp"
#include "redbolt/llm/error.hpp"

namespace redbolt::llm {
namespace {

std::string_view skip_space(std::string_view text) {
  while (!text.empty() && is_json_space(text.front())) text.remove_prefix(1);
  return text;
}

std::vector<TokenId> encode(const Tokenizer& tokenizer, std::string_view text) {
  return tokenizer.encode(text, SpecialTokens::all);
}

[[noreturn]] void refuse(TokenId token) {
  throw LlmError(ErrorCode::bad_argument,
                 "token " + std::to_string(token) + " does not fit the form of the answer");
}

}  // namespace

ThinkingConstraint::ThinkingConstraint(const Tokenizer& tokenizer, const VocabularyTrie& trie,
                                       const ThinkingPrelude& prelude,
                                       std::unique_ptr<GrammarConstraint> form)
    : trie_(trie),
      form_(std::move(form)),
      open_(prelude.tags.open),
      close_(prelude.tags.close),
      after_close_(prelude.tags.after),
      open_tokens_(encode(tokenizer, open_)),
      close_tokens_(encode(tokenizer, close_ + after_close_)),
      budget_(prelude.budget),
      where_(prelude.opened ? Where::thinking : Where::before),
      overshooting_(close_.size()) {}

bool ThinkingConstraint::restricts() const {
  return form_ != nullptr || !forced_.empty() || must_close();
}

// Not in the middle of a character.
bool ThinkingConstraint::must_close() const {
  return where_ == Where::thinking && budget_ && thoughts_ >= *budget_ && unfinished_ == 0;
}

void ThinkingConstraint::allow(std::span<std::uint32_t> mask) {
  if (forced_.empty() && must_close()) {
    where_ = Where::closing;
    forced_.assign(close_tokens_.begin(), close_tokens_.end());
  }
  if (!forced_.empty()) return set_bit(mask, forced_.front());
  if (where_ == Where::thinking) {
    const auto text = trie_.text_tokens();
    std::copy_n(text.begin(), std::min(mask.size(), text.size()), mask.begin());
    set_bit(mask, close_tokens_.front());
    for (const TokenId id : overshooting()) {
      if (id / 32 < mask.size()) mask[id / 32] &= ~(1U << (id % 32));
    }
    return;
  }
  if (where_ != Where::before || form_follows_) form_->allow(mask);
  if (where_ == Where::before) set_bit(mask, open_tokens_[opened_]);
}

void ThinkingConstraint::accept(TokenId token) {
  if (!forced_.empty()) return take_forced(token);
  switch (where_) {
    case Where::before:
      return form_ != nullptr ? accept_first(token) : accept_start_of_text(token);
    case Where::thinking:
      ++thoughts_;
      return take_thought(text_of(token));
    case Where::closing:
    case Where::after:
      if (form_ != nullptr) form_->accept(token);
      return;
  }
}

// The form may begin as the opening tag does: it goes along until one of them is ruled out.
void ThinkingConstraint::accept_first(TokenId token) {
  if (token != open_tokens_[opened_]) {
    if (!form_follows_) refuse(token);
    where_ = Where::after;
    return form_->accept(token);
  }
  if (++opened_ == open_tokens_.size()) {
    form_->restart();
    where_ = Where::thinking;
  } else if (form_follows_) {
    form_follows_ = form_->feed(trie_.piece(token));
  }
}

// Nothing is masked here, so the tag is known by its text, however it is cut into tokens.
void ThinkingConstraint::accept_start_of_text(TokenId token) {
  start_ += text_of(token);
  const std::string_view text = skip_space(start_);
  if (text.starts_with(open_)) {
    where_ = Where::thinking;
    take_thought(text.substr(open_.size()));
  } else if (!std::string_view(open_).starts_with(text) || start_.size() > kMaximumSpaceBeforeTag) {
    where_ = Where::after;
  }
}

void ThinkingConstraint::take_forced(TokenId token) {
  if (token != forced_.front()) refuse(token);
  forced_.pop_front();
  if (!forced_.empty() || where_ != Where::closing) return;
  where_ = Where::after;
  if (form_ != nullptr) form_->feed(after_close_);
}

std::string_view ThinkingConstraint::text_of(TokenId token) const {
  if (token >= trie_.tokens()) return {};
  std::string_view text = trie_.piece(token);
  if (text.starts_with(kControlMark)) text.remove_prefix(1);
  return text;
}

void ThinkingConstraint::take_thought(std::string_view text) {
  if (const auto end = closes_at(text)) {
    where_ = Where::after;
    if (form_ != nullptr) form_->feed(text.substr(*end));
    return;
  }
  for (const char byte : text) {
    seen_ = advance(seen_, byte);
    const auto value = static_cast<unsigned char>(byte);
    if (value < 0x80) {
      unfinished_ = 0;
    } else if (value >= 0xC0) {
      unfinished_ = value >= 0xF0 ? 3 : value >= 0xE0 ? 2 : 1;
    } else if (unfinished_ > 0) {
      --unfinished_;
    }
  }
}

// Knuth, Morris and Pratt: how much of the tag has come, with one byte more.
std::size_t ThinkingConstraint::advance(std::size_t seen, char byte) const {
  while (true) {
    if (close_[seen] == byte) return seen + 1;
    if (seen == 0) return 0;
    // The longest end of what has come that the tag begins with.
    std::size_t shorter = seen - 1;
    while (close_.compare(0, shorter, close_, seen - shorter, shorter) != 0) --shorter;
    seen = shorter;
  }
}

// Where in a token's text the tag is complete.
std::optional<std::size_t> ThinkingConstraint::closes_at(std::string_view text) const {
  std::size_t seen = seen_;
  for (std::size_t i = 0; i < text.size(); ++i) {
    seen = advance(seen, text[i]);
    if (seen == close_.size()) return i + 1;
  }
  return {};
}

// What such a token goes on with has to begin the form.
const std::vector<TokenId>& ThinkingConstraint::overshooting() {
  auto& known = overshooting_[seen_];
  if (known) return *known;
  known.emplace();
  for (TokenId id = 0; id < trie_.tokens(); ++id) {
    const std::string_view text = text_of(id);
    if (text.size() + seen_ <= close_.size()) continue;
    const auto end = closes_at(text);
    if (end && !form_->fits(text.substr(*end))) known->push_back(id);
  }
  return *known;
}

}  // namespace redbolt::llm
