#include "constraint/json_parts.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "output/json_scanner.hpp"
#include "support/utf8.hpp"

namespace redbolt::llm {
namespace {

constexpr unsigned kMostIndent = 20;
// More digits than a double or a 64-bit integer holds would not come back as they were written.
constexpr unsigned kIntegerDigits = 18;
constexpr unsigned kNumberDigits = 16;
constexpr unsigned kExponentDigits = 2;

constexpr char32_t kLastCodePoint = 0x10FFFF;

std::uint8_t as_byte(char byte) {
  return static_cast<std::uint8_t>(byte);
}

}  // namespace

RuleId JsonParts::rule(Rule which) {
  using Write = void (JsonParts::*)(NodeId);
  constexpr std::array<Write, rule_count> kWriters = {
      &JsonParts::write_space,  &JsonParts::write_value,       &JsonParts::write_object,
      &JsonParts::write_array,  &JsonParts::write_string_rest, &JsonParts::write_character,
      &JsonParts::write_number, &JsonParts::write_integer};
  if (!rules_[which]) {
    rules_[which] = grammar_.add_rule();
    (this->*kWriters[which])(grammar_.entry(*rules_[which]));
  }
  return *rules_[which];
}

NodeId JsonParts::append_space(NodeId from) {
  return grammar_.append_call(from, rule(space));
}

NodeId JsonParts::append_leading_space(NodeId from) {
  const NodeId end = grammar_.add_node();
  grammar_.skip(from, end);
  grammar_.skip(grammar_.append_text(from, " "), end);
  const NodeId line = grammar_.append_text(from, "\n");
  grammar_.skip(line, end);
  grammar_.skip(grammar_.append_text(line, "\n"), end);
  return end;
}

NodeId JsonParts::append_any_value(NodeId from) {
  return grammar_.append_call(from, rule(value));
}

NodeId JsonParts::append_any_object(NodeId from) {
  return grammar_.append_call(from, rule(object));
}

NodeId JsonParts::append_any_string(NodeId from) {
  return grammar_.append_call(grammar_.append_text(from, "\""), rule(string_rest));
}

NodeId JsonParts::append_any_number(NodeId from) {
  return grammar_.append_call(from, rule(number));
}

NodeId JsonParts::append_any_integer(NodeId from) {
  return grammar_.append_call(from, rule(integer));
}

NodeId JsonParts::append_sized_string(NodeId from, std::uint32_t least,
                                      std::optional<std::uint32_t> most) {
  NodeId node = grammar_.append_text(from, "\"");
  const NodeId end = grammar_.add_node();
  const RuleId one = rule(character);
  const std::uint32_t counted = most.value_or(least);
  for (std::uint32_t i = 0; i < counted; ++i) {
    if (i >= least) grammar_.on_bytes(node, '"', '"', end);
    grammar_.set_free_text(node, FreeText::json_string, most ? counted - i : UINT32_MAX);
    node = grammar_.append_call(node, one);
  }
  if (most) {
    grammar_.on_bytes(node, '"', '"', end);
  } else {
    grammar_.call(node, rule(string_rest), end);
  }
  return end;
}

NodeId JsonParts::append_digits(NodeId from, unsigned least, unsigned most) {
  const NodeId end = grammar_.add_node();
  for (unsigned i = 0; i < most; ++i) {
    if (i >= least) grammar_.skip(from, end);
    from = grammar_.append_bytes(from, '0', '9');
  }
  grammar_.skip(from, end);
  return end;
}

void JsonParts::write_space(NodeId from) {
  grammar_.set_returns(from);
  grammar_.set_returns(grammar_.append_text(from, " "));
  NodeId node = grammar_.append_text(from, "\n");
  const NodeId second = grammar_.append_text(node, "\n");
  grammar_.skip(node, second);
  node = second;
  grammar_.set_returns(node);
  for (unsigned i = 0; i < kMostIndent; ++i) {
    const NodeId next = grammar_.append_text(node, " ");
    grammar_.on_bytes(node, '\t', '\t', next);
    grammar_.set_returns(next);
    node = next;
  }
}

void JsonParts::write_value(NodeId from) {
  const NodeId end = grammar_.add_node();
  grammar_.set_returns(end);
  grammar_.call(from, rule(object), end);
  grammar_.call(from, rule(array), end);
  grammar_.call(from, rule(number), end);
  grammar_.call(grammar_.append_text(from, "\""), rule(string_rest), end);
  for (const char* literal : {"true", "false", "null"}) {
    grammar_.skip(grammar_.append_text(from, literal), end);
  }
}

void JsonParts::write_object(NodeId from) {
  const NodeId open = append_space(grammar_.append_text(from, "{"));
  const NodeId end = grammar_.add_node();
  grammar_.set_returns(end);
  grammar_.on_bytes(open, '}', '}', end);
  NodeId node = append_any_string(open);
  node = append_any_value(append_space(grammar_.append_text(node, ":")));
  const NodeId again = append_space(grammar_.append_text(node, ","));
  const NodeId key = append_any_string(again);
  grammar_.skip(append_any_value(append_space(grammar_.append_text(key, ":"))), node);
  grammar_.on_bytes(append_space(node), '}', '}', end);
}

void JsonParts::write_array(NodeId from) {
  const NodeId open = append_space(grammar_.append_text(from, "["));
  const NodeId end = grammar_.add_node();
  grammar_.set_returns(end);
  grammar_.on_bytes(open, ']', ']', end);
  const NodeId node = append_any_value(open);
  grammar_.skip(append_any_value(append_space(grammar_.append_text(node, ","))), node);
  grammar_.on_bytes(append_space(node), ']', ']', end);
}

void JsonParts::write_string_rest(NodeId from) {
  grammar_.set_free_text(from, FreeText::json_string, UINT32_MAX);
  on_plain_characters(from, from);
  on_escapes(from, from);
  grammar_.set_returns(grammar_.append_text(from, "\""));
}

void JsonParts::write_character(NodeId from) {
  const NodeId end = grammar_.add_node();
  grammar_.set_returns(end);
  on_plain_characters(from, end);
  on_escapes(from, end);
}

void JsonParts::write_number(NodeId from) {
  const NodeId unsigned_part = grammar_.append_text(from, "-");
  grammar_.skip(from, unsigned_part);
  const NodeId whole = grammar_.append_text(unsigned_part, "0");
  grammar_.skip(append_digits(grammar_.append_bytes(unsigned_part, '1', '9'), 0, kNumberDigits - 1),
                whole);
  const NodeId fraction = append_digits(grammar_.append_text(whole, "."), 1, kNumberDigits);
  grammar_.skip(whole, fraction);
  grammar_.set_returns(fraction);
  const NodeId exponent = grammar_.append_text(fraction, "e");
  grammar_.on_bytes(fraction, 'E', 'E', exponent);
  const NodeId power = grammar_.append_text(exponent, "+");
  grammar_.on_bytes(exponent, '-', '-', power);
  grammar_.skip(exponent, power);
  grammar_.set_returns(append_digits(power, 1, kExponentDigits));
}

void JsonParts::write_integer(NodeId from) {
  grammar_.set_returns(grammar_.append_text(from, "0"));
  const NodeId first = grammar_.append_bytes(from, '1', '9');
  grammar_.on_bytes(grammar_.append_text(from, "-"), '1', '9', first);
  grammar_.set_returns(append_digits(first, 0, kIntegerDigits - 1));
}

void JsonParts::on_plain_characters(NodeId from, NodeId to) {
  grammar_.on_bytes(from, 0x20, 0x21, to);
  grammar_.on_bytes(from, 0x23, 0x5B, to);
  grammar_.on_bytes(from, 0x5D, 0x7F, to);
  on_multibyte(from, to);
}

void JsonParts::on_multibyte(NodeId from, NodeId to) {
  for (const Utf8Sequence& sequence : kUtf8Sequences) {
    if (sequence.length == 1) continue;  // ASCII has rules of its own
    NodeId node = grammar_.append_bytes(from, sequence.first_low, sequence.first_high);
    if (sequence.length == 2) {
      grammar_.on_bytes(node, sequence.second_low, sequence.second_high, to);
      continue;
    }
    node = grammar_.append_bytes(node, sequence.second_low, sequence.second_high);
    for (unsigned i = 3; i < sequence.length; ++i) node = grammar_.append_bytes(node, 0x80, 0xBF);
    grammar_.on_bytes(node, 0x80, 0xBF, to);
  }
}

void JsonParts::on_escapes(NodeId from, NodeId to) {
  const NodeId escape = grammar_.append_text(from, "\\");
  for (const char letter : std::string_view("\"\\/bfnrt")) {
    grammar_.on_bytes(escape, as_byte(letter), as_byte(letter), to);
  }
  const auto hex = [&](NodeId node, std::initializer_list<std::pair<char, char>> ranges,
                       std::optional<NodeId> target = {}) {
    const NodeId next = target ? *target : grammar_.add_node();
    for (const auto& [low, high] : ranges) {
      grammar_.on_bytes(node, as_byte(low), as_byte(high), next);
    }
    return next;
  };
  const std::initializer_list<std::pair<char, char>> any = {{'0', '9'}, {'a', 'f'}, {'A', 'F'}};
  // A character by its number; half a pair of surrogates is none.
  const NodeId unicode = grammar_.append_text(escape, "u");
  const NodeId second = hex(unicode, {{'0', '9'}, {'a', 'c'}, {'A', 'C'}, {'e', 'f'}, {'E', 'F'}});
  const NodeId third = hex(second, any);
  const NodeId d = hex(unicode, {{'d', 'd'}, {'D', 'D'}});
  hex(d, {{'0', '7'}}, third);
  hex(hex(third, any), any, to);
  NodeId low = hex(hex(hex(d, {{'8', '9'}, {'a', 'b'}, {'A', 'B'}}), any), any);
  low = grammar_.append_text(low, "\\u");
  low = hex(hex(low, {{'d', 'd'}, {'D', 'D'}}), {{'c', 'f'}, {'C', 'F'}});
  hex(hex(low, any), any, to);
}

NodeId JsonParts::append_character(NodeId from, const std::vector<CodePoints>& set,
                                   Writing writing) {
  const NodeId to = grammar_.add_node();
  for (CodePoints range : set) {
    if (writing == Writing::json_string) {
      for (; range.first <= range.last && range.first < 0x20; ++range.first) {
        std::string escaped;
        append_json_escaped(escaped, static_cast<char>(range.first));
        grammar_.skip(grammar_.append_text(from, escaped), to);
      }
      for (const char32_t special : {U'"', U'\\'}) {
        if (range.first > special || range.last < special) continue;
        grammar_.skip(grammar_.append_text(from, special == U'"' ? "\\\"" : "\\\\"), to);
        if (range.first < special) on_code_points(from, range.first, special - 1, to);
        range.first = special + 1;
      }
    }
    if (range.first <= range.last) on_code_points(from, range.first, range.last, to);
  }
  return to;
}

// Ranges are cut until all their characters have the same number of bytes, and all of the bytes but
// the first that differs run through everything.
void JsonParts::on_code_points(NodeId from, char32_t first, char32_t last, NodeId to) {
  if (first > last) return;
  for (const char32_t limit :
       {char32_t{0x7F}, char32_t{0x7FF}, char32_t{0xD7FF}, char32_t{0xFFFF}}) {
    if (first > limit || last <= limit) continue;
    on_code_points(from, first, limit, to);
    return on_code_points(from, limit == 0xD7FF ? char32_t{0xE000} : limit + 1, last, to);
  }
  if (first > 0xD7FF && first < 0xE000) return on_code_points(from, 0xE000, last, to);
  last = std::min(last, kLastCodePoint);
  for (unsigned bits = 6; bits <= 18 && first >= 0x80; bits += 6) {
    const char32_t low = (char32_t{1} << bits) - 1;
    if ((first & ~low) == (last & ~low)) break;
    if ((first & low) != 0) {
      on_code_points(from, first, first | low, to);
      return on_code_points(from, (first | low) + 1, last, to);
    }
    if ((last & low) != low) {
      on_code_points(from, first, (last & ~low) - 1, to);
      return on_code_points(from, last & ~low, last, to);
    }
  }
  std::string low, high;
  append_utf8(low, first);
  append_utf8(high, last);
  NodeId node = from;
  for (std::size_t i = 0; i + 1 < low.size(); ++i) {
    node = grammar_.append_bytes(node, as_byte(low[i]), as_byte(high[i]));
  }
  grammar_.on_bytes(node, as_byte(low.back()), as_byte(high.back()), to);
}

NodeId JsonParts::append_raw_until(NodeId from, std::string_view end) {
  // '<' stands only at the beginning of `end`, so after a mismatch the search starts over with the
  // byte at hand.
  const NodeId start = grammar_.add_node();
  grammar_.skip(from, start);
  grammar_.set_free_text(start, FreeText::raw, UINT32_MAX);
  std::vector<NodeId> seen{start};  // after so many bytes of `end`
  for (std::size_t i = 0; i < end.size(); ++i) {
    seen.push_back(grammar_.append_bytes(seen.back(), as_byte(end[i]), as_byte(end[i])));
  }
  for (std::size_t i = 0; i < end.size(); ++i) {
    const std::uint8_t expected = as_byte(end[i]);
    if (i > 0) grammar_.on_bytes(seen[i], '<', '<', seen[1]);
    // Every other ASCII character.
    std::array<std::uint8_t, 2> taken = {std::min<std::uint8_t>(expected, '<'),
                                         std::max<std::uint8_t>(expected, '<')};
    unsigned low = 0;
    for (const std::uint8_t byte : taken) {
      if (low < byte) {
        grammar_.on_bytes(seen[i], static_cast<std::uint8_t>(low),
                          static_cast<std::uint8_t>(byte - 1U), start);
      }
      low = byte + 1U;
    }
    grammar_.on_bytes(seen[i], static_cast<std::uint8_t>(low), 0x7F, start);
    on_multibyte(seen[i], start);
  }
  return seen.back();
}

}  // namespace redbolt::llm
