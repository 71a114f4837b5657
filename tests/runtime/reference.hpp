// What the kernels are compared with: plain C++ in double precision, written from the description
// of GGML's block formats, and random inputs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "redbolt/runtime/weight_type.hpp"

namespace redbolt::runtime::test {

// The seed of this run's random inputs: $REDBOLT_TEST_SEED, or a fresh one. Printed with failures.
std::uint64_t test_seed();
std::mt19937_64& random_engine();
std::vector<float> random_floats(std::size_t count, float scale = 1.0f);
std::uint32_t random_integer(std::uint32_t low, std::uint32_t high);

float half_to_float(std::uint16_t half);
// Round to nearest even.
std::uint16_t float_to_half(float value);

// Random blocks with scales of an ordinary size, so that weights are of the order of 1.
std::vector<std::byte> random_weights(WeightType type, std::size_t rows, std::size_t columns);

// All weights of a matrix, exactly.
std::vector<double> decode_weights(WeightType type, std::span<const std::byte> bytes,
                                   std::size_t count);

struct Dot {
  double value = 0;
  double magnitude = 0;  // the sum of the absolute products: what rounding errors are a share of
};
Dot dot(std::span<const double> weights, std::span<const double> x);

// x * weight / sqrt(mean(x^2) + epsilon).
std::vector<double> rms_norm_of(std::span<const float> x, std::span<const float> weight,
                                double epsilon);

struct AttendedHead {
  std::vector<double> value;
  std::vector<double> magnitude;  // as of Dot
};
// One query over the float16 keys and values of `length` positions.
AttendedHead attend(std::span<const float> query, std::span<const double> keys,
                    std::span<const double> values, std::uint32_t length, std::uint32_t dimension);
AttendedHead attend(std::span<const float> query, std::span<const std::uint16_t> keys,
                    std::span<const std::uint16_t> values, std::uint32_t length,
                    std::uint32_t dimension);

// A row of a q8_0 KV cache: a byte q + 128 per element, then a float16 scale per 32 of them.
std::vector<double> decode_cache_row(std::span<const std::byte> row, std::uint32_t dimension);

std::vector<std::byte> read_test_data(const std::string& name);

}  // namespace redbolt::runtime::test
