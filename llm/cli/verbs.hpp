// The verbs of redbolt-llm, one file each. A verb adds its subcommand and options to the
// application; when it is chosen, its callback does the work and throws what goes wrong.
#pragma once

#include <CLI/CLI.hpp>

#include "cli/usage_error.hpp"

namespace redbolt::llm::cli {

void add_chat(CLI::App& application);
void add_list(CLI::App& application);
void add_show(CLI::App& application);
void add_config(CLI::App& application);
void add_completions(CLI::App& application);
void add_run(CLI::App& application);
void add_logits(CLI::App& application);
void add_tokenize(CLI::App& application);
void add_inspect(CLI::App& application);
void add_bench(CLI::App& application);
void add_ps(CLI::App& application);
void add_stop(CLI::App& application);
void add_serve(CLI::App& application);

}  // namespace redbolt::llm::cli
