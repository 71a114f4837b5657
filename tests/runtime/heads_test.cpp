// Norm, rotation and store of heads; attention over the cache.
#include <bit>
#include <cmath>
#include <numbers>

#include "flat_device.hpp"
#include "reference.hpp"

namespace redbolt::runtime::test {
namespace {

constexpr std::uint16_t poison_half = 0xffff;

struct RotaryCase {
  std::uint32_t dimension;
  std::uint32_t rotated;
  RopePairing pairing;
  bool norm;
  std::uint32_t query_heads;
  std::uint32_t key_value_heads;
  std::uint32_t capacity;
  std::uint32_t tokens;
  std::uint32_t position;
};

// Rotation by the definition: pair i turns by position * base^(-2i/n).
std::vector<double> rotated(std::vector<double> head, const RotaryCase& c, std::uint32_t position,
                            double base, double magnitude) {
  for (std::uint32_t i = 0; i < c.rotated / 2; ++i) {
    const double angle = position * std::pow(base, -2.0 * i / c.rotated);
    const bool neox = c.pairing == RopePairing::neox;
    double& a = head[neox ? i : 2 * i];
    double& b = head[neox ? i + c.rotated / 2 : 2 * i + 1];
    const double x = a, y = b;
    a = magnitude * (x * std::cos(angle) - y * std::sin(angle));
    b = magnitude * (x * std::sin(angle) + y * std::cos(angle));
  }
  return head;
}

std::vector<double> head_of(std::span<const float> all, std::size_t index, std::size_t dimension,
                            std::span<const float> norm) {
  const auto head = all.subspan(index * dimension, dimension);
  if (!norm.empty()) return rms_norm_of(head, norm, 1e-6);
  return {head.begin(), head.end()};
}

class RotaryTest : public testing::TestWithParam<RotaryCase> {};

TEST_P(RotaryTest, QueriesKeysAndValues) {
  const RotaryCase c = GetParam();
  const std::uint32_t positions = c.position + c.tokens + 2;
  const double base = 1e6;
  const float magnitude = 1.25f;
  FlatDevice device;
  const std::size_t d = c.dimension, heads = c.query_heads, kv = c.key_value_heads;
  const auto queries = random_floats(c.capacity * heads * d);
  const auto keys = random_floats(c.capacity * kv * d);
  const auto values = random_floats(c.capacity * kv * d);
  const auto query_norm = random_floats(d), key_norm = random_floats(d);
  const RopeTable table = make_rope_table({.dimensions = c.rotated, .base = base});
  RotaryStore operation{.queries = device.upload(queries),
                        .keys = device.upload(keys),
                        .values = device.upload(values),
                        .cache = {.keys = device.allocate(positions * kv * d * 2),
                                  .values = device.allocate(positions * kv * d * 2),
                                  .positions = positions,
                                  .key_value_heads = c.key_value_heads,
                                  .head_dimension = c.dimension},
                        .query_heads = c.query_heads,
                        .rope_frequencies = device.upload(table.frequencies),
                        .rope_dimensions = c.rotated,
                        .rope_magnitude = magnitude,
                        .pairing = c.pairing,
                        .state = device.state(c.tokens, c.position),
                        .capacity = c.capacity};
  if (c.norm) {
    operation.query_norm = RmsNormWeight{device.upload(query_norm), 1e-6f};
    operation.key_norm = RmsNormWeight{device.upload(key_norm), 1e-6f};
  }
  CommandGraph graph("rotary");
  rotary_store(graph, operation);
  ASSERT_NO_FATAL_FAILURE(device.run(graph));

  const std::span<const float> none;
  const auto actual = device.download<float>(operation.queries);
  for (std::size_t t = 0; t < c.capacity; ++t)
    for (std::size_t h = 0; h < heads; ++h) {
      const auto plain = head_of(queries, t * heads + h, d, c.norm ? query_norm : none);
      const auto position = c.position + static_cast<std::uint32_t>(t);
      const auto expected = rotated(plain, c, position, base, double{magnitude});
      for (std::size_t i = 0; i < d; ++i) {
        const float value = actual[(t * heads + h) * d + i];
        if (t >= c.tokens)
          ASSERT_EQ(value, queries[(t * heads + h) * d + i]);
        else
          ASSERT_NEAR(value, expected[i], 8e-6)
              << t << ", head " << h << ", " << i << ", REDBOLT_TEST_SEED=" << test_seed();
      }
    }
  const auto key_cache = device.download<std::uint16_t>(operation.cache.keys);
  const auto value_cache = device.download<std::uint16_t>(operation.cache.values);
  for (std::size_t h = 0; h < kv; ++h)
    for (std::uint32_t p = 0; p < positions; ++p) {
      const std::size_t at = (h * positions + p) * d;
      const bool stored = p >= c.position && p < c.position + c.tokens;
      const std::size_t row = (p - c.position) * kv + h;
      for (std::size_t i = 0; i < d; ++i) {
        if (!stored) {
          ASSERT_EQ(key_cache[at + i], poison_half);
          ASSERT_EQ(value_cache[at + i], poison_half);
          continue;
        }
        const auto expected =
            rotated(head_of(keys, row, d, c.norm ? key_norm : none), c, p, base, double{magnitude});
        // Half a unit in the last place of a float16, and the error before rounding.
        ASSERT_NEAR(half_to_float(key_cache[at + i]), expected[i],
                    std::fabs(expected[i]) * 0x1p-11 + 1e-5)
            << "position " << p << ", REDBOLT_TEST_SEED=" << test_seed();
        ASSERT_EQ(value_cache[at + i], float_to_half(values[row * d + i]));
      }
    }
}

INSTANTIATE_TEST_SUITE_P(
    Cases, RotaryTest,
    testing::Values(RotaryCase{128, 128, RopePairing::neox, true, 4, 2, 1, 1, 0},
                    RotaryCase{128, 128, RopePairing::norm, false, 3, 1, 7, 5, 31},
                    RotaryCase{64, 64, RopePairing::neox, false, 14, 2, 3, 3, 1},
                    RotaryCase{80, 32, RopePairing::neox, true, 2, 2, 2, 1, 5},
                    RotaryCase{96, 96, RopePairing::norm, true, 1, 1, 1, 1, 17},
                    RotaryCase{256, 256, RopePairing::neox, true, 2, 1, 2, 2, 9},
                    RotaryCase{64, 32, RopePairing::norm, false, 2, 1, 1, 1, 3},
                    // Far positions: the angle must not lose its fraction.
                    RotaryCase{128, 128, RopePairing::neox, false, 1, 1, 1, 1, 131071}));

// A cache that is full is left alone.
TEST(RotaryStoreTest, PositionsBeyondTheCacheAreNotStored) {
  FlatDevice device;
  const RopeTable table = make_rope_table({.dimensions = 64});
  RotaryStore operation{.queries = device.upload(random_floats(3 * 64)),
                        .keys = device.upload(random_floats(3 * 64)),
                        .values = device.upload(random_floats(3 * 64)),
                        .cache = {.keys = device.allocate(4 * 64 * 2),
                                  .values = device.allocate(4 * 64 * 2),
                                  .positions = 4,
                                  .key_value_heads = 1,
                                  .head_dimension = 64},
                        .query_heads = 1,
                        .rope_frequencies = device.upload(table.frequencies),
                        .rope_dimensions = 64,
                        .state = device.state(3, 3),
                        .capacity = 3};
  CommandGraph graph("full");
  rotary_store(graph, operation);
  ASSERT_NO_FATAL_FAILURE(device.run(graph));
  const auto keys = device.download<std::uint16_t>(operation.cache.keys);
  for (std::size_t i = 0; i < 3 * 64; ++i) ASSERT_EQ(keys[i], poison_half);
  for (std::size_t i = 3 * 64; i < 4 * 64; ++i) ASSERT_NE(keys[i], poison_half);
}

struct AttentionCase {
  std::uint32_t dimension;
  std::uint32_t query_heads;
  std::uint32_t key_value_heads;
  std::uint32_t positions;  // of the cache
  std::uint32_t position;
  std::uint32_t capacity;
  std::uint32_t tokens;
};

class AttentionTest : public testing::TestWithParam<AttentionCase> {};

// The cache beyond the step's own tokens holds NaN, so that a look ahead shows.
TEST_P(AttentionTest, EqualsTheDefinition) {
  const AttentionCase c = GetParam();
  FlatDevice device;
  const std::size_t d = c.dimension, heads = c.query_heads, kv = c.key_value_heads;
  const auto queries = random_floats(c.capacity * heads * d, 2.0f);
  std::vector<std::uint16_t> keys(kv * c.positions * d, poison_half), values = keys;
  for (std::size_t h = 0; h < kv; ++h)
    for (std::size_t i = 0; i < (c.position + c.tokens) * d; ++i) {
      keys[h * c.positions * d + i] = float_to_half(random_floats(1)[0]);
      values[h * c.positions * d + i] = float_to_half(random_floats(1)[0]);
    }
  const BufferView output = device.allocate(c.capacity * heads * d * 4);
  const std::uint64_t scratch =
      attention_scratch_bytes(c.query_heads, c.dimension, c.positions, c.capacity);
  CommandGraph graph("attention");
  attention(graph, {.queries = device.upload(queries),
                    .output = output,
                    .cache = {.keys = device.upload(keys),
                              .values = device.upload(values),
                              .positions = c.positions,
                              .key_value_heads = c.key_value_heads,
                              .head_dimension = c.dimension},
                    .query_heads = c.query_heads,
                    .scratch = scratch > 0 ? device.allocate(scratch) : BufferView{},
                    .state = device.state(c.tokens, c.position),
                    .capacity = c.capacity});
  ASSERT_NO_FATAL_FAILURE(device.run(graph));
  const auto actual = device.download<float>(output);
  for (std::size_t t = 0; t < c.capacity; ++t)
    for (std::size_t h = 0; h < heads; ++h) {
      const std::size_t at = (t * heads + h) * d;
      if (t >= c.tokens) {
        ASSERT_EQ(std::bit_cast<std::uint32_t>(actual[at]), 0xffffffffu);
        continue;
      }
      const std::size_t cache = h / (heads / kv) * c.positions * d;
      const AttendedHead expected =
          attend(std::span(queries).subspan(at, d), std::span(keys).subspan(cache),
                 std::span(values).subspan(cache), c.position + static_cast<std::uint32_t>(t) + 1,
                 c.dimension);
      for (std::size_t i = 0; i < d; ++i)
        ASSERT_NEAR(actual[at + i], expected.value[i], 1e-5 * expected.magnitude[i] + 1e-7)
            << "token " << t << " head " << h << " element " << i
            << ", REDBOLT_TEST_SEED=" << test_seed();
    }
}

INSTANTIATE_TEST_SUITE_P(
    Cases, AttentionTest,
    testing::Values(AttentionCase{128, 4, 2, 64, 0, 1, 1},     // the first token sees itself alone
                    AttentionCase{128, 2, 2, 64, 63, 1, 1},    // the last position of the cache
                    AttentionCase{128, 16, 2, 100, 36, 1, 1},  // eight heads to a group: two tiles
                    AttentionCase{64, 14, 2, 300, 298, 1,
                                  1},  // split in two, seven heads to a group
                    AttentionCase{64, 3, 3, 1024, 511, 1, 1},   // splits beyond the length
                    AttentionCase{64, 3, 1, 1024, 1023, 1, 1},  // all splits
                    AttentionCase{80, 5, 1, 700, 256, 1, 1},  // one position into the second split
                    AttentionCase{96, 2, 1, 300, 255, 1, 1},  // exactly the first split
                    AttentionCase{256, 2, 1, 90, 77, 1, 1},
                    AttentionCase{256, 8, 2, 600, 333, 1, 1},
                    AttentionCase{128, 4, 2, 64, 0, 17, 17},  // a prompt from the beginning
                    AttentionCase{64, 14, 2, 64, 5, 8, 3},    // a later chunk, not full
                    AttentionCase{80, 2, 2, 200, 150, 5, 5}, AttentionCase{256, 3, 1, 50, 11, 7, 6},
                    AttentionCase{96, 6, 3, 400, 300, 32, 31}));

}  // namespace
}  // namespace redbolt::runtime::test
