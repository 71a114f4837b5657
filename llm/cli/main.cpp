// redbolt-llm: a language model in a GGUF file, run on the card that redboltd holds.
#include <CLI/CLI.hpp>
#include <csignal>
#include <exception>
#include <iostream>

#include "cli/interrupt.hpp"
#include "cli/verbs.hpp"

namespace {

constexpr int kRuntimeError = 1;
constexpr int kUsageError = 2;

constexpr const char* kFooter =
    "\nExamples:\n"
    "  redbolt-llm run -m model.gguf -p \"What is 2+2?\"\n"
    "  redbolt-llm run -m model.gguf --device emulated < question.txt\n"
    "  redbolt-llm inspect model.gguf --ctx 8192\n"
    "\n"
    "`redbolt-llm VERB --help` explains a verb. Exit codes: 0 success, 1 the work failed, 2 wrong "
    "usage.\n"
    "Options can also be given by environment variables; their names are shown with each option.";

void describe(CLI::App& application) {
  application.name("redbolt-llm");
  application.set_version_flag("--version", "redbolt-llm " REDBOLT_VERSION);
  application.require_subcommand(1);
  application.footer(kFooter);
  application.get_formatter()->column_width(34);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace redbolt::llm::cli;
  // A reader that goes away ends the program through the failed write, so that everything is
  // cleaned up.
  std::signal(SIGPIPE, SIG_IGN);
  CLI::App application("Runs language models (GGUF) on a Radeon card, real or emulated.");
  try {
    describe(application);
    add_run(application);
    add_serve(application);
    add_bench(application);
    add_tokenize(application);
    add_inspect(application);
    add_logits(application);
    add_ps(application);
    add_stop(application);
    application.parse(argc, argv);
    return 0;
  } catch (const CLI::ParseError& error) {
    // Help and version are "errors" with exit code 0.
    return application.exit(error) == 0 ? 0 : kUsageError;
  } catch (const UsageError& error) {
    std::cerr << "redbolt-llm: " << error.what() << '\n';
    return kUsageError;
  } catch (const Interrupted& interrupted) {
    return interrupted.exit_code();
  } catch (const std::exception& error) {
    std::cerr << "redbolt-llm: " << error.what() << '\n';
    return kRuntimeError;
  }
}
