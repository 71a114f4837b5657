// The KV cache as q8_0: what is stored, what is read, and what rounding to 8 bits costs.
#include <algorithm>
#include <cmath>
#include <iostream>
#include <optional>

#include "flat_device.hpp"
#include "reference.hpp"

namespace redbolt::runtime::test {
namespace {

constexpr auto q8_0 = CacheType::q8_0;

std::string seed_note() {
  return ", REDBOLT_TEST_SEED=" + std::to_string(test_seed());
}

// Which rows a step has: the tokens of one sequence, or one token of each active slot.
struct Rows {
  std::uint32_t capacity = 1;
  std::uint32_t tokens = 1;
  std::uint32_t position = 0;
  std::vector<std::optional<std::uint32_t>> slots = {};  // not empty: by slot

  StepRows step() const { return slots.empty() ? StepRows::sequence : StepRows::slots; }
  std::uint32_t slot_count() const {
    return slots.empty() ? 1 : static_cast<std::uint32_t>(slots.size());
  }
  BufferView state(FlatDevice& device) const {
    return slots.empty() ? device.state(tokens, position) : device.states(slots);
  }
  // The row of activations that a position of a slot is stored from.
  std::optional<std::size_t> source(std::uint32_t slot, std::uint32_t at) const {
    if (!slots.empty()) return slots[slot] == at ? std::optional<std::size_t>(slot) : std::nullopt;
    return at >= position && at < position + tokens ? std::optional<std::size_t>(at - position)
                                                    : std::nullopt;
  }
};

struct Case {
  std::uint32_t dimension;
  std::uint32_t query_heads;
  std::uint32_t key_value_heads;
  std::uint32_t positions;
  Rows rows;
};

std::ostream& operator<<(std::ostream& stream, const Case& c) {
  return stream << "dimension " << c.dimension << ", capacity " << c.rows.capacity;
}

KeyValueCache make_cache(const Case& c, const BufferView& keys, const BufferView& values) {
  return {.keys = keys,
          .values = values,
          .positions = c.positions,
          .key_value_heads = c.key_value_heads,
          .head_dimension = c.dimension,
          .slots = c.rows.slot_count(),
          .type = q8_0};
}

std::uint64_t cache_bytes(const Case& c) {
  return c.rows.slot_count() *
         KeyValueCache::bytes(c.positions, c.key_value_heads, c.dimension, q8_0);
}

TEST(QuantisedCache, RowsAreHalfAsLarge) {
  EXPECT_EQ(KeyValueCache::row_bytes(128, CacheType::f16), 256u);
  EXPECT_EQ(KeyValueCache::row_bytes(128, q8_0), 128u + 4 * 2);
  EXPECT_EQ(KeyValueCache::row_bytes(80, q8_0), 80u + 3 * 2 + 2);  // a multiple of 4
  EXPECT_EQ(KeyValueCache::row_bytes(8, q8_0), 8u + 2 + 2);
  EXPECT_EQ(KeyValueCache::bytes(10, 3, 64, q8_0), 10u * 3 * 68);
  EXPECT_EQ(to_string(q8_0), "q8_0");
  EXPECT_EQ(find_cache_type("q8_0"), q8_0);
  EXPECT_EQ(find_cache_type("f16"), CacheType::f16);
  EXPECT_FALSE(find_cache_type("q4_0").has_value());
}

class QuantisedStoreTest : public testing::TestWithParam<Case> {};

// Checks a stored row against the values that it was made from.
void check_row(std::span<const std::byte> row, std::span<const float> values) {
  const auto dimension = static_cast<std::uint32_t>(values.size());
  const auto decoded = decode_cache_row(row, dimension);
  for (std::uint32_t begin = 0; begin < dimension; begin += 32) {
    const auto block = values.subspan(begin, std::min(32u, dimension - begin));
    float largest = 0;
    for (const float value : block) largest = std::max(largest, std::fabs(value));
    std::uint16_t scale = 0;
    std::memcpy(&scale, row.data() + dimension + begin / 32 * 2, 2);
    // Half a unit in the last place of a float16, and of the division before.
    ASSERT_NEAR(half_to_float(scale), double{largest} / 127, largest / 127 * 0x1.01p-11 + 0x1p-25);
    int most = 0;
    for (std::uint32_t i = 0; i < block.size(); ++i) {
      const int quant = std::to_integer<int>(row[begin + i]) - 128;
      most = std::max(most, std::abs(quant));
      // Half a step; the largest of all may lose what the scale lost by rounding.
      ASSERT_NEAR(decoded[begin + i], block[i], double{half_to_float(scale)} * 0.5625 + 0x1p-25)
          << "element " << begin + i << seed_note();
    }
    ASSERT_LE(most, 127);
    if (half_to_float(scale) > 1e-4) {
      ASSERT_GE(most, 126);
    }
  }
}

TEST_P(QuantisedStoreTest, EachBlockHasItsOwnScale) {
  const Case& c = GetParam();
  FlatDevice device;
  const std::size_t d = c.dimension, kv = c.key_value_heads;
  const auto queries = random_floats(c.rows.capacity * c.query_heads * d);
  auto keys = random_floats(c.rows.capacity * kv * d, 3.0f);
  auto values = random_floats(c.rows.capacity * kv * d, 0.01f);
  // A block of zeros, and one that ends with the largest.
  for (std::size_t i = 0; i < std::min<std::size_t>(32, d); ++i) values[i] = 0;
  keys[std::min<std::size_t>(31, d - 1)] = -40;
  const BufferView key_cache = device.allocate(cache_bytes(c));
  const BufferView value_cache = device.allocate(cache_bytes(c));
  CommandGraph graph("store");
  rotary_store(graph, {.queries = device.upload(queries),
                       .keys = device.upload(keys),
                       .values = device.upload(values),
                       .cache = make_cache(c, key_cache, value_cache),
                       .query_heads = c.query_heads,
                       .rope_dimensions = 0,
                       .state = c.rows.state(device),
                       .capacity = c.rows.capacity,
                       .step = c.rows.step()});
  ASSERT_NO_FATAL_FAILURE(device.run(graph));
  const std::size_t row_bytes = KeyValueCache::row_bytes(d, q8_0);
  for (std::uint32_t slot = 0; slot < c.rows.slot_count(); ++slot)
    for (std::size_t head = 0; head < kv; ++head)
      for (std::uint32_t p = 0; p < c.positions; ++p) {
        const std::size_t at = ((slot * kv + head) * c.positions + p) * row_bytes;
        const auto source = c.rows.source(slot, p);
        for (const auto& [cache, from] : {std::pair(key_cache, &keys), {value_cache, &values}}) {
          const auto row = std::span(device.memory(cache)).subspan(at, row_bytes);
          const std::size_t used = d + (d + 31) / 32 * 2;
          const auto rest = source ? row.subspan(used) : row;
          for (const std::byte byte : rest) ASSERT_EQ(byte, std::byte{FlatDevice::poison});
          if (source) {
            ASSERT_NO_FATAL_FAILURE(
                check_row(row, std::span(*from).subspan((*source * kv + head) * d, d)));
          }
        }
      }
}

Rows sequence(std::uint32_t capacity, std::uint32_t tokens, std::uint32_t position) {
  return {.capacity = capacity, .tokens = tokens, .position = position};
}

Rows by_slot(std::vector<std::optional<std::uint32_t>> slots) {
  const auto capacity = static_cast<std::uint32_t>(slots.size());
  return {.capacity = capacity, .slots = std::move(slots)};
}

INSTANTIATE_TEST_SUITE_P(
    Cases, QuantisedStoreTest,
    testing::Values(Case{128, 2, 2, 4, sequence(1, 1, 2)}, Case{64, 3, 1, 9, sequence(5, 4, 3)},
                    Case{80, 1, 3, 3, sequence(2, 2, 1)}, Case{256, 1, 2, 2, sequence(1, 1, 0)},
                    Case{8, 1, 1, 3, sequence(2, 1, 1)}, Case{96, 2, 1, 5, sequence(7, 6, 2)},
                    Case{128, 4, 2, 6, by_slot({5, std::nullopt, 0, 6})},
                    Case{72, 1, 1, 3, by_slot({std::nullopt, 1})}));

// Both pairings, and heads of which only a part is rotated: which lane holds which element must not
// matter to the blocks.
TEST(QuantisedCache, RotatedKeysAreStoredInTheirPlaces) {
  struct Pairing {
    std::uint32_t dimension, rotated;
    RopePairing pairing;
  };
  for (const Pairing& c : {Pairing{128, 128, RopePairing::neox},
                           {128, 64, RopePairing::neox},
                           {80, 80, RopePairing::neox},
                           {64, 64, RopePairing::norm}}) {
    FlatDevice device;
    const std::uint32_t position = 3;
    const auto keys = random_floats(c.dimension);
    const RopeTable table = make_rope_table({.dimensions = c.rotated, .base = 1e4});
    const auto stored = [&](CacheType type) {
      KeyValueCache cache{.positions = position + 1,
                          .key_value_heads = 1,
                          .head_dimension = c.dimension,
                          .type = type};
      cache.keys = device.allocate(KeyValueCache::bytes(position + 1, 1, c.dimension, type));
      cache.values = device.allocate(cache.keys.size.count());
      CommandGraph graph("store");
      rotary_store(graph, {.queries = device.upload(keys),
                           .keys = device.upload(keys),
                           .values = device.upload(keys),
                           .cache = cache,
                           .query_heads = 1,
                           .rope_frequencies = device.upload(table.frequencies),
                           .rope_dimensions = c.rotated,
                           .pairing = c.pairing,
                           .state = device.state(1, position)});
      device.run(graph);
      return device.memory(cache.keys)
          .subspan(position * KeyValueCache::row_bytes(c.dimension, type));
    };
    const auto decoded = decode_cache_row(stored(q8_0), c.dimension);
    const auto bytes = stored(CacheType::f16);
    std::vector<std::uint16_t> halves(c.dimension);
    std::memcpy(halves.data(), bytes.data(), c.dimension * 2);
    float largest = 0;
    for (const std::uint16_t half : halves)
      largest = std::max(largest, std::fabs(half_to_float(half)));
    for (std::uint32_t i = 0; i < c.dimension; ++i)
      ASSERT_NEAR(decoded[i], half_to_float(halves[i]), double{largest} * (0.5625 / 127 + 0x1p-11))
          << i << seed_note();
  }
}

class QuantisedAttentionTest : public testing::TestWithParam<Case> {};

std::vector<std::byte> random_cache(const Case& c) {
  std::vector<std::byte> bytes(cache_bytes(c), std::byte{FlatDevice::poison});
  const std::size_t row_bytes = KeyValueCache::row_bytes(c.dimension, q8_0);
  for (std::uint32_t slot = 0; slot < c.rows.slot_count(); ++slot) {
    const std::uint32_t length = c.rows.slots.empty() ? c.rows.position + c.rows.tokens
                                 : c.rows.slots[slot] ? *c.rows.slots[slot] + 1
                                                      : 0;
    for (std::uint32_t head = 0; head < c.key_value_heads; ++head)
      for (std::uint32_t p = 0; p < std::min(length, c.positions); ++p) {
        std::byte* row =
            bytes.data() + ((slot * c.key_value_heads + head) * c.positions + p) * row_bytes;
        for (std::uint32_t i = 0; i < c.dimension; ++i)
          row[i] = static_cast<std::byte>(random_integer(1, 255));
        for (std::uint32_t block = 0; block < (c.dimension + 31) / 32; ++block) {
          const std::uint16_t scale =
              float_to_half(static_cast<float>(random_integer(1, 1000)) * 1e-5f);
          std::memcpy(row + c.dimension + block * 2, &scale, 2);
        }
      }
  }
  return bytes;
}

// All positions of a slot and head, decoded.
std::vector<double> decode_rows(const Case& c, std::span<const std::byte> cache, std::size_t slot,
                                std::size_t head, std::uint32_t length) {
  const std::size_t row_bytes = KeyValueCache::row_bytes(c.dimension, q8_0);
  std::vector<double> result;
  for (std::uint32_t p = 0; p < length; ++p) {
    const std::size_t at = ((slot * c.key_value_heads + head) * c.positions + p) * row_bytes;
    const auto row = decode_cache_row(cache.subspan(at, row_bytes), c.dimension);
    result.insert(result.end(), row.begin(), row.end());
  }
  return result;
}

// What lies beyond the positions of a step is NaN.
TEST_P(QuantisedAttentionTest, EqualsTheDefinition) {
  const Case& c = GetParam();
  FlatDevice device;
  const std::size_t d = c.dimension, heads = c.query_heads;
  const auto queries = random_floats(c.rows.capacity * heads * d, 2.0f);
  const auto keys = random_cache(c), values = random_cache(c);
  const BufferView output = device.allocate(c.rows.capacity * heads * d * 4);
  const std::uint64_t scratch = attention_scratch_bytes(c.query_heads, c.dimension, c.positions,
                                                        c.rows.capacity, c.rows.step());
  CommandGraph graph("attention");
  attention(graph, {.queries = device.upload(queries),
                    .output = output,
                    .cache = make_cache(c, device.upload(keys), device.upload(values)),
                    .query_heads = c.query_heads,
                    .scratch = scratch > 0 ? device.allocate(scratch) : BufferView{},
                    .state = c.rows.state(device),
                    .capacity = c.rows.capacity,
                    .step = c.rows.step()});
  ASSERT_NO_FATAL_FAILURE(device.run(graph));
  const auto actual = device.download<float>(output);
  for (std::uint32_t row = 0; row < c.rows.capacity; ++row) {
    const bool slotted = !c.rows.slots.empty();
    if (slotted ? !c.rows.slots[row] : row >= c.rows.tokens) {
      ASSERT_TRUE(std::isnan(actual[row * heads * d]));
      continue;
    }
    const std::uint32_t length = (slotted ? *c.rows.slots[row] : c.rows.position + row) + 1;
    for (std::size_t h = 0; h < heads; ++h) {
      const std::size_t at = (row * heads + h) * d;
      const std::size_t kv = h / (heads / c.key_value_heads), slot = slotted ? row : 0;
      const auto k = decode_rows(c, keys, slot, kv, length);
      const auto v = decode_rows(c, values, slot, kv, length);
      const AttendedHead expected =
          attend(std::span(queries).subspan(at, d), k, v, length, c.dimension);
      for (std::size_t i = 0; i < d; ++i)
        ASSERT_NEAR(actual[at + i], expected.value[i], 1e-5 * expected.magnitude[i] + 1e-7)
            << "row " << row << " head " << h << " element " << i << seed_note();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Cases, QuantisedAttentionTest,
    testing::Values(Case{128, 4, 2, 64, sequence(1, 1, 63)},     // vector
                    Case{64, 14, 2, 300, sequence(1, 1, 298)},   // split in two
                    Case{80, 5, 1, 700, sequence(1, 1, 256)},    // one position into the second
                    Case{256, 8, 2, 600, sequence(1, 1, 333)},   // long heads, split
                    Case{256, 3, 1, 50, sequence(7, 6, 11)},     // and batched
                    Case{128, 4, 2, 64, sequence(17, 17, 0)},    // a prompt from the beginning
                    Case{96, 6, 3, 400, sequence(32, 31, 300)},  // a later chunk
                    Case{8, 2, 1, 20, sequence(1, 1, 12)},
                    Case{128, 8, 2, 64, by_slot({5, std::nullopt, 0, 63})},
                    Case{64, 6, 2, 600, by_slot({599, std::nullopt, 17, 255, 256})}));

// Stored and read again, in both types: the difference is what the second type costs.
TEST(QuantisedCache, TheErrorIsThatOfEightBits) {
  constexpr std::uint32_t d = 128, positions = 200, tokens = 200;
  const auto normal = [](std::size_t count) {
    std::normal_distribution<float> distribution;
    std::vector<float> values(count);
    for (float& value : values) value = distribution(random_engine());
    return values;
  };
  const auto queries = normal(tokens * d), keys = normal(tokens * d), values = normal(tokens * d);
  const auto attended = [&](CacheType type) {
    FlatDevice device;
    KeyValueCache cache{
        .positions = positions, .key_value_heads = 1, .head_dimension = d, .type = type};
    cache.keys = device.allocate(KeyValueCache::bytes(positions, 1, d, type));
    cache.values = device.allocate(KeyValueCache::bytes(positions, 1, d, type));
    const BufferView query_view = device.upload(queries), output = device.allocate(tokens * d * 4);
    CommandGraph graph("both");
    rotary_store(graph, {.queries = query_view,
                         .keys = device.upload(keys),
                         .values = device.upload(values),
                         .cache = cache,
                         .query_heads = 1,
                         .rope_dimensions = 0,
                         .state = device.state(tokens, 0),
                         .capacity = tokens});
    attention(graph, {.queries = query_view,
                      .output = output,
                      .cache = cache,
                      .query_heads = 1,
                      .state = device.state(tokens, 0),
                      .capacity = tokens});
    device.run(graph);
    return device.download<float>(output);
  };
  const auto exact = attended(CacheType::f16), rounded = attended(q8_0);
  double squares = 0, difference = 0;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    squares += double{exact[i]} * double{exact[i]};
    difference += std::pow(double{rounded[i]} - double{exact[i]}, 2);
  }
  const double error = std::sqrt(difference / squares);
  std::cout << "attention over a q8_0 cache: relative error " << error << " of normal inputs\n";
  // The largest of 32 normal values is about 2.4 times their deviation, so rounding to a 127th of
  // it is uniform noise of 2.4 / 127 / sqrt(12) = 0.55 % on each value. A score is a sum over the
  // head that is divided by the root of its length: noise of 0.55 % of 1, by which its weight moves
  // too. Together 0.77 %, less what short contexts take off.
  EXPECT_LT(error, 0.0085);
  EXPECT_GT(error, 0.002) << "the cache was not quantised";
}

}  // namespace
}  // namespace redbolt::runtime::test
