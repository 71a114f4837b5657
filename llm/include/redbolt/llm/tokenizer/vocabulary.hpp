// A model's vocabulary: the text, kind and score of every token, and which tokens mean something.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "redbolt/llm/gguf/metadata.hpp"

namespace redbolt::llm {

using TokenId = std::uint32_t;

// As GGUF numbers them.
enum class TokenType : std::uint8_t {
  normal = 1,
  unknown = 2,
  control = 3,
  user_defined = 4,
  unused = 5,
  byte = 6,
};

enum class TokenizerModel { byte_pair, sentence_piece };

class Vocabulary {
 public:
  // Copies what it needs out of the metadata. Throws LlmError when the keys contradict each other
  // (bad_tokenizer) or name another kind of tokenizer (unsupported_tokenizer).
  explicit Vocabulary(const Metadata& metadata);
  Vocabulary(Vocabulary&&) = default;
  Vocabulary& operator=(Vocabulary&&) = default;
  Vocabulary(const Vocabulary&) = delete;
  Vocabulary& operator=(const Vocabulary&) = delete;
  ~Vocabulary() = default;

  TokenizerModel model() const { return model_; }
  std::size_t size() const { return texts_.size(); }

  // For ids below size(). Texts are bytes as the file stores them.
  std::string_view text(TokenId id) const { return texts_[id]; }
  TokenType type(TokenId id) const { return types_[id]; }
  float score(TokenId id) const { return scores_.empty() ? 0.0F : scores_[id]; }

  // The token with exactly this stored text; the last one where several share it.
  std::optional<TokenId> find(std::string_view text) const;

  std::optional<TokenId> bos() const { return bos_; }
  std::optional<TokenId> eos() const { return eos_; }
  std::optional<TokenId> unknown() const { return unknown_; }
  // What the file says, if it does.
  std::optional<bool> add_bos() const { return add_bos_; }
  std::optional<bool> add_space_prefix() const { return add_space_prefix_; }

  // Whether a model that generates this token has finished its answer.
  bool ends_generation(TokenId id) const { return ends_.contains(id); }
  // The same as a sorted list.
  std::vector<TokenId> end_tokens() const;

 private:
  void copy_texts(const std::vector<std::string_view>& texts);
  void read_types(const Metadata& metadata);
  void read_scores(const Metadata& metadata);
  std::optional<TokenId> read_id(const Metadata& metadata, std::string_view key) const;
  void collect_end_tokens(const Metadata& metadata);

  TokenizerModel model_;
  std::vector<char> pool_;  // every text, one after the other; texts_ and index_ refer to it
  std::vector<std::string_view> texts_;
  std::unordered_map<std::string_view, TokenId> index_;
  std::vector<TokenType> types_;
  std::vector<float> scores_;
  std::optional<TokenId> bos_, eos_, unknown_;
  std::optional<bool> add_bos_, add_space_prefix_;
  std::unordered_set<TokenId> ends_;
};

}  // namespace redbolt::llm
