#include "constraint/schema_keywords.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "redbolt/llm/constraint/schema_error.hpp"

namespace redbolt::llm {
namespace {

struct Keyword {
  std::string_view name;
  KeywordUse use;
  std::string_view type;  // of assertions
};

// JSON Schema 2020-12 and what earlier drafts called otherwise. Keywords that are not here restrict
// nothing, as the standard has it.
constexpr std::array<Keyword, 49> kKeywords = {{
    {"type", KeywordUse::structure, ""},
    {"enum", KeywordUse::structure, ""},
    {"const", KeywordUse::structure, ""},
    {"anyOf", KeywordUse::structure, ""},
    {"allOf", KeywordUse::structure, ""},
    {"$ref", KeywordUse::structure, ""},
    {"properties", KeywordUse::assertion, "object"},
    {"required", KeywordUse::assertion, "object"},
    {"additionalProperties", KeywordUse::assertion, "object"},
    {"items", KeywordUse::assertion, "array"},
    {"minItems", KeywordUse::assertion, "array"},
    {"maxItems", KeywordUse::assertion, "array"},
    {"pattern", KeywordUse::assertion, "string"},
    {"format", KeywordUse::assertion, "string"},
    {"minLength", KeywordUse::assertion, "string"},
    {"maxLength", KeywordUse::assertion, "string"},
    {"minimum", KeywordUse::assertion, "number"},
    {"maximum", KeywordUse::assertion, "number"},
    {"exclusiveMinimum", KeywordUse::assertion, "number"},
    {"exclusiveMaximum", KeywordUse::assertion, "number"},
    {"multipleOf", KeywordUse::assertion, "number"},
    {"oneOf", KeywordUse::unsupported, ""},
    {"not", KeywordUse::unsupported, ""},
    {"if", KeywordUse::unsupported, ""},
    {"then", KeywordUse::unsupported, ""},
    {"else", KeywordUse::unsupported, ""},
    {"dependentRequired", KeywordUse::unsupported, ""},
    {"dependentSchemas", KeywordUse::unsupported, ""},
    {"dependencies", KeywordUse::unsupported, ""},
    {"patternProperties", KeywordUse::unsupported, ""},
    {"propertyNames", KeywordUse::unsupported, ""},
    {"minProperties", KeywordUse::unsupported, ""},
    {"maxProperties", KeywordUse::unsupported, ""},
    {"unevaluatedProperties", KeywordUse::unsupported, ""},
    {"unevaluatedItems", KeywordUse::unsupported, ""},
    {"additionalItems", KeywordUse::unsupported, ""},
    {"prefixItems", KeywordUse::unsupported, ""},
    {"contains", KeywordUse::unsupported, ""},
    {"minContains", KeywordUse::unsupported, ""},
    {"maxContains", KeywordUse::unsupported, ""},
    {"uniqueItems", KeywordUse::unsupported, ""},
    {"contentSchema", KeywordUse::annotation, ""},
    {"$dynamicRef", KeywordUse::unsupported, ""},
    {"$recursiveRef", KeywordUse::unsupported, ""},
    {"extends", KeywordUse::unsupported, ""},
    {"disallow", KeywordUse::unsupported, ""},
    {"divisibleBy", KeywordUse::unsupported, ""},
    {"$defs", KeywordUse::annotation, ""},
    {"definitions", KeywordUse::annotation, ""},
}};

const Keyword* find_keyword(std::string_view name) {
  const auto row = std::ranges::find(kKeywords, name, &Keyword::name);
  return row == kKeywords.end() ? nullptr : &*row;
}

constexpr std::array<std::string_view, 7> kTypes = {"string", "number", "integer", "boolean",
                                                    "object", "array",  "null"};

}  // namespace

KeywordUse keyword_use(std::string_view keyword) {
  const Keyword* row = find_keyword(keyword);
  return row == nullptr ? KeywordUse::annotation : row->use;
}

void refuse_unsupported(const SchemaJson& schema, const std::string& path) {
  for (const auto& [key, value] : schema.items()) {
    if (keyword_use(key) != KeywordUse::unsupported) continue;
    if (key == "uniqueItems" && value == false) continue;
    throw SchemaError(SchemaErrorCode::unsupported_keyword, path, key,
                      "the keyword '" + key + "' is not supported");
  }
}

bool restricts(const SchemaJson& schema) {
  if (!schema.is_object()) return schema == false;
  const auto items = schema.items();
  return std::any_of(items.begin(), items.end(), [](const auto& item) {
    return keyword_use(item.key()) != KeywordUse::annotation;
  });
}

std::string child_path(const std::string& path, std::string_view key) {
  std::string result = path;
  result += '/';
  for (const char byte : key) {
    if (byte == '~') {
      result += "~0";
    } else if (byte == '/') {
      result += "~1";
    } else {
      result += byte;
    }
  }
  return result;
}

void malformed_keyword(const std::string& path, std::string_view keyword, std::string_view wanted) {
  std::string message = "'";
  message.append(keyword).append("' must be ").append(wanted);
  throw SchemaError(SchemaErrorCode::malformed, path, std::string(keyword), message);
}

void unsupported_value(const std::string& path, std::string_view keyword,
                       const std::string& message) {
  throw SchemaError(SchemaErrorCode::unsupported_value, path, std::string(keyword), message);
}

std::optional<std::uint32_t> count_of(const SchemaJson& schema, const char* keyword,
                                      const std::string& path) {
  const auto found = schema.find(keyword);
  if (found == schema.end()) return {};
  const double value = found->is_number() ? found->get<double>() : -1;
  if (value < 0 || std::floor(value) != value) {
    malformed_keyword(path, keyword, "an integer that is not negative");
  }
  // Beyond what can be compiled, whatever it is.
  return static_cast<std::uint32_t>(std::min(value, 1e9));
}

std::optional<std::string> text_of(const SchemaJson& schema, const char* keyword,
                                   const std::string& path) {
  const auto found = schema.find(keyword);
  if (found == schema.end()) return {};
  if (!found->is_string()) malformed_keyword(path, keyword, "a string");
  return found->get<std::string>();
}

std::optional<Decimal> number_of(const SchemaJson& schema, const char* keyword,
                                 const std::string& path) {
  const auto found = schema.find(keyword);
  if (found == schema.end()) return {};
  if (!found->is_number()) malformed_keyword(path, keyword, "a number");
  auto value = Decimal::parse(found->dump());
  if (!value) unsupported_value(path, keyword, "the number is too large or has too many digits");
  return value;
}

std::vector<std::string> names_of(const SchemaJson& schema, const char* keyword,
                                  const std::string& path) {
  const auto found = schema.find(keyword);
  if (found == schema.end()) return {};
  std::vector<std::string> names;
  if (!found->is_array()) malformed_keyword(path, keyword, "a list of strings");
  for (const SchemaJson& name : *found) {
    if (!name.is_string()) malformed_keyword(path, keyword, "a list of strings");
    names.push_back(name.get<std::string>());
  }
  return names;
}

std::vector<std::string> types_of(const SchemaJson& schema, const std::string& path) {
  std::vector<std::string> types;
  const auto found = schema.find("type");
  if (found == schema.end()) {
    for (const auto& [key, value] : schema.items()) {
      const Keyword* row = find_keyword(key);
      if (row == nullptr || row->type.empty()) continue;
      const std::string type(row->type);
      if (std::ranges::find(types, type) == types.end()) types.push_back(type);
    }
    return types;
  }
  constexpr std::string_view kWanted = "the name of a type, or a list of such names";
  if (found->is_string()) {
    types.push_back(found->get<std::string>());
  } else {
    if (!found->is_array() || found->empty()) malformed_keyword(path, "type", kWanted);
    types = names_of(schema, "type", path);
  }
  for (const std::string& type : types) {
    if (std::ranges::find(kTypes, type) == kTypes.end()) malformed_keyword(path, "type", kWanted);
  }
  return types;
}

bool has_type(const SchemaJson& value, std::string_view type) {
  if (type == "integer") {
    return value.is_number_integer() ||
           (value.is_number_float() && std::floor(value.get<double>()) == value.get<double>());
  }
  if (type == "number") return value.is_number();
  return value.type_name() == type;
}

}  // namespace redbolt::llm
