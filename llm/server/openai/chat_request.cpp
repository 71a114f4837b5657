#include "server/openai/chat_request.hpp"

#include "server/api_error.hpp"
#include "server/openai/messages.hpp"

namespace redbolt::llm::server::openai {
namespace {

void read_logprobs(const Fields& fields, Wishes& wishes) {
  const bool wanted = fields.flag("logprobs").value_or(false);
  const auto top = fields.integer("top_logprobs", 0, kMaximumLogprobs);
  if (top && *top > 0 && !wanted) {
    throw invalid_value("top_logprobs", "it needs 'logprobs' to be true");
  }
  if (wanted) wishes.top_logprobs = static_cast<std::uint32_t>(top.value_or(0));
}

void set_thinking(Conversation& conversation, bool on) {
  conversation.thinking = on ? Thinking::on : Thinking::off;
}

// What a request calls it, from the general to the particular; what comes later wins.
void read_thinking(const Fields& fields, ChatTask& task) {
  Conversation& conversation = task.conversation;
  if (const auto effort = fields.text("reasoning_effort")) {
    if (*effort == "none") {
      conversation.thinking = Thinking::off;
    } else {
      conversation.reasoning_effort = *effort;
    }
  }
  if (const auto on = fields.flag("enable_thinking")) set_thinking(conversation, *on);
  if (const auto arguments = fields.object("chat_template_kwargs")) {
    if (const auto on = arguments->flag("enable_thinking")) set_thinking(conversation, *on);
    conversation.template_arguments = to_text(arguments->json());
  }
  for (const char* name : {"thinking_budget_tokens", "thinking_budget", "reasoning_budget"}) {
    const auto budget = fields.integer(name, -1, UINT32_MAX);
    if (!budget || *budget < 0) continue;
    task.thinking_budget = static_cast<std::uint32_t>(*budget);
    if (*budget == 0) conversation.thinking = Thinking::off;
  }
  if (fields.text("reasoning_format") == "none") task.thoughts = ThoughtsTo::content;
  if (const auto show = fields.flag("show_thinking")) {
    task.thoughts = *show ? ThoughtsTo::content : ThoughtsTo::nowhere;
  }
}

}  // namespace

ChatRequest read_chat_request(const Json& body, const Limits& limits) {
  const Fields fields(body);
  ChatRequest request;
  ChatTask& task = request.task;
  task.model = fields.text("model").value_or("");
  read_messages(fields, task);
  read_tools(fields, task);
  task.wishes = read_wishes(fields, limits);
  read_logprobs(fields, task.wishes);
  WantedForm form = read_form(fields);
  task.form = form.form;
  task.schema = std::move(form.schema);
  task.form_field = std::move(form.field);
  read_thinking(fields, task);
  request.streaming = read_streaming(fields);
  return request;
}

}  // namespace redbolt::llm::server::openai
