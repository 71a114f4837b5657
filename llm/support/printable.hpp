// Text from a file made safe to show: names in error messages and on a terminal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace redbolt::llm {

// The text with control characters and invalid UTF-8 written as \xNN, cut after `limit` bytes.
std::string printable(std::string_view text, std::size_t limit = 80);

// "1.50 GiB", "340 MiB", "12 B".
std::string human_bytes(std::uint64_t bytes);

// "1,234,567": how exact byte counts appear in messages.
std::string grouped(std::uint64_t number);

}  // namespace redbolt::llm
