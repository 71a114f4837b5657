// Which kinds of JSON value a tool's schema allows for each of its parameters: Qwen3-Coder's calls
// write values bare, and only the schema tells the text "3" from the number 3.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "redbolt/llm/output/answer_format.hpp"

namespace redbolt::llm {

// A set of kinds.
struct ValueKinds {
  bool string = false, number = false, boolean = false, array = false, object = false, null = false;
  // Nothing but a string, or nothing known: the text is taken as it is.
  bool only_string() const { return !number && !boolean && !array && !object && !null; }
};

class ParameterTypes {
 public:
  explicit ParameterTypes(std::span<const ToolDeclaration> tools);

  bool has_tool(std::string_view name) const { return tools_.contains(name); }
  ValueKinds kinds(std::string_view tool, std::string_view parameter) const;

 private:
  using Parameters = std::map<std::string, ValueKinds, std::less<>>;
  std::map<std::string, Parameters, std::less<>> tools_;
};

// The JSON text of a bare value: of the kinds allowed the one that it can be read as, else a
// string.
std::string bare_value_to_json(std::string_view text, const ValueKinds& kinds);

}  // namespace redbolt::llm
