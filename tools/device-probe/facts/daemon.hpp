// What redboltd says of itself, of its card and of who holds it.
#pragma once

#include <chrono>
#include <filesystem>

#include "facts/facts.hpp"

namespace redbolt::probe {

// A daemon that accepts the connection and then says nothing within `patience` counts as silent;
// its connection is then left to a thread that ends with the process.
DaemonFacts ask_daemon(const std::filesystem::path& socket, std::chrono::milliseconds patience);

}  // namespace redbolt::probe
