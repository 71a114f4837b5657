// redbolt-llm tokenize: text on standard input, ids on one line.
#include <filesystem>
#include <memory>
#include <string>

#include "cli/session.hpp"
#include "cli/terminal.hpp"
#include "cli/verbs.hpp"
#include "redbolt/llm/tokenizer/tokenizer.hpp"

namespace redbolt::llm::cli {
namespace {

struct Options {
  ModelChoice model;
  bool special = false;
};

void tokenize(const Options& options) {
  const ModelFiles files(options.model.file());
  const Tokenizer tokenizer(files.metadata());
  note_tokenizer(files.metadata());
  const SpecialTokens special = options.special ? SpecialTokens::all : SpecialTokens::user_defined;
  std::string line;
  for (const TokenId id : tokenizer.encode(read_standard_input(), special)) {
    if (!line.empty()) line.push_back(' ');
    line += std::to_string(id);
  }
  line.push_back('\n');
  write_output(line);
}

}  // namespace

void add_tokenize(CLI::App& application) {
  const auto options = std::make_shared<Options>();
  auto* const verb =
      application.add_subcommand("tokenize", "Print the token ids of a text; needs no card");
  verb->footer(
      "\nThe text is standard input, exactly as it is: a newline at its end is part of it. Nothing "
      "is put in\n"
      "front or at the end. Files that hold a vocabulary only will do.");
  add_model_option(*verb, options->model);
  verb->add_flag("--special", options->special,
                 "Take the texts of control tokens, such as <|im_end|>, for those tokens");
  verb->callback([options] { tokenize(*options); });
}

}  // namespace redbolt::llm::cli
