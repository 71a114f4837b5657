// A request's body as JSON, refused before it can cost much.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "server/http/limits.hpp"

namespace redbolt::llm::server {

// In the order of the text: a tool's schema is to reach the model as it was written.
using Json = nlohmann::ordered_json;

// Throws ApiError (400).
Json parse_body(std::string_view body, const Limits& limits);

// On one line; text that is not UTF-8 comes out with replacement characters.
std::string to_text(const Json& json);

}  // namespace redbolt::llm::server
