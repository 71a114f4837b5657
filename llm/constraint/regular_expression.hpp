// The patterns of JSON Schema (ECMA-262 regular expressions) as parts of a grammar: what is regular
// in them. No look-around, back references, word boundaries, or anchors but at either end.
#pragma once

#include <string_view>

#include "constraint/json_parts.hpp"

namespace redbolt::llm {

enum class Anchoring {
  search,  // the text may have more around what matches, unless ^ and $ say otherwise
  whole,   // the text is what matches
};

// Appends the texts that match, without quotes. Throws SchemaError (malformed, unsupported_value,
// limit_exceeded) without a path.
NodeId append_pattern(JsonParts& parts, NodeId from, std::string_view pattern, Anchoring anchoring,
                      Writing writing);

}  // namespace redbolt::llm
