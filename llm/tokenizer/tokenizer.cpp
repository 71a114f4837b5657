#include "redbolt/llm/tokenizer/tokenizer.hpp"

#include "tokenizer/byte_alphabet.hpp"
#include "tokenizer/byte_pair.hpp"
#include "tokenizer/sentence_piece.hpp"
#include "tokenizer/special_tokens.hpp"

namespace redbolt::llm {
namespace {

std::unique_ptr<PieceEncoder> make_encoder(const Vocabulary& vocabulary, const Metadata& metadata) {
  if (vocabulary.model() == TokenizerModel::byte_pair) {
    return std::make_unique<BytePairEncoder>(vocabulary, metadata);
  }
  return std::make_unique<SentencePieceEncoder>(vocabulary);
}

// SentencePiece writes spaces as U+2581.
std::string with_spaces(std::string_view text) {
  constexpr std::string_view kSpace = "\xE2\x96\x81";
  std::string result;
  for (std::size_t at = text.find(kSpace); at != std::string_view::npos; at = text.find(kSpace)) {
    result.append(text.substr(0, at)).push_back(' ');
    text.remove_prefix(at + kSpace.size());
  }
  return result.append(text);
}

}  // namespace

Tokenizer::Tokenizer(const Metadata& metadata)
    : vocabulary_(std::make_unique<Vocabulary>(metadata)),
      encoder_(make_encoder(*vocabulary_, metadata)),
      nameable_(nameable_tokens(*vocabulary_)) {}

Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

std::vector<TokenId> Tokenizer::encode(std::string_view text, SpecialTokens special) const {
  const TextSegment segment{std::string(text), special};
  return encode(std::span(&segment, 1));
}

std::vector<TokenId> Tokenizer::encode(std::span<const TextSegment> segments) const {
  std::vector<TokenId> ids;
  bool at_start = true;
  for (const Fragment& fragment : cut_special_tokens(*vocabulary_, nameable_, segments)) {
    if (const auto* const id = std::get_if<TokenId>(&fragment)) {
      ids.push_back(*id);
      at_start = true;
    } else {
      encoder_->encode(std::get<std::string>(fragment), at_start, ids);
      at_start = false;
    }
  }
  return ids;
}

std::optional<TokenId> Tokenizer::leading_token() const {
  if (!vocabulary_->add_bos().value_or(encoder_->adds_bos())) return std::nullopt;
  return vocabulary_->bos();
}

std::string Tokenizer::bytes(TokenId id) const {
  if (id >= vocabulary_->size()) return {};
  const std::string_view text = vocabulary_->text(id);
  switch (vocabulary_->type(id)) {
    case TokenType::control:
    case TokenType::unused:
      return {};
    case TokenType::unknown:
    case TokenType::user_defined:
      return std::string(text);
    case TokenType::byte:
      if (const auto byte = parse_byte_token(text)) return std::string(1, static_cast<char>(*byte));
      return std::string(text);
    case TokenType::normal:
      break;
  }
  if (vocabulary_->model() == TokenizerModel::sentence_piece) return with_spaces(text);
  std::string decoded;
  append_decoded(decoded, text);
  return decoded;
}

}  // namespace redbolt::llm
