#include "parser.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace redbolt::pseudocode {
namespace {

using Kind = Expression::Kind;

// Binary operators by how tightly they bind, loosest first.
constexpr std::array<std::array<std::string_view, 4>, 10> levels{{{"||"},
                                                                  {"&&"},
                                                                  {"|"},
                                                                  {"^"},
                                                                  {"&"},
                                                                  {"==", "!=", "<>"},
                                                                  {"<", ">", "<=", ">="},
                                                                  {"<<", ">>"},
                                                                  {"+", "-"},
                                                                  {"*", "/", "%"}}};

class Parser {
 public:
  explicit Parser(std::string_view text) : tokens_(tokens_of(text)) {}

  Block whole() {
    Block block = statements();
    if (token().kind != Token::Kind::end) fail("a statement");
    return block;
  }

 private:
  const Token& token(std::size_t ahead = 0) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }
  bool is(std::string_view text, std::size_t ahead = 0) const {
    const Token& t = token(ahead);
    return (t.kind == Token::Kind::symbol || t.kind == Token::Kind::name) && t.text == text;
  }
  bool take(std::string_view text) {
    if (!is(text)) return false;
    ++at_;
    return true;
  }
  void expect(std::string_view text) {
    if (!take(text)) fail(text);
  }
  [[noreturn]] void fail(std::string_view wanted) const {
    std::string text = "expected ";
    text.append(wanted).append(" at word ").append(std::to_string(at_));
    text.append(" (").append(token().text).append(")");
    throw SyntaxError(text);
  }
  std::string name() {
    if (token().kind != Token::Kind::name) fail("a name");
    return tokens_[at_++].text;
  }

  static ExpressionPtr make(Kind kind, std::string text = {}) {
    auto e = std::make_unique<Expression>();
    e->kind = kind;
    e->text = std::move(text);
    return e;
  }
  template <class... Operands>
  static ExpressionPtr with(ExpressionPtr e, Operands... operands) {
    (e->operands.push_back(std::move(operands)), ...);
    return e;
  }

  // --- statements

  bool at_block_end() const {
    for (const char* end : {"endif", "endfor", "else", "elsif", ")"}) {
      if (is(end)) return true;
    }
    return token().kind == Token::Kind::end;
  }

  Block statements() {
    Block block;
    while (true) {
      while (take(";")) {
      }
      if (at_block_end()) return block;
      block.push_back(statement());
    }
  }

  Statement statement() {
    if (take("declare")) return declaration();
    if (take("if")) return branch();
    if (take("for")) return loop();
    if (take("break")) return {Statement::Kind::leave, {}, {}, {}, {}, {}, 0, {}};
    if (take("return")) return single(Statement::Kind::give, expression());
    if (is("=", 1) && is("lambda", 2)) return definition();
    ExpressionPtr target = expression();
    for (const char* assignment : {"=", "+=", "-=", "|="}) {
      if (!take(assignment)) continue;
      Statement s = single(Statement::Kind::assign, expression());
      s.text = std::string(assignment, std::string_view(assignment).size() - 1);
      s.target = std::move(target);
      return s;
    }
    return single(Statement::Kind::evaluate, std::move(target));
  }

  static Statement single(Statement::Kind kind, ExpressionPtr e) {
    Statement s{kind, {}, {}, {}, {}, {}, 0, {}};
    s.expressions.push_back(std::move(e));
    return s;
  }

  Statement declaration() {
    Statement s{Statement::Kind::declare, name(), {}, {}, {}, {}, 0, {}};
    expect(":");
    if (token().kind != Token::Kind::type) fail("a type");
    s.type = tokens_[at_++].type;
    if (take("[")) {
      if (token().kind != Token::Kind::literal) fail("a number");
      s.elements = static_cast<unsigned>(tokens_[at_++].value.number);
      expect("]");
    }
    return s;
  }

  Statement branch() {
    Statement s{Statement::Kind::branch, {}, {}, {}, {}, {}, 0, {}};
    do {
      s.expressions.push_back(expression());
      expect("then");
      s.blocks.push_back(statements());
    } while (take("elsif"));
    if (take("else")) s.blocks.push_back(statements());
    expect("endif");
    return s;
  }

