// Where the running program lies.
#pragma once

#include <filesystem>

namespace redbolt::runtime {

// Empty if the system does not say.
std::filesystem::path executable_path();

}  // namespace redbolt::runtime
