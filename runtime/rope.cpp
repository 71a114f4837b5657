#include "redbolt/runtime/rope.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "redbolt/runtime/runtime_error.hpp"

namespace redbolt::runtime {
namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw RuntimeError(RuntimeErrorCode::invalid_argument, "rope: " + what);
}

void check(const RopeParameters& p) {
  if (p.dimensions == 0 || p.dimensions % 2 != 0) refuse("the number of dimensions must be even");
  if (!(p.base > 0) || !std::isfinite(p.base)) refuse("the frequency base must be positive");
  if (!(p.factor > 0) || !std::isfinite(p.factor)) refuse("the scaling factor must be positive");
  if (!p.frequency_factors.empty() && p.frequency_factors.size() != p.dimensions / 2)
    refuse("there are " + std::to_string(p.frequency_factors.size()) + " frequency factors for " +
           std::to_string(p.dimensions / 2) + " frequencies");
  for (const float f : p.frequency_factors)
    if (!(f > 0) || !std::isfinite(f)) refuse("a frequency factor is not positive");
  if (p.scaling == RopeScaling::yarn && p.original_context == 0)
    refuse("YaRN needs the context that the model was trained with");
}

// The (fractional) dimension whose frequency makes `rotations` turns over the original context.
double dimension_of(const RopeParameters& p, double rotations) {
  const double n = p.dimensions;
  return n * std::log(p.original_context / (rotations * 2 * std::numbers::pi)) /
         (2 * std::log(p.base));
}

// YaRN (Peng et al., 2023): 1 where a dimension is extrapolated (turns often), 0 where it is
// interpolated, linear between.
double extrapolation(const RopeParameters& p, double pair) {
  const double low = std::max(0.0, std::floor(dimension_of(p, p.beta_fast)));
  const double high = std::min(p.dimensions - 1.0, std::ceil(dimension_of(p, p.beta_slow)));
  return 1 - std::clamp((pair - low) / std::max(0.001, high - low), 0.0, 1.0);
}

double scaled(const RopeParameters& p, double frequency, double pair) {
  if (p.scaling == RopeScaling::none) return frequency;
  const double interpolated = frequency / p.factor;
  if (p.scaling == RopeScaling::linear) return interpolated;
  const double mix = extrapolation(p, pair);
  return interpolated * (1 - mix) + frequency * mix;
}

}  // namespace

RopeTable make_rope_table(const RopeParameters& p) {
  check(p);
  RopeTable table;
  for (std::uint32_t pair = 0; pair < p.dimensions / 2; ++pair) {
    double frequency = std::pow(p.base, -2.0 * pair / p.dimensions);
    if (!p.frequency_factors.empty()) frequency /= double{p.frequency_factors[pair]};
    const double turns = scaled(p, frequency, pair) / (2 * std::numbers::pi);
    const auto high = static_cast<float>(turns);
    table.frequencies.push_back({high, static_cast<float>(turns - double{high})});
  }
  if (p.scaling == RopeScaling::yarn)
    table.magnitude = static_cast<float>(p.attention_factor * (1 + 0.1 * std::log(p.factor)));
  return table;
}

}  // namespace redbolt::runtime
