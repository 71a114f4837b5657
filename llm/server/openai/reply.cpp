#include "server/openai/reply.hpp"

#include <chrono>
#include <random>

namespace redbolt::llm::server::openai {
namespace {

std::string random_letters(std::size_t count) {
  constexpr std::string_view letters =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  thread_local std::mt19937_64 source{std::random_device{}()};
  std::uniform_int_distribution<std::size_t> draw(0, letters.size() - 1);
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += letters[draw(source)];
  return text;
}

double milliseconds(std::chrono::duration<double> time) {
  return time.count() * 1000;
}

Json scored(const ScoredToken& token) {
  Json bytes = Json::array();
  for (const char c : token.bytes) bytes.push_back(static_cast<unsigned char>(c));
  return {{"token", token.bytes}, {"logprob", token.logprob}, {"bytes", std::move(bytes)}};
}

}  // namespace

ReplyHead make_head(std::string_view prefix, const ServedModel& model, const std::string& version) {
  ReplyHead head;
  head.id = std::string(prefix) + random_letters(24);
  head.created = std::chrono::duration_cast<std::chrono::seconds>(
                     std::chrono::system_clock::now().time_since_epoch())
                     .count();
  head.model = model.id();
  head.fingerprint = "redbolt-" + version;
  return head;
}

Json envelope(const ReplyHead& head, std::string_view object) {
  return {{"id", head.id},
          {"object", object},
          {"created", head.created},
          {"model", head.model},
          {"system_fingerprint", head.fingerprint}};
}

Json usage_of(const Answers& answers) {
  const std::uint32_t prompt = answers.prompt_tokens();
  const std::uint32_t generated = answers.generated_tokens();
  return {{"prompt_tokens", prompt},
          {"completion_tokens", generated},
          {"total_tokens", std::uint64_t{prompt} + generated},
          {"prompt_tokens_details", {{"cached_tokens", answers.cached_tokens()}}},
          {"completion_tokens_details", {{"reasoning_tokens", answers.reasoning_tokens()}}}};
}

Json timings_of(const Answers& answers) {
  const EndReport& report = answers[0].report();
  const std::uint32_t fed = report.prompt_tokens - report.cached_tokens;
  const double prompt_ms = milliseconds(report.prompt_time);
  const double decode_ms = milliseconds(report.decode_time);
  const auto share = [](double a, double b) { return b > 0 ? a / b : 0.0; };
  return {{"cache_n", report.cached_tokens},
          {"prompt_n", fed},
          {"prompt_ms", prompt_ms},
          {"prompt_per_token_ms", share(prompt_ms, fed)},
          {"prompt_per_second", share(1000.0 * fed, prompt_ms)},
          {"predicted_n", report.generated_tokens},
          {"predicted_ms", decode_ms},
          {"predicted_per_token_ms", share(decode_ms, report.generated_tokens)},
          {"predicted_per_second", share(1000.0 * report.generated_tokens, decode_ms)},
          {"queued_ms", milliseconds(report.queued)}};
}

Json chat_logprobs(const std::vector<ScoredToken>& tokens) {
  if (tokens.empty()) return nullptr;
  Json content = Json::array();
  for (const ScoredToken& token : tokens) {
    Json entry = scored(token);
    entry["top_logprobs"] = Json::array();
    for (const ScoredToken& other : token.alternatives) {
      entry["top_logprobs"].push_back(scored(other));
    }
    content.push_back(std::move(entry));
  }
  return {{"content", std::move(content)}, {"refusal", nullptr}};
}

std::string_view finish_reason(Finish finish) {
  switch (finish) {
    case Finish::length:
      return "length";
    case Finish::tool_calls:
      return "tool_calls";
    case Finish::stop:
      break;
  }
  return "stop";
}

std::string event(const Json& data) {
  return "data: " + to_text(data) + "\n\n";
}

std::string remark_of(const Answers& answers) {
  return std::to_string(answers.prompt_tokens()) + "+" +
         std::to_string(answers.generated_tokens()) + " tokens";
}

}  // namespace redbolt::llm::server::openai
