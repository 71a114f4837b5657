// Masks compared with brute force on a small vocabulary: every token's bytes through an acceptor
// that follows all ways of reading one byte at a time, without tries, remembered states or free
// text.
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "constraint/grammar_constraint.hpp"
#include "constraint/json_parts.hpp"
#include "constraint/schema_compiler.hpp"
#include "constraint_walk.hpp"
#include "gguf_builder.hpp"
#include "redbolt/llm/error.hpp"
#include "redbolt/llm/gguf/file.hpp"
#include "tokenizer/byte_alphabet.hpp"

namespace redbolt::llm {
namespace {

// All ways to read what has come: each a node and the nodes to return to.
class NaiveAcceptor {
 public:
  using Way = std::pair<NodeId, std::vector<NodeId>>;

  explicit NaiveAcceptor(const Grammar& grammar) : grammar_(grammar) {
    add(ways_, {grammar.entry(grammar.root()), {}});
  }

  bool fits(std::string_view bytes) const { return !after(bytes).empty(); }
  void take(std::string_view bytes) { ways_ = after(bytes); }
  bool accepts() const {
    for (const auto& [node, stack] : ways_) {
      if (stack.empty() && grammar_.node(node).returns) return true;
    }
    return false;
  }

 private:
  std::set<Way> after(std::string_view bytes) const {
    std::set<Way> ways = ways_;
    for (const char byte : bytes) {
      std::set<Way> next;
      for (const auto& [node, stack] : ways) {
        for (const Node::Byte& edge : grammar_.node(node).bytes) {
          const auto value = static_cast<std::uint8_t>(byte);
          if (value >= edge.low && value <= edge.high) add(next, {edge.to, stack});
        }
      }
      ways = std::move(next);
    }
    return ways;
  }

  void add(std::set<Way>& ways, const Way& way) const {
    const Node& node = grammar_.node(way.first);
    if (node.frames == kUnreachable || !ways.insert(way).second) return;
    for (const NodeId to : node.empty) add(ways, {to, way.second});
    for (const Node::Call& call : node.calls) {
      if (grammar_.node(call.to).frames == kUnreachable) continue;
      std::vector<NodeId> stack = way.second;
      stack.push_back(call.to);
      add(ways, {grammar_.entry(call.rule), stack});
    }
    if (!node.returns || way.second.empty()) return;
    std::vector<NodeId> stack = way.second;
    const NodeId to = stack.back();
    stack.pop_back();
    add(ways, {to, stack});
  }

