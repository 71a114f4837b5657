// Steps of several sequences at once: every active slot gets what it would get alone, at its own
// position, and the others are left alone.
#include <bit>
#include <cmath>
#include <optional>

#include "flat_device.hpp"
#include "reference.hpp"

namespace redbolt::runtime::test {
namespace {

using Positions = std::vector<std::optional<std::uint32_t>>;

constexpr std::uint16_t poison_half = 0xffff;
constexpr double tolerance = 4e-6;  // of float32 sums, as in linear_test

const std::vector<Positions> slot_patterns() {
  return {{3, std::nullopt},
          {std::nullopt, 0, 7},
          {9, std::nullopt, 5, 1, 2, 8},
          {std::nullopt, 12, std::nullopt, std::nullopt, 5, 30, std::nullopt, 0, 1},
          {std::nullopt, std::nullopt, std::nullopt},
          Positions(16, 6),
          Positions(32, 17)};
}

std::uint32_t capacity_of(const Positions& positions) {
  return static_cast<std::uint32_t>(positions.size());
}

std::string seed_note() {
  return ", REDBOLT_TEST_SEED=" + std::to_string(test_seed());
}

bool is_poison(float value) {
  return std::bit_cast<std::uint32_t>(value) == 0xffffffffu;
}

struct TestMatrix {
  WeightMatrix weight;
  std::vector<double> values;

