// What can be assigned to: variables, registers and memory, and the bits of them that views and
// slices name.
#include <algorithm>

#include "evaluator.hpp"

namespace redbolt::pseudocode {
namespace {

using EKind = Expression::Kind;

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
      if (!type_named(e.text, type)) {
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

}  // namespace redbolt::pseudocode
