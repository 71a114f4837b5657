#include "tokenizer/regex.hpp"

#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "redbolt/llm/error.hpp"

namespace redbolt::llm {
namespace {

constexpr std::uint32_t kOptions = PCRE2_UTF | PCRE2_UCP | PCRE2_MATCH_INVALID_UTF;
constexpr std::size_t kJitStackStart = 32 * 1024;
constexpr std::size_t kJitStackMaximum = 8 * 1024 * 1024;

PCRE2_SPTR characters(std::string_view text) {
  return reinterpret_cast<PCRE2_SPTR>(text.data());
}

std::string message_of(int error) {
  std::array<PCRE2_UCHAR, 256> text{};
  pcre2_get_error_message(error, text.data(), text.size());
  return reinterpret_cast<const char*>(text.data());
}

pcre2_code* compile(std::string_view pattern) {
  int error = 0;
  std::size_t where = 0;
  pcre2_code* code =
      pcre2_compile(characters(pattern), pattern.size(), kOptions, &error, &where, nullptr);
  if (code == nullptr) {
    throw std::logic_error("pattern does not compile at " + std::to_string(where) + ": " +
                           message_of(error));
  }
  // Where there is no just-in-time compiler the interpreter does the same, slower.
  pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
  return code;
}

}  // namespace

Regex::Regex(std::string_view pattern)
    : code_(compile(pattern), [](void* code) { pcre2_code_free(static_cast<pcre2_code*>(code)); }) {
}

Regex::Search::Search(const Regex& regex)
    : regex_(regex),
      match_data_(pcre2_match_data_create(1, nullptr),
                  [](void* data) { pcre2_match_data_free(static_cast<pcre2_match_data*>(data)); }),
      jit_stack_(pcre2_jit_stack_create(kJitStackStart, kJitStackMaximum, nullptr),
                 [](void* stack) { pcre2_jit_stack_free(static_cast<pcre2_jit_stack*>(stack)); }),
      context_(pcre2_match_context_create(nullptr), [](void* context) {
        pcre2_match_context_free(static_cast<pcre2_match_context*>(context));
      }) {
  auto* const context = static_cast<pcre2_match_context*>(context_.get());
  // The patterns backtrack over at most one run of spaces; the limit that guards against patterns
  // from outside would only refuse long texts here.
  pcre2_set_match_limit(context, UINT32_MAX);
  if (jit_stack_) pcre2_jit_stack_assign(context, nullptr, jit_stack_.get());
}

std::optional<Regex::Range> Regex::Search::next(std::string_view subject, std::size_t start) const {
  auto* const data = static_cast<pcre2_match_data*>(match_data_.get());
  const int result = pcre2_match(static_cast<const pcre2_code*>(regex_.code_.get()),
                                 characters(subject), subject.size(), start, 0, data,
                                 static_cast<pcre2_match_context*>(context_.get()));
  if (result == PCRE2_ERROR_NOMATCH) return std::nullopt;
  if (result < 0) {
    throw LlmError(ErrorCode::bad_argument,
                   "the text cannot be split into words: " + message_of(result));
  }
  const std::size_t* const offsets = pcre2_get_ovector_pointer(data);
  return Range{offsets[0], offsets[1]};
}

}  // namespace redbolt::llm