  Dot row(std::size_t r, std::span<const double> x) const {
    return dot(std::span(values).subspan(r * weight.columns, weight.columns), x);
  }
};

TestMatrix make_matrix(FlatDevice& device, WeightType type, std::uint32_t rows,
                       std::uint32_t columns) {
  const auto bytes = random_weights(type, rows, columns);
  return {{device.upload(bytes), type, rows, columns},
          decode_weights(type, bytes, std::size_t{rows} * columns)};
}

// Rows of inactive slots are NaN: whoever reads one into another's sum is found out.
std::vector<float> random_rows(const Positions& positions, std::size_t width, float scale = 1.0f) {
  auto values = random_floats(positions.size() * width, scale);
  for (std::size_t slot = 0; slot < positions.size(); ++slot)
    if (!positions[slot])
      std::fill_n(values.begin() + static_cast<std::ptrdiff_t>(slot * width), width, NAN);
  return values;
}

TEST(SlotsTest, LinearWithNormBiasAndResidual) {
  for (const Positions& positions : slot_patterns()) {
    FlatDevice device;
    const std::uint32_t rows = 67, columns = 512, capacity = capacity_of(positions);
    const TestMatrix w = make_matrix(device, WeightType::q4_k, rows, columns);
    const auto x = random_rows(positions, columns);
    const auto norm = random_floats(columns), bias = random_floats(rows);
    const auto residual = random_floats(std::size_t{capacity} * rows);
    const BufferView output = device.upload(residual);
    CommandGraph graph("linear");
    linear(graph, {.parts = {{w.weight, output, device.upload(bias), output}},
                   .input = device.upload(x),
                   .norm = RmsNormWeight{device.upload(norm), 1e-5f},
                   .state = device.states(positions),
                   .capacity = capacity,
                   .step = StepRows::slots});
    ASSERT_NO_FATAL_FAILURE(device.run(graph));
    const auto actual = device.download<float>(output);
    for (std::size_t slot = 0; slot < capacity; ++slot) {
      const auto input = rms_norm_of(std::span(x).subspan(slot * columns, columns), norm, 1e-5);
      for (std::size_t r = 0; r < rows; ++r) {
        const std::size_t at = slot * rows + r;
        if (!positions[slot]) {
          ASSERT_EQ(actual[at], residual[at]) << "slot " << slot;
          continue;
        }
        const Dot expected = w.row(r, input);
        const double added = double{bias[r]} + double{residual[at]};
        ASSERT_NEAR(actual[at], expected.value + added,
                    tolerance * (expected.magnitude + std::fabs(double{bias[r]}) +
                                 std::fabs(double{residual[at]})))
            << "slot " << slot << " row " << r << seed_note();
      }
    }
  }
}

TEST(SlotsTest, GatedPair) {
  for (const Positions& positions : slot_patterns()) {
    FlatDevice device;
    const std::uint32_t rows = 70, columns = 256, capacity = capacity_of(positions);
    const TestMatrix gate = make_matrix(device, WeightType::q6_k, rows, columns);
    const TestMatrix up = make_matrix(device, WeightType::q6_k, rows, columns);
    const auto x = random_rows(positions, columns, 0.2f);
    const BufferView output = device.allocate(std::uint64_t{capacity} * rows * 4);
    CommandGraph graph("gated");
    gated_linear(graph, {.gate = gate.weight,
                         .up = up.weight,
                         .input = device.upload(x),
                         .output = output,
                         .state = device.states(positions),
                         .capacity = capacity,
                         .step = StepRows::slots});
    ASSERT_NO_FATAL_FAILURE(device.run(graph));
    const auto actual = device.download<float>(output);
    for (std::size_t slot = 0; slot < capacity; ++slot) {
      const auto row = std::span(x).subspan(slot * columns, columns);
      const std::vector<double> input(row.begin(), row.end());
      for (std::size_t r = 0; r < rows; ++r) {
        const float value = actual[slot * rows + r];
        if (!positions[slot]) {
          ASSERT_TRUE(is_poison(value)) << "slot " << slot;
          continue;
        }
        const Dot g = gate.row(r, input), u = up.row(r, input);
        const double s = g.value / (1 + std::exp(-g.value));
        const double error = tolerance * (1.1 * g.magnitude * std::fabs(u.value) +
                                          u.magnitude * std::fabs(s) + std::fabs(s * u.value));
        ASSERT_NEAR(value, s * u.value, error + 1e-30) << "slot " << slot << seed_note();
      }
    }
  }
}

// Every type and a width that is no whole number of units, in the forms of two, four, eight and
// sixteen.
TEST(SlotsTest, EveryWeightType) {
  for (const WeightTypeInfo& type : weight_types())
    for (const Positions& positions :
         {Positions{4, 9}, Positions{std::nullopt, 2, 0},
          Positions{1, 2, std::nullopt, 5, 0, std::nullopt, 7, 3},
          Positions{std::nullopt, 2, 9, 5, 0, std::nullopt, 7, 3, 1, 8, std::nullopt, 4, 6}}) {
      FlatDevice device;
      const std::uint32_t rows = 65, capacity = capacity_of(positions);
      const std::uint32_t columns = type.block_elements > 1 ? 3 * type.block_elements : 109;
      const TestMatrix w = make_matrix(device, type.type, rows, columns);
      const auto x = random_rows(positions, columns);
      const auto norm = random_floats(columns);
      const BufferView output = device.allocate(std::uint64_t{capacity} * rows * 4);
      CommandGraph graph("linear");
      linear(graph, {.parts = {{.weight = w.weight, .output = output}},
                     .input = device.upload(x),
                     .norm = RmsNormWeight{device.upload(norm), 1e-5f},
                     .state = device.states(positions),
                     .capacity = capacity,
                     .step = StepRows::slots});
      ASSERT_NO_FATAL_FAILURE(device.run(graph));
      const auto actual = device.download<float>(output);
      for (std::size_t slot = 0; slot < capacity; ++slot) {
        const auto input = rms_norm_of(std::span(x).subspan(slot * columns, columns), norm, 1e-5);
        for (std::size_t r = 0; r < rows; ++r) {
          const float value = actual[slot * rows + r];
          if (!positions[slot]) {
            ASSERT_TRUE(is_poison(value)) << type.name << " slot " << slot;
            continue;
          }
          const Dot expected = w.row(r, input);
          ASSERT_NEAR(value, expected.value, tolerance * expected.magnitude)
              << type.name << " slot " << slot << " row " << r << seed_note();
        }
      }
    }
}

TEST(SlotsTest, EmbeddingTakesEachStatesToken) {
  const std::uint32_t rows = 11, columns = 96;
  for (const Positions& positions : {Positions{4, std::nullopt, 9}, Positions{2}}) {
    FlatDevice device;
    const TestMatrix table = make_matrix(device, WeightType::q8_0, rows, columns);
    const BufferView states = device.states(positions);
    const std::uint32_t tokens[] = {7, 3, 10};
    for (std::size_t i = 0; i < positions.size(); ++i)
      std::memcpy(device.memory(states).data() + i * sizeof(StepState) + offsetof(StepState, token),
                  &tokens[i], 4);
    const BufferView output = device.allocate(positions.size() * columns * 4);
    CommandGraph graph("embedding");
    embedding(graph, {.table = table.weight,
                      .output = output,
                      .state = states,
                      .capacity = capacity_of(positions),
                      .step = StepRows::slots});
    ASSERT_NO_FATAL_FAILURE(device.run(graph));
    const auto actual = device.download<float>(output);
    for (std::size_t slot = 0; slot < positions.size(); ++slot)
      for (std::size_t i = 0; i < columns; ++i) {
        const float value = actual[slot * columns + i];
        if (positions[slot])
          ASSERT_EQ(value, static_cast<float>(table.values[tokens[slot] * columns + i]));
        else
          ASSERT_TRUE(is_poison(value));
      }
  }
}

// Heads of 64 dimensions, all rotated, neox pairing.
constexpr std::uint32_t dimension = 64;

std::vector<double> rotated(std::span<const float> head, std::uint32_t position, double base) {
  std::vector<double> result(head.begin(), head.end());
  for (std::uint32_t i = 0; i < dimension / 2; ++i) {
    const double angle = position * std::pow(base, -2.0 * i / dimension);
    const double a = result[i], b = result[i + dimension / 2];
    result[i] = a * std::cos(angle) - b * std::sin(angle);
    result[i + dimension / 2] = a * std::sin(angle) + b * std::cos(angle);
  }
  return result;
}

struct RotaryFixture {
  FlatDevice device;
  std::vector<float> queries, keys, values;
  RotaryStore operation;

