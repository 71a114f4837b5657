#include "redbolt/llm/constraint/schema_error.hpp"

#include <array>
#include <cstddef>
#include <utility>

namespace redbolt::llm {
namespace {

constexpr std::array<std::string_view, 7> kNames = {
    "not_json",      "malformed",     "unsupported_keyword", "unsupported_value",
    "bad_reference", "unsatisfiable", "limit_exceeded"};
static_assert(kNames.size() == static_cast<std::size_t>(SchemaErrorCode::limit_exceeded) + 1);

}  // namespace

std::string_view to_string(SchemaErrorCode code) {
  return kNames.at(static_cast<std::size_t>(code));
}

SchemaError::SchemaError(SchemaErrorCode code, std::string path, std::string keyword,
                         const std::string& message)
    : std::runtime_error(message),
      code_(code),
      path_(std::move(path)),
      keyword_(std::move(keyword)) {}

}  // namespace redbolt::llm
