#include "tokenizer/pretokenizer.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string>

#include "redbolt/llm/error.hpp"
#include "support/printable.hpp"

namespace redbolt::llm {
namespace {

// The characters of Unicode's White_Space property, for use inside [ ]. PCRE2's own \s also takes
// U+180E, which these models' tokenizers do not.
#define SPACES \
  R"(\x{9}-\x{D}\x{20}\x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000})"

// Spaces up to the last one before a word: that one belongs to the word.
#define SPACES_BEFORE_WORD "[" SPACES "]+(?![^" SPACES "])"

// What Llama 3 and Qwen share; they differ in how digits are taken together.
#define MODERN(DIGITS)                                  \
  "'(?:[sS]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD])" \
  R"(|[^\r\n\p{L}\p{N}]?\p{L}+)"                        \
  "|" DIGITS "| ?[^" SPACES R"(\p{L}\p{N}]+[\r\n]*)"    \
  "|[" SPACES R"(]*[\r\n]+)"                            \
  "|" SPACES_BEFORE_WORD "|[" SPACES "]+"

#define GPT2                       \
  "'s|'t|'re|'ve|'m|'ll|'d"        \
  R"(| ?\p{L}+| ?\p{N}+)"          \
  "| ?[^" SPACES R"(\p{L}\p{N}]+)" \
  "|" SPACES_BEFORE_WORD

// One pre-tokenizer: stages applied in turn, each splitting the pieces of the one before. What a
// stage does not match is a piece of its own.
struct Definition {
  std::initializer_list<std::string_view> names;
  std::initializer_list<std::string_view> stages;
  bool adds_bos = false;
  bool ignores_merges = false;
};

const std::array<Definition, 8> kDefinitions = {{
    {{"qwen2", "deepseek-r1-qwen"}, {MODERN(R"(\p{N})")}},
    {{"llama-bpe", "llama3", "llama-v3"}, {MODERN(R"(\p{N}{1,3})")}, true, true},
    {{"gpt-2"}, {GPT2}},
    {{"deepseek-coder"},
     {R"([\r\n])", "[" SPACES R"(]?\p{L}+)", "[" SPACES R"(]?\p{P}+)",
      R"([\x{4E00}-\x{9FA5}\x{800}-\x{4E00}\x{AC00}-\x{D7FF}]+)", R"(\p{N})"}},
    {{"starcoder"}, {R"(\p{N})", GPT2}},
    {{"falcon"}, {R"([\p{P}$+<=>^~|`]+)", GPT2, "[0-9][0-9][0-9]"}},
    {{"default"}, {R"([\p{P}$+<=>^~|]+)", GPT2, R"(\p{N}+)", "[0-9][0-9][0-9]"}},
    {{"qwen35"},
     {"'(?:[sS]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD])"
      R"(|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^)" SPACES R"(\p{L}\p{M}\p{N}]+[\r\n]*)"
      "|[" SPACES R"(]*[\r\n]+)"
      "|" SPACES_BEFORE_WORD "|[" SPACES "]+"}},
}};

#undef GPT2
#undef MODERN
#undef SPACES_BEFORE_WORD
#undef SPACES

const Definition& find_definition(std::string_view name) {
  for (const Definition& definition : kDefinitions) {
    if (std::ranges::find(definition.names, name) != definition.names.end()) return definition;
  }
  std::string known;
  for (const Definition& definition : kDefinitions) {
    for (const std::string_view other : definition.names) known.append(" ").append(other);
  }
  throw LlmError(ErrorCode::unsupported_tokenizer, "the pre-tokenizer '" + printable(name) +
                                                       "' is not supported; these are:" + known);
}

// Splits one piece where the expression matches.
void split_piece(const Regex& regex, std::string_view piece,
                 std::vector<std::string_view>& pieces) {
  std::size_t done = 0;
  regex.for_each_match(piece, [&](std::size_t start, std::size_t end) {
    if (start > done) pieces.push_back(piece.substr(done, start - done));
    if (end > start) pieces.push_back(piece.substr(start, end - start));
    done = end;
  });
  if (done < piece.size()) pieces.push_back(piece.substr(done));
}

}  // namespace

PreTokenizer::PreTokenizer(std::string_view name) {
  const Definition& definition = find_definition(name);
  for (const std::string_view stage : definition.stages) stages_.emplace_back(stage);
  adds_bos_ = definition.adds_bos;
  ignores_merges_ = definition.ignores_merges;
}

std::vector<std::string_view> PreTokenizer::split(std::string_view text) const {
  std::vector<std::string_view> pieces;
  if (!text.empty()) pieces.push_back(text);
  for (const Regex& stage : stages_) {
    std::vector<std::string_view> finer;
    for (const std::string_view piece : pieces) split_piece(stage, piece, finer);
    pieces = std::move(finer);
  }
  return pieces;
}

}  // namespace redbolt::llm
