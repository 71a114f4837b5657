// redbolt-llm chat: a conversation, turn by turn.
#include <unistd.h>

#include <iostream>
#include <memory>
#include <string>

#include "cli/answer_options.hpp"
#include "cli/chat/chat_commands.hpp"
#include "cli/chat/chat_session.hpp"
#include "cli/chat/line_reader.hpp"
#include "cli/interrupt.hpp"
#include "cli/session.hpp"
#include "cli/terminal.hpp"
#include "cli/verbs.hpp"
#include "redbolt/llm/chat/format.hpp"
#include "redbolt/llm/engine/batch_engine.hpp"

namespace redbolt::llm::cli {
namespace {

struct Options {
  DeviceChoice card;
  ModelChoice model;
  ChatOptions chat;
  std::uint32_t context = 0;
  runtime::CacheType cache_type = runtime::CacheType::f16;
};

ChatOutlet outlet() {
  return {[](std::string_view text) { write_output(text); }, output_style(),
          [](const std::string& line) { note(line); },
          [] { return take_stop_request() || interrupted(); }};
}

std::unique_ptr<LineReader> open_reader(const BatchEngine& engine) {
  if (isatty(STDIN_FILENO) != 1 || isatty(STDOUT_FILENO) != 1) return stream_reader(std::cin);
  catch_stop_requests();
  note("/? lists the commands.");
  return terminal_reader(history_file(), [&engine] { return engine.failure().has_value(); });
}

// The card failed, or somebody else has it now.
void check(const BatchEngine& engine) {
  if (const auto failure = engine.failure()) throw *failure;
}

// Until the user leaves.
void converse(ChatSession& session, LineReader& reader, const BatchEngine& engine) {
  unsigned interruptions = 0;  // at the prompt, one after the other
  while (true) {
    const Input input = read_message(reader);
    check_interrupt();
    check(engine);
    if (input.kind == Input::Kind::end) return;
    if (input.kind == Input::Kind::interrupted) {
      take_stop_request();
      if (++interruptions >= 2) note("/bye or Ctrl-D leaves.");
      continue;
    }
    interruptions = 0;
    if (input.text.find_first_not_of(" \t\n") == std::string::npos) continue;
    reader.remember(input.text);
    if (is_command(input.text)) {
      if (run_command(input.text, session) == ChatNext::quit) return;
    } else {
      session.say(input.text);
      check_interrupt();
    }
  }
}

void chat(const Options& options) {
  catch_interrupts();
  const ModelFiles files(options.model.file());
  const ModelConfig config = read_model_config(files);
  const Tokenizer tokenizer(files.metadata());
  note_tokenizer(files.metadata());
  const auto format = choose_chat_format(files.metadata(), tokenizer.vocabulary());
  EngineShape shape;
  shape.cache_type = options.cache_type;
  shape.context = choose_context(options.context, config, options.chat.settings.limit);
  ChosenDevice card(options.card, "redbolt-llm chat");
  note_device(card.device());
  const std::string description = describe_model(config, files);
  note("model: " + description);
  const auto model = load_model(files, card.device(), shape, options.model.text);
  BatchEngineOptions engine_options;
  engine_options.context_shift = options.chat.context_shift;
  engine_options.progress = compile_progress();
  BatchEngine engine(*model, engine_options);
  note_kernels(engine.kernels());
  ChatSession session(
      {tokenizer, *format, engine, options.model.text,
       description + ", context " + std::to_string(shape.context) + ", " +
           std::string(format->name()),
       std::string(files.metadata().find_string("tokenizer.chat_template").value_or(""))},
      outlet(), options.chat);
  converse(session, *open_reader(engine), engine);
}

}  // namespace

void add_chat(CLI::App& application) {
  const auto options = std::make_shared<Options>();
  auto* const verb = application.add_subcommand("chat", "Talk with a model");
  verb->footer(
      "\nLines can be edited, and earlier ones are found with the arrow keys. /? lists commands, "
      "\"\"\" begins and ends\n"
      "a text of several lines, Ctrl-C stops an answer, Ctrl-D or /bye leaves. Without a terminal "
      "each line of\n"
      "standard input is a turn, and answers alone go to standard output. Thoughts are shown on a "
      "terminal only.");
  add_model_option(*verb, options->model);
  add_context_option(*verb, options->context);
  add_cache_option(*verb, options->cache_type);
  verb->add_option("--system", options->chat.system, "The system message")
      ->envname("REDBOLT_SYSTEM")
      ->type_name("TEXT");
  verb->add_flag("--context-shift", options->chat.context_shift,
                 "When the context is full, forget the oldest turns")
      ->envname("REDBOLT_CONTEXT_SHIFT");
  verb->add_flag("--verbose", options->chat.verbose, "Say how fast each answer was");
  add_answer_options(*verb, options->chat.settings);
  add_device_options(*verb, options->card);
  verb->callback([options] { chat(*options); });
}

}  // namespace redbolt::llm::cli
