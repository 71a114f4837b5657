#include "constraint/number_range.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include "redbolt/llm/constraint/schema_error.hpp"

namespace redbolt::llm {
namespace {

constexpr std::size_t kMaximumDigits = 40;
constexpr std::size_t kWholeDigits = 16;  // of a number without a bound on that side
// Numbers of 15 digits differ as doubles if they differ as text, so what reads them compares alike.
constexpr std::size_t kSignificantDigits = 15;
constexpr std::uint32_t kMaximumDivisor = 10'000;

// Of the absolute values only.
int compare_size(const Decimal& a, const Decimal& b) {
  if (a.whole.size() != b.whole.size()) return a.whole.size() < b.whole.size() ? -1 : 1;
  if (const int whole = a.whole.compare(b.whole); whole != 0) return whole;
  return a.fraction.compare(b.fraction);  // trailing zeros are gone
}

char digit_at(std::string_view digits, std::size_t at) {
  return at < digits.size() ? digits[at] : '0';
}

// Sizes without a sign, between two bounds that are not negative.
class SizeRange {
 public:
  SizeRange(JsonParts& parts, const std::optional<NumberBounds::Bound>& lower,
            const std::optional<NumberBounds::Bound>& upper, const NumberBounds& bounds)
      : grammar_(parts.grammar()), lower_(lower), upper_(upper) {
    if (bounds.multiple_of) set_divisor(*bounds.multiple_of);
    fraction_digits_ = bounds.integer ? 0 : kSignificantDigits;
    if (bounds.multiple_of) fraction_digits_ = std::min(fraction_digits_, scale_);
  }

  NodeId append(NodeId from) {
    end_ = grammar_.add_node();
    std::size_t longest = kWholeDigits;
    for (const auto& bound : {lower_, upper_}) {
      if (bound) longest = std::max(longest, bound->value.whole.size() + 1);
    }
    if (upper_) longest = std::max<std::size_t>(1, upper_->value.whole.size());
    for (std::size_t digits = 1; digits <= longest; ++digits) append_of_length(from, digits);
    return end_;
  }

 private:
  // Where a number stands: what is written so far equals the bound's beginning, or no longer does.
  struct Place {
    bool in_fraction;
    std::size_t left;    // digits of the whole part to come; or digits of the fraction written
    std::size_t length;  // digits of the whole part, where that matters later on: see most_fraction
    bool at_lower, at_upper;
    std::uint32_t remainder;
    auto operator<=>(const Place&) const = default;
  };

  void set_divisor(const Decimal& divisor) {
    scale_ = divisor.fraction.size();
    const std::string digits = divisor.whole + divisor.fraction;
    const auto first = std::min(digits.find_first_not_of('0'), digits.size());
    if (digits.size() - first > 5 || std::stoul("0" + digits) > kMaximumDivisor) {
      throw SchemaError(SchemaErrorCode::unsupported_value, "", "multipleOf",
                        "multipleOf is supported up to 10000, and to as many digits");
    }
    divisor_ = static_cast<std::uint32_t>(std::stoul("0" + digits));
  }

  static std::string padded(const Decimal& value, std::size_t digits) {
    return std::string(digits - value.whole.size(), '0') + value.whole;
  }

  void append_of_length(NodeId from, std::size_t digits) {
    Place start{false, digits, fraction_digits_ == 0 ? 0 : digits, false, false, 0};
    lower_digits_.clear();
    upper_digits_.clear();
    // Zero is written as one digit.
    if (lower_ && lower_->value.whole.size() > digits) return;
    if (upper_ && upper_->value.whole.size() < digits && digits > 1) return;
    if (lower_ && std::max<std::size_t>(1, lower_->value.whole.size()) == digits) {
      start.at_lower = true;
      lower_digits_ = padded(lower_->value, digits);
    }
    if (upper_ && std::max<std::size_t>(1, upper_->value.whole.size()) == digits) {
      start.at_upper = true;
      upper_digits_ = padded(upper_->value, digits);
    }
    length_ = digits;
    nodes_at_bounds_.clear();
    write_digits(from, start, digits > 1 ? '1' : '0');
  }

  NodeId node_at(const Place& place) {
    auto& nodes = place.at_lower || place.at_upper ? nodes_at_bounds_ : nodes_between_;
    const auto [entry, is_new] = nodes.try_emplace(place, 0);
    if (!is_new) return entry->second;
    const NodeId node = grammar_.add_node();
    entry->second = node;
    if (may_end(place)) grammar_.skip(node, end_);
    if (!place.in_fraction && place.left > 0) {
      write_digits(node, place, '0');
    } else if (!place.in_fraction && most_fraction(place) > 0) {
      Place fraction = place;
      fraction.in_fraction = true;
      write_digits(grammar_.append_text(node, "."), fraction, '0');
    } else if (place.in_fraction && place.left < most_fraction(place)) {
      write_digits(node, place, '0');
    }
    return node;
  }

  std::size_t most_fraction(const Place& place) const {
    const std::size_t free = kSignificantDigits - std::min(place.length, kSignificantDigits);
    return std::min(fraction_digits_, free);
  }

