#include "server/ollama/requests.hpp"

#include <algorithm>
#include <array>

#include "server/api_error.hpp"
#include "server/generation/defaults.hpp"
#include "server/json/fields.hpp"
#include "server/openai/messages.hpp"
#include "server/openai/wishes.hpp"

namespace redbolt::llm::server::ollama {
namespace {

struct Setting {
  const char* name;
  float SamplingOptions::*place;
  double minimum, maximum;
};

constexpr std::array kSettings = {
    Setting{"temperature", &SamplingOptions::temperature, 0, 100},
    Setting{"top_p", &SamplingOptions::top_p, 0, 1},
    Setting{"min_p", &SamplingOptions::min_p, 0, 1},
    Setting{"repeat_penalty", &SamplingOptions::repeat_penalty, 0.01, 100},
    Setting{"presence_penalty", &SamplingOptions::presence_penalty, -2, 2},
    Setting{"frequency_penalty", &SamplingOptions::frequency_penalty, -2, 2},
};

Wishes read_options(const Fields& body) {
  Wishes wishes;
  wishes.sampling = ollama_sampling_defaults();
  const auto options = body.object("options");
  if (!options) return wishes;
  for (const Setting& setting : kSettings) {
    if (const auto value = options->number(setting.name, setting.minimum, setting.maximum)) {
      wishes.sampling.*setting.place = static_cast<float>(*value);
    }
  }
  const auto count = [&](const char* name) { return options->integer(name, -2, UINT32_MAX); };
  if (const auto top_k = count("top_k")) {
    wishes.sampling.top_k = static_cast<std::uint32_t>(std::max<std::int64_t>(*top_k, 0));
  }
  if (const auto last = count("repeat_last_n")) {
    wishes.sampling.repeat_last_n = *last < 0 ? UINT32_MAX : static_cast<std::uint32_t>(*last);
  }
  // Below 0: without end, or as far as the context goes, which is the same here.
  if (const auto limit = count("num_predict")) {
    wishes.limit = static_cast<std::uint32_t>(std::max<std::int64_t>(*limit, 0));
  }
  if (const auto seed = options->integer("seed", INT64_MIN, INT64_MAX); seed && *seed >= 0) {
    wishes.seed = static_cast<std::uint64_t>(*seed);
  }
  wishes.stops = openai::read_stops(*options);
  return wishes;
}

// "format": "json", or a schema.
void read_format(const Fields& fields, Form& form, std::string& schema, std::string& field) {
  const Json* const format = fields.find("format");
  if (format == nullptr || *format == "") return;
  field = "format";
  if (format->is_object()) {
    form = Form::json_schema;
    schema = to_text(*format);
  } else if (*format == "json") {
    form = Form::json_object;
  } else {
    throw invalid_type("format", "'json' or a JSON schema", kind_of(*format));
  }
}

// "think": true, false, or how much.
void read_think(const Fields& fields, Conversation& conversation) {
  const Json* const think = fields.find("think");
  if (think == nullptr) return;
  if (think->is_string()) {
    conversation.reasoning_effort = *fields.word("think", {"low", "medium", "high"});
    conversation.thinking = Thinking::on;
  } else {
    conversation.thinking = *fields.flag("think") ? Thinking::on : Thinking::off;
  }
}

Message spoken(Role role, const std::string& content) {
  Message message;
  message.role = role;
  message.content = content;
  return message;
}

void refuse_images(const Fields& fields) {
  const Json* const images = fields.find("images");
  if (images != nullptr && !images->empty()) {
    throw unsupported(fields.path("images"), "Images are not supported: models here read text.");
  }
}

}  // namespace

const std::string& Request::model() const {
  return std::visit([](const auto& wanted) -> const std::string& { return wanted.model; }, task);
}

Request read_chat(const Json& body, const Limits&) {
  const Fields fields(body);
  Request request;
  ChatTask task;
  task.model = fields.required_text("model");
  request.stream = fields.flag("stream").value_or(true);
  fields.each("messages", [](const Json& message, const std::string& path) {
    refuse_images(Fields(message, path));
  });
  const Json* const messages = fields.find("messages");
  request.load_only = messages == nullptr || (messages->is_array() && messages->empty());
  if (!request.load_only) openai::read_messages(fields, task);
  openai::read_tools(fields, task);
  read_format(fields, task.form, task.schema, task.form_field);
  read_think(fields, task.conversation);
  task.wishes = read_options(fields);
  request.task = std::move(task);
  return request;
}

Request read_generate(const Json& body, const Limits&) {
  const Fields fields(body);
  Request request;
  const std::string model = fields.required_text("model");
  request.stream = fields.flag("stream").value_or(true);
  refuse_images(fields);
  if (!fields.text("suffix").value_or("").empty()) {
    throw unsupported("suffix", "Filling in before a suffix is not supported.");
  }
  const std::string prompt = fields.text("prompt").value_or("");
  request.load_only = prompt.empty();
  if (fields.flag("raw").value_or(false)) {
    TextTask task;
    task.model = model;
    task.prompt = prompt;
    task.wishes = read_options(fields);
    read_format(fields, task.form, task.schema, task.form_field);
    request.task = std::move(task);
    return request;
  }
  ChatTask task;
  task.model = model;
  task.wishes = read_options(fields);
  read_format(fields, task.form, task.schema, task.form_field);
  read_think(fields, task.conversation);
  auto& messages = task.conversation.messages;
  if (const auto system = fields.text("system"); system && !system->empty()) {
    messages.push_back(spoken(Role::system, *system));
  }
  messages.push_back(spoken(Role::user, prompt));
  request.task = std::move(task);
  return request;
}

}  // namespace redbolt::llm::server::ollama
