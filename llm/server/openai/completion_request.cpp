#include "server/openai/completion_request.hpp"

#include "server/api_error.hpp"

namespace redbolt::llm::server::openai {
namespace {

RawPrompt read_prompt(const Fields& fields) {
  const Json* const prompt = fields.find("prompt");
  if (prompt == nullptr) throw missing_field("prompt");
  if (prompt->is_string()) return prompt->get<std::string>();
  if (!prompt->is_array()) {
    throw invalid_type("prompt", "a string or an array of tokens", kind_of(*prompt));
  }
  if (prompt->size() == 1 && prompt->front().is_string()) return prompt->front().get<std::string>();
  std::vector<TokenId> tokens;
  fields.each("prompt", [&](const Json& element, const std::string& path) {
    if (element.is_string() || element.is_array()) {
      throw unsupported("prompt",
                        "Several prompts in one request are not supported: send one "
                        "request for each.");
    }
    if (!element.is_number_unsigned() || element.get<std::uint64_t>() > UINT32_MAX) {
      throw invalid_type(path, "a token's number", kind_of(element));
    }
    tokens.push_back(element.get<TokenId>());
  });
  return tokens;
}

}  // namespace

CompletionRequest read_completion_request(const Json& body, const Limits& limits) {
  const Fields fields(body);
  CompletionRequest request;
  request.task.model = fields.text("model").value_or("");
  request.task.prompt = read_prompt(fields);
  request.task.wishes = read_wishes(fields, limits);
  if (const auto top = fields.integer("logprobs", 0, kMaximumLogprobs)) {
    request.task.wishes.top_logprobs = static_cast<std::uint32_t>(*top);
  }
  if (!fields.text("suffix").value_or("").empty()) {
    throw unsupported("suffix", "Filling in before a suffix is not supported.");
  }
  const auto best_of = fields.integer("best_of", 1, 20);
  if (best_of && *best_of != request.task.wishes.answers) {
    throw unsupported("best_of", "'best_of' other than 'n' is not supported.");
  }
  WantedForm form = read_form(fields);
  request.task.form = form.form;
  request.task.schema = std::move(form.schema);
  request.task.form_field = std::move(form.field);
  request.echo = fields.flag("echo").value_or(false);
  if (request.echo && !std::holds_alternative<std::string>(request.task.prompt)) {
    throw unsupported("echo", "'echo' needs a prompt that is text.");
  }
  request.streaming = read_streaming(fields);
  return request;
}

}  // namespace redbolt::llm::server::openai
