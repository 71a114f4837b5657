#include "chat/jinja/parser.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "chat/jinja/expression_parser.hpp"
#include "chat/jinja/lexer.hpp"
#include "chat/jinja/token_stream.hpp"

namespace redbolt::llm::jinja {
namespace {

constexpr int kMostNested = 60;  // blocks in blocks

class StatementParser {
 public:
  explicit StatementParser(TokenStream& tokens) : tokens_(tokens), expressions_(tokens) {}

  Body whole() {
    Body body = statements({});
    if (!tokens_.is(Token::Kind::end)) tokens_.fail("unknown statement");
    return body;
  }

 private:
  using Node = decltype(Statement::node);
  using Words = std::initializer_list<std::string_view>;

  // Statements up to a block that begins with one of the words; that block is entered, and the
  // word is next. Without words: up to the end.
  Body statements(Words ends) {
    if (++nesting_ > kMostNested) tokens_.fail("statements are nested too deeply");
    Body body;
    while (!tokens_.is(Token::Kind::end)) {
      const Position at = tokens_.look().at;
      if (tokens_.is(Token::Kind::data)) {
        body.push_back({at, Data{tokens_.take().text}});
      } else if (tokens_.is(Token::Kind::output_begin)) {
        tokens_.take();
        ExpressionPointer value = expressions_.tuple(true);
        tokens_.expect(Token::Kind::output_end, "the end of the tag");
        body.push_back({at, Output{std::move(value)}});
      } else {
        tokens_.expect(Token::Kind::block_begin, "a statement");
        if (std::ranges::any_of(ends, [&](auto word) { return tokens_.is_name(word); })) {
          --nesting_;
          return body;
        }
        body.push_back({at, statement()});
      }
    }
    if (ends.size() != 0) {
      tokens_.fail("a block is not closed: '" + std::string(*(ends.end() - 1)) + "' is missing");
    }
    --nesting_;
    return body;
  }

  void end_block() { tokens_.expect(Token::Kind::block_end, "the end of the tag"); }

  Body body_until(std::string_view end) {
    end_block();
    Body body = statements({end});
    tokens_.take();
    end_block();
    return body;
  }

  Node statement() {
    struct Rule {
      std::string_view word;
      Node (StatementParser::*parse)();
    };
    static constexpr std::array<Rule, 11> kRules = {{
        {"set", &StatementParser::set},
        {"for", &StatementParser::loop},
        {"if", &StatementParser::condition},
        {"macro", &StatementParser::macro},
        {"call", &StatementParser::call_block},
        {"filter", &StatementParser::filter_block},
        {"with", &StatementParser::with},
        {"generation", &StatementParser::generation},
        {"do", &StatementParser::evaluate},
        {"break", &StatementParser::leave},
        {"continue", &StatementParser::go_on},
    }};
    const Token word = tokens_.expect(Token::Kind::name, "a statement");
    const auto* const rule =
        std::ranges::find_if(kRules, [&](const Rule& row) { return row.word == word.text; });
    if (rule == kRules.end()) {
      throw SyntaxError("unknown statement '" + word.text.substr(0, 40) + "'", word.at);
    }
    return (this->*rule->parse)();
  }

  Target target_name() {
    Target target;
    target.name = tokens_.expect(Token::Kind::name, "a name").text;
    static constexpr std::array<std::string_view, 6> kReserved = {"true", "false", "none",
                                                                  "True", "False", "None"};
    if (std::ranges::find(kReserved, target.name) != kReserved.end()) {
      tokens_.fail("'" + target.name + "' cannot be assigned to");
    }
    if (tokens_.skip_symbol(".")) {
      target.attribute = tokens_.expect(Token::Kind::name, "a name").text;
    }
    return target;
  }

  Target target_item() {
    if (!tokens_.skip_symbol("(")) return target_name();
    if (++nesting_ > kMostNested) tokens_.fail("targets are nested too deeply");
    Target inner = target(")");
    --nesting_;
    tokens_.expect_symbol(")");
    return inner;
  }

  // `end`: what may stand after a last comma.
  Target target(std::string_view end) {
    Target first = target_item();
    if (!tokens_.is_symbol(",")) return first;
    Target all;
    all.parts.push_back(std::move(first));
    while (tokens_.skip_symbol(",")) {
      if (tokens_.is_symbol(end) || tokens_.is_name(end)) break;
      all.parts.push_back(target_item());
    }
    return all;
  }

