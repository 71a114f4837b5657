#include "chat/jinja/write.hpp"

#include <charconv>
#include <cmath>
#include <cstdio>

#include "chat/jinja/characters.hpp"
#include "chat/jinja/failure.hpp"

namespace redbolt::llm::jinja {
namespace {

std::string hex(char32_t code_point, int digits, char letter) {
  char buffer[16];
  std::snprintf(buffer, sizeof buffer, "\\%c%0*x", letter, digits,
                static_cast<unsigned>(code_point));
  return buffer;
}

std::string escape_of_repr(char32_t c) {
  if (c <= 0xFF) return hex(c, 2, 'x');
  return c <= 0xFFFF ? hex(c, 4, 'u') : hex(c, 8, 'U');
}

class ReprWriter {
 public:
  Text take() { return std::move(text_); }

  void write(const Value& value, int depth) {
    if (depth > kDeepest) throw Failure("a value to be written is nested too deeply");
    if (text_.size() > kLongest) throw Failure("a text grows beyond 64 MiB");
    if (const Text* const text = as_text(value)) return write_string(*text);
    if (const List* const list = as_list(value)) return write_list(*list, depth);
    if (const Dict* const dict = as_dict(value); dict && !dict->is_namespace()) {
      return write_dict(*dict, depth);
    }
    if (is_undefined(value)) return add("Undefined");
    text_.append(to_text(value));
  }

 private:
  void add(std::string_view markup) { text_.append(markup, Origin::markup); }

  void write_string(const Text& text) {
    const std::string_view bytes = text.bytes();
    const bool doubled =
        bytes.find('\'') != std::string_view::npos && bytes.find('"') == std::string_view::npos;
    const char quote = doubled ? '"' : '\'';
    add(std::string(1, quote));
    for (std::size_t at = 0; at < bytes.size();) {
      const Character character = character_at(bytes, at);
      const char32_t c = character.code_point;
      const Origin origin = text.origin_at(at);
      if (c == static_cast<unsigned char>(quote) || c == '\\') {
        text_.append(std::string{'\\', static_cast<char>(c)}, origin);
      } else if (c == '\n' || c == '\r' || c == '\t') {
        text_.append(c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t", origin);
      } else if (is_printable(c)) {
        text_.append(text, at, character.length);
      } else {
        text_.append(escape_of_repr(c), origin);
      }
      at += character.length;
    }
    add(std::string(1, quote));
  }

  void write_list(const List& list, int depth) {
    const bool tuple = list.kind != List::Kind::list;
    add(tuple ? "(" : "[");
    for (std::size_t i = 0; i < list.items.size(); ++i) {
      if (i > 0) add(", ");
      write(list.items[i], depth + 1);
    }
    if (tuple) add(list.items.size() == 1 ? ",)" : ")");
    if (!tuple) add("]");
  }

  void write_dict(const Dict& dict, int depth) {
    add("{");
    bool first = true;
    for (const auto& [key, value] : dict.entries()) {
      if (!first) add(", ");
      first = false;
      write(key, depth + 1);
      add(": ");
      write(value, depth + 1);
    }
    add("}");
  }

  Text text_;
};

// The digits and the decimal exponent of the shortest form of a finite number.
struct Decimal {
  bool negative = false;
  std::string digits;
  int exponent = 0;  // of the first digit
};

Decimal shortest(double number) {
  char buffer[64];
  const auto end =
      std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::scientific);
  Decimal result;
  const std::string_view text(buffer, static_cast<std::size_t>(end.ptr - buffer));
  const std::size_t e = text.find('e');
  for (const char c : text.substr(0, e)) {
    if (c == '-') result.negative = true;
    if (c >= '0' && c <= '9') result.digits += c;
  }
  const char* const exponent = buffer + e + (buffer[e + 1] == '+' ? 2 : 1);
  std::from_chars(exponent, end.ptr, result.exponent);
  return result;
}

}  // namespace

std::string float_text(double number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number < 0 ? "-inf" : "inf";
  Decimal decimal = shortest(number);
  std::string& digits = decimal.digits;
  const int exponent = decimal.exponent;
  std::string text = decimal.negative ? "-" : "";
  // Python writes an exponent below 1e-4 and from 1e16 on.
  if (exponent < -4 || exponent >= 16) {
    text += digits.substr(0, 1);
    if (digits.size() > 1) text += std::string(".") + digits.substr(1);
    char tail[16];
    std::snprintf(tail, sizeof tail, "e%c%02d", exponent < 0 ? '-' : '+', std::abs(exponent));
    return text + tail;
  }
  if (exponent < 0) {
    return text + "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
  }
  const auto whole = static_cast<std::size_t>(exponent) + 1;
  if (digits.size() <= whole) {
    return text + digits + std::string(whole - digits.size(), '0') + ".0";
  }
  return text + digits.substr(0, whole) + "." + digits.substr(whole);
}

Text to_text(const Value& value) {
  struct Writer {
    Text operator()(const Undefined&) const { return {}; }
    Text operator()(None) const { return markup("None"); }
    Text operator()(bool flag) const { return markup(flag ? "True" : "False"); }
    Text operator()(std::int64_t integer) const { return markup(std::to_string(integer)); }
    Text operator()(double number) const { return markup(float_text(number)); }
    Text operator()(const LongInteger& integer) const { return markup(*integer.digits); }
    Text operator()(const TextPointer& text) const { return *text; }
    Text operator()(List* list) const { return to_repr(list); }
    Text operator()(Dict* dict) const {
      return dict->is_namespace() ? markup("<Namespace>") : to_repr(dict);
    }
    Text operator()(Callable* callable) const {
      return markup("<function " + callable->name + ">");
    }
    Text operator()(Loop* loop) const {
      return markup("<LoopContext " + std::to_string(loop->index + 1) + "/" +
                    std::to_string(loop->items->size()) + ">");
    }
    Text operator()(Cycler*) const { return markup("<Cycler>"); }
    static Text markup(std::string bytes) { return Text(std::move(bytes), Origin::markup); }
  };
  return std::visit(Writer(), value);
}

Text to_repr(const Value& value) {
  ReprWriter writer;
  writer.write(value, 0);
  return writer.take();
}

}  // namespace redbolt::llm::jinja
