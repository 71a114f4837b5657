// The verbs of redbolt-llm, one file each. A verb adds its subcommand and options to the
// application; when it is chosen, its callback does the work and throws what goes wrong.
#pragma once

#include <CLI/CLI.hpp>
#include <stdexcept>

namespace redbolt::llm::cli {

void add_run(CLI::App& application);
void add_logits(CLI::App& application);
void add_tokenize(CLI::App& application);
void add_inspect(CLI::App& application);
void add_bench(CLI::App& application);
void add_ps(CLI::App& application);
void add_stop(CLI::App& application);
void add_serve(CLI::App& application);

// A mistake in what the user typed that only a verb can see: exit code 2.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace redbolt::llm::cli
