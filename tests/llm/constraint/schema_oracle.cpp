#include "schema_oracle.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <regex>
#include <vector>

namespace redbolt::test {
namespace {

std::size_t characters(const std::string& text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char byte) { return (byte & 0xC0) != 0x80; }));
}

bool is_type(const Json& document, const std::string& type) {
  if (type == "string") return document.is_string();
  if (type == "number") return document.is_number();
  if (type == "boolean") return document.is_boolean();
  if (type == "null") return document.is_null();
  if (type == "object") return document.is_object();
  if (type == "array") return document.is_array();
  return document.is_number() && document.get<double>() == std::floor(document.get<double>());
}

bool is_leap(int year) {
  return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

bool is_date(const std::string& text) {
  std::smatch parts;
  if (!std::regex_match(text, parts, std::regex("(\\d{4})-(\\d\\d)-(\\d\\d)"))) return false;
  const int year = std::stoi(parts[1]), month = std::stoi(parts[2]), day = std::stoi(parts[3]);
  const int days[] = {31, is_leap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return year > 0 && month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1];
}

bool is_time(const std::string& text) {
  return std::regex_match(
      text,
      std::regex("([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d+)?(Z|[+-]([01]\\d|2[0-3]):[0-5]\\d)"));
}

bool is_hostname(const std::string& text) {
  const std::regex label("[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?");
  if (text.empty() || text.size() > 253 || text.back() == '.') return false;
  std::size_t from = 0;
  while (from <= text.size()) {
    const std::size_t dot = std::min(text.find('.', from), text.size());
    if (!std::regex_match(text.substr(from, dot - from), label)) return false;
    from = dot + 1;
  }
  return true;
}

bool is_ipv6(const std::string& text) {
  const std::size_t gap = text.find("::");
  if (gap != std::string::npos && text.find("::", gap + 1) != std::string::npos) return false;
  const std::regex group("[0-9a-fA-F]{1,4}");
  int groups = 0;
  const auto count = [&](const std::string& part) {
    if (part.empty()) return true;
    std::size_t from = 0;
    while (from <= part.size()) {
      const std::size_t colon = std::min(part.find(':', from), part.size());
      if (!std::regex_match(part.substr(from, colon - from), group)) return false;
      ++groups;
      from = colon + 1;
    }
    return true;
  };
  if (gap == std::string::npos) return count(text) && groups == 8;
  return count(text.substr(0, gap)) && count(text.substr(gap + 2)) && groups <= 7;
}

bool is_ipv4(const std::string& text) {
  std::smatch parts;
  if (!std::regex_match(text, parts,
                        std::regex("(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})"))) {
    return false;
  }
  return std::all_of(parts.begin() + 1, parts.end(), [](const auto& part) {
    const std::string digits = part;
    return std::stoi(digits) < 256 && (digits == "0" || digits[0] != '0');
  });
}

bool has_format(const std::string& text, const std::string& format) {
  if (format == "date") return is_date(text);
  if (format == "time") return is_time(text);
  if (format == "date-time") {
    return text.size() > 11 && is_date(text.substr(0, 10)) && text[10] == 'T' &&
           is_time(text.substr(11));
  }
  if (format == "duration") {
    // At least one unit, in order, weeks alone, time after a T that something follows.
    return std::regex_match(
               text, std::regex("P(\\d+W|(\\d+Y)?(\\d+M)?(\\d+D)?(T(\\d+H)?(\\d+M)?(\\d+S)?)?)")) &&
           text != "P" && text.back() != 'T';
  }
  if (format == "email") {
    const std::size_t at = text.find('@');
    return at != std::string::npos && is_hostname(text.substr(at + 1)) &&
           std::regex_match(text.substr(0, at), std::regex("[\\w+-]+(\\.[\\w+-]+)*"));
  }
  if (format == "hostname") return is_hostname(text);
  if (format == "ipv4") return is_ipv4(text);
  if (format == "ipv6") return is_ipv6(text);
  return std::regex_match(
      text,
      std::regex("[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"));
}

// Code points, for std::wregex: one unit per character here.
std::wstring widen(const std::string& text) {
  std::wstring wide;
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    unsigned value = length == 1 ? lead : lead & (0x7FU >> length);
    for (std::size_t j = 1; j < length; ++j) {
      value = value << 6 | (static_cast<unsigned char>(text[i + j]) & 0x3FU);
    }
    wide += static_cast<wchar_t>(value);
    i += length;
  }
  return wide;
}

