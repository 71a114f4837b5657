#include "output/json_scanner.hpp"

#include <array>
#include <string_view>

#include "support/utf8.hpp"

namespace redbolt::llm {
namespace {

constexpr bool is_digit(char byte) {
  return byte >= '0' && byte <= '9';
}

constexpr bool is_high(unsigned unit) {
  return unit >= 0xD800 && unit <= 0xDBFF;
}

constexpr bool is_low(unsigned unit) {
  return unit >= 0xDC00 && unit <= 0xDFFF;
}

}  // namespace

int hex_value(char byte) {
  if (is_digit(byte)) return byte - '0';
  if (byte >= 'a' && byte <= 'f') return byte - 'a' + 10;
  if (byte >= 'A' && byte <= 'F') return byte - 'A' + 10;
  return -1;
}

bool is_json_space(char byte) {
  return byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r';
}

void append_json_escaped(std::string& out, char byte) {
  constexpr std::string_view kNamed = "\"\"\\\\\bb\ff\nn\rr\tt";
  constexpr std::string_view kDigits = "0123456789abcdef";
  const auto value = static_cast<unsigned char>(byte);
  if (value >= 0x20 && byte != '"' && byte != '\\') {
    out += byte;
    return;
  }
  for (std::size_t i = 0; i < kNamed.size(); i += 2) {
    if (kNamed[i] == byte) {
      out += '\\';
      out += kNamed[i + 1];
      return;
    }
  }
  out += "\\u00";
  out += kDigits[value >> 4];
  out += kDigits[value & 15U];
}

ScanStep JsonScanner::feed(char byte, std::string& out) {
  switch (expect_) {
    case Expect::string:
      return feed_string(byte, out);
    case Expect::escape:
      return feed_escape(byte, out);
    case Expect::unicode:
      return feed_unicode(byte, out);
    case Expect::low_backslash:
    case Expect::low_u: {
      if (byte != (expect_ == Expect::low_backslash ? '\\' : 'u')) return ScanStep::rejected;
      out += byte;
      low_surrogate_ = true;
      digits_ = unit_ = 0;
      expect_ = expect_ == Expect::low_backslash ? Expect::low_u : Expect::unicode;
      return ScanStep::more;
    }
    case Expect::literal:
      if (byte != *literal_) return ScanStep::rejected;
      out += byte;
      return *++literal_ == '\0' ? end_value() : ScanStep::more;
    case Expect::number:
      return feed_number(byte, out);
    case Expect::finished:
      return ScanStep::rejected;
    default:
      return feed_structure(byte, out);
  }
}

bool JsonScanner::complete() const {
  if (expect_ == Expect::finished) return true;
  return expect_ == Expect::number && objects_.empty() && number_may_end();
}

ScanStep JsonScanner::feed_structure(char byte, std::string& out) {
  if (is_json_space(byte)) {
    out += byte;
    return ScanStep::more;
  }
  switch (expect_) {
    case Expect::first_key:
      if (byte == '}') return close_container(out, byte);
      [[fallthrough]];
    case Expect::key:
      if (byte != '"') return ScanStep::rejected;
      out += byte;
      in_key_ = true;
      expect_ = Expect::string;
      return ScanStep::more;
    case Expect::colon:
      if (byte != ':') return ScanStep::rejected;
      out += byte;
      expect_ = Expect::value;
      return ScanStep::more;
    case Expect::separator:
      if (byte == (objects_.back() ? '}' : ']')) return close_container(out, byte);
      if (byte != ',') return ScanStep::rejected;
      out += byte;
      expect_ = objects_.back() ? Expect::key : Expect::value;
      return ScanStep::more;
    case Expect::first_element:
      if (byte == ']') return close_container(out, byte);
      return begin_value(byte, out);
    default:
      return begin_value(byte, out);
  }
}

ScanStep JsonScanner::begin_value(char byte, std::string& out) {
  in_key_ = false;
  if (byte == '{' || byte == '[') {
    if (objects_.size() == kMaximumDepth) return ScanStep::rejected;
    objects_.push_back(byte == '{');
    expect_ = byte == '{' ? Expect::first_key : Expect::first_element;
  } else if (byte == '"') {
    expect_ = Expect::string;
  } else if (byte == 't' || byte == 'f' || byte == 'n') {
    literal_ = byte == 't' ? "rue" : byte == 'f' ? "alse" : "ull";
    expect_ = Expect::literal;
  } else if (byte == '-' || is_digit(byte)) {
    number_ = byte == '-' ? Number::minus : byte == '0' ? Number::zero : Number::integer;
    expect_ = Expect::number;
  } else {
    return ScanStep::rejected;
  }
  out += byte;
  return ScanStep::more;
}

ScanStep JsonScanner::close_container(std::string& out, char byte) {
  out += byte;
  objects_.pop_back();
  return end_value();
}

ScanStep JsonScanner::end_value() {
  expect_ = objects_.empty() ? Expect::finished : Expect::separator;
  return objects_.empty() ? ScanStep::done : ScanStep::more;
}

ScanStep JsonScanner::feed_string(char byte, std::string& out) {
  if (byte == '\\') {
    expect_ = Expect::escape;  // written with what it escapes
    return ScanStep::more;
  }
  if (byte != '"') {
    append_json_escaped(out, byte);
    return ScanStep::more;
  }
  out += byte;
  if (!in_key_) return end_value();
  in_key_ = false;
  expect_ = Expect::colon;
  return ScanStep::more;
}

ScanStep JsonScanner::feed_escape(char byte, std::string& out) {
  constexpr std::string_view kEscapes = "\"\\/bfnrtu";
  if (byte == '\'') {
    out += byte;
    expect_ = Expect::string;
    return ScanStep::more;
  }
  if (kEscapes.find(byte) == std::string_view::npos) return ScanStep::rejected;
  out += '\\';
  out += byte;
  digits_ = unit_ = 0;
  low_surrogate_ = false;
  expect_ = byte == 'u' ? Expect::unicode : Expect::string;
  return ScanStep::more;
}

ScanStep JsonScanner::feed_unicode(char byte, std::string& out) {
  const int value = hex_value(byte);
  if (value < 0) return ScanStep::rejected;
  const unsigned unit = unit_ * 16 + static_cast<unsigned>(value);
  // Half a pair is not a character: parsers refuse it.
  if (digits_ == 3 && is_low(unit) != low_surrogate_) return ScanStep::rejected;
  out += byte;
  unit_ = unit;
  if (++digits_ < 4) return ScanStep::more;
  expect_ = is_high(unit_) ? Expect::low_backslash : Expect::string;
  return ScanStep::more;
}

bool JsonScanner::number_may_end() const {
  return number_ == Number::zero || number_ == Number::integer || number_ == Number::fraction ||
         number_ == Number::power;
}

ScanStep JsonScanner::feed_number(char byte, std::string& out) {
  struct Edge {
    Number from;
    char on;  // '0': the digit zero, '1': any other, 'e': either case
    Number to;
  };
  constexpr std::array<Edge, 20> kEdges = {{
      {Number::minus, '0', Number::zero},          {Number::minus, '1', Number::integer},
      {Number::zero, '.', Number::point},          {Number::zero, 'e', Number::exponent},
      {Number::integer, '0', Number::integer},     {Number::integer, '1', Number::integer},
      {Number::integer, '.', Number::point},       {Number::integer, 'e', Number::exponent},
      {Number::point, '0', Number::fraction},      {Number::point, '1', Number::fraction},
      {Number::fraction, '0', Number::fraction},   {Number::fraction, '1', Number::fraction},
      {Number::fraction, 'e', Number::exponent},   {Number::exponent, '+', Number::exponent_sign},
      {Number::exponent, '0', Number::power},      {Number::exponent, '1', Number::power},
      {Number::exponent_sign, '0', Number::power}, {Number::exponent_sign, '1', Number::power},
      {Number::power, '0', Number::power},         {Number::power, '1', Number::power},
  }};
  const char kind = byte == 'E' ? 'e' : byte == '-' ? '+' : byte >= '1' && byte <= '9' ? '1' : byte;
  for (const Edge& edge : kEdges) {
    if (edge.from != number_ || edge.on != kind) continue;
    number_ = edge.to;
    out += byte;
    return ScanStep::more;
  }
  if (!number_may_end()) return ScanStep::rejected;
  if (end_value() == ScanStep::done) return ScanStep::rejected;
  return feed_structure(byte, out);
}

ScanStep JsonStringDecoder::feed(char byte, std::string& out) {
  switch (expect_) {
    case Expect::escape:
      return feed_escape(byte, out);
    case Expect::unicode:
      return feed_unicode(byte, out);
    case Expect::low_backslash:
    case Expect::low_u:
      if (byte != (expect_ == Expect::low_backslash ? '\\' : 'u')) return ScanStep::rejected;
      digits_ = unit_ = 0;
      expect_ = expect_ == Expect::low_backslash ? Expect::low_u : Expect::unicode;
      return ScanStep::more;
    case Expect::character:
      break;
  }
  if (byte == '"') return ScanStep::done;
  if (byte == '\\') {
    expect_ = Expect::escape;
  } else {
    out += byte;
  }
  return ScanStep::more;
}

ScanStep JsonStringDecoder::feed_escape(char byte, std::string& out) {
  constexpr std::string_view kEscapes = "\"\"\\\\//''b\bf\fn\nr\rt\t";
  expect_ = Expect::character;
  for (std::size_t i = 0; i < kEscapes.size(); i += 2) {
    if (kEscapes[i] == byte) {
      out += kEscapes[i + 1];
      return ScanStep::more;
    }
  }
  if (byte != 'u') return ScanStep::rejected;
  digits_ = unit_ = high_ = 0;
  expect_ = Expect::unicode;
  return ScanStep::more;
}

ScanStep JsonStringDecoder::feed_unicode(char byte, std::string& out) {
  const int value = hex_value(byte);
  if (value < 0) return ScanStep::rejected;
  unit_ = unit_ * 16 + static_cast<unsigned>(value);
  if (++digits_ < 4) return ScanStep::more;
  if (is_low(unit_) != (high_ != 0)) return ScanStep::rejected;
  if (is_high(unit_)) {
    high_ = unit_;
    expect_ = Expect::low_backslash;
    return ScanStep::more;
  }
  append_utf8(out, high_ == 0 ? unit_ : 0x10000 + ((high_ - 0xD800) << 10) + (unit_ - 0xDC00));
  high_ = 0;
  expect_ = Expect::character;
  return ScanStep::more;
}

}  // namespace redbolt::llm
