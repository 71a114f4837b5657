// The pattern that the test writes to video memory: each 64-bit word depends on its place and on a
// seed, so that a stuck line, a wrapped address and an earlier run's leftovers all show.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace redbolt::probe {

// size: a multiple of 8.
std::vector<std::byte> make_pattern(std::size_t size, std::uint64_t seed);

// The first byte that differs.
std::optional<std::size_t> first_difference(std::span<const std::byte> a,
                                            std::span<const std::byte> b);

}  // namespace redbolt::probe