// std::wregex has \x and \u escapes and is ECMAScript's; its \s is not Unicode's in the C locale,
// and its '.' is not ECMA-262's for U+2028: the tests' patterns keep away from both.
bool matches(const std::string& text, const std::string& pattern) {
  return std::regex_search(widen(text), std::wregex(widen(pattern)));
}

std::string check_string(const Json& schema, const std::string& text) {
  if (schema.contains("minLength") && characters(text) < schema["minLength"]) return "too short";
  if (schema.contains("maxLength") && characters(text) > schema["maxLength"]) return "too long";
  if (schema.contains("pattern") && !matches(text, schema["pattern"])) return "pattern: " + text;
  if (schema.contains("format") && !has_format(text, schema["format"])) return "format: " + text;
  return "";
}

std::string check_number(const Json& schema, const Json& document) {
  const double value = document.get<double>();
  if (schema.contains("minimum") && value < schema["minimum"].get<double>()) return "minimum";
  if (schema.contains("maximum") && value > schema["maximum"].get<double>()) return "maximum";
  if (schema.contains("exclusiveMinimum") && value <= schema["exclusiveMinimum"].get<double>()) {
    return "exclusiveMinimum";
  }
  if (schema.contains("exclusiveMaximum") && value >= schema["exclusiveMaximum"].get<double>()) {
    return "exclusiveMaximum";
  }
  if (schema.contains("multipleOf")) {
    const double quotient = value / schema["multipleOf"].get<double>();
    if (std::abs(quotient - std::round(quotient)) > 1e-6 * std::max(1.0, std::abs(quotient))) {
      return "multipleOf: " + document.dump();
    }
  }
  return "";
}

std::string check_object(const Json& root, const Json& schema, const Json& document) {
  if (schema.contains("required")) {
    for (const Json& name : schema["required"]) {
      if (!document.contains(name.get<std::string>())) return "lacks " + name.dump();
    }
  }
  const Json properties = schema.value("properties", Json::object());
  for (const auto& [key, value] : document.items()) {
    const Json inner = properties.contains(key) ? properties[key]
                                                : schema.value("additionalProperties", Json(true));
    if (const auto bad = find_violation(root, inner, value); !bad.empty()) return key + ": " + bad;
  }
  return "";
}

std::string check_array(const Json& root, const Json& schema, const Json& document) {
  if (schema.contains("minItems") && document.size() < schema["minItems"]) return "too few";
  if (schema.contains("maxItems") && document.size() > schema["maxItems"]) return "too many";
  for (const Json& item : document) {
    const auto bad = find_violation(root, schema.value("items", Json(true)), item);
    if (!bad.empty()) return "item: " + bad;
  }
  return "";
}

std::string check_combined(const Json& root, const Json& schema, const Json& document) {
  if (schema.contains("$ref")) {
    const std::string reference = schema["$ref"];
    const Json& target = root.at(Json::json_pointer(reference.substr(1)));
    if (const auto bad = find_violation(root, target, document); !bad.empty()) return bad;
  }
  if (schema.contains("allOf")) {
    for (const Json& one : schema["allOf"]) {
      if (const auto bad = find_violation(root, one, document); !bad.empty()) return bad;
    }
  }
  if (schema.contains("anyOf")) {
    const auto fits = [&](const Json& one) { return find_violation(root, one, document).empty(); };
    if (std::ranges::none_of(schema["anyOf"], fits)) return "none of anyOf";
  }
  if (schema.contains("enum")) {
    const auto& values = schema["enum"];
    if (std::find(values.begin(), values.end(), document) == values.end()) return "not in enum";
  }
  if (schema.contains("const") && document != schema["const"]) return "not the constant";
  return "";
}

