#include "server/generation/prepared.hpp"

#include <algorithm>

#include "redbolt/llm/chat/kept_tokens.hpp"
#include "server/api_error.hpp"
#include "server/generation/engine_errors.hpp"

namespace redbolt::llm::server {
namespace {

using MakeConstraint = std::function<std::unique_ptr<TokenConstraint>()>;

const ConstraintCompiler& compiler_of(const LoadedParts& parts, const std::string& field) {
  if (parts.constraints) return *parts.constraints;
  throw unsupported(field,
                    "This model's answers cannot be given a form: " + parts.no_forms_because);
}

// Made once here, so that what is wrong with it is said before the request waits for a slot; the
// first answer takes that one, further answers have their own.
MakeConstraint checked(MakeConstraint make) {
  auto first = std::make_shared<std::unique_ptr<TokenConstraint>>(make());
  return [first, make = std::move(make)] { return *first ? std::move(*first) : make(); };
}

// Runs what compiles a schema; what is wrong with that is told of the request's field.
MakeConstraint checked_schema(const std::string& field, const MakeConstraint& make) {
  try {
    return checked(make);
  } catch (const SchemaError& error) {
    ApiError refused = invalid_value(
        field, std::string(error.what()) +
                   (error.path().empty() ? "" : " (at " + error.path() + " of the schema)"));
    refused.code = "invalid_json_schema";
    throw refused;
  }
}

MakeConstraint form_constraint(const LoadedParts& parts, Form form, const std::string& schema,
                               const std::string& field, const ThinkingPrelude& prelude) {
  const ConstraintCompiler& compiler = compiler_of(parts, field);
  if (form == Form::json_object) {
    return checked([&compiler, prelude] { return compiler.json_object(prelude); });
  }
  return checked_schema(
      field, [&compiler, schema, prelude] { return compiler.json_schema(schema, prelude); });
}

ToolCallForm call_form(const LoadedParts& parts, const ChatTask& task) {
  return {.syntax = parts.answer_format.tools, .parallel = task.parallel_tools};
}

MakeConstraint tool_constraint(const LoadedParts& parts, const ChatTask& task,
                               const ThinkingPrelude& prelude) {
  const ConstraintCompiler& compiler = compiler_of(parts, "tool_choice");
  return checked_schema("tools", [&compiler, prelude, tools = task.tools, named = task.named_tool,
                                  form = call_form(parts, task)]() mutable {
    form.named = named;
    return compiler.tool_calls(tools, form, prelude);
  });
}

// Calls, or JSON.
MakeConstraint choice_constraint(const LoadedParts& parts, const ChatTask& task,
                                 const ThinkingPrelude& prelude) {
  // Alone first: what is wrong with it is then known not to be a tool's fault.
  form_constraint(parts, task.form, task.schema, task.form_field, prelude);
  const ConstraintCompiler& compiler = compiler_of(parts, task.form_field);
  std::optional<std::string> schema;
  if (task.form == Form::json_schema) schema = task.schema;
  return checked_schema(
      "tools", [&compiler, prelude, schema, tools = task.tools, form = call_form(parts, task)] {
        return compiler.calls_or_json(tools, form, schema, prelude);
      });
}

MakeConstraint chat_constraint(const LoadedParts& parts, const ChatTask& task,
                               const ThinkingPrelude& prelude) {
  if (!task.tools.empty() && task.tool_use == ToolUse::required) {
    return tool_constraint(parts, task, prelude);
  }
  if (task.form != Form::text) {
    return task.tools.empty()
               ? form_constraint(parts, task.form, task.schema, task.form_field, prelude)
               : choice_constraint(parts, task, prelude);
  }
  if (prelude.budget && !prelude.tags.close.empty() && parts.constraints) {
    const ConstraintCompiler& compiler = *parts.constraints;
    return [&compiler, prelude] { return compiler.thinking_budget(prelude); };
  }
  return {};
}

void check_fits(const Prepared& prepared, const TokenEngine& engine) {
  if (prepared.prompt.empty()) {
    throw invalid_value(prepared.prompt_field, "it must not be empty");
  }
  if (prepared.prompt.size() < engine.context()) return;
  throw context_exceeded(prepared.prompt_field, prepared.prompt.size(), engine.context());
}

void check_bias(const Wishes& wishes, const Vocabulary& vocabulary) {
  for (const TokenBias& bias : wishes.sampling.logit_bias) {
    if (bias.token >= vocabulary.size()) {
      throw invalid_value("logit_bias", "the model has no token " + std::to_string(bias.token));
    }
  }
}

// Whether the answer may go beyond the context, so that an engine that shifts would.
bool may_be_shifted(const Prepared& prepared, std::uint32_t context) {
  const std::uint32_t limit = prepared.wishes.limit;
  return limit == 0 || prepared.prompt.size() + limit > context;
}

std::vector<TextSegment> render(const LoadedParts& parts, const Conversation& conversation) {
  try {
    return parts.format->prompt(conversation);
  } catch (const LlmError& error) {
    ApiError refused = invalid_value("messages", error.what());
    refused.code = std::string(to_string(error.code()));
    throw refused;
  }
}

}  // namespace

Prepared prepare(ChatTask task, const ServedModels& models) {
  Prepared prepared;
  prepared.model = find_model(models, task.model);
  prepared.parts = prepared.model->parts();
  const LoadedParts& parts = *prepared.parts;
  if (!parts.format) throw unsupported("model", "This model cannot chat: " + parts.no_chat_because);
  check_bias(task.wishes, parts.tokenizer->vocabulary());

  const auto segments = render(parts, task.conversation);
  AnswerOptions reading;
  reading.format = parts.answer_format;
  reading.starts_in_thinking = prompt_opens_thinking(join(segments), parts.answer_format);
  reading.tools = task.tools;
  reading.calls_or_text = task.form != Form::text;
  if (!task.parallel_tools) reading.most_calls = 1;
  ThinkingPrelude prelude;
  prelude.opened = reading.starts_in_thinking;
  prelude.budget = task.thinking_budget;
  prelude.channels = parts.answer_format.has_channels();
  const bool thinks = task.conversation.thinking != Thinking::off || prelude.opened;
  if (thinks) prelude.tags = parts.answer_format.thinking;

  prepared.prompt = encode_prompt(*parts.tokenizer, segments);
  prepared.stop_tokens = parts.tokenizer->vocabulary().end_tokens();
  prepared.thinking = parts.answer_format.has_channels() ? known_thinking_tags().front()
                                                         : parts.answer_format.thinking;
  prepared.thoughts = task.thoughts;
  prepared.one_call_only = !task.parallel_tools;
  prepared.prompt_field = "messages";
  prepared.make_constraint = chat_constraint(parts, task, prelude);
  prepared.reading = std::move(reading);
  prepared.wishes = std::move(task.wishes);
  check_fits(prepared, *parts.engine);
  if (may_be_shifted(prepared, parts.engine->context())) {
    prepared.keep_tokens =
        kept_tokens(*parts.format, *parts.tokenizer, task.conversation, prepared.prompt);
  }
  return prepared;
}

Prepared prepare(TextTask task, const ServedModels& models) {
  Prepared prepared;
  prepared.model = find_model(models, task.model);
  prepared.parts = prepared.model->parts();
  const LoadedParts& parts = *prepared.parts;
  const Vocabulary& vocabulary = parts.tokenizer->vocabulary();
  check_bias(task.wishes, vocabulary);
  if (const auto* const text = std::get_if<std::string>(&task.prompt)) {
    prepared.prompt = encode_prompt(*parts.tokenizer, {{*text, SpecialTokens::all}});
  } else {
    prepared.prompt = std::get<std::vector<TokenId>>(task.prompt);
    const auto unknown = std::ranges::find_if(
        prepared.prompt, [&](TokenId token) { return token >= vocabulary.size(); });
    if (unknown != prepared.prompt.end()) {
      throw invalid_value(task.prompt_field, "the model has no token " + std::to_string(*unknown));
    }
  }
  prepared.stop_tokens = vocabulary.end_tokens();
  prepared.prompt_field = task.prompt_field;
  if (task.form != Form::text) {
    prepared.make_constraint = form_constraint(parts, task.form, task.schema, task.form_field, {});
  }
  prepared.wishes = std::move(task.wishes);
  check_fits(prepared, *parts.engine);
  return prepared;
}

}  // namespace redbolt::llm::server
