#include "chat/jinja/expression_parser.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace redbolt::llm::jinja {
namespace {

constexpr int kHighest = 250;     // of an expression's tree
constexpr int kMostNested = 100;  // brackets in brackets

int height(const ExpressionPointer& expression) {
  return expression ? expression->height : 0;
}

int height(const std::vector<ExpressionPointer>& items) {
  int highest = 0;
  for (const auto& item : items) highest = std::max(highest, height(item));
  return highest;
}

int height(const std::vector<Argument>& arguments) {
  int highest = 0;
  for (const Argument& argument : arguments) highest = std::max(highest, height(argument.value));
  return highest;
}

Value text_value(std::string text) {
  return std::make_shared<const Text>(std::move(text), Origin::markup);
}

std::optional<Value> constant(std::string_view name) {
  if (name == "true" || name == "True") return true;
  if (name == "false" || name == "False") return false;
  if (name == "none" || name == "None") return None();
  return std::nullopt;
}

}  // namespace

class ExpressionParser::Nesting {
 public:
  explicit Nesting(ExpressionParser& parser) : parser_(parser) {
    if (++parser_.nesting_ > kMostNested) parser_.tokens_.fail("expressions are nested too deeply");
  }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;
  ~Nesting() { --parser_.nesting_; }

 private:
  ExpressionParser& parser_;
};

template <class Node>
ExpressionPointer ExpressionParser::make(Position at, Node node,
                                         std::initializer_list<int> heights) {
  const int highest = heights.size() == 0 ? 0 : std::max(heights);
  if (highest >= kHighest) throw SyntaxError("an expression has too many parts", at);
  return std::make_unique<Expression>(Expression{at, highest + 1, std::move(node)});
}

ExpressionPointer ExpressionParser::binary(BinaryOperator operation, ExpressionPointer left,
                                           ExpressionPointer right) {
  const Position at = left->at;
  const int left_height = height(left);
  const int right_height = height(right);
  return make(at, Binary{operation, std::move(left), std::move(right)},
              {left_height, right_height});
}

ExpressionPointer ExpressionParser::expression() {
  const Nesting nesting(*this);
  ExpressionPointer value = disjunction();
  while (tokens_.is_name("if")) {
    const Position at = tokens_.take().at;
    Conditional node{disjunction(), std::move(value), nullptr};
    if (tokens_.skip_name("else")) node.otherwise = expression();
    const int a = height(node.condition);
    const int b = height(node.value);
    const int c = height(node.otherwise);
    value = make(at, std::move(node), {a, b, c});
  }
  return value;
}

ExpressionPointer ExpressionParser::tuple(bool conditional) {
  const auto item = [&] { return conditional ? expression() : disjunction(); };
  const Position at = tokens_.look().at;
  ExpressionPointer first = item();
  if (!tokens_.is_symbol(",")) return first;
  ListLiteral node;
  node.tuple = true;
  node.items.push_back(std::move(first));
  while (tokens_.skip_symbol(",")) {
    const bool ends = tokens_.is(Token::Kind::block_end) || tokens_.is(Token::Kind::output_end) ||
                      tokens_.is_symbol(")") || tokens_.is_name("in");
    if (ends) break;
    node.items.push_back(item());
  }
  const int highest = height(node.items);
  return make(at, std::move(node), {highest});
}

ExpressionPointer ExpressionParser::disjunction() {
  ExpressionPointer left = conjunction();
  while (tokens_.skip_name("or")) {
    left = binary(BinaryOperator::logical_or, std::move(left), conjunction());
  }
  return left;
}

ExpressionPointer ExpressionParser::conjunction() {
  ExpressionPointer left = negation();
  while (tokens_.skip_name("and")) {
    left = binary(BinaryOperator::logical_and, std::move(left), negation());
  }
  return left;
}

ExpressionPointer ExpressionParser::negation() {
  if (!tokens_.is_name("not")) return comparison();
  const Nesting nesting(*this);
  const Position at = tokens_.take().at;
  ExpressionPointer operand = negation();
  const int below = height(operand);
  return make(at, Unary{UnaryOperator::logical_not, std::move(operand)}, {below});
}

