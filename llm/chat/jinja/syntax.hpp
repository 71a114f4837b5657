// The syntax tree of a template.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "chat/jinja/failure.hpp"
#include "chat/jinja/value.hpp"

namespace redbolt::llm::jinja {

struct Expression;
struct Statement;
using ExpressionPointer = std::unique_ptr<Expression>;
using Body = std::vector<Statement>;

struct Argument {
  enum class Kind { positional, named, spread, named_spread };
  Kind kind = Kind::positional;
  std::string name;
  ExpressionPointer value;
};

struct Literal {
  Value value;
};
struct Name {
  std::string name;
};
struct ListLiteral {
  std::vector<ExpressionPointer> items;
  bool tuple = false;
};
struct DictLiteral {
  std::vector<std::pair<ExpressionPointer, ExpressionPointer>> entries;
};
struct Attribute {
  ExpressionPointer object;
  std::string name;
};
struct Subscript {
  ExpressionPointer object;
  ExpressionPointer index;
};
struct Slice {
  ExpressionPointer object;
  ExpressionPointer start, stop, step;  // each may be null
};
struct Call {
  ExpressionPointer callee;
  std::vector<Argument> arguments;
};
struct Filter {
  ExpressionPointer subject;  // null in a filter block: its body
  std::string name;
  std::vector<Argument> arguments;
};
struct Test {
  ExpressionPointer subject;
  std::string name;
  std::vector<Argument> arguments;
  bool negated = false;
};
enum class UnaryOperator { negate, plus, logical_not };
struct Unary {
  UnaryOperator operation;
  ExpressionPointer operand;
};
enum class BinaryOperator {
  add,
  subtract,
  multiply,
  divide,
  floor_divide,
  modulo,
  power,
  logical_and,
  logical_or,
};
struct Binary {
  BinaryOperator operation;
  ExpressionPointer left, right;
};
enum class Comparison { equal, not_equal, less, less_equal, greater, greater_equal, in, not_in };
// a < b <= c
struct Compare {
  ExpressionPointer first;
  std::vector<std::pair<Comparison, ExpressionPointer>> rest;
};
struct Concatenation {
  std::vector<ExpressionPointer> items;
};
struct Conditional {
  ExpressionPointer condition, value;
  ExpressionPointer otherwise;  // may be null
};

struct Expression {
  Position at;
  int height = 1;  // of the tree below it: what walking it takes of the stack
  std::variant<Literal, Name, ListLiteral, DictLiteral, Attribute, Subscript, Slice, Call, Filter,
               Test, Unary, Binary, Compare, Concatenation, Conditional>
      node;
};

// What a value is assigned to: a name, an attribute of a namespace, or several of them.
struct Target {
  std::string name;
  std::string attribute;      // empty: the name itself
  std::vector<Target> parts;  // not empty: unpacked
};

struct Data {
  std::string text;
};
struct Output {
  ExpressionPointer value;
};
struct Set {
  Target target;
  ExpressionPointer value;
};
struct SetBlock {
  Target target;
  ExpressionPointer filter;  // may be null
  Body body;
};
struct For {
  Target target;
  ExpressionPointer items;
  ExpressionPointer condition;  // may be null
  Body body;
  Body otherwise;
};
struct If {
  std::vector<std::pair<ExpressionPointer, Body>> branches;
  Body otherwise;
};
struct Parameter {
  std::string name;
  ExpressionPointer fallback;  // may be null
};
struct MacroDefinition {
  std::string name;
  std::vector<Parameter> parameters;
  Body body;
};
struct CallBlock {
  MacroDefinition caller;
  ExpressionPointer call;
};
struct FilterBlock {
  ExpressionPointer filter;
  Body body;
};
struct With {
  std::vector<std::pair<Target, ExpressionPointer>> variables;
  Body body;
};
struct Generation {
  Body body;
};
struct Evaluate {
  ExpressionPointer value;
};
struct Break {};
struct Continue {};

struct Statement {
  Position at;
  std::variant<Data, Output, Set, SetBlock, For, If, MacroDefinition, CallBlock, FilterBlock, With,
               Generation, Evaluate, Break, Continue>
      node;
};

}  // namespace redbolt::llm::jinja
