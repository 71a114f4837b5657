// Arbitrary bytes as the body of each endpoint that takes one: read, or refused with a field's
// name; nothing else.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "server/api_error.hpp"
#include "server/ollama/requests.hpp"
#include "server/openai/chat_request.hpp"
#include "server/openai/completion_request.hpp"
#include "server/openai/errors.hpp"

namespace {

using namespace redbolt::llm::server;

std::vector<std::uint8_t> bytes_of(std::string_view text) {
  return {text.begin(), text.end()};
}

template <class Read>
void expect_read_or_refused(const Json& body, const Limits& limits, Read read) {
  try {
    read(body, limits);
  } catch (const ApiError& error) {
    if (error.status < 400 || error.status > 499) std::abort();
    if (to_text(openai::error_body(error)).empty()) std::abort();
  }
}

}  // namespace

std::vector<std::vector<std::uint8_t>> fuzz_samples() {
  return {
      bytes_of(R"({"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"a"}]},)"
               R"({"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function",)"
               R"("function":{"name":"f","arguments":"{\"a\":1}"}}]},)"
               R"({"role":"tool","tool_call_id":"c","content":"1"}],"tools":[{"type":"function",)"
               R"("function":{"name":"f","parameters":{"type":"object"}}}],"tool_choice":"auto"})"),
      bytes_of(R"({"messages":[{"role":"user","content":"a"}],"temperature":0.5,"top_k":-1,"n":2,)"
               R"("seed":1,"stop":["a","b"],"logit_bias":{"1":-100},"logprobs":true,)"
               R"("top_logprobs":3,"stream":true,"stream_options":{"include_usage":true},)"
               R"("response_format":{"type":"json_schema","json_schema":{"schema":{}}},)"
               R"("chat_template_kwargs":{"enable_thinking":false},"max_tokens":10})"),
      bytes_of(R"({"model":"m","prompt":[1,2],"logprobs":2,"echo":false,"best_of":1})"),
      bytes_of(R"({"model":"m","prompt":"a","system":"b","raw":true,"format":"json",)"
               R"("think":"low","options":{"num_predict":-1,"stop":["x"],"seed":3}})"),
  };
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Limits limits;
  limits.json_depth = 16;
  limits.json_values = 1000;
  Json body;
  try {
    body = parse_body({reinterpret_cast<const char*>(data), size}, limits);
  } catch (const ApiError&) {
    return 0;
  }
  expect_read_or_refused(body, limits, openai::read_chat_request);
  expect_read_or_refused(body, limits, openai::read_completion_request);
  expect_read_or_refused(body, limits, ollama::read_chat);
  expect_read_or_refused(body, limits, ollama::read_generate);
  return 0;
}
