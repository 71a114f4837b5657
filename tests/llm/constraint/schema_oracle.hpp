// What JSON Schema says, for tests: whether a document is valid, and random valid documents.
// Written apart from the compiler, over parsed documents instead of text.
#pragma once

#include <random>
#include <string>

#include "nlohmann/json.hpp"

namespace redbolt::test {

using Json = nlohmann::ordered_json;

// "" if the document is valid, else what is wrong with it.
std::string find_violation(const Json& root, const Json& schema, const Json& document);

// A document that is valid by its making. Patterns and formats have examples of their own:
// null where a schema needs one that is not known.
Json make_document(const Json& root, const Json& schema, std::mt19937& random, unsigned depth = 0);

}  // namespace redbolt::test