  void write_digits(NodeId from, const Place& place, char first) {
    const char low = place.at_lower ? bound_digit(place, *lower_, lower_digits_) : '0';
    const char high = place.at_upper ? bound_digit(place, *upper_, upper_digits_) : '9';
    for (char digit = std::max(first, low); digit <= high; ++digit) {
      Place next = place;
      next.left = place.in_fraction ? place.left + 1 : place.left - 1;
      next.at_lower = place.at_lower && digit == low;
      next.at_upper = place.at_upper && digit == high;
      if (divisor_ != 0) {
        next.remainder =
            (place.remainder * 10 + static_cast<std::uint32_t>(digit - '0')) % divisor_;
      }
      const auto byte = static_cast<std::uint8_t>(digit);
      grammar_.on_bytes(from, byte, byte, node_at(next));
    }
  }

  char bound_digit(const Place& place, const NumberBounds::Bound& bound,
                   const std::string& whole) const {
    return place.in_fraction ? digit_at(bound.value.fraction, place.left)
                             : whole[length_ - place.left];
  }

  bool may_end(const Place& place) const {
    if (place.in_fraction ? place.left == 0 : place.left > 0) return false;
    const std::size_t written = place.in_fraction ? place.left : 0;
    const auto equals = [&](const NumberBounds::Bound& bound) {
      return bound.value.fraction.size() <= written;  // the rest of the bound is zeros
    };
    if (place.at_lower && (!equals(*lower_) || lower_->exclusive)) return false;
    if (place.at_upper && equals(*upper_) && upper_->exclusive) return false;
    if (divisor_ == 0) return true;
    std::uint64_t remainder = place.remainder;
    for (std::size_t i = written; i < scale_; ++i) remainder = remainder * 10 % divisor_;
    return remainder == 0;
  }

  GrammarBuilder& grammar_;
  std::optional<NumberBounds::Bound> lower_, upper_;
  std::uint32_t divisor_ = 0;
  std::size_t scale_ = 0, fraction_digits_ = 0, length_ = 0;
  std::string lower_digits_, upper_digits_;
  NodeId end_ = 0;
  std::map<Place, NodeId> nodes_at_bounds_;  // of the length at hand
  std::map<Place, NodeId> nodes_between_;    // the same whatever the length was
};

using Bound = NumberBounds::Bound;

// A bound as a limit on the size of numbers of the other sign.
std::optional<Bound> mirrored(const std::optional<Bound>& bound) {
  if (!bound) return {};
  Bound result = *bound;
  result.value.negative = !result.value.negative;
  return result;
}

const Bound kAboveZero{{}, true};

std::optional<Bound> at_least_zero(const std::optional<Bound>& lower, const Bound& zero) {
  if (!lower || compare(lower->value, zero.value) < 0) return zero;
  Bound result = *lower;
  if (lower->value.is_zero()) result.exclusive = result.exclusive || zero.exclusive;
  return result;
}

void append_sizes(JsonParts& parts, NodeId from, NodeId end, const std::optional<Bound>& lower,
                  const std::optional<Bound>& upper, const NumberBounds& bounds) {
  if (upper && upper->value.negative) return;  // none
  parts.grammar().skip(SizeRange(parts, lower, upper, bounds).append(from), end);
}

}  // namespace

std::optional<Decimal> Decimal::parse(std::string_view text) {
  Decimal result;
  if (text.starts_with('-')) {
    result.negative = true;
    text.remove_prefix(1);
  }
  const std::size_t mark = std::min(text.find_first_of("eE"), text.size());
  int exponent = 0;
  if (mark < text.size()) {
    const std::string power(text.substr(mark + 1));
    if (power.size() > 4) return {};
    exponent = std::stoi(power);
  }
  text = text.substr(0, mark);
  const std::size_t point = std::min(text.find('.'), text.size());
  std::string digits(text.substr(0, point));
  auto whole = static_cast<long>(digits.size());
  if (point < text.size()) digits += text.substr(point + 1);
  whole += exponent;
  const auto most = static_cast<long>(kMaximumDigits);
  if (whole > most || whole < -most || digits.size() > kMaximumDigits) return {};
  if (whole < 0) {
    digits.insert(0, static_cast<std::size_t>(-whole), '0');
    whole = 0;
  }
  if (digits.size() < static_cast<std::size_t>(whole)) {
    digits.resize(static_cast<std::size_t>(whole), '0');
  }
  result.whole = digits.substr(0, static_cast<std::size_t>(whole));
  result.fraction = digits.substr(static_cast<std::size_t>(whole));
  result.whole.erase(0, std::min(result.whole.find_first_not_of('0'), result.whole.size()));
  const std::size_t last = result.fraction.find_last_not_of('0');
  result.fraction.resize(last == std::string::npos ? 0 : last + 1);
  if (result.is_zero()) result.negative = false;
  return result;
}

int compare(const Decimal& a, const Decimal& b) {
  if (a.negative != b.negative) return a.negative ? -1 : 1;
  return a.negative ? compare_size(b, a) : compare_size(a, b);
}

NodeId append_number_in(JsonParts& parts, NodeId from, const NumberBounds& bounds) {
  GrammarBuilder& grammar = parts.grammar();
  const NodeId end = grammar.add_node();
  append_sizes(parts, from, end, at_least_zero(bounds.lower, Bound{}), bounds.upper, bounds);
  const bool only_positive = bounds.lower && !bounds.lower->value.negative;
  if (!only_positive) {
    const auto lower = at_least_zero(mirrored(bounds.upper), kAboveZero);
    append_sizes(parts, grammar.append_text(from, "-"), end, lower, mirrored(bounds.lower), bounds);
  }
  return end;
}

}  // namespace redbolt::llm
