// What chat and completions put into every reply: who answers, usage, timings, logprobs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/generation/answers.hpp"
#include "server/json/body.hpp"

namespace redbolt::llm::server::openai {

struct ReplyHead {
  std::string id = {};  // "chatcmpl-" and 24 letters and digits
  std::int64_t created = 0;
  std::string model = {};
  std::string fingerprint = {};
};

ReplyHead make_head(std::string_view prefix, const ServedModel& model, const std::string& version);

// {"id", "object", "created", "model", "system_fingerprint"}
Json envelope(const ReplyHead& head, std::string_view object);

Json usage_of(const Answers& answers);
// llama-server's figures, of the first answer.
Json timings_of(const Answers& answers);

// As the chat API has them; null where there are none.
Json chat_logprobs(const std::vector<ScoredToken>& tokens);

std::string_view finish_reason(Finish finish);

// "data: {…}\n\n"
std::string event(const Json& data);

// "15+9 tokens", for the log.
std::string remark_of(const Answers& answers);

}  // namespace redbolt::llm::server::openai
