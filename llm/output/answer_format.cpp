#include "redbolt/llm/output/answer_format.hpp"

#include <algorithm>
#include <array>

#include "nlohmann/json.hpp"
#include "redbolt/llm/error.hpp"

namespace redbolt::llm {
namespace {

using nlohmann::json;

// As the templates and model cards of these families have them.
constexpr std::array<ThinkingTags, 9> kThinkingTags = {{
    {"<think>", "</think>"},                     // Qwen3, QwQ, DeepSeek R1, GLM, Nemotron
    {"<thinking>", "</thinking>"},               // prompted for
    {"<thought>", "</thought>"},                 // EXAONE Deep
    {"<reasoning>", "</reasoning>"},             // prompted for
    {"<seed:think>", "</seed:think>"},           // Seed-OSS
    {"<|START_THINKING|>", "<|END_THINKING|>"},  // Command A
    {"[THINK]", "[/THINK]"},                     // Magistral
    {"◁think▷", "◁/think▷"},                     // Kimi-VL
    {"Here is my thought process:", "Here is my response:"},  // Granite 3.2
}};

struct ToolMark {
  std::string_view text;
  ToolSyntax syntax;
  std::string_view with = {};  // the template contains this too
};
// The first that a template contains decides.
constexpr std::array<ToolMark, 10> kToolMarks = {{
    {"<|channel|>", ToolSyntax::harmony, "<|message|>"},
    {"<function=", ToolSyntax::function_tags},
    {"[TOOL_CALLS]", ToolSyntax::mistral_args, "[ARGS]"},
    {"[TOOL_CALLS]", ToolSyntax::mistral},
    {"<tool_call>", ToolSyntax::hermes},
    {"<｜tool▁call▁begin｜>", ToolSyntax::deepseek_fenced, "```json"},
    {"<｜tool▁call▁begin｜>", ToolSyntax::deepseek},
    {"<|tool_call|>", ToolSyntax::tagged_list},
    {"<|python_tag|>", ToolSyntax::llama_json},
    {"<|start_header_id|>", ToolSyntax::llama_json},
}};

[[noreturn]] void bad_tool(const std::string& what) {
  throw LlmError(ErrorCode::bad_argument, what);
}

}  // namespace

std::span<const ThinkingTags> known_thinking_tags() {
  return kThinkingTags;
}

AnswerFormat detect_answer_format(std::string_view chat_template) {
  AnswerFormat format;
  const auto names = [&](std::string_view mark) {
    return chat_template.find(mark) != std::string_view::npos;
  };
  for (const ThinkingTags& tags : kThinkingTags) {
    if (!names(tags.open) && !names(tags.close)) continue;
    format.thinking = tags;
    break;
  }
  for (const ToolMark& mark : kToolMarks) {
    if (!names(mark.text) || !names(mark.with)) continue;
    format.tools = mark.syntax;
    break;
  }
  if (format.has_channels()) format.thinking = kChannelThinking;
  return format;
}

ToolDeclaration parse_tool(std::string_view text) {
  json tool = json::parse(text, nullptr, false);
  if (!tool.is_object()) bad_tool("a tool must be a JSON object");
  if (const auto inner = tool.find("function"); inner != tool.end()) {
    json function = *inner;
    tool = std::move(function);
    if (!tool.is_object()) bad_tool("a tool's function must be a JSON object");
  }
  ToolDeclaration result;
  const auto name = tool.find("name");
  if (name == tool.end() || !name->is_string()) bad_tool("a tool needs a name, as a string");
  result.name = name->get<std::string>();
  if (result.name.empty()) bad_tool("a tool's name is empty");
  if (const auto parameters = tool.find("parameters");
      parameters != tool.end() && !parameters->is_null()) {
    if (!parameters->is_object()) {
      bad_tool("the parameters of the tool '" + result.name + "' must be a JSON Schema object");
    }
    result.parameters = parameters->dump(-1, ' ', false, json::error_handler_t::replace);
  }
  if (const auto strict = tool.find("strict"); strict != tool.end() && !strict->is_null()) {
    if (!strict->is_boolean()) {
      bad_tool("'strict' of the tool '" + result.name + "' must be true or false");
    }
    result.strict = strict->get<bool>();
  }
  return result;
}

bool prompt_opens_thinking(std::string_view prompt, const AnswerFormat& format) {
  while (!prompt.empty() && (prompt.back() == '\n' || prompt.back() == ' ')) {
    prompt.remove_suffix(1);
  }
  if (!format.thinking.open.empty()) return prompt.ends_with(format.thinking.open);
  return std::ranges::any_of(kThinkingTags,
                             [&](const ThinkingTags& tags) { return prompt.ends_with(tags.open); });
}

}  // namespace redbolt::llm
