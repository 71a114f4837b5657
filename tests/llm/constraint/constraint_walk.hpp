// Tokenizers to hold to a form, and walks through a constraint: random ones, and those along a
// text.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "redbolt/llm/constraint/constraint_compiler.hpp"
#include "redbolt/llm/gguf/model_files.hpp"

namespace redbolt::test {

// A vocabulary with what is made of it once.
class ConstraintModel {
 public:
  explicit ConstraintModel(const std::string& file);
  std::unique_ptr<llm::ModelFiles> files;
  std::unique_ptr<llm::Tokenizer> tokenizer;
  std::unique_ptr<llm::ConstraintCompiler> compiler;
  std::vector<std::string> pieces;  // a token's text, a control token's own text included
  // The tokens that contain one of these, as a mask.
  const std::vector<std::uint32_t>& containing(const std::vector<std::string>& texts) const;

 private:
  mutable std::map<std::vector<std::string>, std::vector<std::uint32_t>> containing_;
};
ConstraintModel& demo_model();
ConstraintModel& qwen3_model();  // the whole vocabulary: 151,936 tokens
ConstraintModel& gpt2_model();

std::vector<std::uint32_t> mask_of(llm::TokenConstraint& constraint, const ConstraintModel& model);
bool is_allowed(const std::vector<std::uint32_t>& mask, llm::TokenId id);

struct Walk {
  std::string text;
  std::vector<llm::TokenId> tokens;
  bool ended = false;  // by an end token
};
// Draws allowed tokens until the end comes, or `limit` tokens. To get there, about half of the
// choices fall on tokens that contain one of the endings, and free text is left by the way out now
// and then, and always after a third of the limit.
Walk random_walk(llm::TokenConstraint& constraint, const ConstraintModel& model,
                 std::mt19937& random, const std::vector<std::string>& endings,
                 std::size_t limit = 400, const std::string& way_out = "\"");

// Feeds a text, tokenized as the model does, and an end token. What went wrong, or nothing.
std::optional<std::string> feed_text(llm::TokenConstraint& constraint, const ConstraintModel& model,
                                     std::string_view text, llm::SpecialTokens special,
                                     bool must_end = true);

}  // namespace redbolt::test