  Node set() {
    Target assigned = target("=");
    if (tokens_.skip_symbol("=")) {
      Set node{std::move(assigned), expressions_.tuple(true)};
      end_block();
      return node;
    }
    SetBlock node{std::move(assigned), expressions_.filters(nullptr, false), {}};
    node.body = body_until("endset");
    return node;
  }

  Node loop() {
    For node;
    node.target = target("in");
    tokens_.expect_name("in");
    node.items = expressions_.tuple(false);
    if (tokens_.skip_name("if")) node.condition = expressions_.expression();
    if (tokens_.is_name("recursive")) tokens_.fail("recursive loops are not supported");
    end_block();
    ++loops_;
    node.body = statements({"else", "endfor"});
    --loops_;
    if (tokens_.skip_name("else")) {
      node.otherwise = body_until("endfor");
    } else {
      tokens_.take();
      end_block();
    }
    return node;
  }

  Node condition() {
    If node;
    do {
      ExpressionPointer test = expressions_.tuple(false);
      end_block();
      Body body = statements({"elif", "else", "endif"});
      node.branches.emplace_back(std::move(test), std::move(body));
    } while (tokens_.skip_name("elif"));
    if (tokens_.skip_name("else")) {
      node.otherwise = body_until("endif");
    } else {
      tokens_.take();
      end_block();
    }
    return node;
  }

  std::vector<Parameter> parameters() {
    std::vector<Parameter> result;
    tokens_.expect_symbol("(");
    while (!tokens_.is_symbol(")")) {
      if (!result.empty()) tokens_.expect_symbol(",");
      if (tokens_.is_symbol(")")) break;
      Parameter parameter;
      parameter.name = tokens_.expect(Token::Kind::name, "a parameter").text;
      if (tokens_.skip_symbol("=")) {
        parameter.fallback = expressions_.expression();
      } else if (!result.empty() && result.back().fallback) {
        tokens_.fail("a parameter without a default follows one with a default");
      }
      result.push_back(std::move(parameter));
    }
    tokens_.expect_symbol(")");
    return result;
  }

  // Loops around a macro are none of its body's.
  void macro_body(MacroDefinition& macro, std::string_view end) {
    const int loops = std::exchange(loops_, 0);
    macro.body = body_until(end);
    loops_ = loops;
  }

  Node macro() {
    MacroDefinition node;
    node.name = tokens_.expect(Token::Kind::name, "the macro's name").text;
    node.parameters = parameters();
    macro_body(node, "endmacro");
    return node;
  }

  Node call_block() {
    CallBlock node;
    node.caller.name = "caller";
    if (tokens_.is_symbol("(")) node.caller.parameters = parameters();
    node.call = expressions_.expression();
    if (!std::holds_alternative<Call>(node.call->node)) tokens_.fail("expected a call");
    macro_body(node.caller, "endcall");
    return node;
  }

  Node filter_block() {
    FilterBlock node;
    node.filter = expressions_.filters(nullptr, true);
    node.body = body_until("endfilter");
    return node;
  }

  Node with() {
    With node;
    while (!tokens_.is(Token::Kind::block_end)) {
      if (!node.variables.empty()) tokens_.expect_symbol(",");
      Target variable = target_name();
      tokens_.expect_symbol("=");
      node.variables.emplace_back(std::move(variable), expressions_.expression());
    }
    node.body = body_until("endwith");
    return node;
  }

  Node generation() { return Generation{body_until("endgeneration")}; }

  Node evaluate() {
    Evaluate node{expressions_.tuple(true)};
    end_block();
    return node;
  }

  Node leave() {
    if (loops_ == 0) tokens_.fail("'break' outside a loop");
    end_block();
    return Break();
  }

  Node go_on() {
    if (loops_ == 0) tokens_.fail("'continue' outside a loop");
    end_block();
    return Continue();
  }

  TokenStream& tokens_;
  ExpressionParser expressions_;
  int nesting_ = 0;
  int loops_ = 0;
};

}  // namespace

Body parse(std::string_view source) {
  TokenStream tokens(tokenize(source));
  return StatementParser(tokens).whole();
}

}  // namespace redbolt::llm::jinja
