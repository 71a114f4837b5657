// Completion scripts for shells, made from the command line's own description, so that they know
// what the program knows.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace redbolt::llm::cli {

// "bash", "zsh", "fish".
std::vector<std::string> completion_shells();

// The script for one of completion_shells().
std::string completion_script(std::string_view shell, CLI::App& application);

}  // namespace redbolt::llm::cli
