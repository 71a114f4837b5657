// What the keywords of JSON Schema mean to the compiler, and how their values are read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "constraint/number_range.hpp"
#include "constraint/schema_compiler.hpp"

namespace redbolt::llm {

enum class KeywordUse {
  annotation,   // restricts nothing, or is no keyword at all
  structure,    // $ref, anyOf, allOf, enum, const, type
  assertion,    // restricts values of one type
  unsupported,  // restricts, and is not implemented
};
KeywordUse keyword_use(std::string_view keyword);

// Throws SchemaError{unsupported_keyword} for the first one that is.
void refuse_unsupported(const SchemaJson& schema, const std::string& path);
// Whether anything in it restricts what is valid.
bool restricts(const SchemaJson& schema);

// path + "/" + the key, escaped as JSON pointers are.
std::string child_path(const std::string& path, std::string_view key);

[[noreturn]] void malformed_keyword(const std::string& path, std::string_view keyword,
                                    std::string_view wanted);
[[noreturn]] void unsupported_value(const std::string& path, std::string_view keyword,
                                    const std::string& message);

// The value of a keyword, nothing where it is absent. Each throws SchemaError{malformed} when it is
// of another kind.
std::optional<std::uint32_t> count_of(const SchemaJson& schema, const char* keyword,
                                      const std::string& path);
std::optional<std::string> text_of(const SchemaJson& schema, const char* keyword,
                                   const std::string& path);
std::optional<Decimal> number_of(const SchemaJson& schema, const char* keyword,
                                 const std::string& path);
std::vector<std::string> names_of(const SchemaJson& schema, const char* keyword,
                                  const std::string& path);

// The types named, or those that the other keywords are about; nothing: any value.
std::vector<std::string> types_of(const SchemaJson& schema, const std::string& path);
bool has_type(const SchemaJson& value, std::string_view type);

}  // namespace redbolt::llm