ExpressionPointer ExpressionParser::comparison() {
  static constexpr std::array<std::pair<std::string_view, Comparison>, 6> kComparisons = {{
      {"==", Comparison::equal},
      {"!=", Comparison::not_equal},
      {"<", Comparison::less},
      {"<=", Comparison::less_equal},
      {">", Comparison::greater},
      {">=", Comparison::greater_equal},
  }};
  const Position at = tokens_.look().at;
  Compare node{sum(), {}};
  int highest = height(node.first);
  while (true) {
    const auto* const found = std::ranges::find_if(
        kComparisons, [&](const auto& row) { return tokens_.is_symbol(row.first); });
    std::optional<Comparison> operation;
    if (found != kComparisons.end()) {
      operation = found->second;
      tokens_.take();
    } else if (tokens_.skip_name("in")) {
      operation = Comparison::in;
    } else if (tokens_.is_name("not") && tokens_.is_name("in", 1)) {
      tokens_.take();
      tokens_.take();
      operation = Comparison::not_in;
    }
    if (!operation) break;
    node.rest.emplace_back(*operation, sum());
    highest = std::max(highest, height(node.rest.back().second));
  }
  if (node.rest.empty()) return std::move(node.first);
  return make(at, std::move(node), {highest});
}

ExpressionPointer ExpressionParser::sum() {
  ExpressionPointer left = concatenation();
  while (tokens_.is_symbol("+") || tokens_.is_symbol("-")) {
    const bool adds = tokens_.take().text == "+";
    left = binary(adds ? BinaryOperator::add : BinaryOperator::subtract, std::move(left),
                  concatenation());
  }
  return left;
}

ExpressionPointer ExpressionParser::concatenation() {
  const Position at = tokens_.look().at;
  Concatenation node;
  node.items.push_back(product());
  while (tokens_.skip_symbol("~")) node.items.push_back(product());
  if (node.items.size() == 1) return std::move(node.items.front());
  const int highest = height(node.items);
  return make(at, std::move(node), {highest});
}

ExpressionPointer ExpressionParser::product() {
  static constexpr std::array<std::pair<std::string_view, BinaryOperator>, 4> kProducts = {{
      {"*", BinaryOperator::multiply},
      {"/", BinaryOperator::divide},
      {"//", BinaryOperator::floor_divide},
      {"%", BinaryOperator::modulo},
  }};
  ExpressionPointer left = power();
  while (true) {
    const auto* const found = std::ranges::find_if(
        kProducts, [&](const auto& row) { return tokens_.is_symbol(row.first); });
    if (found == kProducts.end()) return left;
    tokens_.take();
    left = binary(found->second, std::move(left), power());
  }
}

ExpressionPointer ExpressionParser::power() {
  ExpressionPointer left = unary(true);
  while (tokens_.skip_symbol("**")) {
    left = binary(BinaryOperator::power, std::move(left), unary(true));
  }
  return left;
}

ExpressionPointer ExpressionParser::unary(bool with_filters) {
  ExpressionPointer node;
  if (tokens_.is_symbol("-") || tokens_.is_symbol("+")) {
    const Nesting nesting(*this);
    const Token sign = tokens_.take();
    ExpressionPointer operand = unary(false);
    const int below = height(operand);
    const auto operation = sign.text == "-" ? UnaryOperator::negate : UnaryOperator::plus;
    node = make(sign.at, Unary{operation, std::move(operand)}, {below});
  } else {
    node = primary();
  }
  node = postfix(std::move(node));
  return with_filters ? filters_and_tests(std::move(node)) : std::move(node);
}

ExpressionPointer ExpressionParser::primary() {
  switch (tokens_.look().kind) {
    case Token::Kind::name:
      return named();
    case Token::Kind::string:
      return string();
    case Token::Kind::integer:
    case Token::Kind::floating:
      return number();
    default:
      break;
  }
  if (tokens_.is_symbol("(")) return parenthesis();
  if (tokens_.is_symbol("[")) return list();
  if (tokens_.is_symbol("{")) return dict();
  tokens_.expect(Token::Kind::name, "an expression");
  return nullptr;
}

