// AMD's pseudocode as a tree.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "value.hpp"

namespace redbolt::pseudocode {

struct Expression;
struct Statement;
using ExpressionPtr = std::unique_ptr<Expression>;
using Block = std::vector<Statement>;

struct Expression {
  enum class Kind : std::uint8_t {
    literal,
    name,
    view,     // operands[0].text, e.g. .f32, or a field such as .IEEE
    element,  // operands[0][operands[1]]: a bit, or an element of an array
    slice,    // operands[0][operands[1] : operands[2]]
    part,     // operands[0][operands[1] +: operands[2]]
    unary,
    binary,
    conditional,
    cast,  // type(operands[0])
    call,
    concatenation,
  };
  Kind kind;
  std::string text;  // name, view, operator or function
  Value value;       // literal
  Type type;         // cast
  std::vector<ExpressionPtr> operands;
};

struct Function {
  std::vector<std::string> parameters;
  ExpressionPtr result;  // or
  Block body;            // statements that return
};

struct Statement {
  enum class Kind : std::uint8_t { assign, declare, branch, loop, define, leave, give, evaluate };
  Kind kind;
  std::string text;      // name; assign: the operator before "=", or nothing
  ExpressionPtr target;  // assign
  std::vector<ExpressionPtr>
      expressions;                     // assign, give, evaluate: one; loop: two; branch: conditions
  std::vector<Block> blocks;           // branch: one for each condition and one for else; loop: one
  Type type;                           // declare
  unsigned elements = 0;               // declare: of an array
  std::shared_ptr<Function> function;  // define
};

}  // namespace redbolt::pseudocode
