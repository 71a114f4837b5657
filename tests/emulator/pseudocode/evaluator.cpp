#include "evaluator.hpp"

#include <algorithm>
#include <cmath>

namespace redbolt::pseudocode {
namespace {

using EKind = Expression::Kind;

}  // namespace

void Evaluator::set(const std::string& name, Type type, i128 value) {
  Variable& v = variables_[name];
  v.value = reinterpreted(value, type);
  v.fixed = v.given = true;
}

void Evaluator::set_array(const std::string& name, Type type, const std::vector<i128>& values) {
  Variable& v = variables_[name];
  v.elements.clear();
  for (const i128 value : values) v.elements.push_back(reinterpreted(value, type));
  v.fixed = v.given = true;
}

void Evaluator::set_wide(const std::string& name, std::vector<std::uint32_t> words) {
  Variable& v = variables_[name];
  v.words = std::move(words);
  v.fixed = v.given = true;
}

u128 Evaluator::bits(const std::string& name, unsigned width) const {
  return low_bits(variable(name).value.number, width);
}

const Variable& Evaluator::variable(const std::string& name) const {
  const auto found = variables_.find(name);
  if (found == variables_.end()) throw EvaluationError("nothing assigns " + name);
  return found->second;
}

void Evaluator::run(const Block& block) {
  execute(block);
}

// --- statements

Evaluator::Flow Evaluator::execute(const Block& block) {
  for (const Statement& statement : block) {
    const Flow flow = execute(statement);
    if (flow != Flow::onward) return flow;
  }
  return Flow::onward;
}

Evaluator::Flow Evaluator::execute(const Statement& statement) {
  using SKind = Statement::Kind;
  switch (statement.kind) {
    case SKind::assign:
      assign(statement);
      break;
    case SKind::declare:
      declare(statement);
      break;
    case SKind::branch:
      return branch(statement);
    case SKind::loop:
      return loop(statement);
    case SKind::define:
      functions_[statement.text] = statement.function.get();
      break;
    case SKind::leave:
      return Flow::leave;
    case SKind::give:
      given_ = evaluate(*statement.expressions[0]);
      return Flow::give;
    case SKind::evaluate:
      evaluate(*statement.expressions[0]);
      break;
  }
  return Flow::onward;
}

Evaluator::Flow Evaluator::branch(const Statement& statement) {
  for (std::size_t i = 0; i < statement.expressions.size(); ++i) {
    if (evaluate(*statement.expressions[i]).number != 0) return execute(statement.blocks[i]);
  }
  const bool has_else = statement.blocks.size() > statement.expressions.size();
  return has_else ? execute(statement.blocks.back()) : Flow::onward;
}

Evaluator::Flow Evaluator::loop(const Statement& statement) {
  const Value first = evaluate(*statement.expressions[0]);
  const i128 last = evaluate(*statement.expressions[1]).number;
  for (i128 i = first.number; i <= last; ++i) {
    Variable& counter = variables_[statement.text];
    counter = Variable{};
    counter.value = {first.type, i};
    const Flow flow = execute(statement.blocks[0]);
    if (flow == Flow::leave) break;
    if (flow == Flow::give) return flow;
  }
  return Flow::onward;
}

void Evaluator::declare(const Statement& statement) {
  Variable& v = variables_[statement.text];
  if (v.given) return;
  v = Variable{};
  v.fixed = true;
  v.value.type = statement.type;
  if (statement.elements != 0) v.elements.assign(statement.elements, Value{statement.type, 0});
}

void Evaluator::assign(const Statement& statement) {
  Value value = evaluate(*statement.expressions[0]);
  if (statement.target->kind == EKind::concatenation) {
    assign_parts(*statement.target, value);
    return;
  }
  const Place target = place(*statement.target, true);
  if (!statement.text.empty()) value = binary(statement.text, read(target), value);
  write(target, value);
}

// { high, low } = value
void Evaluator::assign_parts(const Expression& parts, Value value) {
  for (auto part = parts.operands.rbegin(); part != parts.operands.rend(); ++part) {
    const Place target = place(**part, true);
    write(target, reinterpreted(value.number, {Kind::bits, target.type.width}));
    value.number >>= target.type.width;
  }
}

// --- expressions

Value Evaluator::evaluate(const Expression& e) {
  switch (e.kind) {
    case EKind::literal:
      return e.value;
    case EKind::unary:
      return unary(e);
    case EKind::binary: {
      if (e.text == "&&" || e.text == "||") {
        const bool first = evaluate(*e.operands[0]).number != 0;
        if (first == (e.text == "||")) return make_bool(first);
        return make_bool(evaluate(*e.operands[1]).number != 0);
      }
      const Value left = evaluate(*e.operands[0]);
      return binary(e.text, left, evaluate(*e.operands[1]));
    }
    case EKind::conditional:
      return evaluate(*e.operands[evaluate(*e.operands[0]).number != 0 ? 1 : 2]);
    case EKind::cast:
      return cast(e.type, evaluate(*e.operands.at(0)));
    case EKind::call:
      return call(e);
    case EKind::concatenation:
      return concatenation(e);
    default: {
      const std::size_t kept = temporaries_.size();
      const Value value = read(place(e, false));
      temporaries_.resize(kept);
      return value;
    }
  }
}

Value Evaluator::unary(const Expression& e) {
  Value value = evaluate(*e.operands[0]);
  if (e.text == "!") return make_bool(value.number == 0);
  if (e.text == "~") {
    value.number = ~value.number;
    return value.type.kind == Kind::signed_integer ? value
                                                   : reinterpreted(value.number, value.type);
  }
  if (e.text == "-") {
    value.number =
        value.type.is_float() ? value.number ^ i128 { 1 } << (value.type.width - 1) : -value.number;
  }
  return value;
}

Value Evaluator::cast(const Type& type, const Value& value) {
  if (type.is_float() && value.type.is_float()) return converted(value, type, control);
  return reinterpreted(value.number, type);
}

Value Evaluator::concatenation(const Expression& e) {
  Value result{{Kind::bits, 0}, 0};
  for (const auto& operand : e.operands) {
    const Value value = evaluate(*operand);
    result.number = static_cast<i128>(static_cast<u128>(result.number) << value.type.width |
                                      low_bits(value.number, value.type.width));
    result.type.width += value.type.width;
  }
  return result;
}

Value Evaluator::float_binary(const std::string& op, const Value& a, const Value& b) {
  const Number x = number_of(a);
  const Number y = number_of(b);
  const Direction direction = control.of(a.type.width);
  const auto result = [&](const Number& number) {
    return Value{a.type, static_cast<i128>(pack(number, format_of(a.type), direction))};
  };
  const double p = to_double(x);
  const double q = to_double(y);
  if (op == "+") return result(add(x, y, direction));
  if (op == "-") {
    Number negated = y;
    negated.negative = !y.negative;
    return result(add(x, y.kind == Number::Kind::nan ? y : negated, direction));
  }
  if (op == "*") return result(multiply(x, y));
  if (op == "/") return result(from_double(p / q));
  if (op == "==") return make_bool(p == q);
  if (op == "!=") return make_bool(p != q);
  if (op == "<>") return make_bool(p < q || p > q);
  if (op == "<") return make_bool(p < q);
  if (op == ">") return make_bool(p > q);
  if (op == "<=") return make_bool(p <= q);
  if (op == ">=") return make_bool(p >= q);
  throw EvaluationError("no such operator for floats: " + op);
}

Value Evaluator::binary(const std::string& op, const Value& a, const Value& b) {
  if (op == "**")
    return {a.type, static_cast<i128>(pack(scaled(from_double(1.0), b.number), format_of(a.type),
                                           Direction::nearest_even))};
  if (a.type.is_float() && b.type.is_float()) return float_binary(op, a, b);
  const auto x = static_cast<u128>(a.number);
  const auto y = static_cast<u128>(b.number);
  const bool is_signed = a.type.kind == Kind::signed_integer && b.type.kind == Kind::signed_integer;
  const Type type{is_signed ? Kind::signed_integer : Kind::unsigned_integer,
                  std::max(a.type.width, b.type.width)};
  const auto result = [&](u128 bits) { return Value{type, static_cast<i128>(bits)}; };
  if (op == "+") return result(x + y);
  if (op == "-") return result(x - y);
  if (op == "*") return result(x * y);
  if (op == "/") return result(static_cast<u128>(a.number / b.number));
  if (op == "%") return result(static_cast<u128>(a.number % b.number));
  if (op == "&") return result(x & y);
  if (op == "|") return result(x | y);
  if (op == "^") return result(x ^ y);
  if (op == "<<") return {a.type, static_cast<i128>(y >= 128 ? 0 : x << static_cast<unsigned>(y))};
  if (op == ">>") return {a.type, a.number >> static_cast<unsigned>(y >= 127 ? 127 : y)};
  if (op == "==") return make_bool(a.number == b.number);
  if (op == "!=" || op == "<>") return make_bool(a.number != b.number);
  if (op == "<") return make_bool(a.number < b.number);
  if (op == ">") return make_bool(a.number > b.number);
  if (op == "<=") return make_bool(a.number <= b.number);
  if (op == ">=") return make_bool(a.number >= b.number);
  throw EvaluationError("no such operator: " + op);
}

Value Evaluator::call(const Expression& e) {
  std::vector<Value> arguments;
  for (const auto& operand : e.operands) arguments.push_back(evaluate(*operand));
  const auto found = functions_.find(e.text);
  if (found != functions_.end()) return call_function(*found->second, arguments);
  FloatControl rounding = control;
  const auto mode = variables_.find("ROUND_MODE");
  if (mode != variables_.end()) {
    rounding.f32 = rounding.f64_f16 = static_cast<Direction>(mode->second.value.number);
  }
  Value result;
  if (call_builtin(e.text, arguments, rounding, result)) return result;
  return call_instruction(e.text, arguments);
}

Value Evaluator::call_function(const Function& function, const std::vector<Value>& arguments) {
  for (std::size_t i = 0; i < function.parameters.size(); ++i) {
    Variable parameter;
    parameter.value = arguments.at(i);
    variables_[function.parameters[i]] = std::move(parameter);
  }
  if (function.result != nullptr) return evaluate(*function.result);
  execute(function.body);
  return given_;
}

// v_min_f32(a, b): the instruction of that name, whose result type its name ends with.
Value Evaluator::call_instruction(const std::string& name, const std::vector<Value>& arguments) {
  std::string upper = name;
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  const Block* block = definitions_(upper);
  Type type;
  if (block == nullptr || !type_named(name.substr(name.rfind('_') + 1), type)) {
    throw EvaluationError("nothing defines " + name);
  }
  if (type.width == 8) type.width = 32;  // sums of differences of bytes
  Evaluator inner(surroundings_, definitions_);
  inner.control = control;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    inner.set(std::string("S").append(std::to_string(i)), {Kind::bits, 64}, arguments[i].number);
  }
  inner.set("D0", {Kind::bits, 64}, 0);
  if (has("WAVE_MODE.IEEE")) {
    inner.set("WAVE_MODE.IEEE", {Kind::bits, 1}, variable("WAVE_MODE.IEEE").value.number);
  }
  inner.run(*block);
  return reinterpreted(inner.variable("D0").value.number, type);
}

}  // namespace redbolt::pseudocode