const std::map<std::string, std::vector<std::string>>& examples() {
  static const std::map<std::string, std::vector<std::string>> all = {
      {"date-time", {"2024-02-29T23:59:59Z", "1999-12-31T00:00:00.123+05:30"}},
      {"time", {"12:34:56Z", "00:00:00.5-08:00"}},
      {"date", {"2024-02-29", "2023-02-28", "1970-01-01", "2100-11-30"}},
      {"duration", {"P3Y6M4DT12H30M5S", "PT36H", "P2W", "P1D", "PT5M"}},
      {"email", {"a.b+c@example.com", "x@y"}},
      {"hostname", {"example.com", "a", "x-1.y.z"}},
      {"ipv4", {"0.0.0.0", "255.10.99.1"}},
      {"ipv6", {"::", "::1", "2001:db8::ff00:42:8329", "1:2:3:4:5:6:7:8", "fe80::", "1::8"}},
      {"uuid", {"123e4567-e89b-12d3-a456-426614174000"}},
      {"^[a-z]+$", {"abc", "z"}},
      {"^@[a-zA-Z0-9_]+$", {"@a_9"}},
      {R"(^(\([0-9]{3}\))?[0-9]{3}-[0-9]{4}$)", {"(888)555-1212", "555-1212"}},
      {"ab?c", {"xxacyy", "abc"}},
      {R"(^\d{2,4}(,\w+)*$)", {"12", "1234,a_b,c"}},
      {R"(^[^\"\\<]{3}$)", {"a\nc", "éé\x01"}},
      {"^a|b$", {"axx", "xxb"}},
      {"^(foo|bar|ba?z){2}$", {"foobz", "bazbar"}},
      {R"(^\S+\s\S+$)", {"a b", "\"x\ty\\"}},
      {"^[à-ü€-₿]{1,3}$", {"é", "€₿à"}},
      {"^.{0,5}$", {"", "ab\"\\😀"}},
      {R"(^[\x41-\x43\u00e9\-\]]*$)", {"", "ABé-]"}},
      {"^x{3,}$", {"xxx", "xxxxx"}},
      {"^(a|b|)c$", {"ac", "c"}},
      {"^[0-9]{5}$", {"90210"}},
  };
  return all;
}

std::string random_text(std::mt19937& random, std::size_t least, std::size_t most) {
  static const std::vector<std::string> kCharacters = {"a",  "Z",  "0", " ",    "\"",  "\\",
                                                       "\n", "\t", "é", "中",   "😀",   "/",
                                                       "<",  "{",  "]", "\x01", "\x7F"};
  std::string text;
  const std::size_t length = least + random() % (most - least + 1);
  for (std::size_t i = 0; i < length; ++i) text += kCharacters[random() % kCharacters.size()];
  return text;
}

Json make_string(const Json& schema, std::mt19937& random) {
  const auto key = schema.contains("format") ? "format" : "pattern";
  if (schema.contains(key)) {
    const auto& known = examples().at(schema[key]);
    return known[random() % known.size()];
  }
  const std::size_t least = schema.value("minLength", 0U);
  return random_text(random, least,
                     std::min<std::size_t>(schema.value("maxLength", 12U), least + 12));
}

Json make_number(const Json& schema, bool integer, std::mt19937& random) {
  double low = schema.value("minimum", schema.value("exclusiveMinimum", -1000.0));
  double high =
      schema.value("maximum", schema.value("exclusiveMaximum", std::max(low + 2000, 1000.0)));
  if (low >= high) low = high - 1000;
  for (unsigned tries = 0; tries < 10000; ++tries) {
    double value = low + (high - low) * static_cast<double>(random() % 10001) / 10000.0;
    const double unit = schema.value("multipleOf", integer ? 1.0 : 0.0);
    if (unit != 0) value = std::round(value / unit) * unit;
    // What is written must be what was meant: few digits.
    const Json document =
        integer ? Json(static_cast<long>(std::round(value))) : Json(std::round(value * 1e6) / 1e6);
    if (check_number(schema, document).empty()) return document;
  }
  return nullptr;
}

