#include "reference.hpp"
#include "test_paths.hpp"

#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>

namespace redbolt::runtime::test {
namespace {

using Block = const std::uint8_t*;

double half_at(Block p) {
  return double{half_to_float(static_cast<std::uint16_t>(p[0] | p[1] << 8))};
}

constexpr int iq4_table[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                               1,    13,   25,  38,  53,  69,  89,  113};

// Each decoder gives element e of a block.
double f32_element(Block p, std::size_t) {
  float value;
  std::memcpy(&value, p, 4);
  return double{value};
}
double f16_element(Block p, std::size_t) {
  return half_at(p);
}
double bf16_element(Block p, std::size_t) {
  return double{std::bit_cast<float>(static_cast<std::uint32_t>(p[0] | p[1] << 8) << 16)};
}
int nibble(Block q, std::size_t e) {
  return e < 16 ? q[e] & 15 : q[e - 16] >> 4;
}
int fifth_bit(Block qh, std::size_t e) {
  return (qh[e / 8] >> (e % 8) & 1) << 4;
}
double q4_0_element(Block p, std::size_t e) {
  return half_at(p) * (nibble(p + 2, e) - 8);
}
double q4_1_element(Block p, std::size_t e) {
  return half_at(p) * nibble(p + 4, e) + half_at(p + 2);
}
double q5_0_element(Block p, std::size_t e) {
  return half_at(p) * ((nibble(p + 6, e) | fifth_bit(p + 2, e)) - 16);
}
double q5_1_element(Block p, std::size_t e) {
  return half_at(p) * (nibble(p + 8, e) | fifth_bit(p + 4, e)) + half_at(p + 2);
}
double q8_0_element(Block p, std::size_t e) {
  return half_at(p) * static_cast<std::int8_t>(p[2 + e]);
}
double iq4_nl_element(Block p, std::size_t e) {
  return half_at(p) * iq4_table[nibble(p + 2, e)];
}
double iq4_xs_element(Block p, std::size_t e) {
  const std::size_t g = e / 32;
  const int scales_h = p[2] | p[3] << 8;
  const int ls = (p[4 + g / 2] >> 4 * (g % 2) & 15) | (scales_h >> 2 * g & 3) << 4;
  return half_at(p) * (ls - 32) * iq4_table[nibble(p + 8 + 16 * g, e % 32)];
}

struct ScaleMinimum {
  int scale;
  int minimum;
};
ScaleMinimum six_bit(Block s, std::size_t g) {
  if (g < 4) return {s[g] & 63, s[g + 4] & 63};
  return {(s[g + 4] & 15) | (s[g - 4] >> 6) << 4, (s[g + 4] >> 4) | (s[g] >> 6) << 4};
}
int k_nibble(Block qs, std::size_t e) {
  const int byte = qs[e / 64 * 32 + e % 32];
  return e / 32 % 2 == 0 ? byte & 15 : byte >> 4;
}
double q4_k_element(Block p, std::size_t e) {
  const ScaleMinimum s = six_bit(p + 4, e / 32);
  return half_at(p) * s.scale * k_nibble(p + 16, e) - half_at(p + 2) * s.minimum;
}
double q5_k_element(Block p, std::size_t e) {
  const ScaleMinimum s = six_bit(p + 4, e / 32);
  const int high = p[16 + e % 32] >> (e / 32) & 1;
  return half_at(p) * s.scale * (k_nibble(p + 48, e) | high << 4) - half_at(p + 2) * s.minimum;
}
double q6_k_element(Block p, std::size_t e) {
  const std::size_t h = e / 128, l = e % 32, quarter = e % 128 / 32;
  const int low_byte = p[64 * h + l + 32 * (quarter % 2)];
  const int low = quarter < 2 ? low_byte & 15 : low_byte >> 4;
  const int high = p[128 + 32 * h + l] >> 2 * quarter & 3;
  return half_at(p + 208) * static_cast<std::int8_t>(p[192 + e / 16]) * ((low | high << 4) - 32);
}
int two_bits(Block qs, std::size_t e) {
  return qs[32 * (e / 128) + e % 32] >> 2 * (e % 128 / 32) & 3;
}
double q2_k_element(Block p, std::size_t e) {
  const int s = p[e / 16];
  return half_at(p + 80) * (s & 15) * two_bits(p + 16, e) - half_at(p + 82) * (s >> 4);
}
double q3_k_element(Block p, std::size_t e) {
  const Block s = p + 96;
  const std::size_t k = e / 16;
  const int low = k < 8 ? s[k] & 15 : s[k - 8] >> 4;
  const int scale = (low | (s[8 + k % 4] >> 2 * (k / 4) & 3) << 4) - 32;
  const bool high = p[e % 32] >> (e / 32) & 1;
  return half_at(p + 108) * scale * (two_bits(p + 32, e) - (high ? 0 : 4));
}

struct Format {
  WeightType type;
  double (*element)(Block, std::size_t);
  std::vector<std::size_t> halves;  // byte offsets of float16 scales in a block
  float scale;                      // of an ordinary size for them
};

const Format& format(WeightType type) {
  static const std::vector<Format> formats{
      {WeightType::f32, f32_element, {}, 0},
      {WeightType::f16, f16_element, {}, 0},
      {WeightType::bf16, bf16_element, {}, 0},
      {WeightType::q4_0, q4_0_element, {0}, 0.1f},
      {WeightType::q4_1, q4_1_element, {0, 2}, 0.1f},
      {WeightType::q5_0, q5_0_element, {0}, 0.05f},
      {WeightType::q5_1, q5_1_element, {0, 2}, 0.05f},
      {WeightType::q8_0, q8_0_element, {0}, 0.01f},
      {WeightType::q2_k, q2_k_element, {80, 82}, 0.05f},
      {WeightType::q3_k, q3_k_element, {108}, 0.02f},
      {WeightType::q4_k, q4_k_element, {0, 2}, 0.004f},
      {WeightType::q5_k, q5_k_element, {0, 2}, 0.002f},
      {WeightType::q6_k, q6_k_element, {208}, 0.001f},
      {WeightType::iq4_nl, iq4_nl_element, {0}, 0.01f},
      {WeightType::iq4_xs, iq4_xs_element, {0}, 0.001f},
  };
  for (const Format& candidate : formats)
    if (candidate.type == type) return candidate;
  throw std::logic_error("no reference for this type");
}

void store_plain(WeightType type, std::byte* at) {
  const float value = random_floats(1)[0];
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const auto half = float_to_half(value);
  const auto brain = static_cast<std::uint16_t>(bits >> 16);
  if (type == WeightType::f32) std::memcpy(at, &bits, 4);
  if (type == WeightType::f16) std::memcpy(at, &half, 2);
  if (type == WeightType::bf16) std::memcpy(at, &brain, 2);
}

}  // namespace

std::uint64_t test_seed() {
  static const std::uint64_t seed = [] {
    const char* given = std::getenv("REDBOLT_TEST_SEED");
    const std::uint64_t value =
        given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
    std::cout << "random inputs from REDBOLT_TEST_SEED=" << value << '\n';
    return value;
  }();
  return seed;
}

std::mt19937_64& random_engine() {
  static std::mt19937_64 engine(test_seed());
  return engine;
}

std::vector<float> random_floats(std::size_t count, float scale) {
  std::normal_distribution<float> normal(0.0f, scale);
  std::vector<float> values(count);
  for (float& value : values) value = normal(random_engine());
  return values;
}

std::uint32_t random_integer(std::uint32_t low, std::uint32_t high) {
  return std::uniform_int_distribution<std::uint32_t>(low, high)(random_engine());
}

float half_to_float(std::uint16_t half) {
  const std::uint32_t sign = std::uint32_t{half & 0x8000u} << 16;
  const std::uint32_t exponent = half >> 10 & 31u, fraction = half & 1023u;
  if (exponent == 0) {
    const float value = std::ldexp(static_cast<float>(fraction), -24);
    return sign != 0 ? -value : value;
  }
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000u | fraction << 13);
  return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
}

