#include "cli/answer_options.hpp"

#include <string>
#include <vector>

namespace redbolt::llm::cli {
namespace {

constexpr const char* kGroup = "Sampling";

void add_parameter(CLI::App& verb, AnswerSettings& settings, const Parameter& parameter) {
  const auto assign = [&settings, &parameter](const std::vector<std::string>& values) {
    for (const std::string& value : values) {
      if (!parameter.set(settings, value))
        throw CLI::ValidationError(std::string(parameter.flags),
                                   "'" + value + "' is not " + std::string(parameter.range));
    }
  };
  auto* const option = verb.add_option_function<std::vector<std::string>>(
      std::string(parameter.flags), assign, std::string(parameter.description));
  option->envname(std::string(parameter.variable))
      ->type_name(std::string(parameter.value_name))
      ->group(kGroup);
  // One value each time that it is given.
  option->allow_extra_args(false);
  if (parameter.name != "stop") option->expected(1);
}

void add_thinking(CLI::App& verb, AnswerSettings& settings) {
  auto* const think = verb.add_flag_callback(
      "--think", [&settings] { settings.thinking = Thinking::on; },
      "Ask a model that can think before it answers to do so, and show it");
  verb.add_flag_callback(
          "--no-think", [&settings] { settings.thinking = Thinking::off; },
          "Ask a model that thinks first to answer at once")
      ->excludes(think);
  verb.add_flag("--hide-thinking", settings.hide_thinking, "Do not show thoughts");
}

}  // namespace

void add_answer_options(CLI::App& verb, AnswerSettings& settings) {
  for (const Parameter& parameter : answer_parameters()) add_parameter(verb, settings, parameter);
  verb.add_option(
          "--logit-bias", settings.logit_bias,
          "Add BIAS to a token's logit; TOKEN is an id, or a text that is one token; may be "
          "given several times")
      ->envname("REDBOLT_LOGIT_BIAS")
      ->type_name("TOKEN=BIAS")
      ->allow_extra_args(false)
      ->group(kGroup);
  add_thinking(verb, settings);
}

}  // namespace redbolt::llm::cli
