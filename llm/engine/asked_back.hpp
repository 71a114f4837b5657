// Whether another program has asked for the card, in words for whoever loses it.
#pragma once

#include <optional>
#include <string>

#include "redbolt/runtime/device.hpp"

namespace redbolt::llm {

// Each request is told once. Sends nothing and does not wait.
std::optional<std::string> asked_back(runtime::Device& device);

}  // namespace redbolt::llm
