// Into values: attributes, items, slices, and what a loop goes through.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "chat/jinja/runtime.hpp"
#include "chat/jinja/value.hpp"

namespace redbolt::llm::jinja {

// object.name, and object[index]; Undefined when there is none. Throw Failure for Undefined
// objects, and for names with two underscores in front that no mapping has as a key.
Value attribute(Runtime& runtime, const Value& object, std::string_view name);
Value item(Runtime& runtime, const Value& object, const Value& index);
// By a path such as "function.name" or "0.x", as filters take it.
Value item_by_path(Runtime& runtime, const Value& object, const Value& path);

// object[start:stop:step]; absent bounds are None or Undefined.
Value slice(Runtime& runtime, const Value& object, const Value& start, const Value& stop,
            const Value& step);

// Items of a list, keys of a mapping, characters of a string; nothing for Undefined. Throws Failure
// for other values.
std::vector<Value> items_of(Runtime& runtime, const Value& value);
// len(value).
std::int64_t length(Runtime& runtime, const Value& value);

}  // namespace redbolt::llm::jinja
