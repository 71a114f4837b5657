#include "constraint/vocabulary_trie.hpp"

#include <algorithm>
#include <limits>

#include "output/call_marks.hpp"
#include "redbolt/llm/error.hpp"
#include "support/utf8.hpp"

namespace redbolt::llm {
namespace {

bool is_free(char32_t character, FreeText kind) {
  if (kind == FreeText::raw) return character != U'<';
  return character >= 0x20 && character != U'"' && character != U'\\';
}

// The characters of a text that is free throughout; it may end inside one.
std::optional<std::uint32_t> free_characters(std::string_view text, FreeText kind) {
  std::uint32_t characters = 0;
  while (!text.empty()) {
    const Utf8Prefix front = utf8_prefix(text);
    if (front.kind == Utf8Prefix::Kind::invalid) return {};
    if (front.kind == Utf8Prefix::Kind::character && !is_free(front.code_point, kind)) return {};
    text.remove_prefix(front.length);
    ++characters;
  }
  return characters;
}

}  // namespace

void set_bit(std::span<std::uint32_t> mask, TokenId id) {
  if (id / 32 < mask.size()) mask[id / 32] |= 1U << (id % 32);
}

VocabularyTrie::VocabularyTrie(const Tokenizer& tokenizer) {
  const Vocabulary& vocabulary = tokenizer.vocabulary();
  pieces_.resize(vocabulary.size());
  text_tokens_.resize((vocabulary.size() + 31) / 32);
  std::vector<TokenId> all, text;
  for (TokenId id = 0; id < vocabulary.size(); ++id) {
    const bool control = vocabulary.type(id) == TokenType::control;
    if (control && is_answer_mark(vocabulary.text(id))) {
      control_marks_.emplace_back(vocabulary.text(id));
      pieces_[id] = kControlMark;
      pieces_[id] += vocabulary.text(id);
      all.push_back(id);
      continue;
    }
    if (control || vocabulary.ends_generation(id)) continue;
    std::string bytes = tokenizer.bytes(id);
    // A byte that no text has, and that means something else here.
    if (bytes.find(kControlMark) != std::string::npos) continue;
    pieces_[id] = std::move(bytes);
    // Longer than any token of a real vocabulary that means something.
    if (pieces_[id].empty() || pieces_[id].size() > std::numeric_limits<std::uint16_t>::max()) {
      continue;
    }
    all.push_back(id);
    text.push_back(id);
    set_bit(text_tokens_, id);
    if (pieces_[id].size() == 1) {
      auto& token = byte_tokens_[static_cast<std::uint8_t>(pieces_[id].front())];
      if (!token) token = id;
    }
  }
  require_all_bytes();
  all_ = build(pieces_, all);
  json_string_ = split(text, FreeText::json_string);
  raw_ = split(text, FreeText::raw);
}

void VocabularyTrie::require_all_bytes() const {
  for (unsigned byte = 0; byte < 256; ++byte) {
    // C0, C1 and F5 to FF are in no UTF-8 text. No form needs control characters.
    const bool needed =
        (byte >= 0x20 || byte == '\n') && byte != 0xC0 && byte != 0xC1 && byte < 0xF5;
    if (needed && !byte_tokens_[byte]) {
      throw LlmError(ErrorCode::unsupported_tokenizer,
                     "the vocabulary has no token for some single bytes, so answers cannot be held "
                     "to a form; use a model with a byte-level vocabulary");
    }
  }
}

std::string VocabularyTrie::tag(std::string_view text) const {
  if (std::ranges::find(control_marks_, text) == control_marks_.end()) return std::string(text);
  std::string marked(1, kControlMark);
  marked += text;
  return marked;
}

VocabularyTrie::Trie VocabularyTrie::build(std::span<const std::string> pieces,
                                           std::vector<TokenId> ids) {
  Trie trie;
  std::ranges::sort(ids, [&](TokenId a, TokenId b) {
    return pieces[a] != pieces[b] ? pieces[a] < pieces[b] : a < b;
  });
  std::vector<std::uint32_t> path;  // nodes from the root to the last token's
  std::string_view last;
  for (std::uint32_t i = 0; i < ids.size(); ++i) {
    const std::string_view piece = pieces[ids[i]];
    const auto common =
        static_cast<std::size_t>(std::ranges::mismatch(piece, last).in1 - piece.begin());
    for (; path.size() > common; path.pop_back()) {
      trie.nodes[path.back()].end = static_cast<std::uint32_t>(trie.nodes.size());
    }
    for (std::size_t at = common; at < piece.size(); ++at) {
      path.push_back(static_cast<std::uint32_t>(trie.nodes.size()));
      trie.nodes.push_back(
          {0, i, 0, static_cast<std::uint16_t>(at + 1), static_cast<std::uint8_t>(piece[at])});
    }
    ++trie.nodes[path.back()].tokens;
    trie.deepest = std::max(trie.deepest, piece.size());
    last = piece;
  }
  for (const std::uint32_t node : path) {
    trie.nodes[node].end = static_cast<std::uint32_t>(trie.nodes.size());
  }
  trie.tokens = std::move(ids);
  return trie;
}

VocabularyTrie::FreePart VocabularyTrie::split(const std::vector<TokenId>& ids,
                                               FreeText kind) const {
  FreePart part;
  part.mask.resize(text_tokens_.size());
  std::vector<TokenId> others;
  for (const TokenId id : ids) {
    if (const auto characters = free_characters(pieces_[id], kind)) {
      set_bit(part.mask, id);
      part.longest = std::max(part.longest, *characters);
    } else {
      others.push_back(id);
    }
  }
  part.others = build(pieces_, std::move(others));
  return part;
}

const VocabularyTrie::FreePart* VocabularyTrie::free_part(const Acceptor& acceptor,
                                                          Acceptor::State state) const {
  const FreeText kind = acceptor.free_text(state, std::max(json_string_.longest, raw_.longest));
  if (kind == FreeText::none) return nullptr;
  return kind == FreeText::raw ? &raw_ : &json_string_;
}

void VocabularyTrie::allow(Acceptor& acceptor, Acceptor::State state,
                           std::span<std::uint32_t> mask) const {
  const FreePart* free = free_part(acceptor, state);
  if (free != nullptr) {
    const std::size_t words = std::min(mask.size(), free->mask.size());
    std::copy_n(free->mask.begin(), words, mask.begin());
  }
  walk(free != nullptr ? free->others : all_, acceptor, state, mask);
}

void VocabularyTrie::allow_bytes(Acceptor& acceptor, Acceptor::State state,
                                 std::span<std::uint32_t> mask) const {
  for (unsigned byte = 0; byte < 256; ++byte) {
    if (!byte_tokens_[byte]) continue;
    if (acceptor.step(state, static_cast<std::uint8_t>(byte)) != Acceptor::kDead) {
      set_bit(mask, *byte_tokens_[byte]);
    }
  }
}

void VocabularyTrie::walk(const Trie& trie, Acceptor& acceptor, Acceptor::State state,
                          std::span<std::uint32_t> mask) {
  std::vector<Acceptor::State> path(trie.deepest + 1);
  path[0] = state;
  for (std::size_t i = 0; i < trie.nodes.size();) {
    const TrieNode& node = trie.nodes[i];
    const Acceptor::State next = acceptor.step(path[node.depth - 1U], node.byte);
    if (next == Acceptor::kDead) {
      i = node.end;
      continue;
    }
    path[node.depth] = next;
    for (std::uint32_t t = 0; t < node.tokens; ++t) {
      set_bit(mask, trie.tokens[node.first_token + t]);
    }
    ++i;
  }
}

}  // namespace redbolt::llm
