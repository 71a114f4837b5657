#include "sha256.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <vector>

namespace redbolt::driver::test {
namespace {

using Words = std::array<std::uint32_t, 8>;

// FIPS 180-4: the constants are the fractional parts of roots of the first primes.
std::vector<unsigned> primes(std::size_t count) {
  std::vector<unsigned> found;
  for (unsigned n = 2; found.size() < count; ++n) {
    bool is_prime = true;
    for (const unsigned p : found) is_prime = is_prime && n % p != 0;
    if (is_prime) found.push_back(n);
  }
  return found;
}

std::uint32_t fraction(long double root) {
  return static_cast<std::uint32_t>((root - std::floor(root)) * 4294967296.0L);
}

void compress(Words& state, const std::uint8_t* block) {
  static const std::array<std::uint32_t, 64> k = [] {
    std::array<std::uint32_t, 64> table{};
    const auto p = primes(64);
    for (std::size_t i = 0; i < 64; ++i)
      table[i] = fraction(std::cbrt(static_cast<long double>(p[i])));
    return table;
  }();
  std::array<std::uint32_t, 64> w{};
  for (std::size_t i = 0; i < 16; ++i) {
    w[i] = std::uint32_t{block[i * 4]} << 24 | std::uint32_t{block[i * 4 + 1]} << 16 |
           std::uint32_t{block[i * 4 + 2]} << 8 | block[i * 4 + 3];
  }
  for (std::size_t i = 16; i < 64; ++i) {
    const auto s0 = std::rotr(w[i - 15], 7) ^ std::rotr(w[i - 15], 18) ^ (w[i - 15] >> 3);
    const auto s1 = std::rotr(w[i - 2], 17) ^ std::rotr(w[i - 2], 19) ^ (w[i - 2] >> 10);
    w[i] = w[i - 16] + s0 + w[i - 7] + s1;
  }
  auto [a, b, c, d, e, f, g, h] = state;
  for (std::size_t i = 0; i < 64; ++i) {
    const auto s1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
    const auto t1 = h + s1 + ((e & f) ^ (~e & g)) + k[i] + w[i];
    const auto s0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
    const auto t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
    h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
  }
  const Words added = {a, b, c, d, e, f, g, h};
  for (std::size_t i = 0; i < 8; ++i) state[i] += added[i];
}

}  // namespace

std::string sha256_prefix(std::span<const std::byte> bytes) {
  Words state{};
  const auto p = primes(8);
  for (std::size_t i = 0; i < 8; ++i)
    state[i] = fraction(std::sqrt(static_cast<long double>(p[i])));

  std::vector<std::uint8_t> padded;
  for (const std::byte byte : bytes) padded.push_back(std::to_integer<std::uint8_t>(byte));
  padded.push_back(0x80);
  while (padded.size() % 64 != 56) padded.push_back(0);
  const std::uint64_t bits = std::uint64_t{bytes.size()} * 8;
  for (int shift = 56; shift >= 0; shift -= 8)
    padded.push_back(static_cast<std::uint8_t>(bits >> shift));
  for (std::size_t at = 0; at < padded.size(); at += 64) compress(state, padded.data() + at);

  char text[17];
  std::snprintf(text, sizeof(text), "%08x%08x", state[0], state[1]);
  return text;
}

}  // namespace redbolt::driver::test