Json make_object(const Json& root, const Json& schema, std::mt19937& random, unsigned depth) {
  Json document = Json::object();
  Json properties = schema.value("properties", Json::object());
  const Json required = schema.value("required", Json::array());
  for (const Json& name : required) {
    if (!properties.contains(name.get<std::string>())) properties[name.get<std::string>()] = true;
  }
  for (const auto& [name, property] : properties.items()) {
    const bool needed = std::find(required.begin(), required.end(), Json(name)) != required.end();
    if (needed || random() % 2 == 0)
      document[name] = make_document(root, property, random, depth + 1);
  }
  const Json others = schema.value("additionalProperties", Json(true));
  for (unsigned i = 0; properties.empty() && others != false && depth < 4 && i < random() % 4;
       ++i) {
    document[random_text(random, 0, 3)] = make_document(root, others, random, depth + 1);
  }
  return document;
}

Json make_anything(std::mt19937& random, unsigned depth) {
  static const std::vector<std::string> kTypes = {"string", "integer", "number", "boolean",
                                                  "null",   "object",  "array"};
  return make_document(true, {{"type", kTypes[random() % (depth > 3 ? 5 : 7)]}}, random, depth);
}

}  // namespace

std::string find_violation(const Json& root, const Json& schema, const Json& document) {
  if (schema.is_boolean()) return schema == true ? "" : "false";
  if (const auto bad = check_combined(root, schema, document); !bad.empty()) return bad;
  if (schema.contains("type")) {
    const Json types = schema["type"].is_array() ? schema["type"] : Json::array({schema["type"]});
    if (std::ranges::none_of(types, [&](const Json& type) { return is_type(document, type); })) {
      return "type: " + document.dump();
    }
  }
  if (document.is_string()) return check_string(schema, document);
  if (document.is_number()) return check_number(schema, document);
  if (document.is_object()) return check_object(root, schema, document);
  if (document.is_array()) return check_array(root, schema, document);
  return "";
}

Json make_document(const Json& root, const Json& schema, std::mt19937& random, unsigned depth) {
  if (schema.is_boolean()) return make_anything(random, depth);
  if (schema.contains("$ref")) {
    const std::string reference = schema["$ref"];
    return make_document(root, root.at(Json::json_pointer(reference.substr(1))), random, depth);
  }
  if (schema.contains("allOf") || (schema.contains("anyOf") && schema.contains("properties"))) {
    Json document =
        schema.contains("properties") ? make_object(root, schema, random, depth) : Json::object();
    const Json parts = schema.contains("allOf")
                           ? schema["allOf"]
                           : Json::array({schema["anyOf"][random() % schema["anyOf"].size()]});
    for (const Json& part : parts) document.update(make_document(root, part, random, depth));
    return document;
  }
  if (schema.contains("anyOf")) {
    const Json& choice = schema["anyOf"];
    const std::size_t last =
        depth > 6 ? 1 : 0;  // the tests put an end of recursion in either place
    const std::size_t pick =
        last != 0 ? (choice[0].contains("$ref") ? choice.size() - 1 : 0) : random() % choice.size();
    return make_document(root, choice[pick], random, depth + 1);
  }
  if (schema.contains("const")) return schema["const"];
  if (schema.contains("enum")) {
    for (;;) {
      const Json& value = schema["enum"][random() % schema["enum"].size()];
      if (find_violation(root, schema, value).empty()) return value;
    }
  }
  std::string type = "any";
  if (schema.contains("type")) {
    const Json& types = schema["type"];
    type = types.is_array() ? types[random() % types.size()].get<std::string>()
                            : types.get<std::string>();
  } else if (schema.contains("properties")) {
    type = "object";
  } else if (schema.contains("minLength")) {
    type = "string";
  } else if (schema.contains("minimum")) {
    type = "number";
  }
  if (type == "string") return make_string(schema, random);
  if (type == "integer" || type == "number") return make_number(schema, type == "integer", random);
  if (type == "boolean") return random() % 2 == 0;
  if (type == "null") return nullptr;
  if (type == "object") return make_object(root, schema, random, depth);
  if (type != "array") return make_anything(random, depth);
  Json document = Json::array();
  const std::size_t least = schema.value("minItems", 0U);
  const std::size_t most =
      std::min<std::size_t>(schema.value("maxItems", 3U), least + (depth > 3 ? 0 : 3));
  const std::size_t count = least + (most > least ? random() % (most - least + 1) : 0);
  for (std::size_t i = 0; i < count; ++i) {
    document.push_back(make_document(root, schema.value("items", Json(true)), random, depth + 1));
  }
  return document;
}

}  // namespace redbolt::test
