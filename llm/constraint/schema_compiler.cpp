#include "constraint/schema_compiler.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "constraint/number_range.hpp"
#include "constraint/regular_expression.hpp"
#include "constraint/schema_keywords.hpp"
#include "constraint/string_formats.hpp"
#include "redbolt/llm/constraint/schema_error.hpp"

namespace redbolt::llm {
namespace {

constexpr std::size_t kMaximumText = std::size_t{1} << 20;
constexpr int kMaximumDepth = 128;        // of the schema's own JSON
constexpr unsigned kMaximumNesting = 64;  // of schemas within each other, without references
constexpr std::size_t kMaximumMerges = 2000;

// Keeps count of a recursion.
class Nesting {
 public:
  Nesting(unsigned& count, const std::string& path) : count_(count) {
    if (++count_ <= kMaximumNesting) return;
    --count_;
    throw SchemaError(SchemaErrorCode::limit_exceeded, path, "",
                      "schemas are nested more than 64 deep");
  }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;
  ~Nesting() { --count_; }

 private:
  unsigned& count_;
};

const SchemaJson kAnything = true;

std::string quoted(const std::string& text) {
  return SchemaJson(text).dump();
}

SchemaJson without(SchemaJson schema, const char* keyword) {
  schema.erase(keyword);
  return schema;
}

}  // namespace

SchemaJson parse_schema(std::string_view text) {
  if (text.size() > kMaximumText) {
    throw SchemaError(SchemaErrorCode::limit_exceeded, "", "", "the schema is larger than 1 MiB");
  }
  const auto check_depth = [](int depth, SchemaJson::parse_event_t, SchemaJson&) {
    if (depth > kMaximumDepth) {
      throw SchemaError(SchemaErrorCode::limit_exceeded, "", "",
                        "the schema is nested more than 128 deep");
    }
    return true;
  };
  SchemaJson schema = SchemaJson::parse(text, check_depth, false);
  if (schema.is_discarded()) {
    throw SchemaError(SchemaErrorCode::not_json, "", "", "the schema is not valid JSON");
  }
  return schema;
}

NodeId SchemaCompiler::append(NodeId from, const SchemaJson& schema, const std::string& path) {
  pending_.clear();
  const NodeId end = compile(from, schema, path);
  while (!pending_.empty()) {
    const Pending next = std::move(pending_.back());
    pending_.pop_back();
    grammar_.set_returns(compile(grammar_.entry(next.rule), *next.schema, next.path));
  }
  return end;
}

NodeId SchemaCompiler::compile(NodeId from, const SchemaJson& schema, const std::string& path) {
  const Nesting nesting(nesting_, path);
  if (schema == true) return parts_.append_any_value(from);
  if (schema == false) return grammar_.add_node();  // not reached
  if (!schema.is_object()) {
    throw SchemaError(SchemaErrorCode::malformed, path, "",
                      "a schema must be an object, true or false");
  }
  refuse_unsupported(schema, path);
  try {
    return compile_keywords(from, schema, path);
  } catch (const SchemaError& error) {
    // What the lower parts throw does not know its place.
    if (!error.path().empty() || path.empty()) throw;
    throw SchemaError(error.code(), path, error.keyword(), error.what());
  }
}

NodeId SchemaCompiler::compile_keywords(NodeId from, const SchemaJson& schema,
                                        const std::string& path) {
  if (schema.contains("$ref")) return compile_reference(from, schema, path);
  if (schema.contains("allOf")) return compile_all(from, schema, path);
  if (schema.contains("anyOf")) return compile_choice(from, schema, path);
  if (schema.contains("enum") || schema.contains("const")) {
    return compile_values(from, schema, path);
  }
  return compile_types(from, schema, path);
}

NodeId SchemaCompiler::compile_reference(NodeId from, const SchemaJson& schema,
                                         const std::string& path) {
  const SchemaJson rest = without(schema, "$ref");
  const SchemaJson& target = resolve(schema["$ref"], path);
  if (restricts(rest)) return compile(from, merge(rest, target, path), path);
  const auto name = schema["$ref"].get<std::string>();
  auto rule = rules_.find(name);
  if (rule == rules_.end()) {
    rule = rules_.emplace(name, grammar_.add_rule()).first;
    pending_.push_back({rule->second, &target, name.substr(1)});
  }
  return grammar_.append_call(from, rule->second);
}

const SchemaJson& SchemaCompiler::resolve(const SchemaJson& reference,
                                          const std::string& path) const {
  const SchemaJson* target = nullptr;
  std::set<std::string> seen;
  for (const SchemaJson* next = &reference; next != nullptr;) {
    if (!next->is_string()) malformed_keyword(path, "$ref", "a string");
    const auto& text = next->get_ref<const std::string&>();
    const auto fail = [&](const std::string& why) {
      throw SchemaError(SchemaErrorCode::bad_reference, path, "$ref", "'" + text + "' " + why);
    };
    if (!seen.insert(text).second) fail("leads only to itself");
    if (!text.starts_with('#') || (text.size() > 1 && text[1] != '/')) {
      fail("is not a place in this schema, such as '#/$defs/name'");
    }
    try {
      target = &root_.at(SchemaJson::json_pointer(text.substr(1)));
    } catch (const SchemaJson::exception&) {
      fail("leads nowhere");
    }
    const bool leads_on = target->is_object() && target->contains("$ref");
    next = leads_on ? &target->at("$ref") : nullptr;
  }
  // The first target; what it leads to is compiled with it.
  return root_.at(SchemaJson::json_pointer(reference.get<std::string>().substr(1)));
}

NodeId SchemaCompiler::compile_all(NodeId from, const SchemaJson& schema, const std::string& path) {
  const SchemaJson& all = schema["allOf"];
  if (!all.is_array() || all.empty()) malformed_keyword(path, "allOf", "a list of schemas");
  SchemaJson merged = without(schema, "allOf");
  for (const SchemaJson& one : all) merged = merge(std::move(merged), one, path);
  return compile(from, merged, path);
}

NodeId SchemaCompiler::compile_choice(NodeId from, const SchemaJson& schema,
                                      const std::string& path) {
  const SchemaJson& choice = schema["anyOf"];
  if (!choice.is_array() || choice.empty()) malformed_keyword(path, "anyOf", "a list of schemas");
  const SchemaJson rest = without(schema, "anyOf");
  const bool restricted = restricts(rest);
  const NodeId end = grammar_.add_node();
  for (std::size_t i = 0; i < choice.size(); ++i) {
    const std::string place = child_path(child_path(path, "anyOf"), std::to_string(i));
    const NodeId one = restricted ? compile(from, merge(rest, choice[i], place), place)
                                  : compile(from, choice[i], place);
    grammar_.skip(one, end);
  }
  return end;
}

// What both accept, where that is a matter of keywords that only one of them has.
SchemaJson SchemaCompiler::merge(SchemaJson base, const SchemaJson& added,
                                 const std::string& path) {
  if (++merges_ > kMaximumMerges) {
    throw SchemaError(SchemaErrorCode::limit_exceeded, path, "allOf",
                      "the schema combines others too often");
  }
  if (added == true || !restricts(base)) return added == true ? base : added;
  if (!added.is_object()) unsupported_value(path, "allOf", "schemas cannot be combined with false");
  if (added.contains("$ref")) {
    base = merge(std::move(base), resolve(added["$ref"], path), path);
    return merge(std::move(base), without(added, "$ref"), path);
  }
  for (const auto& [key, value] : added.items()) {
    if (keyword_use(key) == KeywordUse::annotation) continue;
    if (!base.contains(key)) {
      base[key] = value;
    } else if (key == "properties" && value.is_object() && base[key].is_object()) {
      for (const auto& [name, property] : value.items()) {
        if (!base[key].contains(name)) base[key][name] = property;
        if (base[key][name] != property) {
          unsupported_value(path, key, "two combined schemas both say what '" + name + "' is");
        }
      }
    } else if (key == "required" && value.is_array() && base[key].is_array()) {
      for (const SchemaJson& name : value) base[key].push_back(name);
    } else if (base[key] != value) {
      unsupported_value(path, key, "two combined schemas both have '" + key + "'");
    }
  }
  return base;
}

NodeId SchemaCompiler::compile_values(NodeId from, const SchemaJson& schema,
                                      const std::string& path) {
  SchemaJson values = SchemaJson::array();
  if (const auto list = schema.find("enum"); list != schema.end()) {
    if (!list->is_array()) malformed_keyword(path, "enum", "a list of values");
    values = *list;
  }
  if (const auto value = schema.find("const"); value != schema.end()) {
    const bool listed = std::ranges::find(values, *value) != values.end();
    values = SchemaJson::array();
    if (listed || !schema.contains("enum")) values.push_back(*value);
  }
  for (const auto& [key, value] : schema.items()) {
    if (keyword_use(key) == KeywordUse::assertion) {
      unsupported_value(path, key, "'" + key + "' beside enum or const is not supported");
    }
  }
  const auto types = types_of(schema, path);
  const NodeId end = grammar_.add_node();
  for (const SchemaJson& value : values) {
    const auto fits = [&](const std::string& type) { return has_type(value, type); };
    if (!types.empty() && std::ranges::none_of(types, fits)) continue;
    grammar_.skip(grammar_.append_text(from, value.dump()), end);
  }
  return end;
}

NodeId SchemaCompiler::compile_types(NodeId from, const SchemaJson& schema,
                                     const std::string& path) {
  const auto types = types_of(schema, path);
  if (types.empty()) return parts_.append_any_value(from);
  const NodeId end = grammar_.add_node();
  for (const std::string& type : types) {
    grammar_.skip(compile_type(from, type, schema, path), end);
  }
  return end;
}

NodeId SchemaCompiler::compile_type(NodeId from, const std::string& type, const SchemaJson& schema,
                                    const std::string& path) {
  if (type == "string") return compile_string(from, schema, path);
  if (type == "number" || type == "integer") {
    return compile_number(from, type == "integer", schema, path);
  }
  if (type == "array") return compile_array(from, schema, path);
  if (type == "object") return compile_object(from, schema, path);
  if (type == "null") return grammar_.append_text(from, "null");
  const NodeId end = grammar_.append_text(from, "true");
  grammar_.skip(grammar_.append_text(from, "false"), end);
  return end;
}

NodeId SchemaCompiler::compile_string(NodeId from, const SchemaJson& schema,
                                      const std::string& path) {
  const auto pattern = text_of(schema, "pattern", path);
  const auto format = text_of(schema, "format", path);
  const auto least = count_of(schema, "minLength", path);
  const auto most = count_of(schema, "maxLength", path);
  if ((pattern && format) || ((pattern || format) && (least || most))) {
    unsupported_value(path, pattern ? "pattern" : "format",
                      "pattern, format and lengths can each be used alone only");
  }
  if (!pattern && !format) {
    if (!least && !most) return parts_.append_any_string(from);
    if (most && *most < least.value_or(0)) return grammar_.add_node();
    return parts_.append_sized_string(from, least.value_or(0), most);
  }
  const auto format_text = format ? format_pattern(*format) : std::nullopt;
  if (format && !format_text) {
    unsupported_value(path, "format", "the format '" + *format + "' is not supported");
  }
  const NodeId open = grammar_.append_text(from, "\"");
  const NodeId close =
      append_pattern(parts_, open, pattern ? *pattern : *format_text,
                     pattern ? Anchoring::search : Anchoring::whole, Writing::json_string);
  return grammar_.append_text(close, "\"");
}

NodeId SchemaCompiler::compile_number(NodeId from, bool integer, const SchemaJson& schema,
                                      const std::string& path) {
  NumberBounds bounds{.integer = integer, .lower = {}, .upper = {}, .multiple_of = {}};
  const auto narrow = [&](std::optional<NumberBounds::Bound>& bound, const char* keyword,
                          bool exclusive, int direction) {
    const auto value = number_of(schema, keyword, path);
    if (!value) return;
    const int order = bound ? compare(*value, bound->value) * direction : 1;
    if (order > 0 || (order == 0 && exclusive)) bound = NumberBounds::Bound{*value, exclusive};
  };
  narrow(bounds.lower, "minimum", false, 1);
  narrow(bounds.lower, "exclusiveMinimum", true, 1);
  narrow(bounds.upper, "maximum", false, -1);
  narrow(bounds.upper, "exclusiveMaximum", true, -1);
  bounds.multiple_of = number_of(schema, "multipleOf", path);
  if (bounds.multiple_of && (bounds.multiple_of->negative || bounds.multiple_of->is_zero())) {
    malformed_keyword(path, "multipleOf", "greater than zero");
  }
  if (bounds.lower || bounds.upper || bounds.multiple_of) {
    return append_number_in(parts_, from, bounds);
  }
  return integer ? parts_.append_any_integer(from) : parts_.append_any_number(from);
}

NodeId SchemaCompiler::compile_array(NodeId from, const SchemaJson& schema,
                                     const std::string& path) {
  const std::uint32_t least = count_of(schema, "minItems", path).value_or(0);
  const auto most = count_of(schema, "maxItems", path);
  const auto items = schema.find("items");
  const RuleId item = grammar_.add_rule();
  grammar_.set_returns(compile(grammar_.entry(item), items == schema.end() ? kAnything : *items,
                               child_path(path, "items")));
  const NodeId end = grammar_.add_node();
  const NodeId open = parts_.append_space(grammar_.append_text(from, "["));
  if (least == 0) grammar_.on_bytes(open, ']', ']', end);
  if (most == 0U) return end;
  NodeId node = grammar_.append_call(open, item);
  const auto append_next = [&] {
    return grammar_.append_call(parts_.append_space(grammar_.append_text(node, ",")), item);
  };
  std::uint32_t count = 1;
  for (; count < least && (!most || count < *most); ++count) node = append_next();
  if (!most) {
    grammar_.skip(append_next(), node);
  } else {
    for (; count < *most; ++count) {
      grammar_.on_bytes(parts_.append_space(node), ']', ']', end);
      node = append_next();
    }
  }
  if (count >= least) grammar_.on_bytes(parts_.append_space(node), ']', ']', end);
  return end;
}

NodeId SchemaCompiler::append_member(NodeId from, const std::string& key, const SchemaJson& schema,
                                     const std::string& path) {
  const NodeId colon = grammar_.append_text(from, quoted(key) + ":");
  return compile(parts_.append_space(colon), schema, path);
}

NodeId SchemaCompiler::compile_object(NodeId from, const SchemaJson& schema,
                                      const std::string& path) {
  SchemaJson properties = schema.value("properties", SchemaJson::object());
  if (!properties.is_object()) malformed_keyword(path, "properties", "an object of schemas");
  const auto required = names_of(schema, "required", path);
  for (const std::string& name : required) {
    if (!properties.contains(name)) {
      properties[name] = schema.value("additionalProperties", SchemaJson(true));
    }
  }
  const NodeId open = parts_.append_space(grammar_.append_text(from, "{"));
  if (properties.empty()) return compile_map(open, schema, path);

  const NodeId end = grammar_.add_node();
  const std::string place = child_path(path, "properties");
  NodeId none = open;                 // no member has been written
  NodeId some = grammar_.add_node();  // one has
  for (const auto& [name, property] : properties.items()) {
    const NodeId key = grammar_.add_node();
    const NodeId next_none = grammar_.add_node();
    const NodeId next_some = grammar_.add_node();
    grammar_.skip(none, key);
    grammar_.skip(parts_.append_space(grammar_.append_text(some, ",")), key);
    grammar_.skip(append_member(key, name, property, child_path(place, name)), next_some);
    if (std::ranges::find(required, name) == required.end()) {
      grammar_.skip(none, next_none);
      grammar_.skip(some, next_some);
    }
    none = next_none;
    some = next_some;
  }
  grammar_.on_bytes(none, '}', '}', end);
  grammar_.on_bytes(parts_.append_space(some), '}', '}', end);
  return end;
}

// An object without declared properties: any keys, with values of one schema.
NodeId SchemaCompiler::compile_map(NodeId open, const SchemaJson& schema, const std::string& path) {
  const NodeId end = grammar_.add_node();
  grammar_.on_bytes(open, '}', '}', end);
  const SchemaJson& values =
      schema.contains("additionalProperties") ? schema["additionalProperties"] : kAnything;
  if (values == false) return end;
  const NodeId key = grammar_.add_node();
  grammar_.skip(open, key);
  const NodeId colon = grammar_.append_text(parts_.append_any_string(key), ":");
  const NodeId value =
      compile(parts_.append_space(colon), values, child_path(path, "additionalProperties"));
  grammar_.skip(parts_.append_space(grammar_.append_text(value, ",")), key);
  grammar_.on_bytes(parts_.append_space(value), '}', '}', end);
  return end;
}

}  // namespace redbolt::llm
