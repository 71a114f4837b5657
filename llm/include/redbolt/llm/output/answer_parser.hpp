// Takes a model's answer apart while it arrives: thoughts, text, and calls of tools. Text goes in
// as it is decoded, cut anywhere; what comes out does not depend on where it was cut, only how it
// is spread over events does.
//
// Thoughts are what stands between thinking tags, where these are the first thing in the answer (or
// the prompt has opened them already). The first closing tag ends them; an inner pair that begins
// on a line of its own is part of them. White space around thoughts is dropped. Tags that never
// close make everything thoughts. Later tags, and what only looks like one, are text.
//
// Calls are looked for in the text, never in thoughts, and only if the request offered tools. A
// call is announced (ToolCallBegin) as soon as its name is known to be one of those offered; what
// precedes that, including a name that was not offered, comes back as text if the call turns out
// not to be one. A call that turns bad later is ended with complete = false: its arguments so far
// are not a JSON object (the last brace is never sent), and what follows, from the first byte that
// does not fit, is text. A call that the answer's end cuts off is ended in the same way. White
// space between text and calls is dropped. Nothing else is ever lost.
//
// With channels (ToolSyntax::harmony) thoughts, text and calls come in any order, in messages of
// their own: several of a kind are given out with an empty line between them, and the marks around
// them are dropped, except of a message that is not for the user and not for a tool offered: it is
// text as it was written.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "redbolt/llm/output/answer_format.hpp"

namespace redbolt::llm {

struct ReasoningText {
  std::string text;
};
struct ContentText {
  std::string text;
};
struct ToolCallBegin {
  std::uint32_t index = 0;  // 0, 1, … in the order of the answer
  std::string id;           // "call_" and 24 letters and digits
  std::string name;
};
// The pieces of one call, joined, are the JSON text of its arguments.
struct ToolCallArguments {
  std::uint32_t index = 0;
  std::string text;
};
struct ToolCallEnd {
  std::uint32_t index = 0;
  bool complete = true;  // the arguments are a JSON object
};
using AnswerEvent =
    std::variant<ReasoningText, ContentText, ToolCallBegin, ToolCallArguments, ToolCallEnd>;

struct AnswerOptions {
  AnswerFormat format = {};
  bool starts_in_thinking = false;          // the prompt has opened the thoughts
  std::vector<ToolDeclaration> tools = {};  // none: no calls are looked for
  // The answer is calls or text, never both: text that has begun goes on to the end, whatever it
  // quotes; and a call as a bare JSON object is one only as ConstraintCompiler::calls_or_json
  // writes it, from its name to its arguments.
  bool calls_or_text = false;
  std::uint32_t most_calls = UINT32_MAX;  // what would be announced after that many is text
  std::function<std::string()> make_call_id = {};  // null: random
};

// One answer's. One thread.
class AnswerParser {
 public:
  explicit AnswerParser(AnswerOptions options);
  AnswerParser(AnswerParser&&) noexcept;
  AnswerParser& operator=(AnswerParser&&) noexcept;
  ~AnswerParser();

  // What `text` (UTF-8, any length) settles. Only what may still become a tag is held back.
  std::vector<AnswerEvent> push(std::string_view text);
  // The answer is over: what was held back. Nothing may be pushed after it.
  std::vector<AnswerEvent> finish();

  bool in_thinking() const;
  // Calls announced so far.
  std::uint32_t tool_calls() const;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace redbolt::llm
