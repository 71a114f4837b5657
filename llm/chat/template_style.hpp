// What a chat template can be given. Templates differ in what they have a place for and in how they
// want it; what one has no place for is written into messages that it knows.
#pragma once

namespace redbolt::llm {

struct TemplateStyle {
  bool system = true;              // otherwise: in front of the next user's message
  bool developer = false;          // otherwise: as the system's
  bool tools = true;               // otherwise: in the system message, in Hermes' way
  bool tool_calls = true;          // otherwise: in the assistant's text, in Hermes' way
  bool tool_results = true;        // otherwise: as a user's message, in Hermes' way
  bool one_call = false;           // at most one in a message: several become several messages
  bool arguments_as_text = false;  // of calls: a string of JSON, not a mapping
  bool no_empty_content = false;   // of an assistant that only calls tools: None, not ""
  bool content_in_parts = false;   // [{"type": "text", "text": ...}], not a string
  bool short_ids = false;          // of calls: nine letters or digits
  bool thinking_field = false;     // reasoning is also called `thinking`
};

}  // namespace redbolt::llm
