#include "lexer.hpp"

#include <array>
#include <bit>
#include <cctype>
#include <cstdlib>

namespace redbolt::pseudocode {
namespace {

// Longest first.
constexpr std::array<std::string_view, 14> long_symbols{
    "**", "<<", ">>", "<=", ">=", "==", "!=", "<>", "&&", "||", "+=", "-=", "|=", "+:"};
constexpr std::string_view short_symbols = "+-*/%&|^~!<>=?:;,.(){}[]";

bool is_digit(char c) {
  return std::isdigit(static_cast<unsigned char>(c)) != 0;
}
bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  std::vector<Token> run() {
    std::vector<Token> tokens;
    for (skip_blanks(); at_ < text_.size(); skip_blanks()) tokens.push_back(next());
    tokens.push_back({});
    return tokens;
  }

 private:
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool take(std::string_view expected) {
    if (text_.substr(at_, expected.size()) != expected) return false;
    at_ += expected.size();
    return true;
  }

  void skip_blanks() {
    while (at_ < text_.size()) {
      if (std::isspace(static_cast<unsigned char>(peek())) != 0) {
        ++at_;
      } else if (text_.substr(at_, 2) == "//") {
        while (at_ < text_.size() && peek() != '\n') ++at_;
      } else {
        return;
      }
    }
  }

  Token next() {
    if (is_digit(peek())) return number();
    if (is_word(peek())) {
      const std::size_t start = at_;
      while (is_word(peek())) ++at_;
      return {Token::Kind::name, std::string(text_.substr(start, at_ - start)), {}, {}};
    }
    if (peek() == '"') return quoted();
    for (const auto symbol : long_symbols) {
      if (take(symbol)) return {Token::Kind::symbol, std::string(symbol), {}, {}};
    }
    if (short_symbols.find(peek()) == std::string_view::npos) {
      throw SyntaxError(std::string("unexpected character ").append(1, peek()));
    }
    return {Token::Kind::symbol, std::string(1, text_[at_++]), {}, {}};
  }

  Token quoted() {
    const std::size_t end = text_.find('"', at_ + 1);
    if (end == std::string_view::npos) throw SyntaxError("a quotation does not end");
    at_ = end + 1;
    return {Token::Kind::text, {}, {}, {}};
  }

  // 12, 0x1fU, 1.5F, and with a width in front: 8'255U, 16'1.0, 32'F (a type).
  Token number() {
    unsigned width = 0;
    const std::size_t start = at_;
    while (is_digit(peek())) ++at_;
    if (peek() == '\'') {
      width = static_cast<unsigned>(std::strtoul(text_.data() + start, nullptr, 10));
      ++at_;
      if (!is_digit(peek())) return width_type(width);
    } else {
      at_ = start;
    }
    return literal(width);
  }

  Token width_type(unsigned width) {
    static constexpr std::pair<char, Kind> kinds[] = {{'B', Kind::bits},
                                                      {'U', Kind::unsigned_integer},
                                                      {'I', Kind::signed_integer},
                                                      {'F', Kind::floating}};
    for (const auto& [letter, kind] : kinds) {
      if (peek() == letter) {
        ++at_;
        return {Token::Kind::type, {}, {}, {kind, width}};
      }
    }
    throw SyntaxError("a width without a type");
  }

  Token literal(unsigned width) {
    const char* begin = text_.data() + at_;
    char* end = nullptr;
    const std::uint64_t integer =
        std::strtoull(begin, &end, text_.substr(at_, 2) == "0x" ? 16 : 10);
    at_ += static_cast<std::size_t>(end - begin);
    Token token{Token::Kind::literal, {}, {}, {}};
    if (peek() == '.' && is_digit(peek(1))) {
      const double value = std::strtod(begin, &end);
      at_ = static_cast<std::size_t>(end - text_.data());
      if (take("F")) width = 32;
      const Type type{Kind::floating, width == 0 ? 64 : width};
      const auto bits = pack(from_double(value), format_of(type), Direction::nearest_even);
      token.value = {type, static_cast<i128>(bits)};
      return token;
    }
    Kind kind = Kind::signed_integer;
    if (take("U")) kind = Kind::unsigned_integer;
    if (take("LL")) width = 64;
    if (width == 0) width = 32;
    token.value = {{kind, width}, static_cast<i128>(integer)};
    return token;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<Token> tokens_of(std::string_view text) {
  return Lexer(text).run();
}

}  // namespace redbolt::pseudocode
