// Decoding of every weight type, against the reference vectors and bit by bit.
#include <bit>

#include "flat_device.hpp"
#include "reference.hpp"

namespace redbolt::runtime::test {
namespace {

std::string test_name(const testing::TestParamInfo<WeightTypeInfo>& type) {
  return std::string(type.param.name);
}

class QuantizationTest : public testing::TestWithParam<WeightTypeInfo> {
 protected:
  FlatDevice device;

  std::vector<float> dequantized(std::span<const std::byte> blocks, std::uint32_t rows,
                                 std::uint32_t columns) {
    const BufferView output = device.allocate(std::uint64_t{rows} * columns * 4);
    CommandGraph graph("dequantize");
    dequantize(graph, {{device.upload(blocks), GetParam().type, rows, columns}, output});
    device.run(graph);
    return device.download<float>(output);
  }
};

void expect_same_bits(std::span<const float> actual, std::span<const float> expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i)
    ASSERT_EQ(std::bit_cast<std::uint32_t>(actual[i]), std::bit_cast<std::uint32_t>(expected[i]))
        << "element " << i << ": " << actual[i] << " instead of " << expected[i];
}

// The types that have blocks, and vectors.
bool has_vectors(const WeightTypeInfo& type) {
  return type.block_elements > 1;
}

std::vector<WeightTypeInfo> types_with_vectors() {
  std::vector<WeightTypeInfo> types(weight_types().begin(), weight_types().end());
  std::erase_if(types, [](const WeightTypeInfo& type) { return !has_vectors(type); });
  return types;
}

class QuantizationVectorsTest : public QuantizationTest {};

TEST_P(QuantizationVectorsTest, ToTheLastBit) {
  const std::string base = "quantization/" + std::string(GetParam().name);
  const auto blocks = read_test_data(base + ".blocks");
  const auto bytes = read_test_data(base + ".f32");
  std::vector<float> expected(bytes.size() / 4);
  std::memcpy(expected.data(), bytes.data(), bytes.size());
  const std::uint32_t columns = GetParam().block_elements * 8;
  const auto rows = static_cast<std::uint32_t>(expected.size() / columns);
  expect_same_bits(dequantized(blocks, rows, columns), expected);
}

// The double-precision reference of the other tests is itself held against the vectors.
TEST_P(QuantizationVectorsTest, TheReferenceAgrees) {
  const std::string base = "quantization/" + std::string(GetParam().name);
  const auto blocks = read_test_data(base + ".blocks");
  const auto bytes = read_test_data(base + ".f32");
  std::vector<float> expected(bytes.size() / 4);
  std::memcpy(expected.data(), bytes.data(), bytes.size());
  const auto decoded = decode_weights(GetParam().type, blocks, expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i)
    ASSERT_EQ(static_cast<float>(decoded[i]), expected[i]) << "element " << i;
}

TEST_P(QuantizationTest, RandomWeights) {
  const std::uint32_t columns = has_vectors(GetParam()) ? GetParam().block_elements * 3 : 173;
  const auto blocks = random_weights(GetParam().type, 5, columns);
  const auto decoded = decode_weights(GetParam().type, blocks, 5 * columns);
  const auto actual = dequantized(blocks, 5, columns);
  for (std::size_t i = 0; i < actual.size(); ++i)
    ASSERT_EQ(actual[i], static_cast<float>(decoded[i])) << "element " << i;
}

TEST_P(QuantizationTest, EmbeddingLookup) {
  const std::uint32_t rows = 11;
  const std::uint32_t columns = has_vectors(GetParam()) ? GetParam().block_elements * 5 : 259;
  const auto blocks = random_weights(GetParam().type, rows, columns);
  const auto table = decode_weights(GetParam().type, blocks, rows * columns);
  const std::uint32_t capacity = 5, tokens = 3;
  const std::vector<std::uint32_t> ids{10, rows, 0, 1, 2};  // the second is beyond the table
  const BufferView output = device.allocate(capacity * columns * 4);
  CommandGraph graph("embedding");
  embedding(graph, {.table = {device.upload(blocks), GetParam().type, rows, columns},
                    .tokens = device.upload(ids),
                    .output = output,
                    .state = device.state(tokens),
                    .capacity = capacity});
  device.run(graph);
  const auto actual = device.download<float>(output);
  for (std::size_t t = 0; t < capacity; ++t)
    for (std::size_t i = 0; i < columns; ++i) {
      const float value = actual[t * columns + i];
      if (t >= tokens)
        ASSERT_EQ(std::bit_cast<std::uint32_t>(value), 0xffffffffu) << "not poison";
      else if (ids[t] >= rows)
        ASSERT_EQ(value, 0.0f);
      else
        ASSERT_EQ(value, static_cast<float>(table[ids[t] * columns + i])) << t << ", " << i;
    }
}

INSTANTIATE_TEST_SUITE_P(Types, QuantizationTest,
                         testing::ValuesIn(weight_types().begin(), weight_types().end()),
                         test_name);

INSTANTIATE_TEST_SUITE_P(Types, QuantizationVectorsTest, testing::ValuesIn(types_with_vectors()),
                         test_name);

}  // namespace
}  // namespace redbolt::runtime::test