std::uint16_t float_to_half(float value) {
  const auto sign = static_cast<std::uint16_t>(std::signbit(value) ? 0x8000 : 0);
  const double magnitude = std::fabs(double{value});
  if (std::isnan(value)) return static_cast<std::uint16_t>(sign | 0x7e00);
  if (magnitude >= 65520) return static_cast<std::uint16_t>(sign | 0x7c00);
  int exponent = 0;
  std::frexp(magnitude, &exponent);
  const int shift = std::max(exponent - 11, -24);  // of the last place of the result
  // nearbyint rounds half to even in the default mode.
  const auto units = static_cast<std::uint32_t>(std::nearbyint(std::ldexp(magnitude, -shift)));
  if (shift == -24) return static_cast<std::uint16_t>(sign | units);
  const auto biased = static_cast<std::uint32_t>(shift + 24);
  return static_cast<std::uint16_t>(sign | ((biased << 10) + units));
}

std::vector<std::byte> random_weights(WeightType type, std::size_t rows, std::size_t columns) {
  const WeightTypeInfo& shape = info(type);
  const Format& layout = format(type);
  const std::size_t blocks = rows * columns / shape.block_elements;
  std::vector<std::byte> bytes(blocks * shape.block_bytes);
  std::uniform_int_distribution<int> byte(0, 255);
  for (std::byte& b : bytes) b = static_cast<std::byte>(byte(random_engine()));
  for (std::size_t block = 0; block < blocks; ++block) {
    std::byte* at = bytes.data() + block * shape.block_bytes;
    if (shape.block_elements == 1) store_plain(type, at);
    for (const std::size_t offset : layout.halves) {
      const std::uint16_t half = float_to_half(random_floats(1, layout.scale)[0]);
      std::memcpy(at + offset, &half, 2);
    }
  }
  return bytes;
}

