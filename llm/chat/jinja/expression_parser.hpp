// Tokens to expressions, with the precedences of Jinja's own parser.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "chat/jinja/syntax.hpp"
#include "chat/jinja/token_stream.hpp"

namespace redbolt::llm::jinja {

class ExpressionParser {
 public:
  // `tokens` must outlive the parser.
  explicit ExpressionParser(TokenStream& tokens) : tokens_(tokens) {}

  // Every function throws SyntaxError.
  ExpressionPointer expression();
  // Without `a if b else c`, as in the head of a for or an if.
  ExpressionPointer simple_expression() { return disjunction(); }
  // Several expressions with commas between them are a tuple. `conditional`: whether `a if b` may
  // stand in it.
  ExpressionPointer tuple(bool conditional);
  // The filters after `subject`, which may be null; `first_inline`: the first without `|`.
  ExpressionPointer filters(ExpressionPointer subject, bool first_inline);

 private:
  class Nesting;

  ExpressionPointer disjunction();
  ExpressionPointer conjunction();
  ExpressionPointer negation();
  ExpressionPointer comparison();
  ExpressionPointer sum();
  ExpressionPointer concatenation();
  ExpressionPointer product();
  ExpressionPointer power();
  ExpressionPointer unary(bool with_filters);
  ExpressionPointer primary();
  ExpressionPointer named();
  ExpressionPointer string();
  ExpressionPointer number();
  ExpressionPointer parenthesis();
  ExpressionPointer list();
  ExpressionPointer dict();
  ExpressionPointer postfix(ExpressionPointer object);
  ExpressionPointer attribute(ExpressionPointer object);
  ExpressionPointer subscript(ExpressionPointer object);
  ExpressionPointer filters_and_tests(ExpressionPointer subject);
  ExpressionPointer one_filter(ExpressionPointer subject);
  ExpressionPointer test(ExpressionPointer subject);
  ExpressionPointer call(ExpressionPointer callee);
  std::vector<Argument> arguments();
  ExpressionPointer binary(BinaryOperator operation, ExpressionPointer left,
                           ExpressionPointer right);
  template <class Node>
  ExpressionPointer make(Position at, Node node, std::initializer_list<int> heights);

  TokenStream& tokens_;
  int nesting_ = 0;
};

}  // namespace redbolt::llm::jinja
