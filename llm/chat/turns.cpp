#include "chat/turns.hpp"

#include <utility>

namespace redbolt::llm {
namespace {

using jinja::Origin;
using jinja::Text;

// Hermes' way of offering tools, which many models have seen.
constexpr std::string_view kToolsBefore =
    "# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
    "You are provided with function signatures within <tools></tools> XML tags:\n<tools>";
constexpr std::string_view kToolsAfter =
    "\n</tools>\n\nFor each function call, return a json object with function name and arguments "
    "within <tool_call></tool_call> XML tags:\n<tool_call>\n"
    "{\"name\": <function-name>, \"arguments\": <args-json-object>}\n</tool_call>";

bool blank(const Text& text) {
  return text.bytes().find_first_not_of(" \t\r\n") == std::string::npos;
}

// One text below the other, with an empty line between them.
void append_paragraph(Text& text, const Text& more) {
  if (!text.empty() && !more.empty()) text.append("\n\n", Origin::markup);
  text.append(more);
}

void offer_tools(std::vector<Turn>& turns, const std::vector<std::string>& tools) {
  Text block(std::string(kToolsBefore), Origin::markup);
  for (const std::string& tool : tools) {
    block.append("\n", Origin::markup);
    block.append(tool, Origin::input);
  }
  block.append(kToolsAfter, Origin::markup);
  if (turns.empty() || turns.front().role != Role::system) {
    turns.insert(turns.begin(), {Role::system, {}, nullptr, {}});
  }
  append_paragraph(turns.front().content, block);
}

void tell_calls(Turn& turn) {
  for (const ToolCall& call : turn.calls) {
    if (!turn.content.empty()) turn.content.append("\n", Origin::markup);
    turn.content.append("<tool_call>\n{\"name\": \"", Origin::markup);
    turn.content.append(call.name, Origin::input);
    turn.content.append("\", \"arguments\": ", Origin::markup);
    turn.content.append(call.arguments.empty() ? "{}" : call.arguments, Origin::input);
    turn.content.append("}\n</tool_call>", Origin::markup);
  }
  turn.calls = {};
}

// Whether a result answers the call at a place among several; one that names none, by its own.
bool answers(const Message& result, std::size_t own, const ToolCall& call, std::size_t place) {
  return result.tool_call_id.empty() ? own == place : result.tool_call_id == call.id;
}

// A message with several calls becomes several with one, each followed by its results.
std::vector<Turn> split_calls(std::vector<Turn> turns) {
  std::vector<Turn> split;
  for (std::size_t i = 0; i < turns.size();) {
    const std::span<const ToolCall> calls = turns[i].calls;
    std::size_t end = i + 1;  // of the results that follow
    while (calls.size() > 1 && end < turns.size() && turns[end].role == Role::tool) ++end;
    std::vector<bool> told(end - i, false);
    for (std::size_t place = 0; place < calls.size() && calls.size() > 1; ++place) {
      Turn one{Role::assistant, {}, nullptr, calls.subspan(place, 1)};
      if (place == 0) {
        one.content = turns[i].content;
        one.message = turns[i].message;
      }
      split.push_back(std::move(one));
      for (std::size_t k = i + 1; k < end; ++k) {
        if (told[k - i] || !answers(*turns[k].message, k - i - 1, calls[place], place)) continue;
        told[k - i] = true;
        split.push_back(turns[k]);
      }
    }
    if (calls.size() <= 1) split.push_back(std::move(turns[i]));
    for (std::size_t k = i + 1; k < end; ++k) {
      if (!told[k - i]) split.push_back(turns[k]);
    }
    i = end;
  }
  return split;
}

// Results that follow each other become one message.
std::vector<Turn> tell_results(std::vector<Turn> turns) {
  std::vector<Turn> told;
  bool after_result = false;
  for (Turn& turn : turns) {
    const bool result = turn.role == Role::tool;
    if (!result) {
      told.push_back(std::move(turn));
    } else {
      if (!after_result) told.push_back({Role::user, {}, nullptr, {}});
      Text& content = told.back().content;
      content.append(after_result ? "\n<tool_response>\n" : "<tool_response>\n", Origin::markup);
      content.append(turn.content);
      content.append("\n</tool_response>", Origin::markup);
    }
    after_result = result;
  }
  return told;
}

// System messages move into the user's message that follows, or into one of their own at the end.
std::vector<Turn> fold_system(std::vector<Turn> turns) {
  std::vector<Turn> folded;
  Text waiting;
  for (Turn& turn : turns) {
    if (turn.role == Role::system) {
      if (!blank(turn.content)) append_paragraph(waiting, turn.content);
      continue;
    }
    if (turn.role == Role::user && !waiting.empty()) {
      append_paragraph(waiting, turn.content);
      turn.content = std::exchange(waiting, {});
    }
    folded.push_back(std::move(turn));
  }
  if (!waiting.empty()) folded.push_back({Role::user, std::move(waiting), nullptr, {}});
  return folded;
}

}  // namespace

std::vector<Turn> make_turns(const Conversation& conversation, const TemplateStyle& style) {
  std::vector<Turn> turns;
  for (const Message& message : conversation.messages) {
    const bool renamed = message.role == Role::developer && !style.developer;
    turns.push_back({renamed ? Role::system : message.role, Text(message.content, Origin::input),
                     &message, message.tool_calls});
  }
  if (!style.tools && !conversation.tools.empty()) offer_tools(turns, conversation.tools);
  for (Turn& turn : turns) {
    if (!style.tool_calls) tell_calls(turn);
  }
  if (style.one_call) turns = split_calls(std::move(turns));
  if (!style.tool_results) turns = tell_results(std::move(turns));
  if (!style.system) turns = fold_system(std::move(turns));
  return turns;
}

}  // namespace redbolt::llm
