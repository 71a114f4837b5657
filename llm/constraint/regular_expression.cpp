#include "constraint/regular_expression.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "output/json_scanner.hpp"
#include "redbolt/llm/constraint/schema_error.hpp"
#include "support/utf8.hpp"

namespace redbolt::llm {
namespace {

constexpr char32_t kLast = 0x10FFFF;
constexpr unsigned kMaximumNesting = 64;
constexpr unsigned kMaximumRepeat = 10'000;

using Set = std::vector<CodePoints>;

struct Term {
  enum class Kind { set, sequence, choice, repeat, start, end } kind = Kind::sequence;
  Set set = {};
  std::vector<Term> parts = {};
  unsigned least = 0;
  std::optional<unsigned> most = {};
};

[[noreturn]] void malformed(const std::string& what) {
  throw SchemaError(SchemaErrorCode::malformed, "", "pattern", "the pattern " + what);
}

[[noreturn]] void unsupported(const std::string& what) {
  throw SchemaError(SchemaErrorCode::unsupported_value, "", "pattern",
                    "the pattern uses " + what + ", which is not supported");
}

Set normalised(Set set) {
  std::ranges::sort(set, {}, &CodePoints::first);
  Set result;
  for (const CodePoints& range : set) {
    if (!result.empty() && range.first <= result.back().last + 1) {
      result.back().last = std::max(result.back().last, range.last);
    } else {
      result.push_back(range);
    }
  }
  return result;
}

Set complement(const Set& set) {
  Set result;
  char32_t next = 0;
  for (const CodePoints& range : normalised(set)) {
    if (range.first > next) result.push_back({next, range.first - 1});
    next = range.last + 1;
  }
  if (next <= kLast) result.push_back({next, kLast});
  return result;
}

// ECMA-262: what \d, \w and \s stand for, and '.'.
const Set kDigits = {{'0', '9'}};
const Set kWord = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
const Set kSpace = {{'\t', '\r'},     {' ', ' '},       {0xA0, 0xA0},     {0x1680, 0x1680},
                    {0x2000, 0x200A}, {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F},
                    {0x3000, 0x3000}, {0xFEFF, 0xFEFF}};
const Set kLineEnds = {{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}};

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Term parse() {
    Term term = choice(0);
    if (!text_.empty()) malformed("has a ')' too many");
    return term;
  }

 private:
  bool take(std::string_view mark) {
    if (!text_.starts_with(mark)) return false;
    text_.remove_prefix(mark.size());
    return true;
  }

  char32_t character() {
    if (text_.empty()) malformed("ends too early");
    const Utf8Prefix front = utf8_prefix(text_);
    if (front.kind != Utf8Prefix::Kind::character) malformed("is not UTF-8");
    text_.remove_prefix(front.length);
    return front.code_point;
  }

  Term choice(unsigned nesting) {
    if (nesting == kMaximumNesting) unsupported("groups nested more than 64 deep");
    Term result{.kind = Term::Kind::choice};
    do {
      Term sequence{.kind = Term::Kind::sequence};
      while (!text_.empty() && text_.front() != '|' && text_.front() != ')') {
        sequence.parts.push_back(repeated(atom(nesting)));
      }
      result.parts.push_back(std::move(sequence));
    } while (take("|"));
    return result;
  }

  Term atom(unsigned nesting) {
    if (take("(")) return group(nesting);
    if (take("[")) return Term{.kind = Term::Kind::set, .set = bracket()};
    if (take("^")) return Term{.kind = Term::Kind::start};
    if (take("$")) return Term{.kind = Term::Kind::end};
    if (take(".")) return Term{.kind = Term::Kind::set, .set = complement(kLineEnds)};
    if (take("\\")) return Term{.kind = Term::Kind::set, .set = escape(false)};
    if (text_.front() == '*' || text_.front() == '+' || text_.front() == '?') {
      malformed("repeats nothing");
    }
    const char32_t one = character();
    return Term{.kind = Term::Kind::set, .set = {{one, one}}};
  }