  RotaryFixture(std::uint32_t rows, std::uint32_t slots, std::uint32_t positions,
                std::uint32_t query_heads, std::uint32_t key_value_heads)
      : queries(random_floats(std::size_t{rows} * query_heads * dimension)),
        keys(random_floats(std::size_t{rows} * key_value_heads * dimension)),
        values(random_floats(std::size_t{rows} * key_value_heads * dimension)) {
    const RopeTable table = make_rope_table({.dimensions = dimension, .base = 1e4});
    const std::uint64_t bytes = std::uint64_t{slots} * positions * key_value_heads * dimension * 2;
    operation = {.queries = device.upload(queries),
                 .keys = device.upload(keys),
                 .values = device.upload(values),
                 .cache = {.keys = device.allocate(bytes),
                           .values = device.allocate(bytes),
                           .positions = positions,
                           .key_value_heads = key_value_heads,
                           .head_dimension = dimension,
                           .slots = slots},
                 .query_heads = query_heads,
                 .rope_frequencies = device.upload(table.frequencies),
                 .rope_dimensions = dimension,
                 .capacity = rows};
  }

  void run() {
    CommandGraph graph("rotary");
    rotary_store(graph, operation);
    device.run(graph);
  }

  // Checks the stored row of a head, or that nothing is there.
  void expect_cached(std::uint32_t slot, std::uint32_t position, std::optional<std::size_t> row) {
    const KeyValueCache& cache = operation.cache;
    const auto key_cache = device.download<std::uint16_t>(cache.keys);
    const auto value_cache = device.download<std::uint16_t>(cache.values);
    for (std::size_t head = 0; head < cache.key_value_heads; ++head) {
      const std::size_t at =
          ((slot * cache.key_value_heads + head) * cache.positions + position) * dimension;
      if (!row) {
        ASSERT_EQ(key_cache[at], poison_half) << "slot " << slot << " position " << position;
        ASSERT_EQ(value_cache[at], poison_half) << "slot " << slot << " position " << position;
        continue;
      }
      const std::size_t source = (*row * cache.key_value_heads + head) * dimension;
      const auto expected = rotated(std::span(keys).subspan(source, dimension), position, 1e4);
      for (std::size_t i = 0; i < dimension; ++i) {
        ASSERT_NEAR(half_to_float(key_cache[at + i]), expected[i],
                    std::fabs(expected[i]) * 0x1p-11 + 1e-5)
            << "slot " << slot << " position " << position << seed_note();
        ASSERT_EQ(value_cache[at + i], float_to_half(values[source + i]));
      }
    }
  }
};

TEST(SlotsTest, EachSlotStoresAtItsOwnPosition) {
  const Positions active{6, std::nullopt, 0, 9, std::nullopt};
  const std::uint32_t positions = 9;  // so that slot 3 is full
  RotaryFixture test(5, 5, positions, 3, 1);
  test.operation.state = test.device.states(active);
  test.operation.step = StepRows::slots;
  ASSERT_NO_FATAL_FAILURE(test.run());
  for (std::uint32_t slot = 0; slot < 5; ++slot)
    for (std::uint32_t p = 0; p < positions; ++p) {
      const bool stored = active[slot] == p;
      ASSERT_NO_FATAL_FAILURE(
          test.expect_cached(slot, p, stored ? std::optional<std::size_t>(slot) : std::nullopt));
    }
  const auto queries = test.device.download<float>(test.operation.queries);
  for (std::size_t slot = 0; slot < 5; ++slot)
    for (std::size_t head = 0; head < 3; ++head) {
      const std::size_t at = (slot * 3 + head) * dimension;
      const auto plain = std::span(test.queries).subspan(at, dimension);
      const auto expected = active[slot] ? rotated(plain, *active[slot], 1e4)
                                         : std::vector<double>(plain.begin(), plain.end());
      for (std::size_t i = 0; i < dimension; ++i)
        ASSERT_NEAR(queries[at + i], expected[i], active[slot] ? 8e-6 : 0.0) << seed_note();
    }
}

// The tokens of a prompt go into the slot that their state names.
TEST(SlotsTest, APromptIsStoredInItsSlot) {
  const std::uint32_t positions = 8;
  RotaryFixture test(4, 3, positions, 2, 2);
  StepState state{};
  state.tokens = 3;
  state.position = 2;
  state.slot = 1;
  test.operation.state = test.device.upload(std::span<const StepState>(&state, 1));
  ASSERT_NO_FATAL_FAILURE(test.run());
  for (std::uint32_t slot = 0; slot < 3; ++slot)
    for (std::uint32_t p = 0; p < positions; ++p) {
      const bool stored = slot == 1 && p >= 2 && p < 5;
      ASSERT_NO_FATAL_FAILURE(
          test.expect_cached(slot, p, stored ? std::optional<std::size_t>(p - 2) : std::nullopt));
    }
}

struct AttentionCase {
  std::uint32_t dimension;
  std::uint32_t query_heads;
  std::uint32_t key_value_heads;
  std::uint32_t positions;  // of the cache
  Positions active;
};

class SlotsAttentionTest : public testing::TestWithParam<AttentionCase> {};

// What lies beyond a slot's position, and all that inactive slots hold, is NaN.
TEST_P(SlotsAttentionTest, EverySlotAttendsToItsOwn) {
  const AttentionCase& c = GetParam();
  FlatDevice device;
  const std::size_t d = c.dimension, heads = c.query_heads, kv = c.key_value_heads;
  const std::uint32_t slots = capacity_of(c.active);
  const auto queries = random_rows(c.active, heads * d, 2.0f);
  std::vector<std::uint16_t> keys(slots * kv * c.positions * d, poison_half), values = keys;
  for (std::size_t slot = 0; slot < slots; ++slot)
    for (std::size_t h = 0; c.active[slot] && h < kv; ++h)
      for (std::size_t i = 0; i < (*c.active[slot] + 1) * d; ++i) {
        const std::size_t at = (slot * kv + h) * c.positions * d + i;
        keys[at] = float_to_half(random_floats(1)[0]);
        values[at] = float_to_half(random_floats(1)[0]);
      }
  const BufferView output = device.allocate(slots * heads * d * 4);
  const std::uint64_t scratch =
      attention_scratch_bytes(c.query_heads, c.dimension, c.positions, slots, StepRows::slots);
  CommandGraph graph("attention");
  attention(graph, {.queries = device.upload(queries),
                    .output = output,
                    .cache = {.keys = device.upload(keys),
                              .values = device.upload(values),
                              .positions = c.positions,
                              .key_value_heads = c.key_value_heads,
                              .head_dimension = c.dimension,
                              .slots = slots},
                    .query_heads = c.query_heads,
                    .scratch = scratch > 0 ? device.allocate(scratch) : BufferView{},
                    .state = device.states(c.active),
                    .capacity = slots,
                    .step = StepRows::slots});
  ASSERT_NO_FATAL_FAILURE(device.run(graph));
  const auto actual = device.download<float>(output);
  for (std::size_t slot = 0; slot < slots; ++slot)
    for (std::size_t h = 0; h < heads; ++h) {
      const std::size_t at = (slot * heads + h) * d;
      if (!c.active[slot]) {
        ASSERT_TRUE(is_poison(actual[at])) << "slot " << slot;
        continue;
      }
      const std::size_t cache = (slot * kv + h / (heads / kv)) * c.positions * d;
      const AttendedHead expected =
          attend(std::span(queries).subspan(at, d), std::span(keys).subspan(cache),
                 std::span(values).subspan(cache), *c.active[slot] + 1, c.dimension);
      for (std::size_t i = 0; i < d; ++i)
        ASSERT_NEAR(actual[at + i], expected.value[i], 1e-5 * expected.magnitude[i] + 1e-7)
            << "slot " << slot << " head " << h << seed_note();
    }
}

INSTANTIATE_TEST_SUITE_P(
    Cases, SlotsAttentionTest,
    testing::Values(AttentionCase{64, 14, 2, 40, {3, std::nullopt, 39}},  // seven heads: two tiles
                    AttentionCase{128, 4, 2, 64, {0, 63, std::nullopt, std::nullopt, 17, 5}},
                    AttentionCase{80, 3, 3, 50, {std::nullopt, 49}},
                    AttentionCase{64, 3, 1, 600, {255, std::nullopt, 256, 599, 0}},  // split
                    AttentionCase{256, 4, 2, 300, {std::nullopt, 298, 12}}));

// The first chunk of a prompt in the second slot, and one that joins what is there.
TEST(SlotsTest, APromptAttendsInItsSlot) {
  const std::uint32_t d = 64, positions = 30, slots = 3, capacity = 5, tokens = 4;
  for (const std::uint32_t position : {0u, 11u}) {
    FlatDevice device;
    const auto queries = random_floats(std::size_t{capacity} * 2 * d, 2.0f);
    std::vector<std::uint16_t> keys(slots * positions * d, poison_half), values = keys;
    for (std::size_t i = 0; i < (position + tokens) * d; ++i) {
      keys[positions * d + i] = float_to_half(random_floats(1)[0]);
      values[positions * d + i] = float_to_half(random_floats(1)[0]);
    }
    StepState state{};
    state.tokens = tokens;
    state.position = position;
    state.slot = 1;
    const BufferView output = device.allocate(capacity * 2 * d * 4);
    CommandGraph graph("attention");
    attention(graph, {.queries = device.upload(queries),
                      .output = output,
                      .cache = {.keys = device.upload(keys),
                                .values = device.upload(values),
                                .positions = positions,
                                .key_value_heads = 1,
                                .head_dimension = d,
                                .slots = slots},
                      .query_heads = 2,
                      .state = device.upload(std::span<const StepState>(&state, 1)),
                      .capacity = capacity});
    ASSERT_NO_FATAL_FAILURE(device.run(graph));
    const auto actual = device.download<float>(output);
    for (std::size_t t = 0; t < tokens; ++t)
      for (std::size_t h = 0; h < 2; ++h) {
        const std::size_t at = (t * 2 + h) * d;
        const AttendedHead expected =
            attend(std::span(queries).subspan(at, d), std::span(keys).subspan(positions * d),
                   std::span(values).subspan(positions * d),
                   position + static_cast<std::uint32_t>(t) + 1, d);
        for (std::size_t i = 0; i < d; ++i)
          ASSERT_NEAR(actual[at + i], expected.value[i], 1e-5 * expected.magnitude[i] + 1e-7)
              << "token " << t << " head " << h << seed_note();
      }
  }
}

TEST(SlotsTest, TooManySequencesAreRefused) {
  FlatDevice device;
  CommandGraph graph("embedding");
  const Embedding operation{.table = make_matrix(device, WeightType::f32, 3, 8).weight,
                            .output = device.allocate(33 * 8 * 4),
                            .state = device.allocate(33 * sizeof(StepState)),
                            .capacity = max_step_slots + 1,
                            .step = StepRows::slots};
  EXPECT_THROW(embedding(graph, operation), std::exception);
}

}  // namespace
}  // namespace redbolt::runtime::test
