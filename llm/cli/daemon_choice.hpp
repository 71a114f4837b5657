// For commands that talk to a running daemon about the card, and do not work on it.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>

#include "redbolt/client/connection.hpp"

namespace redbolt::llm::cli {

// --socket: the daemon; empty: the one started at login.
void add_daemon_option(CLI::App& verb, std::filesystem::path& socket);

// Without the lease. Throws client::ClientError.
client::Connection connect_to_daemon(const std::filesystem::path& socket,
                                     const std::string& command);

}  // namespace redbolt::llm::cli
