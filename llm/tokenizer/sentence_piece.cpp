#include "tokenizer/sentence_piece.hpp"

#include <charconv>
#include <cstdint>
#include <queue>
#include <string>

#include "support/utf8.hpp"

namespace redbolt::llm {
namespace {

constexpr std::string_view kSpace = "\xE2\x96\x81";  // U+2581 stands for the space

}  // namespace

// The pieces of one text while they are joined; the same scheme as for byte pairs, with scores for
// ranks and texts for symbols.
class SentencePieceEncoder::Merging {
 public:
  Merging(const Vocabulary& vocabulary, std::string_view text)
      : vocabulary_(vocabulary), text_(text) {
    for (std::size_t start = 0; start < text.size();) {
      const std::size_t length = utf8_prefix(text.substr(start)).length;
      const auto index = static_cast<Index>(nodes_.size());
      nodes_.push_back({index == 0 ? 0 : index - 1, index + 1, start, length});
      start += length;
    }
    for (Index i = 0; i + 1 < nodes_.size(); ++i) propose(i);
  }

  void run() {
    while (!candidates_.empty()) {
      const Candidate best = candidates_.top();
      candidates_.pop();
      const Node& left = nodes_[best.left];
      // A stale pair has another length by now, because one of its halves was joined elsewhere.
      const bool current = left.length != 0 && left.next != nodes_.size() &&
                           left.length + nodes_[left.next].length == best.length;
      if (current) merge(best.left);
    }
  }

  template <class OnPiece>
  void for_each_piece(OnPiece on_piece) const {
    for (Index i = 0; i < nodes_.size(); i = nodes_[i].next) {
      on_piece(text_.substr(nodes_[i].start, nodes_[i].length));
    }
  }

 private:
  using Index = std::uint32_t;
  struct Node {
    Index previous;  // of the first node: itself
    Index next;      // of the last node: the number of nodes
    std::size_t start;
    std::size_t length;  // 0: joined to the node before
  };
  struct Candidate {
    float score;
    Index left;
    std::size_t length;
    bool operator<(const Candidate& other) const {
      return score < other.score || (score == other.score && left > other.left);
    }
  };

  void propose(Index left) {
    const Index right = nodes_[left].next;
    if (right == nodes_.size()) return;
    const std::size_t length = nodes_[left].length + nodes_[right].length;
    if (const auto id = vocabulary_.find(text_.substr(nodes_[left].start, length))) {
      candidates_.push({vocabulary_.score(*id), left, length});
    }
  }

  void merge(Index index) {
    Node& left = nodes_[index];
    Node& right = nodes_[left.next];
    left.length += right.length;
    left.next = right.next;
    right.length = 0;
    if (left.next != nodes_.size()) nodes_[left.next].previous = index;
    if (left.previous != index) propose(left.previous);
    propose(index);
  }

  const Vocabulary& vocabulary_;
  std::string_view text_;
  std::vector<Node> nodes_;
  std::priority_queue<Candidate> candidates_;
};

SentencePieceEncoder::SentencePieceEncoder(const Vocabulary& vocabulary)
    : vocabulary_(vocabulary), space_prefix_(vocabulary.add_space_prefix().value_or(true)) {
  for (TokenId id = 0; id < vocabulary.size(); ++id) {
    if (vocabulary.type(id) != TokenType::byte) continue;
    if (const auto byte = parse_byte_token(vocabulary.text(id))) byte_tokens_[*byte] = id;
  }
}

void SentencePieceEncoder::encode(std::string_view text, bool at_start,
                                  std::vector<TokenId>& ids) const {
  if (text.empty()) return;
  std::string escaped;
  if (at_start && space_prefix_) escaped += kSpace;
  for (const char c : text) {
    if (c == ' ') {
      escaped += kSpace;
    } else {
      escaped.push_back(c);
    }
  }
  Merging merging(vocabulary_, escaped);
  merging.run();
  merging.for_each_piece([&](std::string_view piece) { append_piece(piece, ids); });
}

void SentencePieceEncoder::append_piece(std::string_view piece, std::vector<TokenId>& ids) const {
  if (const auto id = vocabulary_.find(piece)) {
    ids.push_back(*id);
    return;
  }
  for (const char c : piece) {
    const auto byte = static_cast<std::uint8_t>(c);
    const std::optional<TokenId> id =
        byte_tokens_[byte] ? byte_tokens_[byte] : vocabulary_.unknown();
    if (!id) {
      throw LlmError(ErrorCode::bad_tokenizer, "the vocabulary has no token for the byte " +
                                                   std::to_string(byte) + " of the text");
    }
    ids.push_back(*id);
  }
}

std::optional<std::uint8_t> parse_byte_token(std::string_view text) {
  if (text.size() != 6 || !text.starts_with("<0x") || !text.ends_with('>')) return std::nullopt;
  std::uint8_t byte = 0;
  const char* const end = text.data() + 5;
  const auto [stopped, error] = std::from_chars(text.data() + 3, end, byte, 16);
  if (error != std::errc{} || stopped != end) return std::nullopt;
  return byte;
}

}  // namespace redbolt::llm
