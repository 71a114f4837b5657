#include "sample_reference.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace redbolt::runtime::test {

// Philox 4x32-10 (Salmon et al., 2011).
std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> c, std::uint32_t k0,
                                    std::uint32_t k1) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{c[0]} * 0xd2511f53u;
    const std::uint64_t b = std::uint64_t{c[2]} * 0xcd9e8d57u;
    c = {static_cast<std::uint32_t>(b >> 32) ^ c[1] ^ k0, static_cast<std::uint32_t>(b),
         static_cast<std::uint32_t>(a >> 32) ^ c[3] ^ k1, static_cast<std::uint32_t>(a)};
    k0 += 0x9e3779b9u;
    k1 += 0xbb67ae85u;
  }
  return c;
}

double uniform(const SamplingParameters& p, std::uint32_t sampled, std::uint32_t position) {
  const auto bits = philox({sampled, position, 0, 0}, p.seed_low, p.seed_high);
  return (bits[1] * 0x1p32 + bits[0]) * 0x1p-64;
}

std::vector<double> doubles(std::span<const float> values) {
  std::vector<double> result;
  for (const float value : values) result.push_back(double{value});
  return result;
}

std::vector<double> adjusted(std::span<const float> logits, const SamplingParameters& p,
                             const SlotInputs& inputs) {
  constexpr double never = -std::numeric_limits<double>::infinity();
  std::vector<double> result = doubles(logits);
  for (const LogitBias& entry : inputs.biases)
    result[entry.token] = entry.bias <= -100 ? never : result[entry.token] + double{entry.bias};
  const auto& history = inputs.history;
  const std::size_t window = std::min<std::size_t>(p.repeat_last_n, history.size());
  for (std::uint32_t token = 0; token < result.size(); ++token) {
    double& value = result[token];
    const bool repeats = std::find(history.end() - static_cast<std::ptrdiff_t>(window),
                                   history.end(), token) != history.end();
    if (repeats && p.repeat_penalty != 0)
      value = value > 0 ? value / double{p.repeat_penalty} : value * double{p.repeat_penalty};
    const auto answer = history.begin() + p.answer_start;
    const auto occurrences = std::count(answer, history.end(), token);
    if (occurrences > 0)
      value -= double{p.presence_penalty} +
               double{p.frequency_penalty} * static_cast<double>(occurrences);
    if (!inputs.allowed.empty() && !inputs.allowed[token]) value = never;
  }
  return result;
}

Expected expected_draw(const std::vector<double>& values, const SamplingParameters& p) {
  Expected e;
  e.order.resize(values.size());
  std::iota(e.order.begin(), e.order.end(), 0u);
  std::ranges::stable_sort(e.order,
                           [&](std::uint32_t a, std::uint32_t b) { return values[a] > values[b]; });
  if (p.top_k != 0 && p.top_k < e.order.size()) e.order.resize(p.top_k);
  const double largest = values[e.order.front()];
  std::vector<double> weights;
  for (const std::uint32_t token : e.order)
    weights.push_back(std::exp((values[token] - largest) / double{p.temperature}));
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  double sum = 0;
  for (const double weight : weights) {
    if (sum >= double{p.top_p} * total || weight < double{p.min_p}) break;
    e.cumulative.push_back(sum += weight);
  }
  for (double& c : e.cumulative) c /= sum;
  return e;
}

void check_draw(const Expected& e, std::uint32_t token, double u, const std::string& what) {
  const auto rank = static_cast<std::size_t>(std::ranges::find(e.order, token) - e.order.begin());
  // One candidate more may be kept or lost at the border of a set, by rounding.
  ASSERT_LE(rank, e.cumulative.size()) << what;
  const double low = rank == 0 ? 0 : e.cumulative[std::min(rank, e.cumulative.size()) - 1];
  const double high = rank < e.cumulative.size() ? e.cumulative[rank] : 1;
  EXPECT_GE(u, low - 1e-5) << what;
  EXPECT_LE(u, high + 1e-5) << what;
}

std::vector<double> log_softmax(std::span<const float> logits) {
  const double largest = double{*std::ranges::max_element(logits)};
  double sum = 0;
  for (const float logit : logits) sum += std::exp(double{logit} - largest);
  std::vector<double> result;
  for (const float logit : logits) result.push_back(double{logit} - largest - std::log(sum));
  return result;
}

}  // namespace redbolt::runtime::test
