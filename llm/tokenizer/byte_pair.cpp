#include "tokenizer/byte_pair.hpp"

#include <optional>
#include <queue>
#include <string>
#include <tuple>

#include "support/printable.hpp"
#include "tokenizer/byte_alphabet.hpp"

namespace redbolt::llm {
namespace {

constexpr std::string_view kDefaultPreTokenizer = "default";

std::uint64_t pair_key(std::uint32_t left, std::uint32_t right) {
  return std::uint64_t{left} << 32 | right;
}

}  // namespace

// Numbers texts: tokens by their ids, the others from the end of the vocabulary on.
class BytePairEncoder::SymbolNames {
 public:
  explicit SymbolNames(const Vocabulary& vocabulary) : vocabulary_(vocabulary) {}

  Symbol operator()(std::string_view text) {
    if (const auto id = vocabulary_.find(text)) return *id;
    const auto next = static_cast<Symbol>(vocabulary_.size() + others_.size());
    return others_.emplace(text, next).first->second;
  }

 private:
  const Vocabulary& vocabulary_;
  std::unordered_map<std::string, Symbol> others_;
};

// The symbols of one piece while they are merged: a doubly linked list over the piece's bytes, and
// the pairs that could be merged, lowest rank first, leftmost on ties.
class BytePairEncoder::Merging {
 public:
  Merging(const BytePairEncoder& encoder, std::string_view piece)
      : encoder_(encoder), piece_(piece) {
    nodes_.reserve(piece.size());
    for (std::size_t i = 0; i < piece.size(); ++i) {
      const auto byte = static_cast<std::uint8_t>(piece[i]);
      nodes_.push_back({encoder.byte_symbols_[byte], static_cast<Index>(i == 0 ? 0 : i - 1),
                        static_cast<Index>(i + 1), i, 1});
    }
    for (std::size_t i = 0; i + 1 < nodes_.size(); ++i) propose(static_cast<Index>(i));
  }

  void run() {
    while (!candidates_.empty()) {
      const Candidate best = candidates_.top();
      candidates_.pop();
      if (is_current(best)) merge(best);
    }
  }

  void append_to(std::vector<TokenId>& ids) const {
    for (Index i = 0; i < nodes_.size(); i = nodes_[i].next) {
      encoder_.append_symbol(nodes_[i].symbol, piece_.substr(nodes_[i].start, nodes_[i].length),
                             ids);
    }
  }

 private:
  using Index = std::uint32_t;
  struct Node {
    Symbol symbol;
    Index previous;  // of the first node: itself
    Index next;      // of the last node: the number of nodes
    std::size_t start;
    std::size_t length;  // 0: merged into the node before
  };
  struct Candidate {
    std::uint32_t rank;
    Index left;
    Symbol left_symbol, right_symbol, result;
    bool operator>(const Candidate& other) const {
      return std::tie(rank, left) > std::tie(other.rank, other.left);
    }
  };

  void propose(Index left) {
    const Index right = nodes_[left].next;
    if (right == nodes_.size()) return;
    if (const Merge* found = encoder_.find_merge(nodes_[left].symbol, nodes_[right].symbol)) {
      candidates_.push(
          {found->rank, left, nodes_[left].symbol, nodes_[right].symbol, found->result});
    }
  }

  // Whether the pair is still there: a merge beside it may have taken one of its halves.
  bool is_current(const Candidate& candidate) const {
    const Node& left = nodes_[candidate.left];
    return left.length != 0 && left.symbol == candidate.left_symbol && left.next != nodes_.size() &&
           nodes_[left.next].symbol == candidate.right_symbol;
  }

  void merge(const Candidate& candidate) {
    Node& left = nodes_[candidate.left];
    Node& right = nodes_[left.next];
    left.symbol = candidate.result;
    left.length += right.length;
    left.next = right.next;
    right.length = 0;
    if (left.next != nodes_.size()) nodes_[left.next].previous = candidate.left;
    if (left.previous != candidate.left) propose(left.previous);
    propose(candidate.left);
  }

  const BytePairEncoder& encoder_;
  std::string_view piece_;
  std::vector<Node> nodes_;
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> candidates_;
};

BytePairEncoder::BytePairEncoder(const Vocabulary& vocabulary, const Metadata& metadata)
    : vocabulary_(vocabulary),
      pretokenizer_(metadata.find_string("tokenizer.ggml.pre").value_or(kDefaultPreTokenizer)) {
  read_merges(metadata.require_strings("tokenizer.ggml.merges"));
}

void BytePairEncoder::read_merges(const std::vector<std::string_view>& merges) {
  SymbolNames symbol_of(vocabulary_);
  for (unsigned byte = 0; byte < 256; ++byte) {
    byte_symbols_[byte] = symbol_of(byte_to_character(static_cast<std::uint8_t>(byte)));
  }
  merges_.reserve(merges.size());
  std::string joined;
  for (std::size_t rank = 0; rank < merges.size(); ++rank) {
    const std::string_view merge = merges[rank];
    const std::size_t space = merge.find(' ', 1);
    if (space == std::string_view::npos || space + 1 == merge.size()) {
      throw LlmError(ErrorCode::bad_tokenizer, "merge " + std::to_string(rank) + " ('" +
                                                   printable(merge) + "') is not a pair");
    }
    const std::string_view left = merge.substr(0, space);
    const std::string_view right = merge.substr(space + 1);
    joined.assign(left).append(right);
    merges_.emplace(pair_key(symbol_of(left), symbol_of(right)),
                    Merge{static_cast<std::uint32_t>(rank), symbol_of(joined)});
  }
}

const BytePairEncoder::Merge* BytePairEncoder::find_merge(Symbol left, Symbol right) const {
  const auto found = merges_.find(pair_key(left, right));
  return found == merges_.end() ? nullptr : &found->second;
}

void BytePairEncoder::encode(std::string_view text, bool /*at_start*/,
                             std::vector<TokenId>& ids) const {
  for (const std::string_view piece : pretokenizer_.split(text)) encode_piece(piece, ids);
}

void BytePairEncoder::encode_piece(std::string_view piece, std::vector<TokenId>& ids) const {
  if (pretokenizer_.ignores_merges()) {
    std::string whole;
    for (const char byte : piece) whole += byte_to_character(static_cast<std::uint8_t>(byte));
    if (const auto id = vocabulary_.find(whole)) {
      ids.push_back(*id);
      return;
    }
  }
  Merging merging(*this, piece);
  merging.run();
  merging.append_to(ids);
}

void BytePairEncoder::append_symbol(Symbol symbol, std::string_view bytes,
                                    std::vector<TokenId>& ids) const {
  if (symbol < vocabulary_.size()) {
    ids.push_back(symbol);
    return;
  }
  // A merge's result that is no token falls back to the tokens of its bytes.
  for (const char c : bytes) {
    const auto byte = static_cast<std::uint8_t>(c);
    const Symbol single = byte_symbols_[byte];
    if (single < vocabulary_.size()) {
      ids.push_back(single);
    } else if (vocabulary_.unknown()) {
      ids.push_back(*vocabulary_.unknown());
    } else {
      throw LlmError(ErrorCode::bad_tokenizer, "the vocabulary has no token for the byte " +
                                                   std::to_string(byte) + " of the text");
    }
  }
}

}  // namespace redbolt::llm
