// JSON Schema to a grammar: the texts that the schema accepts, or a part of them that is easier to
// write (properties in order, no exponents beside bounds). Everything written is valid; not
// everything valid is written.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "constraint/json_parts.hpp"
#include "nlohmann/json.hpp"

namespace redbolt::llm {

using SchemaJson = nlohmann::ordered_json;

// Throws SchemaError: not_json, or limit_exceeded beyond 1 MiB or 128 levels.
SchemaJson parse_schema(std::string_view text);

class SchemaCompiler {
 public:
  // `schema` is what references are looked up in; it must outlive the compiler.
  SchemaCompiler(JsonParts& parts, const SchemaJson& schema)
      : parts_(parts), grammar_(parts.grammar()), root_(schema) {}

  // A value that a part of the schema accepts; path is the part's place. Throws SchemaError.
  NodeId append(NodeId from, const SchemaJson& schema, const std::string& path);

 private:
  struct Pending {
    RuleId rule;
    const SchemaJson* schema;
    std::string path;
  };

  NodeId compile(NodeId from, const SchemaJson& schema, const std::string& path);
  NodeId compile_keywords(NodeId from, const SchemaJson& schema, const std::string& path);
  NodeId compile_reference(NodeId from, const SchemaJson& schema, const std::string& path);
  NodeId compile_choice(NodeId from, const SchemaJson& schema, const std::string& path);
  NodeId compile_all(NodeId from, const SchemaJson& schema, const std::string& path);
  NodeId compile_values(NodeId from, const SchemaJson& schema, const std::string& path);
  NodeId compile_types(NodeId from, const SchemaJson& schema, const std::string& path);
  NodeId compile_type(NodeId from, const std::string& type, const SchemaJson& schema,
                      const std::string& path);
  NodeId compile_string(NodeId from, const SchemaJson& schema, const std::string& path);
  NodeId compile_number(NodeId from, bool integer, const SchemaJson& schema,
                        const std::string& path);
  NodeId compile_array(NodeId from, const SchemaJson& schema, const std::string& path);
  NodeId compile_object(NodeId from, const SchemaJson& schema, const std::string& path);
  NodeId compile_map(NodeId open, const SchemaJson& schema, const std::string& path);
  NodeId append_member(NodeId from, const std::string& key, const SchemaJson& schema,
                       const std::string& path);
  SchemaJson merge(SchemaJson base, const SchemaJson& added, const std::string& path);
  const SchemaJson& resolve(const SchemaJson& reference, const std::string& path) const;

  JsonParts& parts_;
  GrammarBuilder& grammar_;
  const SchemaJson& root_;
  std::map<std::string, RuleId> rules_;  // by reference
  std::vector<Pending> pending_;
  unsigned nesting_ = 0;
  std::size_t merges_ = 0;
};

}  // namespace redbolt::llm
