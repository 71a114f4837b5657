// The parser's view of the tokens: where it is, and what it may expect there.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chat/jinja/lexer.hpp"

namespace redbolt::llm::jinja {

class TokenStream {
 public:
  explicit TokenStream(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  // Beyond the end, the last token.
  const Token& look(std::size_t ahead = 0) const {
    return tokens_[std::min(next_ + ahead, tokens_.size() - 1)];
  }
  Token take() {
    const Token& token = look();
    if (next_ + 1 < tokens_.size()) ++next_;
    return token;
  }

  bool is(Token::Kind kind) const { return look().kind == kind; }
  bool is_symbol(std::string_view symbol, std::size_t ahead = 0) const {
    return look(ahead).kind == Token::Kind::symbol && look(ahead).text == symbol;
  }
  bool is_name(std::string_view name, std::size_t ahead = 0) const {
    return look(ahead).kind == Token::Kind::name && look(ahead).text == name;
  }

  bool skip_symbol(std::string_view symbol) {
    if (!is_symbol(symbol)) return false;
    take();
    return true;
  }
  bool skip_name(std::string_view name) {
    if (!is_name(name)) return false;
    take();
    return true;
  }

  void expect_symbol(std::string_view symbol) {
    if (!skip_symbol(symbol)) fail_expected("'" + std::string(symbol) + "'");
  }
  void expect_name(std::string_view name) {
    if (!skip_name(name)) fail_expected("'" + std::string(name) + "'");
  }
  Token expect(Token::Kind kind, std::string_view what) {
    if (!is(kind)) fail_expected(what);
    return take();
  }

  [[noreturn]] void fail(const std::string& cause) const { throw SyntaxError(cause, look().at); }

 private:
  [[noreturn]] void fail_expected(std::string_view what) const {
    fail("expected " + std::string(what) + ", not " + describe(look()));
  }
  static std::string describe(const Token& token) {
    switch (token.kind) {
      case Token::Kind::output_end:
      case Token::Kind::block_end:
        return "the end of the tag";
      case Token::Kind::end:
        return "the end of the template";
      case Token::Kind::data:
      case Token::Kind::output_begin:
      case Token::Kind::block_begin:
        return "text";
      case Token::Kind::string:
        return "a string";
      default:
        return std::string("'") + token.text.substr(0, 40) + "'";
    }
  }

  std::vector<Token> tokens_;
  std::size_t next_ = 0;
};

}  // namespace redbolt::llm::jinja
