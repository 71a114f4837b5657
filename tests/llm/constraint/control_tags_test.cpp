// Models whose tags are control tokens: they are written as those tokens, never spelled, and read
// back as their text.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
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
  // The first of them is the end token.
  explicit ControlTags(const std::vector<const char*>& controls = {"</s>", "[TOOL_CALLS]", "[ARGS]",
                                                                   "<tool_call>", "</tool_call>",
                                                                   "[THINK]", "[/THINK]", "<|end|>",
                                                                   "<|other|>"})
      : file_(vocabulary(controls)) {}

  static std::vector<std::byte> vocabulary(const std::vector<const char*>& controls) {
    std::vector<std::string> tokens;
    for (unsigned byte = 0; byte < 256; ++byte) {
      tokens.emplace_back(byte_to_character(static_cast<std::uint8_t>(byte)));
    }
    std::vector<std::int32_t> types(tokens.size(), kNormal);
    for (const char* text : controls) {
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

  const std::vector<std::byte> file_;
  const Tokenizer tokenizer_{parse_gguf(file_).metadata};
  const ConstraintCompiler compiler_{tokenizer_};
  const std::vector<ToolDeclaration> tools_ = {{"f", ""}};
};

TEST_F(ControlTags, AreWrittenAsTokens) {
  for (const auto& [syntax, tag] : {std::pair(ToolSyntax::mistral, "[TOOL_CALLS]"),
                                    std::pair(ToolSyntax::mistral_args, "[TOOL_CALLS]"),
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
  // The mark of another format than this model's, and what is no mark at all.
  for (const char* text_of : {"<|end|>", "<|other|>", "</s>"}) text += decoder.push(id(text_of));
  text += decoder.finish();
  EXPECT_EQ(text, R"([TOOL_CALLS][{"name": "f", "arguments": {"é": 1}}])");
  // A character that a tag cuts off.
  EXPECT_EQ(decoder.push(0xC3), "");
  EXPECT_EQ(decoder.push(id("[TOOL_CALLS]")), "\xEF\xBF\xBD[TOOL_CALLS]");
}

// GPT-OSS's vocabulary: every mark of its format is a control token.
class ChannelTags : public ControlTags {
 protected:
  ChannelTags()
      : ControlTags({"<|return|>", "<|start|>", "<|channel|>", "<|constrain|>", "<|message|>",
                     "<|end|>", "<|call|>"}) {}

  // Feeds a text in which only marks are control tokens; the first byte or mark that is refused.
  std::optional<std::string> refused(TokenConstraint& constraint, std::string_view text) const {
    for (const TokenId token : tokenizer_.encode(text, SpecialTokens::all)) {
      const auto fitting = allowed(constraint);
      if (std::ranges::find(fitting, token) == fitting.end()) {
        return std::string(tokenizer_.vocabulary().text(token));
      }
      constraint.accept(token);
    }
    return {};
  }
};

TEST_F(ChannelTags, AnEndOfAMessageIsNotTheAnswersEnd) {
  EXPECT_EQ(tokenizer_.vocabulary().end_tokens(),
            (std::vector<TokenId>{id("<|return|>"), id("<|call|>")}));
  AnswerDecoder decoder(tokenizer_);
  std::string text;
  for (const char* mark : {"<|end|>", "<|start|>", "<|channel|>", "<|constrain|>", "<|message|>"}) {
    text += decoder.push(id(mark));
  }
  EXPECT_EQ(text, "<|end|><|start|><|channel|><|constrain|><|message|>");
  EXPECT_EQ(decoder.push(id("<|call|>")), "");
}

TEST_F(ChannelTags, HeadersAreWrittenAsTokens) {
  const std::vector<ToolDeclaration> tools = {{"f", R"({"type": "object", "properties": {}})"}};
  const ThinkingPrelude prelude{.tags = kChannelThinking, .budget = 2, .channels = true};
  const auto constraint =
      compiler_.calls_or_json(tools, {.syntax = ToolSyntax::harmony}, {}, prelude);
  EXPECT_EQ(allowed(*constraint), (std::vector<TokenId>{' ', id("<|start|>"), id("<|channel|>")}));
  EXPECT_EQ(refused(*constraint, "<|channel|>"), std::nullopt);
  EXPECT_EQ(allowed(*constraint), (std::vector<TokenId>{'a', 'c', 'f'}));
  EXPECT_EQ(refused(*constraint, "analysis<|message|>hm"), std::nullopt);
  // The budget is spent: the message ends, and nothing is put behind it.
  EXPECT_EQ(allowed(*constraint), std::vector<TokenId>{id("<|end|>")});
  EXPECT_EQ(refused(*constraint, "<|end|><|start|>assistant<|channel|>final<|message|>{"),
            std::nullopt);
  // Within the document no mark comes, however it quotes one.
  EXPECT_EQ(refused(*constraint, "\"<|end|>"), "<|end|>");
  EXPECT_EQ(refused(*constraint, "a\": 1}<|return|>"), std::nullopt);

  const auto called = compiler_.calls_or_json(tools, {.syntax = ToolSyntax::harmony}, {}, prelude);
  EXPECT_EQ(refused(*called, "<|channel|>commentary to=functions.f <|constrain|>json<|message|>{}"),
            std::nullopt);
  EXPECT_EQ(allowed(*called), (std::vector<TokenId>{id("<|return|>"), id("<|call|>")}));
}

}  // namespace
}  // namespace redbolt::llm
