// redbolt-llm run: a prompt answered. The generated text, and nothing else, goes to standard
// output.
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/answer.hpp"
#include "cli/answer_options.hpp"
#include "cli/interrupt.hpp"
#include "cli/session.hpp"
#include "cli/speed_text.hpp"
#include "cli/terminal.hpp"
#include "cli/verbs.hpp"
#include "redbolt/llm/chat/format.hpp"
#include "redbolt/llm/constraint/constraint_compiler.hpp"
#include "redbolt/llm/engine/batch_engine.hpp"

namespace redbolt::llm::cli {
namespace {

struct Options {
  DeviceChoice card;
  ModelChoice model;
  std::optional<std::string> prompt;
  std::vector<std::string> words;
  std::string system;
  std::uint32_t context = 0;
  runtime::CacheType cache_type = runtime::CacheType::f16;
  AnswerSettings settings;
  std::filesystem::path schema;
  bool raw = false;
};

// How a prompt from standard input ends is the shell's doing, not the user's.
std::string without_last_newline(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

std::string read_input(const Options& options) {
  return options.raw ? read_standard_input() : without_last_newline(read_standard_input());
}

// What is typed, with standard input where it says "-"; without anything, standard input alone.
std::string prompt_text(const Options& options) {
  if (options.prompt) return *options.prompt;
  if (options.words.empty()) return read_input(options);
  std::string text;
  for (const std::string& word : options.words) {
    if (!text.empty()) text += ' ';
    text += word == "-" ? read_input(options) : word;
  }
  return text;
}

// The prompt's tokens, and how the answer is to be read.
AnswerRequest make_request(const Options& options, const ModelFiles& files,
                           const Tokenizer& tokenizer) {
  AnswerRequest request;
  request.tokens.sampling = sampling_for(options.settings, tokenizer);
  request.tokens.limit = options.settings.limit;
  request.tokens.stop_tokens = tokenizer.vocabulary().end_tokens();
  request.stops = options.settings.stops;
  if (options.raw) {
    request.tokens.prompt = encode_prompt(tokenizer, {{prompt_text(options), SpecialTokens::all}});
    return request;
  }
  const auto format = choose_chat_format(files.metadata(), tokenizer.vocabulary());
  Conversation conversation;
  if (!options.system.empty())
    conversation.messages.push_back({Role::system, options.system, {}, {}});
  conversation.messages.push_back({Role::user, prompt_text(options), {}, {}});
  conversation.thinking = options.settings.thinking;
  const auto segments = format->prompt(conversation);
  request.tokens.prompt = encode_prompt(tokenizer, segments);
  // A file gets the text as it is generated, tags and all, unless thoughts are to be left out or
  // the text is to have a form.
  if (isatty(STDOUT_FILENO) == 1 || options.settings.hide_thinking || !options.schema.empty())
    request.format = format->traits().answer;
  request.starts_in_thinking = ends_in_thought(segments, format->traits());
  return request;
}

// The form that --json-schema asks for, after the thoughts of a model that thinks.
void constrain(AnswerRequest& request, const Options& options, const ConstraintCompiler& compiler) {
  std::ifstream file(options.schema, std::ios::binary);
  const std::string schema((std::istreambuf_iterator<char>(file)),
                           std::istreambuf_iterator<char>());
  if (!file || schema.empty())
    throw LlmError(ErrorCode::io, "cannot read the schema " + options.schema.string());
  ThinkingPrelude thinking;
  thinking.channels = request.format && request.format->has_channels();
  if (request.format && options.settings.thinking != Thinking::off) {
    thinking.tags = request.format->thinking;
    thinking.opened = request.starts_in_thinking;
  }
  try {
    request.tokens.constraint = compiler.json_schema(schema, thinking);
  } catch (const SchemaError& error) {
    throw LlmError(ErrorCode::bad_argument, options.schema.string() + ": " + error.what());
  }
}

void note_seed(const AnswerSettings& settings, const SamplingOptions& sampling) {
  if (!settings.seed && sampling.temperature > 0) note("seed: " + std::to_string(sampling.seed));
}

void note_end(const Answer& said, const Options& options) {
  if (said.end.reason == EndReason::context) {
    note("stopped: the context is full; a larger one is given with --ctx");
  } else if (said.end.reason == EndReason::limit && !said.met_stop_string) {
    note("stopped after -n " + std::to_string(options.settings.limit) + " tokens");
  }
}

void run(const Options& options) {
  catch_interrupts();
  const ModelFiles files(options.model.file());
  const ModelConfig config = read_model_config(files);
  const Tokenizer tokenizer(files.metadata());
  note_tokenizer(files.metadata());
  AnswerRequest request = make_request(options, files, tokenizer);
  std::optional<ConstraintCompiler> compiler;
  if (!options.schema.empty()) constrain(request, options, compiler.emplace(tokenizer));
  note_seed(options.settings, request.tokens.sampling);
  EngineShape shape;
  shape.cache_type = options.cache_type;
  shape.context = choose_context(options.context, config,
                                 request.tokens.prompt.size() + options.settings.limit);
  ChosenDevice card(options.card, "redbolt-llm run");
  note_device(card.device());
  note("model: " + describe_model(config, files));
  const auto model = load_model(files, card.device(), shape, options.model.text);
  BatchEngineOptions engine_options;
  engine_options.progress = compile_progress();
  BatchEngine engine(*model, engine_options);
  note_kernels(engine.kernels());
  PrinterStyle style = output_style();
  if (options.settings.hide_thinking) style.thoughts = false;
  AnswerPrinter printer([](std::string_view text) { write_output(text); }, style);
  const Answer said = answer(std::move(request), engine, tokenizer, printer, interrupted);
  check_interrupt();
  if (isatty(STDOUT_FILENO) == 1) write_output("\n");
  note_end(said, options);
  note(speed_text(said.end) + (card.device().info().emulated ? " (emulated)" : ""));
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
      "the text is the whole prompt and may name any token. On a terminal thoughts are dim, "
      "elsewhere they\n"
      "stand between their tags.");
  add_model_option(*verb, options->model);
  auto* const words =
      verb->add_option("PROMPT", options->words,
                       "The prompt, in one word or several; a word '-' stands for standard input. "
                       "Without a prompt, standard input is read")
          ->type_name("TEXT");
  verb->add_option("-p,--prompt", options->prompt, "The prompt, as one text")
      ->type_name("TEXT")
      ->excludes(words);
  add_context_option(*verb, options->context);
  add_cache_option(*verb, options->cache_type);
  verb->add_option("--json-schema", options->schema,
                   "Make the answer JSON that follows the JSON Schema in this file")
      ->type_name("FILE");
  verb->add_flag("--raw", options->raw, "Use no chat format");
  verb->add_option("--system", options->system, "The system message")
      ->envname("REDBOLT_SYSTEM")
      ->type_name("TEXT");
  add_answer_options(*verb, options->settings);
  add_device_options(*verb, options->card);
  verb->callback([options] { run(*options); });
}

}  // namespace redbolt::llm::cli
