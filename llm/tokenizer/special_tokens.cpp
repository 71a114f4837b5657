#include "tokenizer/special_tokens.hpp"

#include <algorithm>

namespace redbolt::llm {
namespace {

bool may_be_named(TokenType type, SpecialTokens special) {
  switch (special) {
    case SpecialTokens::none:
      return false;
    case SpecialTokens::user_defined:
      return type == TokenType::user_defined;
    case SpecialTokens::all:
      return true;
  }
  return false;
}

void push_text(std::vector<Fragment>& fragments, std::string_view text) {
  if (!text.empty()) fragments.emplace_back(std::string(text));
}

// Replaces each occurrence of one token's text in the plain fragments.
std::vector<Fragment> cut_token(std::vector<Fragment> fragments, TokenId id,
                                std::string_view name) {
  std::vector<Fragment> result;
  result.reserve(fragments.size());
  for (Fragment& fragment : fragments) {
    const auto* const text = std::get_if<std::string>(&fragment);
    if (text == nullptr || text->find(name) == std::string::npos) {
      result.push_back(std::move(fragment));
      continue;
    }
    std::string_view rest = *text;
    for (std::size_t at = rest.find(name); at != std::string_view::npos; at = rest.find(name)) {
      push_text(result, rest.substr(0, at));
      result.emplace_back(id);
      rest.remove_prefix(at + name.size());
    }
    push_text(result, rest);
  }
  return result;
}

std::vector<Fragment> cut_segment(const Vocabulary& vocabulary, std::span<const TokenId> nameable,
                                  const TextSegment& segment) {
  std::vector<Fragment> fragments;
  push_text(fragments, segment.text);
  for (const TokenId id : nameable) {
    const bool present = may_be_named(vocabulary.type(id), segment.special) &&
                         segment.text.find(vocabulary.text(id)) != std::string::npos;
    if (present) fragments = cut_token(std::move(fragments), id, vocabulary.text(id));
  }
  return fragments;
}

}  // namespace

std::vector<TokenId> nameable_tokens(const Vocabulary& vocabulary) {
  std::vector<TokenId> tokens;
  for (TokenId id = 0; id < vocabulary.size(); ++id) {
    const TokenType type = vocabulary.type(id);
    const bool special =
        type == TokenType::control || type == TokenType::user_defined || type == TokenType::unknown;
    if (special && !vocabulary.text(id).empty()) tokens.push_back(id);
  }
  std::ranges::sort(tokens, [&](TokenId a, TokenId b) {
    const std::size_t size_a = vocabulary.text(a).size();
    const std::size_t size_b = vocabulary.text(b).size();
    return size_a != size_b ? size_a > size_b : a < b;
  });
  return tokens;
}

std::vector<Fragment> cut_special_tokens(const Vocabulary& vocabulary,
                                         std::span<const TokenId> nameable,
                                         std::span<const TextSegment> segments) {
  std::vector<Fragment> result;
  for (const TextSegment& segment : segments) {
    for (Fragment& fragment : cut_segment(vocabulary, nameable, segment)) {
      auto* const last = result.empty() ? nullptr : std::get_if<std::string>(&result.back());
      const auto* const text = std::get_if<std::string>(&fragment);
      if (last != nullptr && text != nullptr) {
        *last += *text;
      } else {
        result.push_back(std::move(fragment));
      }
    }
  }
  return result;
}

}  // namespace redbolt::llm