  Term group(unsigned nesting) {
    if (take("?:")) {
      // Only grouped.
    } else if (text_.starts_with("?=") || text_.starts_with("?!")) {
      unsupported("look-ahead");
    } else if (text_.starts_with("?<=") || text_.starts_with("?<!")) {
      unsupported("look-behind");
    } else if (take("?<")) {
      const std::size_t end = text_.find('>');
      if (end == std::string_view::npos) malformed("has a group's name without an end");
      text_.remove_prefix(end + 1);
    } else if (text_.starts_with('?')) {
      malformed("has an unknown kind of group");
    }
    Term term = choice(nesting + 1);
    if (!take(")")) malformed("has a '(' without its ')'");
    return term;
  }

  Term repeated(Term term) {
    unsigned least = 1;
    std::optional<unsigned> most = 1;
    if (take("*")) {
      least = 0;
      most.reset();
    } else if (take("+")) {
      most.reset();
    } else if (take("?")) {
      least = 0;
    } else if (!text_.starts_with('{') || !counts(least, most)) {
      return term;
    }
    take("?");  // in which order ways are tried does not change what matches
    if (term.kind == Term::Kind::start || term.kind == Term::Kind::end) {
      malformed("repeats an anchor");
    }
    Term result{.kind = Term::Kind::repeat, .least = least, .most = most};
    result.parts.push_back(std::move(term));
    return result;
  }

  // "{2}", "{2,}" or "{2,5}"; anything else is text.
  bool counts(unsigned& least, std::optional<unsigned>& most) {
    std::string_view rest = text_.substr(1);
    const auto number = [&]() -> std::optional<unsigned> {
      unsigned value = 0;
      std::size_t digits = 0;
      for (; digits < rest.size() && rest[digits] >= '0' && rest[digits] <= '9'; ++digits) {
        value = value * 10 + static_cast<unsigned>(rest[digits] - '0');
        if (value > kMaximumRepeat) unsupported("a repetition of more than 10000 times");
      }
      rest.remove_prefix(digits);
      return digits == 0 ? std::nullopt : std::optional(value);
    };
    const auto first = number();
    if (!first) return false;
    std::optional<unsigned> second = first;
    if (rest.starts_with(',')) {
      rest.remove_prefix(1);
      second = number();
    }
    if (!rest.starts_with('}')) return false;
    if (second && *second < *first) malformed("repeats at least more often than at most");
    least = *first;
    most = second;
    text_ = rest.substr(1);
    return true;
  }

  // After the backslash.
  Set escape(bool in_bracket) {
    const char32_t letter = character();
    switch (letter) {
      case 'd':
        return kDigits;
      case 'D':
        return complement(kDigits);
      case 'w':
        return kWord;
      case 'W':
        return complement(kWord);
      case 's':
        return kSpace;
      case 'S':
        return complement(kSpace);
      case 'p':
      case 'P':
        unsupported("classes of Unicode properties");
      case 'b':
      case 'B':
        if (in_bracket && letter == 'b') return {{'\b', '\b'}};
        unsupported("word boundaries");
      case 'k':
        unsupported("back references");
      default:
        break;
    }
    if (letter >= '1' && letter <= '9') unsupported("back references");
    const char32_t one = escaped_character(letter);
    return {{one, one}};
  }

  char32_t escaped_character(char32_t letter) {
    switch (letter) {
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      case 't':
        return '\t';
      case 'f':
        return '\f';
      case 'v':
        return '\v';
      case '0':
        return 0;
      case 'x':
        return hexadecimal(2);
      case 'u':
        return unicode();
      default:
        return letter;
    }
  }

  char32_t unicode() {
    if (take("{")) {
      char32_t value = 0;
      while (!take("}")) {
        value = value * 16 + hexadecimal(1);
        if (value > kLast) malformed("names a character beyond U+10FFFF");
      }
      return value;
    }
    const char32_t high = hexadecimal(4);
    if (high < 0xD800 || high > 0xDBFF || !take("\\u")) return high;
    const char32_t low = hexadecimal(4);
    if (low < 0xDC00 || low > 0xDFFF) malformed("has half a pair of surrogates");
    return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
  }

  char32_t hexadecimal(unsigned digits) {
    char32_t value = 0;
    for (unsigned i = 0; i < digits; ++i) {
      const int digit = text_.empty() ? -1 : hex_value(text_.front());
      if (digit < 0) malformed("has a character's number that is too short");
      value = value * 16 + static_cast<char32_t>(digit);
      text_.remove_prefix(1);
    }
    return value;
  }

