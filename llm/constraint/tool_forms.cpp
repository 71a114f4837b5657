#include "constraint/tool_forms.hpp"

#include <algorithm>
#include <array>
#include <functional>

#include "constraint/regular_expression.hpp"
#include "constraint/schema_keywords.hpp"
#include "output/exact_call.hpp"

namespace redbolt::llm {
namespace {

// What stands around calls and between them, in the order in which it is written. A tag that is a
// control token in the vocabulary is written as that.
struct Syntax {
  ToolSyntax syntax;
  std::string_view before_all = {};
  std::string_view tag_perhaps = {};  // may be there before the first call, or not
  std::string_view open_tag = {}, open = {}, name = {}, arguments = {}, close = {}, close_tag = {};
  std::string_view between = {}, after_all = {};
};
constexpr std::array<Syntax, 4> kSyntaxes = {{
    {.syntax = ToolSyntax::hermes,
     .open_tag = "<tool_call>",
     .open = "\n",
     .name = "{\"name\": ",
     .arguments = ", \"arguments\": ",
     .close = "}\n",
     .close_tag = "</tool_call>",
     .between = "\n"},
    {.syntax = ToolSyntax::function_tags,
     .open_tag = "<tool_call>",
     .open = "\n<function=",
     .close = "</function>\n",
     .close_tag = "</tool_call>",
     .between = "\n"},
    {.syntax = ToolSyntax::llama_json,
     .tag_perhaps = "<|python_tag|>",
     .name = kExactCallOpen,
     .arguments = kExactCallArguments,
     .close = kExactCallClose,
     .between = "; "},
    {.syntax = ToolSyntax::mistral,
     .before_all = "[TOOL_CALLS]",
     .name = "{\"name\": ",
     .arguments = ", \"arguments\": ",
     .close = "}",
     .between = ", ",
     .after_all = "]"},
}};

const Syntax& row_of(ToolSyntax syntax) {
  return *std::ranges::find(kSyntaxes, syntax, &Syntax::syntax);
}

constexpr std::string_view kParameterEnd = "</parameter>";

}  // namespace

NodeId ToolForms::append_calls(NodeId from, std::span<const ToolDeclaration> tools, bool parallel) {
  const Syntax& row = row_of(syntax_);
  const ParameterTypes types(tools);
  NodeId node = parts_.append_space(from);
  if (!row.before_all.empty()) {
    node = grammar_.append_text(node, trie_.tag(row.before_all));
    node = grammar_.append_text(node, "[");
  }
  const NodeId start = grammar_.add_node();
  grammar_.skip(node, start);
  if (!row.tag_perhaps.empty()) {
    grammar_.skip(grammar_.append_text(node, trie_.tag(row.tag_perhaps)), start);
  }
  const NodeId end = grammar_.add_node();
  for (const ToolDeclaration& tool : tools) grammar_.skip(append_call(start, tool, types), end);
  if (parallel) grammar_.skip(grammar_.append_text(end, row.between), start);
  return grammar_.append_text(end, row.after_all);
}

NodeId ToolForms::append_call(NodeId from, const ToolDeclaration& tool,
                              const ParameterTypes& types) {
  const Syntax& row = row_of(syntax_);
  NodeId node = row.open_tag.empty() ? from : grammar_.append_text(from, trie_.tag(row.open_tag));
  node = grammar_.append_text(node, row.open);
  if (syntax_ == ToolSyntax::function_tags) {
    node = append_function(node, tool, types);
  } else {
    node = grammar_.append_text(node, row.name);
    node = grammar_.append_text(node, SchemaJson(tool.name).dump());
    // The last byte before the arguments is where such an object is known to be a call.
    node = grammar_.append_text(node, row.arguments.substr(0, row.arguments.size() - 1));
    grammar_.set_decides(node);
    node = append_arguments(
        grammar_.append_text(node, row.arguments.substr(row.arguments.size() - 1)), tool);
  }
  node = grammar_.append_text(node, row.close);
  return row.close_tag.empty() ? node : grammar_.append_text(node, trie_.tag(row.close_tag));
}

NodeId ToolForms::append_arguments(NodeId from, const ToolDeclaration& tool) {
  if (tool.parameters.empty()) return parts_.append_any_object(from);
  // What a schema that is refused has added by then leads nowhere.
  const NodeId start = grammar_.add_node();
  try {
    SchemaJson schema = parse_schema(tool.parameters);
    if (schema.is_object() && !schema.contains("type")) schema["type"] = "object";
    const NodeId end = SchemaCompiler(parts_, schema).append(start, schema, "");
    grammar_.skip(from, start);
    return end;
  } catch (const SchemaError&) {
    if (tool.strict) throw;
    return parts_.append_any_object(from);
  }
}

NodeId ToolForms::append_function(NodeId from, const ToolDeclaration& tool,
                                  const ParameterTypes& types) {
  const NodeId start = grammar_.append_text(from, tool.name + ">\n");
  const NodeId parameters = grammar_.add_node();
  try {
    if (!tool.parameters.empty()) {
      const SchemaJson schema = parse_schema(tool.parameters);
      if (!schema.is_object()) malformed_keyword("", "parameters", "an object");
      refuse_unsupported(schema, "");
      const NodeId end = append_parameters(parameters, tool, schema, types);
      grammar_.skip(start, parameters);
      return end;
    }
  } catch (const SchemaError&) {
    if (tool.strict) throw;
  }
  return append_free_parameters(start);
}

NodeId ToolForms::append_parameters(NodeId from, const ToolDeclaration& tool,
                                    const SchemaJson& schema, const ParameterTypes& types) {
  for (const char* keyword : {"$ref", "allOf", "anyOf", "enum", "const"}) {
    if (!schema.contains(keyword)) continue;
    unsupported_value("", keyword, "the parameters of a tool must be a plain object");
  }
  const SchemaJson properties = schema.value("properties", SchemaJson::object());
  if (!properties.is_object()) malformed_keyword("", "properties", "an object of schemas");
  const auto required = names_of(schema, "required", "");
  if (properties.empty() && schema.value("additionalProperties", SchemaJson(true)) != false) {
    return append_free_parameters(from);
  }
  SchemaCompiler compiler(parts_, schema);
  for (const auto& [name, property] : properties.items()) {
    const NodeId next = grammar_.add_node();
    const NodeId open = grammar_.append_text(from, "<parameter=" + name + ">\n");
    const NodeId value = append_value(open, property, child_path("/properties", name),
                                      types.kinds(tool.name, name), compiler);
    grammar_.skip(grammar_.append_text(value, "\n"), next);
    if (std::ranges::find(required, name) == required.end()) grammar_.skip(from, next);
    from = next;
  }
  return from;
}

NodeId ToolForms::append_free_parameters(NodeId from) {
  const NodeId start = grammar_.add_node();
  grammar_.skip(from, start);
  NodeId node = grammar_.append_text(start, "<parameter=");
  node =
      append_pattern(parts_, node, "[A-Za-z_][A-Za-z0-9_]{0,63}", Anchoring::whole, Writing::raw);
  node = parts_.append_raw_until(grammar_.append_text(node, ">\n"), kParameterEnd);
  grammar_.skip(grammar_.append_text(node, "\n"), start);
  return start;
}

// The value and its closing tag.
NodeId ToolForms::append_value(NodeId from, const SchemaJson& property, const std::string& path,
                               const ValueKinds& kinds, SchemaCompiler& compiler) {
  std::string close = "\n";
  close += kParameterEnd;
  if (!kinds.string && !kinds.only_string()) {
    return grammar_.append_text(compiler.append(from, property, path), close);
  }
  if (!property.is_object()) return parts_.append_raw_until(from, kParameterEnd);
  refuse_unsupported(property, path);
  const auto list = property.find("enum");
  if (list != property.end() && list->is_array()) {
    const NodeId end = grammar_.add_node();
    for (const SchemaJson& value : *list) {
      const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
      grammar_.skip(grammar_.append_text(from, text), end);
    }
    return grammar_.append_text(end, close);
  }
  if (const auto value = property.find("const"); value != property.end() && value->is_string()) {
    return grammar_.append_text(grammar_.append_text(from, value->get<std::string>()), close);
  }
  for (const char* keyword : {"pattern", "format", "minLength", "maxLength"}) {
    if (!property.contains(keyword)) continue;
    unsupported_value(path, keyword,
                      "a bare string's '" + std::string(keyword) +
                          "' is not supported in this model's syntax of calls");
  }
  return parts_.append_raw_until(from, kParameterEnd);
}

}  // namespace redbolt::llm
