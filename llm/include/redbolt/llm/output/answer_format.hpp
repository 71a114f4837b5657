// In which form a model writes its thoughts and its tool calls: found once per model, and used both
// to read answers (AnswerParser) and to force them (ConstraintCompiler).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "redbolt/llm/tokenizer/vocabulary.hpp"

namespace redbolt::llm {

// What stands around a model's thoughts, such as "<think>" and "</think>".
struct ThinkingTags {
  std::string_view open = {};
  std::string_view close = {};
  std::string_view after = "\n\n";  // what follows the closing tag where it is forced
};

// How thoughts stand in an answer in channels. Such an answer is not searched for other tags.
inline constexpr ThinkingTags kChannelThinking = {"<|channel|>analysis<|message|>", "<|end|>", ""};

// Every pair that is recognised at the beginning of an answer; the first is the most common.
std::span<const ThinkingTags> known_thinking_tags();

enum class ToolSyntax {
  hermes,  // <tool_call>{"name": …, "arguments": {…}}</tool_call>: Hermes, Qwen2.5, Qwen3, Granite
           // 4
  function_tags,  // <tool_call><function=NAME><parameter=KEY>value</parameter></function></tool_call>
  llama_json,     // {"name": …, "parameters": {…}} as the whole answer: Llama 3.x
  mistral,        // [TOOL_CALLS][{"name": …, "arguments": {…}}]
  mistral_args,  // [TOOL_CALLS]NAME[ARGS]{…}: Mistral since 2025. Either is read where one is meant
  tagged_list,  // <|tool_call|>[{"name": …, "arguments": {…}}]: Granite 3
  deepseek,  // <｜tool▁call▁begin｜>NAME<｜tool▁sep｜>{…}<｜tool▁call▁end｜>: DeepSeek V3.1
  deepseek_fenced,  // …function<｜tool▁sep｜>NAME, then {…} in a block of code: V3, R1. Either is
                    // read
  harmony,  // messages in channels, calls and thoughts among them: GPT-OSS
};

struct AnswerFormat {
  // The tags that the model's template names; nothing in them: it names none, and any known pair is
  // recognised, but nothing can be forced.
  ThinkingTags thinking = {};
  ToolSyntax tools = ToolSyntax::hermes;

  // The whole answer is messages in channels, whether or not there are tools.
  bool has_channels() const { return tools == ToolSyntax::harmony; }
};

// By what the chat template in the model's file says (it may be empty).
AnswerFormat detect_answer_format(std::string_view chat_template);

// A tool that a request offers.
struct ToolDeclaration {
  std::string name;
  std::string parameters = {};  // JSON Schema of an object, as text; empty: any object
  bool strict =
      false;  // forced calls must follow the schema or be refused, never be looser than it
};

// Reads a tool as OpenAI's requests have it, {"type": "function", "function": {…}}, or its inner
// object alone. Throws LlmError{bad_argument} that says what is wrong with it.
ToolDeclaration parse_tool(std::string_view json);

// The tags with which the answer's first words continue a prompt: true if the rendered prompt ends
// inside an opened block of thoughts, so that the answer starts in it.
bool prompt_opens_thinking(std::string_view prompt, const AnswerFormat& format);

}  // namespace redbolt::llm
