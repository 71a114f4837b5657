#include "redbolt/llm/error.hpp"

#include <array>
#include <cstddef>

namespace redbolt::llm {
namespace {

constexpr std::array<std::string_view, 25> kNames = {
    "io",
    "not_gguf",
    "unsupported_version",
    "truncated",
    "malformed",
    "limit_exceeded",
    "duplicate",
    "bad_tensor",
    "unsupported_type",
    "split_mismatch",
    "missing_key",
    "wrong_type",
    "unsupported_model",
    "bad_tokenizer",
    "unsupported_tokenizer",
    "unsupported_chat",
    "bad_template",
    "model_not_found",
    "ambiguous_model",
    "bad_argument",
    "does_not_fit",
    "context_exceeded",
    "queue_full",
    "daemon",
    "device",
};
static_assert(kNames.size() == static_cast<std::size_t>(ErrorCode::device) + 1);

}  // namespace

std::string_view to_string(ErrorCode code) {
  return kNames.at(static_cast<std::size_t>(code));
}

}  // namespace redbolt::llm
