// Numbers within bounds, as digits: an automaton that compares what is written with the bounds,
// digit by digit, and keeps the remainder of a division where multiples are asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "constraint/json_parts.hpp"

namespace redbolt::llm {

// A decimal number written out: no exponent, no leading or trailing zeros; zero is "" and "".
struct Decimal {
  bool negative = false;
  std::string whole, fraction;

  // The text of a JSON number. Nothing when it needs more than 40 digits.
  static std::optional<Decimal> parse(std::string_view text);
  bool is_zero() const { return whole.empty() && fraction.empty(); }
};

// Less than zero, zero, or greater, as a is to b.
int compare(const Decimal& a, const Decimal& b);

struct NumberBounds {
  struct Bound {
    Decimal value;
    bool exclusive = false;
  };
  bool integer = false;
  std::optional<Bound> lower, upper;
  std::optional<Decimal> multiple_of;  // greater than zero, scaled to an integer at most 10,000
};

// Numbers are written without an exponent, zero without a sign. Throws SchemaError, of limits or of
// a multiple that is not supported; a range without any number makes an end that is not reached.
NodeId append_number_in(JsonParts& parts, NodeId from, const NumberBounds& bounds);

}  // namespace redbolt::llm
