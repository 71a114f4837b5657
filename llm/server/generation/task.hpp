// What is asked for, whichever API asked: a request after it has been read and before it has been
// looked at with a model's eyes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "redbolt/llm/chat/conversation.hpp"
#include "redbolt/llm/engine/sampling.hpp"
#include "redbolt/llm/output/answer_format.hpp"

namespace redbolt::llm::server {

struct Wishes {
  SamplingOptions sampling = {};           // the seed apart
  std::optional<std::uint64_t> seed = {};  // nothing: one is drawn for each answer
  std::uint32_t limit = 0;                 // tokens; 0: as many as the context holds
  std::vector<std::string> stops = {};
  std::optional<std::uint32_t> top_logprobs = {};  // nothing: no probabilities
  std::uint32_t answers = 1;
};

enum class Form { text, json_object, json_schema };

enum class ToolUse { automatic, required };  // a request that forbids them offers none

// Where thoughts go.
enum class ThoughtsTo { own_field, content, nowhere };

struct ChatTask {
  std::string model = {};  // empty: the default
  Conversation conversation = {};
  Wishes wishes = {};
  std::vector<ToolDeclaration> tools = {};
  ToolUse tool_use = ToolUse::automatic;
  std::string named_tool = {};  // with ToolUse::required: only this one
  bool parallel_tools = true;
  Form form = Form::text;
  std::string schema = {};      // with Form::json_schema
  std::string form_field = {};  // where the request asked for it, for errors
  ThoughtsTo thoughts = ThoughtsTo::own_field;
  std::optional<std::uint32_t> thinking_budget = {};
};

// A prompt that no chat format is applied to: text, which may name any token, or tokens.
using RawPrompt = std::variant<std::string, std::vector<TokenId>>;

struct TextTask {
  std::string model = {};
  RawPrompt prompt = {};
  std::string prompt_field = "prompt";
  Wishes wishes = {};
  Form form = Form::text;
  std::string schema = {};
  std::string form_field = {};
};

}  // namespace redbolt::llm::server