  Set bracket() {
    const bool negated = take("^");
    Set set;
    while (!take("]")) {
      const Set first = class_atom();
      if (!text_.starts_with('-') || text_.starts_with("-]")) {
        set.insert(set.end(), first.begin(), first.end());
        continue;
      }
      take("-");
      const Set last = class_atom();
      const auto single = [](const Set& one) {
        return one.size() == 1 && one[0].first == one[0].last;
      };
      if (!single(first) || !single(last)) malformed("has a range between classes");
      if (first[0].first > last[0].first) malformed("has a range that ends before it begins");
      set.push_back({first[0].first, last[0].first});
    }
    return negated ? complement(set) : normalised(set);
  }

  Set class_atom() {
    if (take("\\")) return escape(true);
    const char32_t one = character();
    return {{one, one}};
  }

  std::string_view text_;
};

class Writer {
 public:
  Writer(JsonParts& parts, Writing writing)
      : parts_(parts), grammar_(parts.grammar()), writing_(writing) {}

  NodeId append_top(NodeId from, const Term& choice, Anchoring anchoring) {
    const NodeId end = grammar_.add_node();
    for (const Term& sequence : choice.parts) {
      NodeId node = from;
      const auto& terms = sequence.parts;
      const auto is = [](const Term& term, Term::Kind kind) { return term.kind == kind; };
      std::size_t first = 0, last = terms.size();
      while (first < last && is(terms[first], Term::Kind::start)) ++first;
      while (last > first && is(terms[last - 1], Term::Kind::end)) --last;
      const bool search = anchoring == Anchoring::search;
      if (search && first == 0) node = append_anything(node);
      for (std::size_t i = first; i < last; ++i) node = append(node, terms[i]);
      if (search && last == terms.size()) node = append_anything(node);
      grammar_.skip(node, end);
    }
    return end;
  }

 private:
  NodeId append(NodeId from, const Term& term) {
    switch (term.kind) {
      case Term::Kind::set:
        return parts_.append_character(from, term.set, writing_);
      case Term::Kind::sequence:
        for (const Term& part : term.parts) from = append(from, part);
        return from;
      case Term::Kind::choice: {
        const NodeId end = grammar_.add_node();
        for (const Term& part : term.parts) grammar_.skip(append(from, part), end);
        return end;
      }
      case Term::Kind::repeat:
        return append_repeat(from, term);
      case Term::Kind::start:
      case Term::Kind::end:
        break;
    }
    unsupported("an anchor that is not at either end");
  }

  NodeId append_repeat(NodeId from, const Term& term) {
    const Term& part = term.parts.front();
    for (unsigned i = 0; i < term.least; ++i) from = append(from, part);
    const NodeId end = grammar_.add_node();
    if (!term.most) {
      const NodeId loop = grammar_.add_node();
      grammar_.skip(from, loop);
      grammar_.skip(append(loop, part), loop);
      grammar_.skip(loop, end);
      return end;
    }
    for (unsigned i = term.least; i < *term.most; ++i) {
      grammar_.skip(from, end);
      const NodeId next = grammar_.add_node();  // so that a choice's own end is not the loop's
      grammar_.skip(from, next);
      from = append(next, part);
    }
    grammar_.skip(from, end);
    return end;
  }

  NodeId append_anything(NodeId from) {
    const NodeId loop = grammar_.add_node();
    grammar_.skip(from, loop);
    if (writing_ == Writing::json_string) {
      grammar_.set_free_text(loop, FreeText::json_string, UINT32_MAX);
    }
    grammar_.skip(parts_.append_character(loop, {{0, kLast}}, writing_), loop);
    return loop;
  }

  JsonParts& parts_;
  GrammarBuilder& grammar_;
  Writing writing_;
};

}  // namespace

NodeId append_pattern(JsonParts& parts, NodeId from, std::string_view pattern, Anchoring anchoring,
                      Writing writing) {
  const Term term = Parser(pattern).parse();
  return Writer(parts, writing).append_top(from, term, anchoring);
}

}  // namespace redbolt::llm
