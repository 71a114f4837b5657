// How an answer is to be drawn and when it ends: the fields that chat and completions share.
#pragma once

#include "server/generation/task.hpp"
#include "server/http/limits.hpp"
#include "server/json/fields.hpp"

namespace redbolt::llm::server::openai {

// All but logprobs, which differ. Throws ApiError.
Wishes read_wishes(const Fields& fields, const Limits& limits);

// "stop": a string or several.
std::vector<std::string> read_stops(const Fields& fields);

// "stream_options": {"include_usage": …}, and "stream".
struct Streaming {
  bool stream = false;
  bool include_usage = false;
};
Streaming read_streaming(const Fields& fields);

// "response_format".
struct WantedForm {
  Form form = Form::text;
  std::string schema = {};
  std::string field = {};
};
WantedForm read_form(const Fields& fields);

inline constexpr std::uint32_t kMaximumLogprobs = 20;

}  // namespace redbolt::llm::server::openai
