#include "chat/jinja/lexer.hpp"

#include <array>
#include <cctype>
#include <optional>

#include "chat/jinja/characters.hpp"
#include "chat/jinja/string_literal.hpp"

namespace redbolt::llm::jinja {
namespace {

// Longer ones first.
constexpr std::array<std::string_view, 27> kSymbols = {
    "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]",
    "(",  ")",  "{",  "}",  ">",  "<",  "=", ".", ":", "|", ",", ";", "!"};

// Line feeds only, and none at the very end.
std::string normalized(std::string_view source) {
  std::string text;
  text.reserve(source.size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] != '\r') {
      text += source[i];
    } else if (i + 1 == source.size() || source[i + 1] != '\n') {
      text += '\n';
    }
  }
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

bool starts_name(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool is_decimal(char c) {
  return c >= '0' && c <= '9';
}

bool continues_name(char c) {
  return starts_name(c) || is_decimal(c);
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : text_(normalized(source)) {}

  std::vector<Token> run() {
    while (at_ < text_.size()) {
      const std::size_t tag = find_tag();
      push_data(tag);
      if (tag == std::string::npos) break;
      read_tag(tag);
    }
    mark_ = text_.size();
    push(Token::Kind::end, {});
    return std::move(tokens_);
  }

 private:
  enum class Trim { as_set, strip, keep };

  bool starts(std::size_t at, std::string_view part) const {
    return std::string_view(text_).substr(at).starts_with(part);
  }

  [[noreturn]] void fail(const std::string& cause, std::size_t at) {
    throw SyntaxError(cause, position(at));
  }

  Position position(std::size_t at) {
    if (at < counted_) {
      counted_ = 0;
      counted_position_ = {};
    }
    for (; counted_ < at; ++counted_) {
      if (text_[counted_] == '\n') {
        ++counted_position_.line;
        counted_position_.column = 1;
      } else {
        ++counted_position_.column;
      }
    }
    return counted_position_;
  }

  void push(Token::Kind kind, std::string text) {
    tokens_.push_back({kind, std::move(text), position(mark_)});
  }

  std::size_t find_tag() const {
    for (std::size_t at = text_.find('{', at_); at + 1 < text_.size();
         at = text_.find('{', at + 1)) {
      if (at == std::string::npos) break;
      const char next = text_[at + 1];
      if (next == '{' || next == '%' || next == '#') return at;
    }
    return std::string::npos;
  }

  // The text up to a tag, less what the tag takes of it.
  void push_data(std::size_t tag) {
    const std::size_t start = at_;
    std::size_t end = tag == std::string::npos ? text_.size() : tag;
    if (tag != std::string::npos) end = trimmed_end(start, tag, text_[tag + 1] != '{');
    mark_ = start;
    if (end > start) push(Token::Kind::data, text_.substr(start, end - start));
    at_ = tag == std::string::npos ? text_.size() : tag;
  }

  // Where the data before a tag ends. `indentation`: whether the tag takes that away.
  std::size_t trimmed_end(std::size_t start, std::size_t tag, bool indentation) const {
    const char sign = tag + 2 < text_.size() ? text_[tag + 2] : '\0';
    const auto data = std::string_view(text_).substr(start, tag - start);
    if (sign == '-') {
      const Text kept = strip(Text(std::string(data), Origin::markup), Ends::right,
                              [](const Character& c) { return is_space(c.code_point); });
      return start + kept.size();
    }
    if (sign == '+' || !indentation) return tag;
    const std::size_t line_feed = data.rfind('\n');
    const bool in_line = line_feed == std::string_view::npos;
    if (in_line && start > 0 && text_[start - 1] != '\n') return tag;
    const std::size_t line = in_line ? 0 : line_feed + 1;
    for (std::size_t at = line; at < data.size();) {
      const Character character = character_at(data, at);
      if (!is_space(character.code_point)) return tag;
      at += character.length;
    }
    return start + line;
  }

  void skip_space() {
    while (at_ < text_.size()) {
      const Character character = character_at(text_, at_);
      if (!is_space(character.code_point)) return;
      at_ += character.length;
    }
  }

  // Goes past the end of a tag. `takes_line_feed`: as set for blocks and comments.
  void leave_tag(Trim trim, bool takes_line_feed) {
    if (trim == Trim::strip) {
      skip_space();
    } else if (trim == Trim::as_set && takes_line_feed && at_ < text_.size() &&
               text_[at_] == '\n') {
      ++at_;
    }
  }

  void read_tag(std::size_t tag) {
    mark_ = tag;
    const char kind = text_[tag + 1];
    if (kind == '#') return skip_comment(tag);
    at_ = tag + 2;
    if (at_ < text_.size() && (text_[at_] == '-' || text_[at_] == '+')) ++at_;
    if (kind == '%' && read_raw(tag)) return;
    push(kind == '%' ? Token::Kind::block_begin : Token::Kind::output_begin, {});
    read_inside(kind == '%', tag);
  }

  void skip_comment(std::size_t tag) {
    const std::size_t end = text_.find("#}", tag + 2);
    if (end == std::string::npos) fail("a comment is not closed", tag);
    at_ = end + 2;
    const char sign = end > tag + 2 ? text_[end - 1] : '\0';
    leave_tag(sign == '-' ? Trim::strip : sign == '+' ? Trim::keep : Trim::as_set, true);
  }

  // {% raw %} up to {% endraw %}, whose content is data.
  bool read_raw(std::size_t tag) {
    const std::size_t before = at_;
    skip_space();
    const std::size_t word = at_;
    at_ = before;
    if (!starts(word, "raw")) return false;
    at_ = word + 3;
    skip_space();
    const bool strips = starts(at_, "-%}");
    if (!strips && !starts(at_, "%}")) {
      at_ = before;
      return false;
    }
    at_ += strips ? 3 : 2;
    if (strips) skip_space();
    const std::size_t start = at_;
    for (std::size_t end = text_.find("{%", start); end != std::string::npos;
         end = text_.find("{%", end + 2)) {
      if (!end_of_raw(end)) continue;
      const std::size_t data_end = trimmed_end(start, end, true);
      mark_ = start;
      if (data_end > start) push(Token::Kind::data, text_.substr(start, data_end - start));
      return true;
    }
    fail("raw is not closed by endraw", tag);
  }

  // Goes past {% endraw %} when that is what stands there.
  bool end_of_raw(std::size_t tag) {
    const std::size_t before = at_;
    at_ = tag + 2;
    if (at_ < text_.size() && (text_[at_] == '-' || text_[at_] == '+')) ++at_;
    skip_space();
    if (starts(at_, "endraw")) {
      at_ += 6;
      skip_space();
      const char sign = at_ < text_.size() ? text_[at_] : '\0';
      if (sign == '-' || sign == '+') ++at_;
      if (starts(at_, "%}")) {
        at_ += 2;
        leave_tag(sign == '-' ? Trim::strip : sign == '+' ? Trim::keep : Trim::as_set, true);
        return true;
      }
    }
    at_ = before;
    return false;
  }

  // Whether the tag ends here; goes past its end.
  bool read_end(bool block) {
    const std::string_view close = block ? "%}" : "}}";
    const char sign = text_[at_];
    const bool is_sign = sign == '-' || (block && sign == '+');
    if (!starts(is_sign ? at_ + 1 : at_, close)) return false;
    mark_ = at_;
    push(block ? Token::Kind::block_end : Token::Kind::output_end, {});
    at_ += is_sign ? 3 : 2;
    leave_tag(sign == '-' ? Trim::strip : sign == '+' ? Trim::keep : Trim::as_set, block);
    return true;
  }

  void read_inside(bool block, std::size_t tag) {
    std::string open;  // the brackets that wait to be closed
    while (true) {
      skip_space();
      if (at_ >= text_.size()) fail("a tag is not closed", tag);
      if (open.empty() && read_end(block)) return;
      mark_ = at_;
      if (starts_name(text_[at_])) {
        read_name();
      } else if (is_decimal(text_[at_])) {
        read_number();
      } else if (text_[at_] == '\'' || text_[at_] == '"') {
        read_string();
      } else {
        read_symbol(open);
      }
    }
  }

  void read_name() {
    const std::size_t start = at_;
    while (at_ < text_.size() && continues_name(text_[at_])) ++at_;
    push(Token::Kind::name, text_.substr(start, at_ - start));
  }

  void take_digits(std::string& number) {
    while (at_ < text_.size() && (is_decimal(text_[at_]) || text_[at_] == '_')) {
      if (text_[at_] != '_') number += text_[at_];
      ++at_;
    }
  }

  void read_number() {
    std::string number;
    const char prefix = at_ + 1 < text_.size() ? static_cast<char>(text_[at_ + 1] | 0x20) : '\0';
    if (text_[at_] == '0' && (prefix == 'x' || prefix == 'o' || prefix == 'b')) {
      number = {'0', prefix};
      at_ += 2;
      for (; at_ < text_.size() &&
             (std::isalnum(static_cast<unsigned char>(text_[at_])) || text_[at_] == '_');
           ++at_) {
        if (text_[at_] != '_') number += text_[at_];
      }
      return push(Token::Kind::integer, number);
    }
    take_digits(number);
    auto kind = Token::Kind::integer;
    const auto digit_at = [&](std::size_t at) {
      return at < text_.size() && is_decimal(text_[at]);
    };
    // After a dot, as in `x.0.1`, numbers are indices.
    const bool indexes = !tokens_.empty() && tokens_.back().kind == Token::Kind::symbol &&
                         tokens_.back().text == ".";
    if (!indexes && starts(at_, ".") && digit_at(at_ + 1)) {
      kind = Token::Kind::floating;
      number += text_[at_++];
      take_digits(number);
    }
    if (!indexes && at_ < text_.size() && (text_[at_] | 0x20) == 'e') {
      const bool sign = starts(at_ + 1, "+") || starts(at_ + 1, "-");
      if (digit_at(at_ + (sign ? 2 : 1))) {
        kind = Token::Kind::floating;
        number.append(text_, at_, sign ? 2 : 1);
        at_ += sign ? 2 : 1;
        take_digits(number);
      }
    }
    push(kind, number);
  }

  void read_string() {
    const char quote = text_[at_];
    std::size_t end = at_ + 1;
    while (end < text_.size() && text_[end] != quote) end += text_[end] == '\\' ? 2 : 1;
    if (end >= text_.size()) fail("a string is not closed", at_);
    const auto content = string_literal(std::string_view(text_).substr(at_ + 1, end - at_ - 1));
    if (!content) fail("a string has an escape that is none", at_);
    push(Token::Kind::string, *content);
    at_ = end + 1;
  }

  void read_symbol(std::string& open) {
    for (const std::string_view symbol : kSymbols) {
      if (!starts(at_, symbol)) continue;
      const char c = symbol.front();
      if (c == '(' || c == '[' || c == '{') open += c;
      if (c == ')' || c == ']' || c == '}') {
        const char matching = c == ')' ? '(' : c == ']' ? '[' : '{';
        if (open.empty() || open.back() != matching) {
          fail("unexpected '" + std::string(symbol) + "'", at_);
        }
        open.pop_back();
      }
      at_ += symbol.size();
      return push(Token::Kind::symbol, std::string(symbol));
    }
    fail("unexpected character", at_);
  }

  std::string text_;
  std::size_t at_ = 0;
  std::size_t mark_ = 0;  // where the token that is being read begins
  std::size_t counted_ = 0;
  Position counted_position_;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize(std::string_view source) {
  return Lexer(source).run();
}

}  // namespace redbolt::llm::jinja
