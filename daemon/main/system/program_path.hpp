// Where this program's file is.
#pragma once

#include <filesystem>

namespace redbolt::daemon {

// Absolute, without links. Throws std::filesystem::filesystem_error where the system does not tell.
std::filesystem::path program_path();

}  // namespace redbolt::daemon
