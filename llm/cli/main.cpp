// redbolt-llm: a language model in a GGUF file, run on the card that redboltd holds.
#include <CLI/CLI.hpp>
#include <csignal>
#include <exception>

#include "cli/application.hpp"
#include "cli/interrupt.hpp"
#include "cli/terminal.hpp"
#include "cli/verbs.hpp"

namespace {

constexpr int kRuntimeError = 1;
constexpr int kUsageError = 2;

}  // namespace

int main(int argc, char** argv) {
  using namespace redbolt::llm::cli;
  // A reader that goes away ends the program through the failed write, so that everything is
  // cleaned up.
  std::signal(SIGPIPE, SIG_IGN);
  const auto application = make_application();
  application->set_version_flag("--version", "redbolt-llm " REDBOLT_VERSION);
  try {
    application->parse(argc, argv);
    return 0;
  } catch (const CLI::ParseError& error) {
    // Help and version are "errors" with exit code 0.
    return application->exit(error) == 0 ? 0 : kUsageError;
  } catch (const UsageError& error) {
    note_error(error.what());
    return kUsageError;
  } catch (const Interrupted& interrupted) {
    return interrupted.exit_code();
  } catch (const std::exception& error) {
    note_error(error.what());
    return kRuntimeError;
  }
}
