// Counters in a file, for whoever looks while the program runs: a JSON object of names and numbers,
// always whole.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace redbolt::emulator {

// Replaces the file in one step. Throws std::system_error when it cannot.
void write_counters(const std::filesystem::path& path,
                    const std::map<std::string, std::uint64_t>& counters);

}  // namespace redbolt::emulator
