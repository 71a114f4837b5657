#include <gtest/gtest.h>

#include <string>

#include "redbolt/llm/error.hpp"
#include "redbolt/llm/output/answer_format.hpp"

namespace redbolt::llm {
namespace {

TEST(AnswerFormat, IsWhatTheTemplateNames) {
  // Pieces of the templates of Qwen3, Qwen2.5, Qwen3-Coder, Llama 3.1 and Mistral.
  const auto qwen3 = detect_answer_format(
      "{{- '<think>\\n' + reasoning }}… {{- '\\n<tool_call>\\n{\"name\": \"' }}");
  EXPECT_EQ(qwen3.tools, ToolSyntax::hermes);
  EXPECT_EQ(qwen3.thinking.close, "</think>");
  const auto qwen25 = detect_answer_format("{{- '\\n<tool_call>\\n{\"name\": \"' }}");
  EXPECT_EQ(qwen25.tools, ToolSyntax::hermes);
  EXPECT_TRUE(qwen25.thinking.open.empty());
  EXPECT_EQ(detect_answer_format("{{- '\\n<tool_call>\\n<function=' + tool_call.name }}").tools,
            ToolSyntax::function_tags);
  EXPECT_EQ(detect_answer_format("{{- '<|start_header_id|>assistant' }}…\"<|python_tag|>\"").tools,
            ToolSyntax::llama_json);
  EXPECT_EQ(detect_answer_format("{{- \"[TOOL_CALLS][\" }}").tools, ToolSyntax::mistral);
  EXPECT_EQ(detect_answer_format("{{- '[TOOL_CALLS]' + name + '[ARGS]' + arguments }}").tools,
            ToolSyntax::mistral_args);
  EXPECT_EQ(detect_answer_format("respond only with <|tool_call|> followed by a JSON list").tools,
            ToolSyntax::tagged_list);
  EXPECT_EQ(detect_answer_format("{{'<｜tool▁call▁begin｜>' + name + '<｜tool▁sep｜>'}}").tools,
            ToolSyntax::deepseek);
  EXPECT_EQ(
      detect_answer_format("{{'<｜tool▁call▁begin｜>' + type + '<｜tool▁sep｜>'}}…'```json'").tools,
      ToolSyntax::deepseek_fenced);
  EXPECT_EQ(detect_answer_format("").tools, ToolSyntax::hermes);
  const auto harmony = detect_answer_format(
      "{{- \"<|start|>assistant<|channel|>analysis<|message|>\" + message.thinking + \"<|end|>\" "
      "}}");
  EXPECT_EQ(harmony.tools, ToolSyntax::harmony);
  EXPECT_EQ(harmony.thinking.close, "<|end|>");
  // Phi's messages end in the same mark.
  EXPECT_TRUE(
      detect_answer_format("{{'<|user|>\n' + message.content + '<|end|>'}}").thinking.open.empty());
}

TEST(AnswerFormat, KnowsWhetherThePromptOpensThoughts) {
  const AnswerFormat format{.thinking = known_thinking_tags().front()};
  EXPECT_TRUE(prompt_opens_thinking("<|im_start|>assistant\n<think>\n", format));
  EXPECT_TRUE(prompt_opens_thinking("<|im_start|>assistant\n<think>\n", {}));
  EXPECT_FALSE(prompt_opens_thinking("<|im_start|>assistant\n<think>\n\n</think>\n\n", format));
  EXPECT_FALSE(prompt_opens_thinking("<|im_start|>assistant\n", format));
  const AnswerFormat channels{.thinking = kChannelThinking, .tools = ToolSyntax::harmony};
  EXPECT_TRUE(prompt_opens_thinking("<|start|>assistant<|channel|>analysis<|message|>", channels));
  EXPECT_FALSE(prompt_opens_thinking("<|start|>assistant", channels));
}

TEST(AnswerFormat, ReadsToolsInBothForms) {
  const ToolDeclaration wrapped = parse_tool(
      R"({"type": "function", "function": {"name": "f", "strict": true, "parameters": {"type": "object"}}})");
  EXPECT_EQ(wrapped.name, "f");
  EXPECT_EQ(wrapped.parameters, R"({"type":"object"})");
  EXPECT_TRUE(wrapped.strict);
  const ToolDeclaration bare = parse_tool(R"({"name": "g"})");
  EXPECT_EQ(bare.name, "g");
  EXPECT_EQ(bare.parameters, "");
  EXPECT_FALSE(bare.strict);
}

TEST(AnswerFormat, SaysWhatIsWrongWithATool) {
  const auto message = [](std::string_view text) -> std::string {
    try {
      parse_tool(text);
    } catch (const LlmError& error) {
      EXPECT_EQ(error.code(), ErrorCode::bad_argument);
      return error.what();
    }
    return "accepted";
  };
  EXPECT_EQ(message("[1]"), "a tool must be a JSON object");
  EXPECT_EQ(message("{"), "a tool must be a JSON object");
  EXPECT_EQ(message("{}"), "a tool needs a name, as a string");
  EXPECT_EQ(message(R"({"name": ""})"), "a tool's name is empty");
  EXPECT_EQ(message(R"({"name": "f", "parameters": 3})"),
            "the parameters of the tool 'f' must be a JSON Schema object");
  EXPECT_EQ(message(R"({"name": "f", "strict": "yes"})"),
            "'strict' of the tool 'f' must be true or false");
}

}  // namespace
}  // namespace redbolt::llm
