#include "output/parameter_types.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "nlohmann/json.hpp"
#include "output/json_scanner.hpp"

namespace redbolt::llm {
namespace {

using nlohmann::json;

constexpr unsigned kMaximumNesting = 16;  // of anyOf and $ref

void add_type(const json& name, ValueKinds& kinds) {
  struct Row {
    std::string_view name;
    bool ValueKinds::*kind;
  };
  constexpr std::array<Row, 7> kRows = {{{"string", &ValueKinds::string},
                                         {"number", &ValueKinds::number},
                                         {"integer", &ValueKinds::number},
                                         {"boolean", &ValueKinds::boolean},
                                         {"array", &ValueKinds::array},
                                         {"object", &ValueKinds::object},
                                         {"null", &ValueKinds::null}}};
  for (const Row& row : kRows) {
    if (name == row.name) kinds.*row.kind = true;
  }
}

void add_value(const json& value, ValueKinds& kinds) {
  add_type(value.is_number() ? json("number") : json(value.type_name()), kinds);
}

const json* resolve(const json& root, const json& reference) {
  if (!reference.is_string()) return nullptr;
  const auto& text = reference.get_ref<const std::string&>();
  if (!text.starts_with('#')) return nullptr;
  try {
    const json::json_pointer pointer(text.substr(1));
    return root.contains(pointer) ? &root.at(pointer) : nullptr;
  } catch (const json::exception&) {
    return nullptr;
  }
}

void collect(const json& root, const json& schema, unsigned nesting, ValueKinds& kinds) {
  if (!schema.is_object() || nesting == kMaximumNesting) return;
  if (const auto type = schema.find("type"); type != schema.end()) {
    if (type->is_array()) {
      for (const json& name : *type) add_type(name, kinds);
    } else {
      add_type(*type, kinds);
    }
    return;
  }
  if (const auto list = schema.find("enum"); list != schema.end() && list->is_array()) {
    for (const json& value : *list) add_value(value, kinds);
  }
  if (const auto value = schema.find("const"); value != schema.end()) add_value(*value, kinds);
  for (const char* keyword : {"anyOf", "oneOf", "allOf"}) {
    const auto list = schema.find(keyword);
    if (list == schema.end() || !list->is_array()) continue;
    for (const json& one : *list) collect(root, one, nesting + 1, kinds);
  }
  if (const auto reference = schema.find("$ref"); reference != schema.end()) {
    if (const json* target = resolve(root, *reference)) {
      collect(root, *target, nesting + 1, kinds);
    }
  }
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_json_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_json_space(text.back())) text.remove_suffix(1);
  return text;
}

std::optional<std::string> scan(std::string_view text) {
  JsonScanner scanner;
  std::string out;
  for (const char byte : text) {
    if (scanner.feed(byte, out) == ScanStep::rejected) return {};
  }
  return scanner.complete() ? std::optional(out) : std::nullopt;
}

bool allows(const ValueKinds& kinds, char first) {
  switch (first) {
    case '{':
      return kinds.object;
    case '[':
      return kinds.array;
    case 't':
    case 'f':
      return kinds.boolean;
    case 'n':
      return kinds.null;
    case '"':
      return false;  // a bare string's quotes are part of it
    default:
      return kinds.number;
  }
}

}  // namespace

ParameterTypes::ParameterTypes(std::span<const ToolDeclaration> tools) {
  for (const ToolDeclaration& tool : tools) {
    Parameters& parameters = tools_[tool.name];
    const json schema = json::parse(tool.parameters, nullptr, false);
    if (!schema.is_object()) continue;
    const auto properties = schema.find("properties");
    if (properties == schema.end() || !properties->is_object()) continue;
    for (const auto& [name, property] : properties->items()) {
      collect(schema, property, 0, parameters[name]);
    }
  }
}

ValueKinds ParameterTypes::kinds(std::string_view tool, std::string_view parameter) const {
  const auto found = tools_.find(tool);
  if (found == tools_.end()) return {};
  const auto kinds = found->second.find(parameter);
  return kinds == found->second.end() ? ValueKinds{} : kinds->second;
}

std::string bare_value_to_json(std::string_view text, const ValueKinds& kinds) {
  std::string word(trim(text));
  std::string lower = word;
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char byte) { return static_cast<char>(std::tolower(byte)); });
  // Python's spelling is what models slip into.
  if (lower == "true" || lower == "false") word = lower;
  if (lower == "none" || lower == "null") word = "null";
  if (!word.empty() && allows(kinds, word.front())) {
    if (auto json_text = scan(word)) return *json_text;
  }
  std::string quoted = "\"";
  for (const char byte : text) append_json_escaped(quoted, byte);
  quoted += '"';
  return quoted;
}

}  // namespace redbolt::llm