ExpressionPointer ExpressionParser::named() {
  Token token = tokens_.take();
  if (auto value = constant(token.text)) return make(token.at, Literal{std::move(*value)}, {});
  return make(token.at, Name{std::move(token.text)}, {});
}

ExpressionPointer ExpressionParser::string() {
  const Position at = tokens_.look().at;
  std::string text;
  while (tokens_.is(Token::Kind::string)) text += tokens_.take().text;
  return make(at, Literal{text_value(std::move(text))}, {});
}

ExpressionPointer ExpressionParser::number() {
  const Token token = tokens_.take();
  const char* begin = token.text.data();
  const char* const end = begin + token.text.size();
  if (token.kind == Token::Kind::floating) {
    double value = 0;
    std::from_chars(begin, end, value);
    return make(token.at, Literal{value}, {});
  }
  int base = 10;
  if (token.text.size() > 1 && token.text[0] == '0' && token.text[1] >= 'A') {
    base = token.text[1] == 'x' ? 16 : token.text[1] == 'o' ? 8 : 2;
    begin += 2;
  }
  std::int64_t value = 0;
  const auto read = std::from_chars(begin, end, value, base);
  if (read.ec != std::errc() || read.ptr != end) {
    throw SyntaxError("'" + token.text.substr(0, 40) + "' is no integer of 64 bits", token.at);
  }
  return make(token.at, Literal{value}, {});
}

ExpressionPointer ExpressionParser::parenthesis() {
  const Nesting nesting(*this);
  const Position at = tokens_.take().at;
  if (tokens_.skip_symbol(")")) return make(at, ListLiteral{{}, true}, {});
  ExpressionPointer inner = tuple(true);
  tokens_.expect_symbol(")");
  return inner;
}

ExpressionPointer ExpressionParser::list() {
  const Nesting nesting(*this);
  const Position at = tokens_.take().at;
  ListLiteral node;
  while (!tokens_.is_symbol("]")) {
    if (!node.items.empty()) tokens_.expect_symbol(",");
    if (tokens_.is_symbol("]")) break;
    node.items.push_back(expression());
  }
  tokens_.expect_symbol("]");
  const int highest = height(node.items);
  return make(at, std::move(node), {highest});
}

ExpressionPointer ExpressionParser::dict() {
  const Nesting nesting(*this);
  const Position at = tokens_.take().at;
  DictLiteral node;
  int highest = 0;
  while (!tokens_.is_symbol("}")) {
    if (!node.entries.empty()) tokens_.expect_symbol(",");
    if (tokens_.is_symbol("}")) break;
    ExpressionPointer key = expression();
    tokens_.expect_symbol(":");
    ExpressionPointer value = expression();
    highest = std::max({highest, height(key), height(value)});
    node.entries.emplace_back(std::move(key), std::move(value));
  }
  tokens_.expect_symbol("}");
  return make(at, std::move(node), {highest});
}

ExpressionPointer ExpressionParser::postfix(ExpressionPointer object) {
  while (true) {
    if (tokens_.is_symbol(".")) {
      object = attribute(std::move(object));
    } else if (tokens_.is_symbol("[")) {
      object = subscript(std::move(object));
    } else if (tokens_.is_symbol("(")) {
      object = call(std::move(object));
    } else {
      return object;
    }
  }
}

ExpressionPointer ExpressionParser::attribute(ExpressionPointer object) {
  const Position at = tokens_.take().at;
  const int below = height(object);
  if (tokens_.is(Token::Kind::integer)) {
    return make(at, Subscript{std::move(object), number()}, {below});
  }
  std::string name = tokens_.expect(Token::Kind::name, "a name").text;
  return make(at, Attribute{std::move(object), std::move(name)}, {below});
}

ExpressionPointer ExpressionParser::subscript(ExpressionPointer object) {
  const Nesting nesting(*this);
  const Position at = tokens_.take().at;
  const int below = height(object);
  ExpressionPointer start;
  if (!tokens_.is_symbol(":")) {
    start = tuple(true);
    if (tokens_.skip_symbol("]")) {
      const int inside = height(start);
      return make(at, Subscript{std::move(object), std::move(start)}, {below, inside});
    }
  }
  tokens_.expect_symbol(":");
  Slice node{std::move(object), std::move(start), nullptr, nullptr};
  const auto ends = [&] { return tokens_.is_symbol("]") || tokens_.is_symbol(":"); };
  if (!ends()) node.stop = expression();
  if (tokens_.skip_symbol(":") && !ends()) node.step = expression();
  tokens_.expect_symbol("]");
  const int a = height(node.start);
  const int b = height(node.stop);
  const int c = height(node.step);
  return make(at, std::move(node), {below, a, b, c});
}

