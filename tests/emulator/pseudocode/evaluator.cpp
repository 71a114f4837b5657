#include "evaluator.hpp"

#include <algorithm>
#include <cmath>

namespace redbolt::pseudocode {
namespace {

using EKind = Expression::Kind;

// The type a view names: f32, u16, b128, ... "u" alone is as wide as what follows it.
bool view_type(const std::string& text, Type& type) {
  static constexpr std::pair<std::string_view, Kind> kinds[] = {{"bf", Kind::brain_float},
                                                                {"f", Kind::floating},
                                                                {"u", Kind::unsigned_integer},
                                                                {"i", Kind::signed_integer},
                                                                {"b", Kind::bits}};
  for (const auto& [letter, kind] : kinds) {
    if (!text.starts_with(letter)) continue;
    unsigned width = 0;
    for (std::size_t i = letter.size(); i < text.size(); ++i) {
      if (text[i] < '0' || text[i] > '9') return false;
      width = width * 10 + static_cast<unsigned>(text[i] - '0');
    }
    if (width == 0 || width > 128) return false;
    type = {kind, width};
    return true;
  }
  return false;
}

i128 bounded(i128 value, Type type) {
  const bool is_signed = type.kind == Kind::signed_integer;
  const i128 low = is_signed ? -(i128{1} << (type.width - 1)) : 0;
  const i128 high = (i128{1} << (is_signed ? type.width - 1 : type.width)) - 1;
  return std::clamp(value, low, high);
}

Value constant_named(const std::string& name, bool& known) {
  static const std::unordered_map<std::string, std::uint64_t> doubles{
      {"INF", 0x7ff0000000000000},
      {"NAN", 0x7ff8000000000000},
      {"PI", 0x400921fb54442d18},
  };
  known = true;
  if (name == "MAX_FLOAT_F32") return {{Kind::floating, 32}, 0x7f7fffff};
  const auto found = doubles.find(name);
  known = found != doubles.end();
  return known ? Value{{Kind::floating, 64}, static_cast<i128>(found->second)} : Value{};
}

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

// --- places

Evaluator::Place Evaluator::named_place(const Expression& e, bool create) {
  Place p;
  if (e.text == "MEM" || e.text == "LDS") {
    p.kind = Place::Kind::memory;
    return p;
  }
  if (e.text == "VGPR") {
    p.kind = Place::Kind::vgpr_file;
    return p;
  }
  if (e.text == "SGPR") {
    p.kind = Place::Kind::sgpr;
    return p;
  }
  auto found = variables_.find(e.text);
  if (found == variables_.end()) {
    bool known = false;
    Variable fresh;
    fresh.value = constant_named(e.text, known);
    if (!known && !create) throw EvaluationError("nothing defines " + e.text);
    if (!known) fresh.value = {{Kind::bits, 128}, 0};
    found = variables_.emplace(e.text, std::move(fresh)).first;
  }
  p.variable = &found->second;
  p.type = p.variable->value.type;
  p.saturates = saturate && (e.text == "D0" || e.text == "tmp");
  return p;
}

Evaluator::Place Evaluator::place(const Expression& e, bool create) {
  switch (e.kind) {
    case EKind::name:
      return named_place(e, create);
    case EKind::view: {
      Type type;
      if (!view_type(e.text, type)) {
        // A field of a register that is given under its full name: WAVE_MODE.IEEE
        Expression field{EKind::name, e.operands[0]->text + "." + e.text, {}, {}, {}};
        return named_place(field, false);
      }
      Place p = place(*e.operands[0], create);
      const bool narrows_float = p.whole && p.kind == Place::Kind::variable && p.element < 0 &&
                                 p.variable->words.empty() && p.variable->value.type.is_float() &&
                                 type.is_float() && p.variable->value.type.width != type.width;
      if (narrows_float) {
        temporaries_.push_back({});
        temporaries_.back().value = converted(p.variable->value, type, control);
        p = Place{};
        p.variable = &temporaries_.back();
        p.type = type;
        return p;
      }
      p.type = type;
      p.whole = false;
      return p;
    }
    case EKind::element:
      return element_of(place(*e.operands[0], create),
                        static_cast<std::uint64_t>(evaluate(*e.operands[1]).number));
    case EKind::slice:
    case EKind::part: {
      const Place base = place(*e.operands[0], create);
      const auto first = static_cast<std::uint64_t>(evaluate(*e.operands[1]).number);
      const auto second = static_cast<std::uint64_t>(evaluate(*e.operands[2]).number);
      return e.kind == EKind::slice ? slice_of(base, first, second)
                                    : slice_of(base, first + second - 1, first);
    }
    default: {
      Value value = evaluate(e);
      temporaries_.push_back({});
      temporaries_.back().value = value;
      Place p;
      p.variable = &temporaries_.back();
      p.type = value.type;
      return p;
    }
  }
}

Evaluator::Place Evaluator::element_of(Place base, std::uint64_t index) {
  switch (base.kind) {
    case Place::Kind::memory:
      if (!base.whole) break;
      base.index = index;
      base.type = {Kind::bits, 32};
      base.whole = false;
      return base;
    case Place::Kind::vgpr_file:
      base.kind = Place::Kind::vgpr;
      base.index = index;
      return base;
    case Place::Kind::vgpr:
    case Place::Kind::sgpr:
      if (!base.whole) break;
      (base.kind == Place::Kind::vgpr ? base.number : base.index) = index;
      base.type = {Kind::bits, 32};
      base.whole = false;
      return base;
    case Place::Kind::variable:
      if (!base.variable->elements.empty() && base.element < 0) {
        if (index >= base.variable->elements.size()) throw EvaluationError("an index is too large");
        base.element = static_cast<int>(index);
        base.type = base.variable->elements[index].type;
        return base;
      }
  }
  base.low += static_cast<unsigned>(index);
  base.type = {Kind::unsigned_integer, 1};
  base.limit = 1;
  base.whole = false;
  return base;
}

Evaluator::Place Evaluator::slice_of(Place base, std::uint64_t high, std::uint64_t low) {
  base.reversed = high < low;
  if (base.reversed) std::swap(high, low);
  base.low += static_cast<unsigned>(low);
  const bool keeps_sign = base.type.kind == Kind::unsigned_integer || base.type.kind == Kind::bits;
  base.type = {keeps_sign ? base.type.kind : Kind::unsigned_integer,
               static_cast<unsigned>(high - low + 1)};
  base.limit = base.type.width;
  base.whole = false;
  return base;
}

u128 Evaluator::raw(const Place& p) {
  const unsigned width = p.low + std::min(p.type.width, p.limit);
  switch (p.kind) {
    case Place::Kind::memory:
      return surroundings_.memory(p.index, width);
    case Place::Kind::vgpr:
      return surroundings_.vgpr(p.index, p.number);
    case Place::Kind::sgpr: {
      u128 bits = 0;
      for (unsigned i = 0; i * 32 < width; ++i)
        bits |= u128{surroundings_.sgpr(p.index + i)} << (32 * i);
      return bits;
    }
    default:
      break;
  }
  const Variable& v = *p.variable;
  if (p.element >= 0)
    return static_cast<u128>(v.elements[static_cast<std::size_t>(p.element)].number);
  return static_cast<u128>(v.value.number);
}

Value Evaluator::read(const Place& p) {
  if (p.kind == Place::Kind::variable && !p.variable->words.empty()) {
    u128 bits = 0;
    for (unsigned i = 0; i < p.type.width; ++i) {
      const unsigned at = p.low + i;
      bits |= u128{p.variable->words.at(at / 32) >> (at % 32) & 1} << i;
    }
    return reinterpreted(static_cast<i128>(bits), p.type);
  }
  if (p.whole && p.kind == Place::Kind::variable) {
    return p.element < 0 ? p.variable->value
                         : p.variable->elements[static_cast<std::size_t>(p.element)];
  }
  const unsigned width = std::min(p.type.width, p.limit);
  u128 bits = low_bits(static_cast<i128>(raw(p)) >> p.low, width);
  if (p.reversed) {
    u128 reversed = 0;
    for (unsigned i = 0; i < width; ++i) reversed |= (bits >> i & 1) << (width - 1 - i);
    bits = reversed;
  }
  return reinterpreted(static_cast<i128>(bits), p.type);
}

void Evaluator::set_raw(const Place& p, u128 bits) {
  switch (p.kind) {
    case Place::Kind::memory:
      if (p.low != 0) throw EvaluationError("a part of memory is written");
      surroundings_.set_memory(p.index, p.type.width, bits);
      return;
    case Place::Kind::vgpr:
      surroundings_.set_vgpr(p.index, p.number, static_cast<std::uint32_t>(bits));
      return;
    case Place::Kind::sgpr:
      for (unsigned i = 0; i * 32 < p.type.width; ++i)
        surroundings_.set_sgpr(p.index + i, static_cast<std::uint32_t>(bits >> (32 * i)));
      return;
    default:
      break;
  }
  Variable& v = *p.variable;
  if (!v.words.empty()) {
    for (unsigned i = 0; i < p.type.width; ++i) {
      const unsigned at = p.low + i;
      auto& word = v.words.at(at / 32);
      const auto bit = static_cast<std::uint32_t>(bits >> i & 1);
      word = (word & ~(1u << (at % 32))) | bit << (at % 32);
    }
    return;
  }
  Value& value = p.element < 0 ? v.value : v.elements[static_cast<std::size_t>(p.element)];
  const u128 mask = low_bits(-1, p.type.width) << p.low;
  const u128 merged = (static_cast<u128>(value.number) & ~mask) | (bits << p.low & mask);
  value = reinterpreted(static_cast<i128>(merged), value.type);
}

void Evaluator::write(const Place& p, const Value& value) {
  const bool is_variable = p.kind == Place::Kind::variable;
  if (p.whole && is_variable && p.variable->words.empty()) {
    Value& target = p.element < 0 ? p.variable->value
                                  : p.variable->elements[static_cast<std::size_t>(p.element)];
    target = p.variable->fixed ? reinterpreted(value.number, target.type) : value;
    return;
  }
  i128 number = value.number;
  const bool both_integers = !p.type.is_float() && !value.type.is_float();
  if (p.type.is_float() && value.type.is_float() && p.type.width != value.type.width) {
    number = converted(value, p.type, control).number;
  } else if (p.saturates && both_integers && p.type.kind != Kind::bits) {
    number = bounded(number, p.type);
  }
  // tmp.i32 = ... where there is no tmp yet
  const bool fresh = is_variable && !p.variable->fixed && p.element < 0 && p.limit == 128 &&
                     p.variable->value.type.width == 128 && p.type.kind == Kind::signed_integer;
  if (fresh) {
    p.variable->value = reinterpreted(number, p.type);
  } else {
    set_raw(p, low_bits(number, p.type.width));
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
  if (block == nullptr || !view_type(name.substr(name.rfind('_') + 1), type)) {
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
