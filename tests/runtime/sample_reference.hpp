// What a draw must give, in double precision from its definition in docs/runtime.md.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "redbolt/runtime/step_state.hpp"

namespace redbolt::runtime::test {

std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter, std::uint32_t key_0,
                                    std::uint32_t key_1);

// The generator's number of a draw, in [0, 1).
double uniform(const SamplingParameters& parameters, std::uint32_t sampled, std::uint32_t position);

std::vector<double> doubles(std::span<const float> values);

// What the draw looks at besides the logits.
struct SlotInputs {
  std::vector<std::uint32_t> history = {};  // all tokens fed so far
  std::vector<LogitBias> biases = {};
  std::vector<bool> allowed = {};  // empty: no mask
};

// Logits after bias, penalties and mask; minus infinity: cannot be drawn.
std::vector<double> adjusted(std::span<const float> logits, const SamplingParameters& parameters,
                             const SlotInputs& inputs);

// Probabilities cumulated in the order of the candidates.
struct Expected {
  std::vector<std::uint32_t> order;
  std::vector<double> cumulative;  // of the kept candidates, in order
};
Expected expected_draw(const std::vector<double>& logits, const SamplingParameters& parameters);

// Within 1e-5 of a border either neighbour is right.
void check_draw(const Expected& expected, std::uint32_t token, double uniform,
                const std::string& what);

// Natural logarithms of the probabilities, of logits without NaN.
std::vector<double> log_softmax(std::span<const float> logits);

}  // namespace redbolt::runtime::test
