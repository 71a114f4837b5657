// Content hashes as people and files write them: 64 hexadecimal digits.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "redbolt/client/types.hpp"

namespace redbolt::llm {

std::string to_hex(const client::ContentHash& hash);

// Nothing unless it is 64 digits, in lower case.
std::optional<client::ContentHash> hash_from_hex(std::string_view text);

}  // namespace redbolt::llm
