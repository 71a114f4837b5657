#include "cli/application.hpp"

#include <array>

#include "cli/configuration_file.hpp"
#include "cli/verbs.hpp"

namespace redbolt::llm::cli {
namespace {

constexpr const char* kFooter =
    "\nExamples:\n"
    "  redbolt-llm list                                 models on this computer\n"
    "  redbolt-llm chat qwen3:8b                        a conversation\n"
    "  redbolt-llm run model.gguf \"What is 2+2?\"        one answer\n"
    "  redbolt-llm run qwen3:8b --device emulated < question.txt\n"
    "\n"
    "MODEL is a path or a name from `redbolt-llm list`. `redbolt-llm VERB --help` explains a verb. "
    "Exit codes: 0\n"
    "success, 1 the work failed, 2 wrong usage. Options can also be given by environment "
    "variables, "
    "named with each\n"
    "option, and in a configuration file (`redbolt-llm config` prints one to fill in).";

using AddVerb = void (*)(CLI::App&);
// In the order of the help.
constexpr std::array<AddVerb, 13> kVerbs = {
    add_run,   add_chat,    add_serve,    add_list,   add_show,   add_ps,         add_stop,
    add_bench, add_inspect, add_tokenize, add_logits, add_config, add_completions};

// Of an option that has no variable of a name of its own: REDBOLT_RUN_RAW.
std::string variable_name(const CLI::App& verb, const std::string& key) {
  std::string name = "REDBOLT_" + verb.get_name() + "_" + key;
  for (char& c : name) {
    if (c == '-') c = '_';
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return name;
}

void complete(CLI::App& verb) {
  verb.fallthrough();  // --config may follow the verb
  for (CLI::Option* option : verb.get_options()) {
    const std::string key = option_key(*option);
    if (!key.empty() && option->get_envname().empty()) option->envname(variable_name(verb, key));
  }
}

}  // namespace

std::string option_key(const CLI::Option& option) {
  if (option.get_lnames().empty() || option.get_lnames().front() == "help") return {};
  return option.get_lnames().front();
}

std::unique_ptr<CLI::App> make_application() {
  auto application = std::make_unique<CLI::App>(
      "Runs language models (GGUF) on a Radeon card, real or emulated.", "redbolt-llm");
  application->require_subcommand(1);
  application->footer(kFooter);
  application->get_formatter()->column_width(34);
  for (const AddVerb add : kVerbs) add(*application);
  for (CLI::App* verb : application->get_subcommands([](CLI::App*) { return true; }))
    complete(*verb);
  add_configuration_file(*application);
  return application;
}

}  // namespace redbolt::llm::cli
