// Walks a syntax tree: statements write text, expressions have values.
#pragma once

#include <string_view>
#include <vector>

#include "chat/jinja/runtime.hpp"
#include "chat/jinja/syntax.hpp"
#include "chat/jinja/text.hpp"
#include "chat/jinja/value.hpp"

namespace redbolt::llm::jinja {

class Evaluator {
 public:
  // `runtime` and `globals` must outlive the evaluator and the functions that templates define.
  Evaluator(Runtime& runtime, const Scope& globals);

  // The text that the statements write. Throws Failure; the place is then the runtime's.
  Text render(const Body& body);

 private:
  // How a statement ends: goes on with the next one, or leaves the loop's body.
  enum class Flow { normal, leave_loop, next_round };
  class InScope;
  class IntoText;

  Flow run(const Body& body);
  Flow run_statement(const Statement& statement);
  Flow execute(const Data& node);
  Flow execute(const Output& node);
  Flow execute(const Set& node);
  Flow execute(const SetBlock& node);
  Flow execute(const For& node);
  Flow execute(const If& node);
  Flow execute(const MacroDefinition& node);
  Flow execute(const CallBlock& node);
  Flow execute(const FilterBlock& node);
  Flow execute(const With& node);
  Flow execute(const Generation& node);
  Flow execute(const Evaluate& node);
  static Flow execute(const Break&) { return Flow::leave_loop; }
  static Flow execute(const Continue&) { return Flow::next_round; }
  std::vector<Value> loop_items(const For& node);
  Value text_of(const Body& body);
  void assign(const Target& target, const Value& value);
  Callable* macro(const MacroDefinition& node);
  Value call_macro(const MacroDefinition& node, const Scope* defined_in,
                   const Arguments& arguments);

  Value evaluate(const Expression& expression);
  Value value_of(const Literal& node) { return node.value; }
  Value value_of(const Name& node);
  Value value_of(const ListLiteral& node);
  Value value_of(const DictLiteral& node);
  Value value_of(const Attribute& node);
  Value value_of(const Subscript& node);
  Value value_of(const Slice& node);
  Value value_of(const Call& node);
  Value value_of(const Filter& node);
  Value value_of(const Test& node);
  Value value_of(const Unary& node);
  Value value_of(const Binary& node);
  Value value_of(const Compare& node);
  Value value_of(const Concatenation& node);
  Value value_of(const Conditional& node);
  Arguments arguments_of(const std::vector<Argument>& arguments);
  Value call(const Call& node, const Arguments& arguments);

  Runtime& runtime_;
  Scope* scope_;
  Text* output_ = nullptr;
  const Value* filtered_ = nullptr;  // the body of the filter block at hand
};

}  // namespace redbolt::llm::jinja
