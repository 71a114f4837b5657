// SHA-256, for comparisons with the reference trace, which records what was written as hashes.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace redbolt::driver::test {

// First 16 hexadecimal digits, as the trace has them.
std::string sha256_prefix(std::span<const std::byte> bytes);

}  // namespace redbolt::driver::test
