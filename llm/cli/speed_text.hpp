// How fast an answer was, in a line.
#pragma once

#include <string>

#include "redbolt/llm/engine/token_engine.hpp"

namespace redbolt::llm::cli {

// "15 prompt tokens in 0.06 s (8 of them cached), 9 generated at 94.1 tokens/s".
std::string speed_text(const EndReport& report);

}  // namespace redbolt::llm::cli
