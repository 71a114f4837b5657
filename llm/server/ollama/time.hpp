// Points in time as Ollama writes them.
#pragma once

#include <chrono>
#include <string>

namespace redbolt::llm::server::ollama {

// "2026-01-02T03:04:05.678901Z"
std::string timestamp(std::chrono::system_clock::time_point time);

}  // namespace redbolt::llm::server::ollama
