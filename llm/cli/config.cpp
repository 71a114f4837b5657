// redbolt-llm config: a configuration file to fill in, with every option explained.
#include <memory>

#include "cli/configuration_file.hpp"
#include "cli/terminal.hpp"
#include "cli/verbs.hpp"

namespace redbolt::llm::cli {

void add_config(CLI::App& application) {
  const auto path_only = std::make_shared<bool>(false);
  auto* const verb = application.add_subcommand(
      "config", "Print a configuration file with every option, to be filled in");
  verb->add_flag("--path", *path_only, "Print where the configuration file is looked for");
  verb->footer(
      "\n  redbolt-llm config > \"$(redbolt-llm config --path)\"\n\n"
      "What is typed goes before environment variables, and these before the file.");
  verb->callback([path_only, &application] {
    write_output(*path_only ? default_configuration_file().string() + "\n"
                            : annotated_configuration(application));
  });
}

}  // namespace redbolt::llm::cli
