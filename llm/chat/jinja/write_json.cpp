#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include "chat/jinja/characters.hpp"
#include "chat/jinja/failure.hpp"
#include "chat/jinja/write.hpp"

namespace redbolt::llm::jinja {
namespace {

std::string unicode_escape(char32_t c) {
  char buffer[16];
  if (c <= 0xFFFF) {
    std::snprintf(buffer, sizeof buffer, "\\u%04x", static_cast<unsigned>(c));
  } else {
    const auto rest = static_cast<unsigned>(c) - 0x10000U;
    std::snprintf(buffer, sizeof buffer, "\\u%04x\\u%04x", 0xD800U + (rest >> 10U),
                  0xDC00U + (rest & 0x3FFU));
  }
  return buffer;
}

// The short escape of a character, or nothing.
std::string_view short_escape(char32_t c) {
  switch (c) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    case '\f':
      return "\\f";
    case '\b':
      return "\\b";
    default:
      return {};
  }
}

class JsonWriter {
 public:
  explicit JsonWriter(const JsonStyle& style)
      : style_(style),
        item_separator_(style.item_separator.value_or(style.indent ? "," : ", ")),
        key_separator_(style.key_separator.value_or(": ")) {}

  Text take() { return std::move(text_); }

  void write(const Value& value, int depth) {
    if (depth > kDeepest) throw Failure("a value to be written as JSON is nested too deeply");
    if (text_.size() > kLongest) throw Failure("a text grows beyond 64 MiB");
    if (const Text* const text = as_text(value)) return write_string(*text);
    if (const List* const list = as_list(value)) return write_list(*list, depth);
    if (const Dict* const dict = as_dict(value); dict && !dict->is_namespace()) {
      return write_dict(*dict, depth);
    }
    add(scalar(value));
  }

 private:
  void add(std::string_view markup) { text_.append(markup, Origin::markup); }

  void new_line(int depth) {
    if (!style_.indent) return;
    add("\n");
    for (int level = 0; level < depth; ++level) add(*style_.indent);
  }

  static std::string scalar(const Value& value) {
    if (is_none(value)) return "null";
    if (const bool* const flag = as<bool>(value)) return *flag ? "true" : "false";
    if (const double* const number = as<double>(value)) {
      if (std::isnan(*number)) return "NaN";
      if (std::isinf(*number)) return *number < 0 ? "-Infinity" : "Infinity";
      return float_text(*number);
    }
    if (as_number(value)) return to_text(value).bytes();
    require_defined(value);
    throw Failure("Object of type " + std::string(type_name(value)) + " is not JSON serializable");
  }

  void write_string(const Text& text) {
    add("\"");
    const std::string_view bytes = text.bytes();
    std::size_t plain = 0;  // where what needs no escape begins
    for (std::size_t at = 0; at < bytes.size();) {
      const Character character = character_at(bytes, at);
      const char32_t c = character.code_point;
      std::string escape(short_escape(c));
      const bool always = c < 0x20 || (style_.ensure_ascii && c >= 0x7F);
      if (escape.empty() && always) escape = unicode_escape(c);
      if (!escape.empty()) {
        text_.append(text, plain, at - plain);
        text_.append(escape, text.origin_at(at));
        plain = at + character.length;
      }
      at += character.length;
    }
    text_.append(text, plain, bytes.size() - plain);
    add("\"");
  }

  void write_list(const List& list, int depth) {
    if (list.items.empty()) return add("[]");
    add("[");
    for (std::size_t i = 0; i < list.items.size(); ++i) {
      if (i > 0) add(item_separator_);
      new_line(depth + 1);
      write(list.items[i], depth + 1);
    }
    new_line(depth);
    add("]");
  }

  void write_key(const Value& key) {
    if (const Text* const text = as_text(key)) return write_string(*text);
    if (as_list(key) != nullptr) {
      throw Failure("keys must be str, int, float, bool or None, not tuple");
    }
    std::string quoted = scalar(key);
    quoted.insert(0, 1, '"');
    quoted += '"';
    add(quoted);
  }

  void write_dict(const Dict& dict, int depth) {
    if (dict.entries().empty()) return add("{}");
    std::vector<const Dict::Entry*> entries;
    for (const Dict::Entry& entry : dict.entries()) entries.push_back(&entry);
    if (style_.sort_keys) {
      std::ranges::stable_sort(entries, [](const Dict::Entry* a, const Dict::Entry* b) {
        const Text* const left = as_text(a->first);
        const Text* const right = as_text(b->first);
        if (!left || !right) throw Failure("only keys that are strings can be sorted");
        return left->bytes() < right->bytes();
      });
    }
    add("{");
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (i > 0) add(item_separator_);
      new_line(depth + 1);
      write_key(entries[i]->first);
      add(key_separator_);
      write(entries[i]->second, depth + 1);
    }
    new_line(depth);
    add("}");
  }

  const JsonStyle& style_;
  std::string item_separator_;
  std::string key_separator_;
  Text text_;
};

}  // namespace

Text to_json(const Value& value, const JsonStyle& style) {
  JsonWriter writer(style);
  writer.write(value, 0);
  return writer.take();
}

}  // namespace redbolt::llm::jinja
