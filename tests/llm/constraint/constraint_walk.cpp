#include "constraint_walk.hpp"

#include <algorithm>
#include <bit>

#include "test_paths.hpp"

namespace redbolt::test {

using namespace llm;

ConstraintModel::ConstraintModel(const std::string& file)
    : files(std::make_unique<ModelFiles>(file)),
      tokenizer(std::make_unique<Tokenizer>(files->metadata())),
      compiler(std::make_unique<ConstraintCompiler>(*tokenizer)) {
  const Vocabulary& vocabulary = tokenizer->vocabulary();
  for (TokenId id = 0; id < vocabulary.size(); ++id) {
    const bool control = vocabulary.type(id) == TokenType::control;
    pieces.push_back(control ? std::string(vocabulary.text(id)) : tokenizer->bytes(id));
  }
}

ConstraintModel& demo_model() {
  static ConstraintModel model(std::string(REDBOLT_TEST_DATA) +
                               "/../../tools/demo-model/redbolt-demo-Q4_K_M.gguf");
  return model;
}

ConstraintModel& qwen3_model() {
  static ConstraintModel model(std::string(REDBOLT_TEST_DATA) + "/tokenizers/qwen3-vocab.gguf");
  return model;
}

ConstraintModel& gpt2_model() {
  static ConstraintModel model(std::string(REDBOLT_TEST_DATA) + "/tokenizers/gpt-2-vocab.gguf");
  return model;
}

std::vector<std::uint32_t> mask_of(TokenConstraint& constraint, const ConstraintModel& model) {
  std::vector<std::uint32_t> mask((model.pieces.size() + 31) / 32);
  constraint.allow(mask);
  return mask;
}

bool is_allowed(const std::vector<std::uint32_t>& mask, TokenId id) {
  return (mask[id / 32] >> (id % 32) & 1U) != 0;
}

const std::vector<std::uint32_t>& ConstraintModel::containing(
    const std::vector<std::string>& texts) const {
  auto& mask = containing_[texts];
  if (!mask.empty()) return mask;
  mask.resize((pieces.size() + 31) / 32);
  for (TokenId id = 0; id < pieces.size(); ++id) {
    const auto is_in = [&](const std::string& text) {
      return pieces[id].find(text) != std::string::npos;
    };
    if (std::ranges::any_of(texts, is_in)) mask[id / 32] |= 1U << (id % 32);
  }
  return mask;
}

namespace {

std::size_t count_bits(const std::vector<std::uint32_t>& mask) {
  std::size_t count = 0;
  for (const std::uint32_t word : mask) count += static_cast<std::size_t>(std::popcount(word));
  return count;
}

// The bit of this number, of those set.
TokenId pick_bit(const std::vector<std::uint32_t>& mask, std::size_t number) {
  for (std::size_t i = 0;; ++i) {
    const auto count = static_cast<std::size_t>(std::popcount(mask[i]));
    if (number >= count) {
      number -= count;
      continue;
    }
    std::uint32_t word = mask[i];
    for (; number > 0; --number) word &= word - 1;
    return static_cast<TokenId>(i * 32) + static_cast<TokenId>(std::countr_zero(word));
  }
}

}  // namespace

Walk random_walk(TokenConstraint& constraint, const ConstraintModel& model, std::mt19937& random,
                 const std::vector<std::string>& endings, std::size_t limit,
                 const std::string& way_out) {
  const std::vector<TokenId> ends = model.tokenizer->vocabulary().end_tokens();
  const auto& enders = model.containing(endings);
  Walk walk;
  const auto take = [&](TokenId token) {
    constraint.accept(token);
    walk.tokens.push_back(token);
    walk.text += model.pieces[token];
  };
  while (walk.tokens.size() < limit) {
    auto mask = mask_of(constraint, model);
    const bool may_end = is_allowed(mask, ends.front());
    for (const TokenId end : ends) mask[end / 32] &= ~(1U << (end % 32));
    const std::size_t allowed = count_bits(mask);
    const bool late = walk.tokens.size() > limit / 3;
    if (may_end && (allowed == 0 || late || random() % 4 == 0)) {
      constraint.accept(ends.front());
      walk.ended = true;
      return walk;
    }
    if (allowed == 0) return walk;
    // Where a tenth of the vocabulary fits, text is free.
    if (allowed > model.pieces.size() / 10 && (late || random() % 8 == 0)) {
      const std::size_t before = walk.tokens.size();
      for (const TokenId token : model.tokenizer->encode(way_out, SpecialTokens::none)) {
        if (!is_allowed(mask_of(constraint, model), token)) break;
        take(token);
      }
      if (walk.tokens.size() > before) continue;
    }
    auto ending = mask;
    for (std::size_t i = 0; i < mask.size(); ++i) ending[i] &= enders[i];
    const std::size_t fitting = count_bits(ending);
    const bool towards_end = fitting > 0 && (late || random() % 2 == 0);
    const TokenId token =
        towards_end ? pick_bit(ending, random() % fitting) : pick_bit(mask, random() % allowed);
    take(token);
  }
  return walk;
}

std::optional<std::string> feed_text(TokenConstraint& constraint, const ConstraintModel& model,
                                     std::string_view text, SpecialTokens special, bool must_end) {
  std::string so_far;
  for (const TokenId id : model.tokenizer->encode(text, special)) {
    if (!is_allowed(mask_of(constraint, model), id)) {
      return "'" + model.pieces[id] + "' is not allowed after '" + so_far + "'";
    }
    constraint.accept(id);
    so_far += model.pieces[id];
  }
  if (!must_end) return {};
  const TokenId end = model.tokenizer->vocabulary().end_tokens().front();
  if (!is_allowed(mask_of(constraint, model), end)) return "may not end after '" + so_far + "'";
  constraint.accept(end);
  return {};
}

}  // namespace redbolt::test
