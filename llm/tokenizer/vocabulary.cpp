#include "redbolt/llm/tokenizer/vocabulary.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "support/printable.hpp"

namespace redbolt::llm {
namespace {

constexpr std::size_t kMaximumTokens = 1U << 24;  // two orders above the largest vocabulary in use

// Keys whose token ends an answer.
constexpr std::array<std::string_view, 3> kEndKeys = {
    "tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"};

// Texts that end an answer whatever the keys say: instruct files often name only one of theirs.
constexpr std::array<std::string_view, 7> kEndTexts = {
    "<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<|endoftext|>", "<|eom_id|>", "<EOT>"};

TokenizerModel read_model(const Metadata& metadata) {
  const std::string_view name = metadata.require_string("tokenizer.ggml.model");
  if (name == "gpt2") return TokenizerModel::byte_pair;
  if (name == "llama") return TokenizerModel::sentence_piece;
  throw LlmError(ErrorCode::unsupported_tokenizer,
                 "the tokenizer '" + printable(name) +
                     "' is not supported; byte-level BPE ('gpt2') and SentencePiece ('llama') are");
}

LlmError bad_tokenizer(const std::string& why) {
  return {ErrorCode::bad_tokenizer, why};
}

// The numbers of an array that has one entry per token, if the file has it.
std::optional<std::vector<double>> per_token_numbers(const Metadata& metadata, std::string_view key,
                                                     std::size_t count) {
  const Value* value = metadata.find(key);
  if (value == nullptr) return std::nullopt;
  auto numbers = value->as_numbers();
  if (!numbers) throw bad_tokenizer("'" + std::string(key) + "' is not an array of numbers");
  if (numbers->size() != count) {
    throw bad_tokenizer("'" + std::string(key) + "' has " + std::to_string(numbers->size()) +
                        " entries for " + std::to_string(count) + " tokens");
  }
  return numbers;
}

}  // namespace

Vocabulary::Vocabulary(const Metadata& metadata) : model_(read_model(metadata)) {
  copy_texts(metadata.require_strings("tokenizer.ggml.tokens"));
  read_types(metadata);
  read_scores(metadata);
  bos_ = read_id(metadata, "tokenizer.ggml.bos_token_id");
  eos_ = read_id(metadata, "tokenizer.ggml.eos_token_id");
  unknown_ = read_id(metadata, "tokenizer.ggml.unknown_token_id");
  add_bos_ = metadata.find_bool("tokenizer.ggml.add_bos_token");
  add_space_prefix_ = metadata.find_bool("tokenizer.ggml.add_space_prefix");
  collect_end_tokens(metadata);
}

void Vocabulary::copy_texts(const std::vector<std::string_view>& texts) {
  if (texts.empty()) throw bad_tokenizer("the vocabulary has no tokens");
  if (texts.size() > kMaximumTokens) {
    throw LlmError(ErrorCode::limit_exceeded, "the vocabulary has " + std::to_string(texts.size()) +
                                                  " tokens; at most " +
                                                  std::to_string(kMaximumTokens) + " are possible");
  }
  std::size_t total = 0;
  for (const std::string_view text : texts) total += text.size();
  pool_.reserve(total);  // never grows again: the views below stay valid
  texts_.reserve(texts.size());
  index_.reserve(texts.size());
  for (const std::string_view text : texts) {
    const std::size_t start = pool_.size();
    pool_.insert(pool_.end(), text.begin(), text.end());
    texts_.emplace_back(pool_.data() + start, text.size());
    index_.insert_or_assign(texts_.back(), static_cast<TokenId>(texts_.size() - 1));
  }
}

void Vocabulary::read_types(const Metadata& metadata) {
  types_.assign(size(), TokenType::normal);
  const auto numbers = per_token_numbers(metadata, "tokenizer.ggml.token_type", size());
  if (!numbers) return;
  for (std::size_t id = 0; id < size(); ++id) {
    const double type = (*numbers)[id];
    if (type < 1 || type > 6) {
      throw bad_tokenizer("token " + std::to_string(id) + " has the unknown type " +
                          std::to_string(type));
    }
    types_[id] = static_cast<TokenType>(static_cast<int>(type));
  }
}

void Vocabulary::read_scores(const Metadata& metadata) {
  const auto numbers = per_token_numbers(metadata, "tokenizer.ggml.scores", size());
  if (!numbers) {
    if (model_ == TokenizerModel::sentence_piece) {
      throw LlmError(ErrorCode::missing_key,
                     "a SentencePiece vocabulary without 'tokenizer.ggml.scores'");
    }
    return;
  }
  scores_.reserve(size());
  for (const double score : *numbers) scores_.push_back(static_cast<float>(score));
}

std::optional<TokenId> Vocabulary::read_id(const Metadata& metadata, std::string_view key) const {
  const auto id = metadata.find_unsigned(key, size() - 1);
  if (!id) return std::nullopt;
  return static_cast<TokenId>(*id);
}

void Vocabulary::collect_end_tokens(const Metadata& metadata) {
  for (const std::string_view key : kEndKeys) {
    if (const auto id = read_id(metadata, key)) ends_.insert(*id);
  }
  for (const std::string_view text : kEndTexts) {
    if (const auto id = find(text)) ends_.insert(*id);
  }
  // GPT-OSS ends each of an answer's messages with "<|end|>", and the answer with one of these.
  if (!find("<|channel|>")) return;
  if (const auto id = find("<|end|>")) ends_.erase(*id);
  for (const std::string_view text : {"<|return|>", "<|call|>"}) {
    if (const auto id = find(text)) ends_.insert(*id);
  }
}

std::optional<TokenId> Vocabulary::find(std::string_view text) const {
  const auto found = index_.find(text);
  if (found == index_.end()) return std::nullopt;
  return found->second;
}

std::vector<TokenId> Vocabulary::end_tokens() const {
  std::vector<TokenId> tokens(ends_.begin(), ends_.end());
  std::ranges::sort(tokens);
  return tokens;
}

}  // namespace redbolt::llm
