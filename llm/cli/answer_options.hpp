// The flags of run and chat that say how answers are drawn and shown.
#pragma once

#include <CLI/CLI.hpp>

#include "cli/answer_settings.hpp"

namespace redbolt::llm::cli {

void add_answer_options(CLI::App& verb, AnswerSettings& settings);

}  // namespace redbolt::llm::cli
