#include "server/openai/completion_request.hpp"

#include <algorithm>

#include "server/api_error.hpp"

namespace redbolt::llm::server::openai {
namespace {

bool is_prompt(const Json& value) {
  return value.is_string() || value.is_array();
}

RawPrompt read_prompt(const Json& prompt, const std::string& path) {
  if (prompt.is_string()) return prompt.get<std::string>();
  if (!prompt.is_array())
    throw invalid_type(path, "a string or an array of tokens", kind_of(prompt));
  std::vector<TokenId> tokens;
  for (const Json& element : prompt) {
    if (!element.is_number_unsigned() || element.get<std::uint64_t>() > UINT32_MAX) {
      throw invalid_type(path + "[" + std::to_string(tokens.size()) + "]", "a token's number",
                         kind_of(element));
    }
    tokens.push_back(element.get<TokenId>());
  }
  return tokens;
}

std::vector<RawPrompt> read_prompts(const Fields& fields) {
  const Json* const prompt = fields.find("prompt");
  if (prompt == nullptr) throw missing_field("prompt");
  const bool several = prompt->is_array() && !prompt->empty() && is_prompt(prompt->front());
  if (!several) return {read_prompt(*prompt, "prompt")};
  std::vector<RawPrompt> prompts;
  fields.each("prompt", [&](const Json& element, const std::string& path) {
    prompts.push_back(read_prompt(element, path));
  });
  return prompts;
}

bool is_text(const RawPrompt& prompt) {
  return std::holds_alternative<std::string>(prompt);
}

}  // namespace

CompletionRequest read_completion_request(const Json& body, const Limits& limits) {
  const Fields fields(body);
  CompletionRequest request;
  request.task.model = fields.text("model").value_or("");
  request.prompts = read_prompts(fields);
  request.task.wishes = read_wishes(fields, limits);
  if (request.prompts.size() * request.task.wishes.answers > limits.prompts) {
    throw invalid_value("prompt",
                        "at most " + std::to_string(limits.prompts) + " answers in one request");
  }
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
  if (request.echo && !std::ranges::all_of(request.prompts, is_text)) {
    throw unsupported("echo", "'echo' needs a prompt that is text.");
  }
  request.streaming = read_streaming(fields);
  return request;
}

}  // namespace redbolt::llm::server::openai