ExpressionPointer ExpressionParser::filters_and_tests(ExpressionPointer subject) {
  while (true) {
    if (tokens_.skip_symbol("|")) {
      subject = one_filter(std::move(subject));
    } else if (tokens_.is_name("is")) {
      subject = test(std::move(subject));
    } else if (tokens_.is_symbol("(")) {
      subject = call(std::move(subject));
    } else {
      return subject;
    }
  }
}

ExpressionPointer ExpressionParser::filters(ExpressionPointer subject, bool first_inline) {
  while (first_inline || tokens_.skip_symbol("|")) {
    first_inline = false;
    subject = one_filter(std::move(subject));
  }
  return subject;
}

ExpressionPointer ExpressionParser::one_filter(ExpressionPointer subject) {
  Token name = tokens_.expect(Token::Kind::name, "the name of a filter");
  while (tokens_.skip_symbol(".")) {
    name.text += '.';
    name.text += tokens_.expect(Token::Kind::name, "the name of a filter").text;
  }
  Filter node{std::move(subject), std::move(name.text), {}};
  if (tokens_.is_symbol("(")) node.arguments = arguments();
  const int a = height(node.subject);
  const int b = height(node.arguments);
  return make(name.at, std::move(node), {a, b});
}

ExpressionPointer ExpressionParser::test(ExpressionPointer subject) {
  tokens_.take();
  const bool negated = tokens_.skip_name("not");
  Token name = tokens_.expect(Token::Kind::name, "the name of a test");
  Test node{std::move(subject), std::move(name.text), {}, negated};
  if (tokens_.is_symbol("(")) {
    node.arguments = arguments();
  } else {
    const Token::Kind kind = tokens_.look().kind;
    const bool begins_value = kind == Token::Kind::string || kind == Token::Kind::integer ||
                              kind == Token::Kind::floating || tokens_.is_symbol("[") ||
                              tokens_.is_symbol("{") ||
                              (kind == Token::Kind::name && !tokens_.is_name("else") &&
                               !tokens_.is_name("or") && !tokens_.is_name("and"));
    if (tokens_.is_name("is")) tokens_.fail("tests cannot be chained with 'is'");
    if (begins_value) {
      Argument argument;
      argument.value = postfix(primary());
      node.arguments.push_back(std::move(argument));
    }
  }
  const int a = height(node.subject);
  const int b = height(node.arguments);
  return make(name.at, std::move(node), {a, b});
}

ExpressionPointer ExpressionParser::call(ExpressionPointer callee) {
  const Position at = tokens_.look().at;
  const int below = height(callee);
  Call node{std::move(callee), arguments()};
  const int inside = height(node.arguments);
  return make(at, std::move(node), {below, inside});
}

std::vector<Argument> ExpressionParser::arguments() {
  const Nesting nesting(*this);
  tokens_.expect_symbol("(");
  std::vector<Argument> result;
  bool first = true;
  while (!tokens_.is_symbol(")")) {
    if (!first) tokens_.expect_symbol(",");
    first = false;
    if (tokens_.is_symbol(")")) break;
    Argument argument;
    if (tokens_.skip_symbol("*")) {
      argument.kind = Argument::Kind::spread;
    } else if (tokens_.skip_symbol("**")) {
      argument.kind = Argument::Kind::named_spread;
    } else if (tokens_.is(Token::Kind::name) && tokens_.is_symbol("=", 1)) {
      argument.kind = Argument::Kind::named;
      argument.name = tokens_.take().text;
      tokens_.take();
    }
    argument.value = expression();
    result.push_back(std::move(argument));
  }
  tokens_.expect_symbol(")");
  return result;
}

}  // namespace redbolt::llm::jinja
