#include "server/openai/chat_reply.hpp"

#include <algorithm>

namespace redbolt::llm::server::openai {
namespace {

template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};

class MessageBuilder {
 public:
  void add(const Piece& piece) {
    std::visit(Overloaded{
                   [&](const ReasoningText& thought) { message_.reasoning += thought.text; },
                   [&](const ContentText& text) {
                     message_.content += text.text;
                     message_.tokens.insert(message_.tokens.end(), piece.tokens.begin(),
                                            piece.tokens.end());
                   },
                   [&](const ToolCallBegin& call) {
                     message_.calls.push_back({call.id, call.name, {}});
                   },
                   [&](const ToolCallArguments& part) {
                     if (!message_.calls.empty()) message_.calls.back().arguments += part.text;
                   },
                   [&](const ToolCallEnd& call) { end_call(call.complete); },
               },
               piece.event);
  }

  WholeMessage take() { return std::move(message_); }

 private:
  void end_call(bool complete) {
    if (complete || message_.calls.empty()) return;
    const WholeMessage::Call& call = message_.calls.back();
    message_.content +=
        "<tool_call>\n{\"name\": " + to_text(call.name) + ", \"arguments\": " + call.arguments;
    message_.calls.pop_back();
  }

  WholeMessage message_;
};

Json message_json(const WholeMessage& message) {
  Json json = {{"role", "assistant"}, {"content", message.content}};
  if (message.content.empty() && !message.calls.empty()) json["content"] = nullptr;
  if (!message.reasoning.empty()) json["reasoning_content"] = message.reasoning;
  json["refusal"] = nullptr;
  if (message.calls.empty()) return json;
  json["tool_calls"] = Json::array();
  for (const WholeMessage::Call& call : message.calls) {
    json["tool_calls"].push_back(
        {{"id", call.id},
         {"type", "function"},
         {"function", {{"name", call.name}, {"arguments", call.arguments}}}});
  }
  return json;
}

Json one_call(Json call) {
  return {{"tool_calls", Json::array({std::move(call)})}};
}

// Null where the stream has nothing to tell.
Json delta_of(const AnswerEvent& event) {
  return std::visit(
      Overloaded{
          [](const ReasoningText& thought) {
            return Json{{"reasoning_content", thought.text}};
          },
          [](const ContentText& text) {
            return Json{{"content", text.text}};
          },
          [](const ToolCallBegin& call) {
            return one_call({{"index", call.index},
                             {"id", call.id},
                             {"type", "function"},
                             {"function", {{"name", call.name}, {"arguments", ""}}}});
          },
          [](const ToolCallArguments& part) {
            return one_call({{"index", part.index}, {"function", {{"arguments", part.text}}}});
          },
          [](const ToolCallEnd&) { return Json(nullptr); },
      },
      event);
}

}  // namespace

WholeMessage put_together(const std::vector<Piece>& pieces) {
  MessageBuilder builder;
  for (const Piece& piece : pieces) builder.add(piece);
  return builder.take();
}

Json chat_completion(const ReplyHead& head, const Answers& answers,
                     const std::vector<std::vector<Piece>>& pieces) {
  Json json = envelope(head, "chat.completion");
  json["choices"] = Json::array();
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const WholeMessage message = put_together(pieces[i]);
    json["choices"].push_back({{"index", i},
                               {"message", message_json(message)},
                               {"logprobs", chat_logprobs(message.tokens)},
                               {"finish_reason", finish_reason(answers[i].finish())}});
  }
  json["usage"] = usage_of(answers);
  json["timings"] = timings_of(answers);
  return json;
}

Json ChatChunks::chunk(std::uint32_t answer, Json delta, Json finish_reason) const {
  Json json = envelope(head_, "chat.completion.chunk");
  json["choices"] = Json::array({{{"index", answer},
                                  {"delta", std::move(delta)},
                                  {"logprobs", nullptr},
                                  {"finish_reason", std::move(finish_reason)}}});
  if (include_usage_) json["usage"] = nullptr;
  return json;
}

std::string ChatChunks::begin(std::uint32_t answer) const {
  return event(chunk(answer, {{"role", "assistant"}, {"content", ""}}, nullptr));
}

std::string ChatChunks::piece(std::uint32_t answer, const Piece& piece) {
  Json delta = delta_of(piece.event);
  if (delta.is_null()) return {};
  Json json = chunk(answer, std::move(delta), nullptr);
  json["choices"][0]["logprobs"] = chat_logprobs(piece.tokens);
  return event(json);
}

std::string ChatChunks::finish(std::uint32_t answer, const Answers& answers) const {
  Json json = chunk(answer, Json::object(), finish_reason(answers[answer].finish()));
  if (!include_usage_ && answers.ended()) json["timings"] = timings_of(answers);
  return event(json);
}

std::string ChatChunks::last(const Answers& answers) const {
  if (!include_usage_) return {};
  Json json = envelope(head_, "chat.completion.chunk");
  json["choices"] = Json::array();
  json["usage"] = usage_of(answers);
  json["timings"] = timings_of(answers);
  return event(json);
}

}  // namespace redbolt::llm::server::openai
