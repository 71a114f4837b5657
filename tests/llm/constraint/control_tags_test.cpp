// Models whose tags are control tokens: they are written as those tokens, never spelled, and read
// back as their text.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "constraint_walk.hpp"
#include "gguf_builder.hpp"
#include "redbolt/llm/gguf/file.hpp"
#include "redbolt/llm/output/answer_decoder.hpp"
#include "redbolt/llm/output/answer_parser.hpp"
#include "tokenizer/byte_alphabet.hpp"

namespace redbolt::llm {
namespace {

constexpr std::int32_t kNormal = 1, kControl = 3;

class ControlTags : public testing::Test {
 protected:
  static std::vector<std::byte> vocabulary() {
    std::vector<std::string> tokens;
    for (unsigned byte = 0; byte < 256; ++byte) {
      tokens.emplace_back(byte_to_character(static_cast<std::uint8_t>(byte)));
    }
    std::vector<std::int32_t> types(tokens.size(), kNormal);
    for (const char* text : {"</s>", "[TOOL_CALLS]", "<tool_call>", "</tool_call>", "[THINK]",
                             "[/THINK]", "<|other|>"}) {
      tokens.emplace_back(text);
      types.push_back(kControl);
    }
    return test::GgufBuilder()
        .text("tokenizer.ggml.model", "gpt2")
        .text("tokenizer.ggml.pre", "qwen2")
        .texts("tokenizer.ggml.tokens", tokens)
        .numbers("tokenizer.ggml.token_type", 5, types)
        .texts("tokenizer.ggml.merges", {})
        .u32("tokenizer.ggml.eos_token_id", 256)
        .build();
  }

  TokenId id(const char* text) const { return *tokenizer_.vocabulary().find(text); }
  std::vector<TokenId> allowed(TokenConstraint& constraint) const {
    std::vector<std::uint32_t> mask((tokenizer_.vocabulary().size() + 31) / 32);
    constraint.allow(mask);
    std::vector<TokenId> ids;
    for (TokenId id = 0; id < tokenizer_.vocabulary().size(); ++id) {
      if (test::is_allowed(mask, id)) ids.push_back(id);
    }
    return ids;
  }

  const std::vector<std::byte> file_ = vocabulary();
  const Tokenizer tokenizer_{parse_gguf(file_).metadata};
  const ConstraintCompiler compiler_{tokenizer_};
  const std::vector<ToolDeclaration> tools_ = {{"f", ""}};
};

TEST_F(ControlTags, AreWrittenAsTokens) {
  for (const auto& [syntax, tag] : {std::pair(ToolSyntax::mistral, "[TOOL_CALLS]"),
                                    std::pair(ToolSyntax::hermes, "<tool_call>"),
                                    std::pair(ToolSyntax::function_tags, "<tool_call>")}) {
    const auto constraint = compiler_.tool_calls(tools_, {.syntax = syntax});
    // White space, or the token; not its first letter.
    EXPECT_EQ(allowed(*constraint), (std::vector<TokenId>{'\n', ' ', id(tag)}));
    constraint->accept(id(tag));
    EXPECT_EQ(allowed(*constraint).size(), 1U);
  }
}

TEST_F(ControlTags, NeverComeWithinStrings) {
  const auto constraint = compiler_.json_schema(R"({"type": "string"})");
  constraint->accept('"');
  for (const TokenId token : allowed(*constraint)) EXPECT_LT(token, 256U);
}

TEST_F(ControlTags, EndThoughts) {
  const ThinkingTags tags{"[THINK]", "[/THINK]"};
  const auto constraint = compiler_.json_object({.tags = tags, .budget = 2});
  EXPECT_EQ(allowed(*constraint), (std::vector<TokenId>{'\n', ' ', '{', id("[THINK]")}));
  constraint->accept(id("[THINK]"));
  const auto thoughts = allowed(*constraint);
  EXPECT_EQ(thoughts.size(), 256U);  // every byte that text may have, and the tag
  EXPECT_EQ(thoughts.back(), id("[/THINK]"));
  constraint->accept('a');
  constraint->accept('b');
  for (const TokenId token : {id("[/THINK]"), TokenId{'\n'}, TokenId{'\n'}}) {
    EXPECT_EQ(allowed(*constraint), std::vector<TokenId>{token});
    constraint->accept(token);
  }
  constraint->accept('{');
}

TEST_F(ControlTags, AreReadAsTheirText) {
  AnswerDecoder decoder(tokenizer_);
  std::string text = decoder.push(id("[TOOL_CALLS]"));
  for (const char byte : std::string(R"([{"name": "f", "arguments": {"é": 1}}])")) {
    text += decoder.push(static_cast<unsigned char>(byte));
  }
  text += decoder.push(id("<|other|>"));
  text += decoder.push(id("</s>"));
  text += decoder.finish();
  EXPECT_EQ(text, R"([TOOL_CALLS][{"name": "f", "arguments": {"é": 1}}])");
  // A character that a tag cuts off.
  EXPECT_EQ(decoder.push(0xC3), "");
  EXPECT_EQ(decoder.push(id("[TOOL_CALLS]")), "\xEF\xBF\xBD[TOOL_CALLS]");
}

}  // namespace
}  // namespace redbolt::llm
