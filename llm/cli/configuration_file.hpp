// The configuration file: a line for every option, in TOML. Keys before the first section are for
// all verbs that have such an option; a section [run] is for that verb alone and goes before them.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>

namespace redbolt::llm::cli {

// --config FILE, for an application that has all its verbs. After the command line has been read,
// the options of the chosen verb that were neither typed nor set by the environment are taken from
// the file. An option that cannot go with one that is typed (--device and --socket) gives way.
// While parsing throws CLI::ConfigError: the file with line and key.
void add_configuration_file(CLI::App& application);

// $REDBOLT_CONFIG, else $XDG_CONFIG_HOME/redbolt/config.toml, else ~/.config/redbolt/config.toml;
// empty where there is no home.
std::filesystem::path default_configuration_file();

// A file with all options of all verbs, each explained and commented out.
std::string annotated_configuration(CLI::App& application);

}  // namespace redbolt::llm::cli
