// redbolt-llm's command line as a whole: its verbs, where their options come from besides, and what
// is said about them.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

namespace redbolt::llm::cli {

// All verbs with their options. Each option can be typed, set by an environment variable or written
// in the configuration file; what is typed goes before the environment, and that before the file.
std::unique_ptr<CLI::App> make_application();

// The name under which an option appears in the configuration file and in its variable: its first
// long name, "top-k". Empty for those that are only typed: help, and words without a dash.
std::string option_key(const CLI::Option& option);

}  // namespace redbolt::llm::cli
