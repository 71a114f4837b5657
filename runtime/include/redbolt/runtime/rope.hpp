// Rotary position embedding: the table of frequencies that the kernel rotates by. Everything that
// models do to frequencies (base, per-dimension factors, linear and YaRN scaling) is decided here,
// once, in double precision; the kernel multiplies the table by the position.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace redbolt::runtime {

// Which elements of a head form a pair that is rotated.
enum class RopePairing : std::uint32_t {
  norm = 0,  // (2i, 2i + 1)
  neox = 1,  // (i, i + dimensions / 2)
};

enum class RopeScaling : std::uint8_t { none, linear, yarn };

struct RopeParameters {
  std::uint32_t dimensions = 128;  // rotated dimensions of a head, even; the rest passes through
  double base = 10000;
  // Empty, or dimensions / 2 divisors (rope_freqs.weight).
  std::span<const float> frequency_factors = {};
  RopeScaling scaling = RopeScaling::none;
  double factor = 1;                   // linear, yarn: how many times the context is longer
  std::uint32_t original_context = 0;  // yarn: the context that the model was trained with
  double attention_factor = 1;         // yarn: multiplies the magnitude
  double beta_fast = 32;               // yarn
  double beta_slow = 1;                // yarn
};

// Turns per position as the sum of two floats, so that the angle stays exact for long contexts.
struct RopeFrequency {
  float high;
  float low;
};

struct RopeTable {
  std::vector<RopeFrequency> frequencies;  // dimensions / 2; to be uploaded as they are
  float magnitude = 1;                     // multiplies sine and cosine (YaRN's attention scaling)
};

// Throws RuntimeError::invalid_argument for odd dimensions, factors of the wrong number or not
// positive, a base or a factor that is not positive.
RopeTable make_rope_table(const RopeParameters& parameters);

}  // namespace redbolt::runtime