  Statement loop() {
    Statement s{Statement::Kind::loop, name(), {}, {}, {}, {}, 0, {}};
    expect("in");
    s.expressions.push_back(expression());
    expect(":");
    s.expressions.push_back(expression());
    expect("do");
    s.blocks.push_back(statements());
    expect("endfor");
    return s;
  }

  Statement definition() {
    Statement s{Statement::Kind::define, name(), {}, {}, {}, {}, 0, std::make_shared<Function>()};
    expect("=");
    expect("lambda");
    expect("(");
    do s.function->parameters.push_back(name());
    while (take(","));
    expect(")");
    expect("(");
    if (is("declare") || is("if") || is("for")) {
      s.function->body = statements();
    } else {
      s.function->result = expression();
    }
    expect(")");
    return s;
  }

  // --- expressions

  ExpressionPtr expression() {
    ExpressionPtr condition = binary(0);
    if (!take("?")) return condition;
    ExpressionPtr yes = expression();
    expect(":");
    ExpressionPtr no = expression();
    return with(make(Kind::conditional), std::move(condition), std::move(yes), std::move(no));
  }

  ExpressionPtr binary(std::size_t level) {
    if (level == levels.size()) return power();
    ExpressionPtr left = binary(level + 1);
    while (true) {
      const auto& operators = levels[level];
      const auto found = std::find_if(operators.begin(), operators.end(), [&](std::string_view o) {
        return !o.empty() && token().kind == Token::Kind::symbol && token().text == o;
      });
      if (found == operators.end()) return left;
      ++at_;
      left = with(make(Kind::binary, std::string(*found)), std::move(left), binary(level + 1));
    }
  }

  ExpressionPtr power() {
    ExpressionPtr base = unary();
    if (!take("**")) return base;
    return with(make(Kind::binary, "**"), std::move(base), unary());
  }

  ExpressionPtr unary() {
    for (const char* op : {"-", "+", "~", "!"}) {
      if (take(op)) return with(make(Kind::unary, op), unary());
    }
    return postfix(primary());
  }

  ExpressionPtr postfix(ExpressionPtr e) {
    while (true) {
      if (take(".")) {
        e = with(make(Kind::view, name()), std::move(e));
      } else if (take("[")) {
        ExpressionPtr first = expression();
        if (take(":")) {
          e = with(make(Kind::slice), std::move(e), std::move(first), expression());
        } else if (take("+:")) {
          e = with(make(Kind::part), std::move(e), std::move(first), expression());
        } else {
          e = with(make(Kind::element), std::move(e), std::move(first));
        }
        expect("]");
      } else {
        return e;
      }
    }
  }

  ExpressionPtr list(ExpressionPtr e, std::string_view end) {
    if (take(end)) return e;
    do e->operands.push_back(expression());
    while (take(","));
    expect(end);
    return e;
  }

  ExpressionPtr primary() {
    const Token& t = token();
    switch (t.kind) {
      case Token::Kind::literal:
      case Token::Kind::text: {
        ExpressionPtr e = make(Kind::literal);
        e->value = tokens_[at_++].value;
        return e;
      }
      case Token::Kind::type: {
        ExpressionPtr e = make(Kind::cast);
        e->type = tokens_[at_++].type;
        expect("(");
        return list(std::move(e), ")");
      }
      case Token::Kind::name: {
        std::string text = name();
        if (take("(")) return list(make(Kind::call, std::move(text)), ")");
        return make(Kind::name, std::move(text));
      }
      default:
        break;
    }
    if (take("{")) return list(make(Kind::concatenation), "}");
    expect("(");
    ExpressionPtr e = expression();
    expect(")");
    return e;
  }

  std::vector<Token> tokens_;
  std::size_t at_ = 0;
};

}  // namespace

Block parse(std::string_view text) {
  return Parser(text).whole();
}

}  // namespace redbolt::pseudocode
