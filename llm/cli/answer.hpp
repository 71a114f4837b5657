// One answer: tokens asked of the engine, and what comes back made into text, thoughts and an end.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/answer_printer.hpp"
#include "redbolt/llm/engine/token_engine.hpp"
#include "redbolt/llm/output/answer_format.hpp"
#include "redbolt/llm/tokenizer/tokenizer.hpp"

namespace redbolt::llm::cli {

struct AnswerRequest {
  TokenRequest tokens = {};
  std::vector<std::string> stops = {};
  // How thoughts are written; nothing: the text is printed as it comes.
  std::optional<AnswerFormat> format = {};
  bool starts_in_thinking = false;
};

struct Answer {
  std::string content, reasoning;
  EndReport end = {};
  bool stopped = false;  // because stop_wanted said so
  bool met_stop_string = false;
};

// Prints the answer as it comes. stop_wanted is asked several times per second and after each
// token; when it says yes, what is there is the answer. Throws the engine's error when it fails,
// and what submit throws.
Answer answer(AnswerRequest request, TokenEngine& engine, const Tokenizer& tokenizer,
              AnswerPrinter& printer, const std::function<bool()>& stop_wanted);

}  // namespace redbolt::llm::cli
