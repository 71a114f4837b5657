// redbolt-llm run: a prompt answered. The generated text, and nothing else, goes to standard
// output.
#include <unistd.h>

#include <chrono>
#include <memory>
#include <optional>
#include <random>
#include <string>

#include "cli/interrupt.hpp"
#include "cli/number_range.hpp"
#include "cli/session.hpp"
#include "cli/terminal.hpp"
#include "cli/verbs.hpp"
#include "cli/work_report.hpp"
#include "redbolt/llm/chat/format.hpp"
#include "redbolt/llm/engine/generator.hpp"
#include "redbolt/llm/tokenizer/streaming_decoder.hpp"
#include "support/printable.hpp"

namespace redbolt::llm::cli {
namespace {

struct Options {
  DeviceChoice card;
  std::filesystem::path model;
  std::optional<std::string> prompt;
  std::string system;
  std::uint32_t limit = 0;  // 0: as many as the context holds
  std::uint32_t context = 0;
  SamplingOptions sampling;
  std::optional<std::uint64_t> seed;
  bool raw = false;
  bool no_think = false;
};

// How a prompt from standard input ends is the shell's doing, not the user's.
std::string without_last_newline(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

std::vector<TokenId> make_prompt(const Options& options, const ModelFiles& files,
                                 const Tokenizer& tokenizer) {
  if (options.raw) {
    const std::string text = options.prompt ? *options.prompt : read_standard_input();
    return encode_prompt(tokenizer, {{text, SpecialTokens::all}});
  }
  const auto format = choose_chat_format(files.metadata(), tokenizer.vocabulary());
  Conversation conversation;
  if (!options.system.empty())
    conversation.messages.push_back({Role::system, options.system, {}, {}});
  std::string text = options.prompt ? *options.prompt : without_last_newline(read_standard_input());
  conversation.messages.push_back({Role::user, std::move(text), {}, {}});
  if (options.no_think) conversation.thinking = Thinking::off;
  return encode_prompt(tokenizer, format->prompt(conversation));
}

std::uint64_t choose_seed(const Options& options) {
  if (options.seed) return *options.seed;
  if (options.sampling.temperature <= 0) return 0;
  std::random_device source;
  const std::uint64_t seed = std::uint64_t{source()} << 32 | source();
  note("seed: " + std::to_string(seed));
  return seed;
}

void note_end(runtime::StopReason reason, const Options& options) {
  if (reason == runtime::StopReason::context) {
    note("stopped: the context is full; a larger one is given with --ctx");
  } else if (reason == runtime::StopReason::limit && options.limit != 0) {
    note("stopped after -n " + std::to_string(options.limit) + " tokens");
  }
}

struct Timing {
  double first_token_s = 0;
  double decode_s = 0;
  std::uint32_t tokens = 0;
};

void note_speed(const Timing& timing, std::size_t prompt_tokens, bool emulated) {
  std::string line = std::to_string(prompt_tokens) + " prompt tokens in " +
                     fixed(timing.first_token_s, 2) + " s, " + std::to_string(timing.tokens) +
                     " generated";
  if (timing.tokens > 1 && timing.decode_s > 0) {
    line += " at " + fixed((timing.tokens - 1) / timing.decode_s, 1) + " tokens/s";
  }
  note(line + (emulated ? " (emulated)" : ""));
}

// Prints the answer as it comes. Returns why it ended.
runtime::StopReason print_answer(Generation& generation, const Tokenizer& tokenizer,
                                 WorkReport& work, Timing& timing) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  auto first = start;
  StreamingDecoder decoder(tokenizer);
  runtime::StopReason reason = runtime::StopReason::limit;
  generation.queue_steps();
  while (const auto token = generation.next()) {
    if (timing.tokens++ == 0) first = Clock::now();
    reason = token->stop;
    if (reason != runtime::StopReason::stop_token) write_output(decoder.push(token->token));
    check_interrupt();
    work.token();
  }
  write_output(decoder.finish());
  timing.first_token_s = std::chrono::duration<double>(first - start).count();
  timing.decode_s = std::chrono::duration<double>(Clock::now() - first).count();
  return reason;
}

void run(const Options& options) {
  catch_interrupts();
  const ModelFiles files(options.model);
  const ModelConfig config = read_model_config(files);
  const Tokenizer tokenizer(files.metadata());
  note_tokenizer(files.metadata());
  GenerationRequest request;
  request.prompt = make_prompt(options, files, tokenizer);
  request.stop_tokens = tokenizer.vocabulary().end_tokens();
  request.sampling = options.sampling;
  request.sampling.seed = choose_seed(options);
  EngineShape shape;
  shape.context = choose_context(options.context, config, request.prompt.size() + options.limit);
  request.limit = options.limit != 0 ? options.limit : shape.context;

  ChosenDevice card(options.card, "redbolt-llm run");
  note_device(card.device());
  note("model: " + describe_model(config, files));
  const auto model = load_model(files, card.device(), shape);
  Generator generator(*model, compile_progress());
  note_kernels(generator.kernels());
  Timing timing;
  Generation generation(generator, request);
  WorkReport work(card.device(), printable(config.name));
  const runtime::StopReason reason = print_answer(generation, tokenizer, work, timing);
  if (isatty(STDOUT_FILENO) == 1) write_output("\n");
  note_end(reason, options);
  note_speed(timing, request.prompt.size(), card.device().info().emulated);
}

void add_sampling_options(CLI::App& verb, Options& options) {
  SamplingOptions& sampling = options.sampling;
  verb.add_option("--temp", sampling.temperature,
                  "Temperature; 0 takes the most probable token (default)")
      ->envname("REDBOLT_TEMP")
      ->type_name("T")
      ->check(number_in(0, 100))
      ->group("Sampling");
  verb.add_option("--seed", options.seed, "Seed of the draws; the same seed gives the same answer")
      ->envname("REDBOLT_SEED")
      ->type_name("N")
      ->group("Sampling");
  verb.add_option("--top-k", sampling.top_k,
                  "Draw among the K most probable tokens; 0: all (default 40)")
      ->envname("REDBOLT_TOP_K")
      ->type_name("K")
      ->group("Sampling");
  verb.add_option("--top-p", sampling.top_p,
                  "Draw among the tokens that make up this probability (default 0.95)")
      ->envname("REDBOLT_TOP_P")
      ->type_name("P")
      ->check(number_in(0, 1))
      ->group("Sampling");
  verb.add_option("--min-p", sampling.min_p,
                  "Draw no token less than P times as probable as the best (default 0.05)")
      ->envname("REDBOLT_MIN_P")
      ->type_name("P")
      ->check(number_in(0, 1))
      ->group("Sampling");
}

}  // namespace

void add_run(CLI::App& application) {
  const auto options = std::make_shared<Options>();
  auto* const verb = application.add_subcommand("run", "Answer a prompt");
  verb->footer(
      "\nThe generated text alone goes to standard output; everything else goes to standard error. "
      "The model's\n"
      "own chat format is used. Special tokens in the prompt's text are plain text, except with "
      "--raw, where\n"
      "the text is the whole prompt and may name any token.");
  add_model_option(*verb, options->model);
  verb->add_option("-p,--prompt", options->prompt, "The prompt; without it, standard input is read")
      ->type_name("TEXT");
  verb->add_option("-n,--tokens", options->limit,
                   "Generate at most N tokens (default: until the answer ends)")
      ->envname("REDBOLT_TOKENS")
      ->type_name("N")
      ->check(CLI::Range(1U, kMaximumContext));
  add_context_option(*verb, options->context);
  verb->add_flag("--raw", options->raw, "Use no chat format");
  verb->add_option("--system", options->system, "The system message")
      ->envname("REDBOLT_SYSTEM")
      ->type_name("TEXT");
  verb->add_flag("--no-think", options->no_think,
                 "Ask a model that thinks first to answer at once");
  add_sampling_options(*verb, *options);
  add_device_options(*verb, options->card);
  verb->callback([options] { run(*options); });
}

}  // namespace redbolt::llm::cli
