// redbolt-llm logits: the logits of given tokens, as float32 little-endian rows in a file.
#include <algorithm>
#include <charconv>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/interrupt.hpp"
#include "cli/output_file.hpp"
#include "cli/session.hpp"
#include "cli/terminal.hpp"
#include "cli/verbs.hpp"
#include "redbolt/llm/engine/logits_runner.hpp"

namespace redbolt::llm::cli {
namespace {

struct Options {
  DeviceChoice card;
  ModelChoice model;
  std::string tokens;
  std::filesystem::path output;
  std::uint32_t context = 0;
  bool all = false;
  bool token_by_token = false;
};

std::vector<TokenId> parse_tokens(std::string_view list) {
  std::vector<TokenId> tokens;
  while (true) {
    const std::size_t comma = std::min(list.find(','), list.size());
    TokenId token = 0;
    const auto [end, error] = std::from_chars(list.data(), list.data() + comma, token);
    if (error != std::errc{} || end != list.data() + comma) {
      throw UsageError("--tokens takes ids separated by commas, such as 1,2,3; '" +
                       std::string(list.substr(0, comma)) + "' is not an id");
    }
    tokens.push_back(token);
    if (comma == list.size()) return tokens;
    list.remove_prefix(comma + 1);
  }
}

// Room for the tokens and no more, in steps, so that kernels made for one length serve others too.
std::uint32_t context_for(std::size_t tokens) {
  constexpr std::size_t kStep = 256;
  const std::size_t rounded = (tokens + kStep - 1) / kStep * kStep;
  return static_cast<std::uint32_t>(std::min<std::size_t>(rounded, kMaximumContext));
}

void logits(const Options& options) {
  const std::vector<TokenId> tokens = parse_tokens(options.tokens);
  catch_interrupts();
  const ModelFiles files(options.model.file());
  EngineShape shape;
  shape.all_logits = options.all && !options.token_by_token;
  shape.context = options.context != 0 ? options.context : context_for(tokens.size());
  shape.batch = std::min(shape.batch, shape.context);
  OutputFile output(options.output);
  ChosenDevice card(options.card, "redbolt-llm logits");
  const auto model = load_model(files, card.device(), shape, options.model.text);
  LogitsRunner runner(*model, options.token_by_token ? Feeding::token_by_token : Feeding::batched,
                      compile_progress());
  runner.run(tokens, options.all, [&](std::span<const float> row) {
    check_interrupt();
    output.write(std::as_bytes(row));
  });
  output.commit();
}

}  // namespace

void add_logits(CLI::App& application) {
  const auto options = std::make_shared<Options>();
  auto* const verb =
      application.add_subcommand("logits", "Write the logits of given tokens to a file");
  verb->footer(
      "\nThe file holds float32 numbers, little-endian: one row as long as the vocabulary for the "
      "last token,\n"
      "or with --all one for every token. Nothing is put in front of the tokens.");
  add_model_option(*verb, options->model);
  verb->add_option("--tokens", options->tokens, "The tokens' ids, separated by commas")
      ->envname("REDBOLT_LOGITS_TOKENS")
      ->type_name("1,2,3")
      ->required();
  verb->add_option("-o,--output", options->output, "The file to write")
      ->envname("REDBOLT_LOGITS_OUTPUT")
      ->type_name("FILE")
      ->required();
  verb->add_flag("--all", options->all, "Write the row of every token");
  verb->add_flag("--token-by-token", options->token_by_token,
                 "Feed the tokens one at a time, as generation does, not in batches");
  add_context_option(*verb, options->context);
  add_device_options(*verb, options->card);
  verb->callback([options] { logits(*options); });
}

}  // namespace redbolt::llm::cli