  const Grammar& grammar_;
  std::set<Way> ways_;
};

// Every byte, and pieces that cut JSON and UTF-8 in unusual places.
redbolt::test::GgufBuilder small_vocabulary(unsigned bytes = 256) {
  std::vector<std::string> tokens;
  for (unsigned byte = 0; byte < bytes; ++byte) {
    tokens.emplace_back(byte_to_character(static_cast<std::uint8_t>(byte)));
  }
  std::vector<std::int32_t> types(tokens.size(), 1);
  for (const std::string piece :
       {"{\"",      "\":",   "\": ",   "\",",       "\", \"",     "\"}",   "\"},",  "}}",
        "],",       "[[",    "[]",     "{}",        "a\"",        "ab",    "a\\",   "\\\"",
        "\\u",      "\\u00", "d83d",   "\\ud83d\\", "tr",         "true",  "ue",    "nul",
        "l,",       "12",    "0.",     "-1",        "1e",         "e5",    "5,",    "1]",
        "\xC3\xA9", "\xC3",  "\xA9\"", "\xF0\x9F",  "\x98\x80\"", "\x80",  "\n",    "\n  ",
        "  ",       " \"",   " 1",     "</",        "<b",         "2024-", "-02-2", "9\"",
        "::",       "\x7F",  "a\n"}) {
    std::string stored;
    for (const char byte : piece) stored += byte_to_character(static_cast<std::uint8_t>(byte));
    tokens.push_back(stored);
    types.push_back(1);
  }
  tokens.insert(tokens.end(), {"<|end|>", "<think>", "<|other|>", "[PAD]"});
  types.insert(types.end(), {3, 4, 3, 5});
  return redbolt::test::GgufBuilder()
      .text("tokenizer.ggml.model", "gpt2")
      .text("tokenizer.ggml.pre", "qwen2")
      .texts("tokenizer.ggml.tokens", tokens)
      .numbers("tokenizer.ggml.token_type", 5, types)
      .texts("tokenizer.ggml.merges", {})
      .u32("tokenizer.ggml.eos_token_id", static_cast<std::uint32_t>(tokens.size() - 4));
}

const char* const kSchemas[] = {
    "{}",
    R"({"type": "object"})",
    R"({"type": "array", "items": {"type": ["string", "integer", "null"]}, "maxItems": 3})",
    R"({"type": "string", "maxLength": 4})",
    R"({"type": "string", "minLength": 2, "maxLength": 300})",
    R"({"type": "string", "pattern": "^(a|\"|\\n|é)*b?$"})",
    R"({"type": "string", "format": "date"})",
    R"({"type": "string", "format": "ipv6"})",
    R"({"type": "number", "minimum": -12.5, "maximum": 120})",
    R"({"anyOf": [{"type": "string"}, {"type": "array", "items": {"$ref": "#"}}, {"enum": ["ab", 12, true]}]})",
    R"({"type": "object", "properties": {"a": {"type": "string"}, "ab": {"type": "number"}}})",
};

TEST(Masks, AreWhatBruteForceFinds) {
  const auto file = small_vocabulary().build();
  const Tokenizer tokenizer(parse_gguf(file).metadata);
  const VocabularyTrie trie(tokenizer);
  const std::size_t count = tokenizer.vocabulary().size();
  const TokenId end = *tokenizer.vocabulary().eos();
  std::mt19937 random(9);
  std::size_t compared = 0;
  for (const char* text : kSchemas) {
    const SchemaJson schema = parse_schema(text);
    GrammarBuilder builder;
    JsonParts parts(builder);
    builder.set_returns(
        SchemaCompiler(parts, schema).append(parts.append_space(builder.entry(0)), schema, ""));
    const auto grammar = std::make_shared<const Grammar>(builder.finish());
    for (unsigned round = 0; round < 6; ++round) {
      GrammarConstraint constraint(grammar, trie, tokenizer.vocabulary().end_tokens());
      NaiveAcceptor naive(*grammar);
      std::string so_far;
      for (unsigned step = 0; step < 25; ++step) {
        std::vector<std::uint32_t> mask((count + 31) / 32);
        constraint.allow(mask);
        std::vector<TokenId> allowed;
        for (TokenId id = 0; id < count; ++id) {
          const std::string bytes = tokenizer.bytes(id);
          const bool expected = id == end ? naive.accepts() : !bytes.empty() && naive.fits(bytes);
          ASSERT_EQ(test::is_allowed(mask, id), expected)
              << text << ": '" << bytes << "' after '" << so_far << "'";
          if (expected && id != end) allowed.push_back(id);
          ++compared;
        }
        if (allowed.empty()) break;
        // Long pieces first: they are where things go wrong.
        TokenId token = allowed[random() % allowed.size()];
        if (random() % 2 == 0) token = std::max(token, allowed[random() % allowed.size()]);
        constraint.accept(token);
        naive.take(tokenizer.bytes(token));
        so_far += tokenizer.bytes(token);
      }
    }
  }
  EXPECT_GT(compared, 200'000U);
}

TEST(Masks, RefuseWhatWasNotAllowed) {
  const ConstraintCompiler& compiler = *test::demo_model().compiler;
  const Tokenizer& tokenizer = *test::demo_model().tokenizer;
  const auto constraint = compiler.json_object();
  const auto token = [&](const char* text) {
    return tokenizer.encode(text, SpecialTokens::none).front();
  };
  EXPECT_THROW(constraint->accept(token("x")), LlmError);
  EXPECT_THROW(constraint->accept(*tokenizer.vocabulary().eos()), LlmError);
  EXPECT_THROW(constraint->accept(1'000'000), LlmError);
  constraint->accept(token("{"));  // what was refused has left no trace
  constraint->accept(token("}"));
  constraint->accept(*tokenizer.vocabulary().eos());
}

TEST(Masks, FitAModelWithFewerOrMoreTokensThanTheTokenizer) {
  const test::ConstraintModel& model = test::demo_model();
  for (const std::size_t words : {std::size_t{4}, model.pieces.size() / 32 + 100}) {
    const auto constraint = model.compiler->json_schema(R"({"type": "string"})");
    constraint->accept(model.tokenizer->encode("\"", SpecialTokens::none).front());
    std::vector<std::uint32_t> mask(words);
    constraint->allow(mask);
    std::vector<std::uint32_t> whole = test::mask_of(*constraint, model);
    whole.resize(words);
    EXPECT_EQ(mask, whole);
  }
}

TEST(Masks, NeedATokenForEveryByte) {
  const auto file = small_vocabulary(200).build();
  const Tokenizer tokenizer(parse_gguf(file).metadata);
  try {
    const ConstraintCompiler compiler(tokenizer);
    FAIL() << "accepted";
  } catch (const LlmError& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported_tokenizer);
  }
}

TEST(Masks, ConstraintsOfOneCompilerWorkInSeveralThreads) {
  const test::ConstraintModel& model = test::demo_model();
  std::vector<std::thread> threads;
  std::vector<unsigned> ended(4);
  for (unsigned i = 0; i < ended.size(); ++i) {
    threads.emplace_back([&, i] {
      std::mt19937 random(i);
      for (unsigned round = 0; round < 20; ++round) {
        const std::string schema =
            R"({"type": "array", "items": {"type": "integer"}, "maxItems": )" +
            std::to_string(round) + "}";
        const auto constraint = model.compiler->json_schema(schema);
        for (unsigned step = 0; step < 200; ++step) {
          std::vector<std::uint32_t> mask((model.pieces.size() + 31) / 32);
          constraint->allow(mask);
          std::vector<TokenId> allowed;
          for (TokenId id = 0; id < model.pieces.size(); ++id) {
            if (test::is_allowed(mask, id)) allowed.push_back(id);
          }
          const TokenId token = allowed[random() % allowed.size()];
          constraint->accept(token);
          if (!model.tokenizer->vocabulary().ends_generation(token)) continue;
          ++ended[i];
          break;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const unsigned count : ended) EXPECT_GT(count, 10U);
}

}  // namespace
}  // namespace redbolt::llm
