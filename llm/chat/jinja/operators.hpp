// Arithmetic of values, with Python's rules; integers that leave 64 bits are refused.
#pragma once

#include "chat/jinja/runtime.hpp"
#include "chat/jinja/syntax.hpp"
#include "chat/jinja/value.hpp"

namespace redbolt::llm::jinja {

// All throw Failure for operands that do not go together. Not for `and` and `or`.
Value binary(Runtime& runtime, BinaryOperator operation, const Value& left, const Value& right);
Value unary(UnaryOperator operation, const Value& operand);
bool compare(Runtime& runtime, Comparison comparison, const Value& left, const Value& right);

}  // namespace redbolt::llm::jinja
