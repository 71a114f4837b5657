#include "constraint/tool_forms.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "constraint/markup.hpp"
#include "constraint/regular_expression.hpp"
#include "constraint/schema_keywords.hpp"
#include "output/exact_call.hpp"

namespace redbolt::llm {
namespace {

// What stands around a call's name and its arguments.
struct Heading {
  std::string_view before_name, after_name;
};
// What stands around calls and between them.
struct Syntax {
  ToolSyntax syntax;
  std::string_view perhaps_first = {};  // may be there or not
  std::string_view first = {};
  std::array<Heading, 2> headings;  // either; the second may be missing
  bool quoted_name = false;
  bool like_answers = false;  // up to the arguments it may be an answer in JSON as well
  std::string_view after_call = {};
  bool own_message = false;  // the call is all of a message: no space before it, no call after it
  std::string_view between = {};
  std::string_view last = {};
};
constexpr std::array<Syntax, 9> kSyntaxes = {{
    {.syntax = ToolSyntax::hermes,
     .headings = {{{"<tool_call>\n{\"name\": ", ", \"arguments\": "}, {}}},
     .quoted_name = true,
     .after_call = "}\n</tool_call>",
     .between = "\n"},
    {.syntax = ToolSyntax::function_tags,
     .headings = {{{"<tool_call>\n<function=", ">\n"}, {}}},
     .after_call = "</function>\n</tool_call>",
     .between = "\n"},
    {.syntax = ToolSyntax::llama_json,
     .perhaps_first = "<|python_tag|>",
     .headings = {{{kExactCallOpen, kExactCallArguments}, {}}},
     .quoted_name = true,
     .like_answers = true,
     .after_call = kExactCallClose,
     .between = "; "},
    {.syntax = ToolSyntax::mistral,
     .first = "[TOOL_CALLS][",
     .headings = {{{"{\"name\": ", ", \"arguments\": "}, {}}},
     .quoted_name = true,
     .after_call = "}",
     .between = ", ",
     .last = "]"},
    {.syntax = ToolSyntax::mistral_args, .headings = {{{"[TOOL_CALLS]", "[ARGS]"}, {}}}},
    {.syntax = ToolSyntax::tagged_list,
     .first = "<|tool_call|>[",
     .headings = {{{"{\"name\": ", ", \"arguments\": "}, {}}},
     .quoted_name = true,
     .after_call = "}",
     .between = ", ",
     .last = "]"},
    {.syntax = ToolSyntax::deepseek,
     .first = "<｜tool▁calls▁begin｜>",
     .headings = {{{"<｜tool▁call▁begin｜>", "<｜tool▁sep｜>"}, {}}},
     .after_call = "<｜tool▁call▁end｜>",
     .last = "<｜tool▁calls▁end｜>"},
    {.syntax = ToolSyntax::deepseek_fenced,
     .first = "<｜tool▁calls▁begin｜>",
     .headings = {{{"<｜tool▁call▁begin｜>function<｜tool▁sep｜>", "\n```json\n"}, {}}},
     .after_call = "\n```<｜tool▁call▁end｜>",
     .between = "\n",
     .last = "<｜tool▁calls▁end｜>"},
    // A call ends the answer: what would follow is the tool's.
    {.syntax = ToolSyntax::harmony,
     .perhaps_first = kNextAnswer,
     .headings = {{{"<|channel|>commentary to=functions.", " <|constrain|>json<|message|>"},
                   {" to=functions.", "<|channel|>commentary <|constrain|>json<|message|>"}}},
     .own_message = true},
}};

const Syntax& row_of(ToolSyntax syntax) {
  return *std::ranges::find(kSyntaxes, syntax, &Syntax::syntax);
}

constexpr std::string_view kParameterEnd = "</parameter>";
constexpr std::size_t kMaximumBareName = 200;

// What the schema accepts of objects: arguments are nothing else.
SchemaJson of_objects(SchemaJson schema) {
  if (!schema.is_object()) malformed_keyword("", "parameters", "an object");
  const auto type = schema.find("type");
  const bool allowed = type == schema.end() || *type == "object" ||
                       (type->is_array() && std::ranges::find(*type, "object") != type->end());
  if (!allowed) {
    unsupported_value("", "type", "the arguments of a tool are an object");
  }
  schema["type"] = "object";
  return schema;
}

// Names that stand between marks without quotes must not look like marks, nor end early.
void require_bare_name(std::string_view name, const std::string& path, std::string_view keyword) {
  const bool plain = std::ranges::all_of(name, [](char byte) {
    const auto value = static_cast<unsigned char>(byte);
    return value >= 0x80 || std::isalnum(value) != 0 ||
           std::string_view("_-.:/$").find(byte) != std::string_view::npos;
  });
  if (plain && !name.empty() && name.size() <= kMaximumBareName) return;
  unsupported_value(
      path, keyword,
      "the name '" + std::string(name) + "' cannot be written in this model's syntax of calls");
}

}  // namespace

NodeId ToolForms::append_calls(NodeId from, std::span<const ToolDeclaration> tools, bool parallel) {
  const Syntax& row = row_of(syntax_);
  const ParameterTypes types(tools);
  const NodeId first = grammar_.add_node();
  const NodeId space = row.own_message ? from : parts_.append_leading_space(from);
  grammar_.skip(space, first);
  if (!row.perhaps_first.empty()) {
    grammar_.skip(append_markup(grammar_, trie_, space, row.perhaps_first), first);
  }
  const NodeId start = grammar_.add_node();
  grammar_.skip(append_markup(grammar_, trie_, first, row.first), start);
  const NodeId end = grammar_.add_node();
  for (const ToolDeclaration& tool : tools) grammar_.skip(append_call(start, tool, types), end);
  if (parallel && !row.own_message) {
    grammar_.skip(append_markup(grammar_, trie_, end, row.between), start);
  }
  return append_markup(grammar_, trie_, end, row.last);
}

NodeId ToolForms::append_call(NodeId from, const ToolDeclaration& tool,
                              const ParameterTypes& types) {
  const Syntax& row = row_of(syntax_);
  if (!row.quoted_name) require_bare_name(tool.name, "", "name");
  const NodeId head = grammar_.add_node();
  for (const Heading& heading : row.headings) {
    if (heading.before_name.empty()) continue;
    NodeId node = append_markup(grammar_, trie_, from, heading.before_name);
    node = grammar_.append_text(node, row.quoted_name ? SchemaJson(tool.name).dump() : tool.name);
    if (row.like_answers) {
      // Before the last byte it is settled that it is a call.
      node =
          grammar_.append_text(node, heading.after_name.substr(0, heading.after_name.size() - 1));
      grammar_.set_decides(node);
      node = grammar_.append_text(node, heading.after_name.substr(heading.after_name.size() - 1));
    } else {
      node = append_markup(grammar_, trie_, node, heading.after_name);
    }
    grammar_.skip(node, head);
  }
  const NodeId body = syntax_ == ToolSyntax::function_tags ? append_function(head, tool, types)
                                                           : append_arguments(head, tool);
  return append_markup(grammar_, trie_, body, row.after_call);
}

NodeId ToolForms::append_arguments(NodeId from, const ToolDeclaration& tool) {
  if (tool.parameters.empty()) return parts_.append_any_object(from);
  // What a schema that is refused has added by then leads nowhere.
  const NodeId start = grammar_.add_node();
  try {
    const SchemaJson schema = of_objects(parse_schema(tool.parameters));
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
  const NodeId parameters = grammar_.add_node();
  try {
    if (!tool.parameters.empty()) {
      const SchemaJson schema = parse_schema(tool.parameters);
      if (!schema.is_object()) malformed_keyword("", "parameters", "an object");
      refuse_unsupported(schema, "");
      const NodeId end = append_parameters(parameters, tool, schema, types);
      grammar_.skip(from, parameters);
      return end;
    }
  } catch (const SchemaError&) {
    if (tool.strict) throw;
  }
  return append_free_parameters(from);
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
    require_bare_name(name, child_path("/properties", name), "properties");
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