std::vector<double> decode_weights(WeightType type, std::span<const std::byte> bytes,
                                   std::size_t count) {
  const WeightTypeInfo& shape = info(type);
  const Format& layout = format(type);
  const auto* first = reinterpret_cast<const std::uint8_t*>(bytes.data());
  std::vector<double> values(count);
  for (std::size_t i = 0; i < count; ++i)
    values[i] = layout.element(first + i / shape.block_elements * shape.block_bytes,
                               i % shape.block_elements);
  return values;
}

Dot dot(std::span<const double> weights, std::span<const double> x) {
  Dot result;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    result.value += weights[i] * x[i];
    result.magnitude += std::fabs(weights[i] * x[i]);
  }
  return result;
}

std::vector<double> rms_norm_of(std::span<const float> x, std::span<const float> weight,
                                double epsilon) {
  double sum = 0;
  for (const float value : x) sum += double{value} * double{value};
  const double factor = 1 / std::sqrt(sum / static_cast<double>(x.size()) + epsilon);
  std::vector<double> result(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) result[i] = double{x[i]} * factor * double{weight[i]};
  return result;
}

AttendedHead attend(std::span<const float> query, std::span<const double> keys,
                    std::span<const double> values, std::uint32_t length, std::uint32_t dimension) {
  std::vector<double> weights(length);
  double largest = -INFINITY, sum = 0;
  for (std::uint32_t p = 0; p < length; ++p) {
    double score = 0;
    for (std::uint32_t i = 0; i < dimension; ++i)
      score += double{query[i]} * keys[p * dimension + i];
    weights[p] = score / std::sqrt(static_cast<double>(dimension));
    largest = std::max(largest, weights[p]);
  }
  for (double& w : weights) sum += w = std::exp(w - largest);
  AttendedHead head{std::vector<double>(dimension), std::vector<double>(dimension)};
  for (std::uint32_t p = 0; p < length; ++p)
    for (std::uint32_t i = 0; i < dimension; ++i) {
      const double term = weights[p] / sum * values[p * dimension + i];
      head.value[i] += term;
      head.magnitude[i] += std::fabs(term);
    }
  return head;
}

AttendedHead attend(std::span<const float> query, std::span<const std::uint16_t> keys,
                    std::span<const std::uint16_t> values, std::uint32_t length,
                    std::uint32_t dimension) {
  const auto exact = [&](std::span<const std::uint16_t> halves) {
    std::vector<double> result;
    for (const std::uint16_t half : halves.first(std::size_t{length} * dimension))
      result.push_back(double{half_to_float(half)});
    return result;
  };
  return attend(query, exact(keys), exact(values), length, dimension);
}

std::vector<double> decode_cache_row(std::span<const std::byte> row, std::uint32_t dimension) {
  std::vector<double> result;
  for (std::uint32_t i = 0; i < dimension; ++i) {
    std::uint16_t scale = 0;
    std::memcpy(&scale, row.data() + dimension + i / 32 * 2, sizeof(scale));
    result.push_back((std::to_integer<int>(row[i]) - 128) * double{half_to_float(scale)});
  }
  return result;
}

std::vector<std::byte> read_test_data(const std::string& name) {
  std::ifstream file(std::string(REDBOLT_TEST_DATA) + "/" + name, std::ios::binary);
  if (!file) throw std::runtime_error("no test data " + name);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  const auto view = std::as_bytes(std::span(bytes));
  return {view.begin(), view.end()};
}

}  // namespace redbolt::runtime::test
