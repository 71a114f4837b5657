#include "server/openai/wishes.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "server/api_error.hpp"
#include "server/generation/defaults.hpp"

namespace redbolt::llm::server::openai {
namespace {

constexpr std::size_t kMaximumStops = 64;
constexpr std::size_t kMaximumStopLength = 1024;

// A number of a request and where it goes.
struct Setting {
  const char* name;
  float SamplingOptions::*place;
  double minimum, maximum;
};

constexpr std::array kSettings = {
    Setting{"temperature", &SamplingOptions::temperature, 0, 100},
    Setting{"top_p", &SamplingOptions::top_p, 0, 1},
    Setting{"min_p", &SamplingOptions::min_p, 0, 1},
    Setting{"presence_penalty", &SamplingOptions::presence_penalty, -2, 2},
    Setting{"frequency_penalty", &SamplingOptions::frequency_penalty, -2, 2},
    Setting{"repeat_penalty", &SamplingOptions::repeat_penalty, 0.01, 100},
    // Another server's name for it (vLLM).
    Setting{"repetition_penalty", &SamplingOptions::repeat_penalty, 0.01, 100},
};

TokenId token_of(const std::string& key) {
  TokenId token = 0;
  const char* const end = key.data() + key.size();
  const auto parsed = std::from_chars(key.data(), end, token);
  if (parsed.ec != std::errc{} || parsed.ptr != end) {
    throw invalid_value("logit_bias", "'" + key + "' is not a token's number");
  }
  return token;
}

std::vector<TokenBias> read_bias(const Fields& fields) {
  std::vector<TokenBias> biases;
  const auto map = fields.object("logit_bias");
  if (!map) return biases;
  for (const auto& [key, value] : map->json().items()) {
    if (const auto bias = map->number(key, -100, 100)) {
      biases.push_back({token_of(key), static_cast<float>(*bias)});
    }
  }
  return biases;
}

// Of several names of one thing the first that is there; -1 and 0 mean no limit of its own.
std::uint32_t read_limit(const Fields& fields) {
  for (const char* name : {"max_completion_tokens", "max_tokens", "n_predict"}) {
    if (const auto limit = fields.integer(name, -1, UINT32_MAX)) {
      return static_cast<std::uint32_t>(std::max<std::int64_t>(*limit, 0));
    }
  }
  return 0;
}

SamplingOptions read_sampling(const Fields& fields) {
  SamplingOptions sampling = openai_sampling_defaults();
  for (const Setting& setting : kSettings) {
    if (const auto value = fields.number(setting.name, setting.minimum, setting.maximum)) {
      sampling.*setting.place = static_cast<float>(*value);
    }
  }
  if (const auto top_k = fields.integer("top_k", -1, UINT32_MAX)) {
    sampling.top_k = static_cast<std::uint32_t>(std::max<std::int64_t>(*top_k, 0));
  }
  if (const auto last = fields.integer("repeat_last_n", -1, UINT32_MAX)) {
    sampling.repeat_last_n = *last < 0 ? UINT32_MAX : static_cast<std::uint32_t>(*last);
  }
  sampling.logit_bias = read_bias(fields);
  return sampling;
}

}  // namespace

std::vector<std::string> read_stops(const Fields& fields) {
  const Json* const value = fields.find("stop");
  std::vector<std::string> stops;
  if (value == nullptr) return stops;
  if (value->is_string()) {
    stops.push_back(value->get<std::string>());
  } else if (!value->is_array()) {
    throw invalid_type(fields.path("stop"), "a string or an array of strings", kind_of(*value));
  } else {
    fields.each("stop", [&](const Json& element, const std::string& path) {
      if (!element.is_string()) throw invalid_type(path, "a string", kind_of(element));
      stops.push_back(element.get<std::string>());
    });
  }
  const bool too_long = std::ranges::any_of(
      stops, [](const std::string& stop) { return stop.size() > kMaximumStopLength; });
  if (stops.size() > kMaximumStops || too_long) {
    throw invalid_value("stop", "at most " + std::to_string(kMaximumStops) + " strings of up to " +
                                    std::to_string(kMaximumStopLength) + " bytes");
  }
  return stops;
}

Wishes read_wishes(const Fields& fields, const Limits& limits) {
  Wishes wishes;
  wishes.sampling = read_sampling(fields);
  wishes.limit = read_limit(fields);
  wishes.stops = read_stops(fields);
  // A negative seed: any, as llama-server has it.
  if (const auto seed = fields.integer("seed", INT64_MIN, INT64_MAX); seed && *seed >= 0) {
    wishes.seed = static_cast<std::uint64_t>(*seed);
  }
  if (const auto n = fields.integer("n", 1, static_cast<std::int64_t>(limits.answers))) {
    wishes.answers = static_cast<std::uint32_t>(*n);
  }
  return wishes;
}

Streaming read_streaming(const Fields& fields) {
  Streaming streaming;
  streaming.stream = fields.flag("stream").value_or(false);
  if (const auto options = fields.object("stream_options")) {
    streaming.include_usage = options->flag("include_usage").value_or(false);
  }
  return streaming;
}

WantedForm read_form(const Fields& fields) {
  WantedForm wanted;
  const auto format = fields.object("response_format");
  if (!format) return wanted;
  const auto type = format->word("type", {"text", "json_object", "json_schema"});
  if (!type) throw missing_field(format->path("type"));
  if (*type == "text") return wanted;
  wanted.field = "response_format";
  wanted.form = Form::json_object;
  // llama-server takes a schema here too.
  const Json* schema = format->find("schema");
  if (*type == "json_schema") {
    const auto inner = format->object("json_schema");
    if (!inner && schema == nullptr) throw missing_field(format->path("json_schema"));
    if (inner) {
      schema = inner->find("schema");
      if (schema == nullptr) throw missing_field(inner->path("schema"));
    }
  }
  if (schema == nullptr) return wanted;
  if (!schema->is_object() && !schema->is_boolean()) {
    throw invalid_type("response_format.json_schema.schema", "an object", kind_of(*schema));
  }
  wanted.form = Form::json_schema;
  wanted.schema = to_text(*schema);
  wanted.field = "response_format";
  return wanted;
}

}  // namespace redbolt::llm::server::openai
