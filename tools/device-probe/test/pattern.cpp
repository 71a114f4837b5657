#include "test/pattern.hpp"

#include <algorithm>
#include <cstring>

namespace redbolt::probe {

std::vector<std::byte> make_pattern(std::size_t size, std::uint64_t seed) {
  std::vector<std::byte> pattern(size);
  std::uint64_t state = seed;
  for (std::size_t at = 0; at + 8 <= size; at += 8) {
    // SplitMix64.
    state += 0x9e3779b97f4a7c15;
    std::uint64_t word = state;
    word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9;
    word = (word ^ word >> 27) * 0x94d049bb133111eb;
    word ^= word >> 31;
    std::memcpy(pattern.data() + at, &word, sizeof word);
  }
  return pattern;
}

std::optional<std::size_t> first_difference(std::span<const std::byte> a,
                                            std::span<const std::byte> b) {
  const auto [at, other] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (at == a.end() && other == b.end()) return std::nullopt;
  return static_cast<std::size_t>(at - a.begin());
}

}  // namespace redbolt::probe
