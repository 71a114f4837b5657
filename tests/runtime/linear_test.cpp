// Matrices over activations in the vector and the batched form, every weight type, odd sizes.
#include <bit>
#include <cmath>

#include "flat_device.hpp"
#include "reference.hpp"

namespace redbolt::runtime::test {
namespace {

// Rounding of float32 sums, as a share of the sum of the absolute products. Types whose integers
// are decoded with an offset (Q8_0: 128) sum numbers up to a few times larger than the products.
constexpr double tolerance = 4e-6;

struct Case {
  std::uint32_t rows;
  std::uint32_t blocks;  // columns in blocks; of plain types, columns / 32 and a ragged rest
  std::uint32_t capacity;
  std::uint32_t tokens;
};

struct Matrix {
  WeightMatrix weight;
  std::vector<double> values;

  std::span<const double> row(std::size_t r) const {
    return std::span(values).subspan(r * weight.columns, weight.columns);
  }
};

class LinearTest : public testing::TestWithParam<WeightTypeInfo> {
 protected:
  FlatDevice device;

  Matrix matrix(WeightType type, std::uint32_t rows, std::uint32_t columns) {
    const auto bytes = random_weights(type, rows, columns);
    return {{device.upload(bytes), type, rows, columns},
            decode_weights(type, bytes, std::size_t{rows} * columns)};
  }

  std::uint32_t columns_of(std::uint32_t blocks) const {
    const std::uint32_t elements = GetParam().block_elements;
    return elements > 1 ? blocks * elements : blocks * 32 + (blocks % 2 == 0 ? 0 : 13);
  }
};

std::string test_name(const testing::TestParamInfo<WeightTypeInfo>& type) {
  return std::string(type.param.name);
}

// The activations that the matrices see.
std::vector<std::vector<double>> normalised(std::span<const float> x, std::uint32_t tokens,
                                            std::uint32_t columns, std::span<const float> norm) {
  std::vector<std::vector<double>> rows;
  for (std::uint32_t t = 0; t < tokens; ++t) {
    const auto row = x.subspan(std::size_t{t} * columns, columns);
    if (norm.empty())
      rows.emplace_back(row.begin(), row.end());
    else
      rows.push_back(rms_norm_of(row, norm, 1e-5));
  }
  return rows;
}

void expect_near(float actual, const Dot& expected, const std::string& where) {
  ASSERT_NEAR(actual, expected.value, tolerance * expected.magnitude + 1e-30)
      << where << ", REDBOLT_TEST_SEED=" << test_seed();
}

void expect_poison(float actual, const std::string& where) {
  ASSERT_EQ(std::bit_cast<std::uint32_t>(actual), 0xffffffffu) << where << " was written";
}

// Both forms; bias, residual (in place) and norm in all combinations over the cases.
TEST_P(LinearTest, OneMatrix) {
  const Case cases[] = {{1, 1, 1, 1},     {7, 2, 1, 1},   {65, 3, 1, 1},
                        {130, 5, 1, 1},   {64, 4, 8, 1},  {67, 3, 8, 5},
                        {129, 2, 40, 17}, {3, 1, 40, 33}, {70, 9, 17, 17}};
  unsigned variant = 0;
  for (const Case& c : cases) {
    const bool with_bias = variant % 2 != 0, with_residual = variant % 3 != 0;
    const bool with_norm = variant % 4 < 2;
    ++variant;
    const std::uint32_t columns = columns_of(c.blocks);
    const Matrix w = matrix(GetParam().type, c.rows, columns);
    const auto x = random_floats(std::size_t{c.capacity} * columns);
    const auto norm = random_floats(columns);
    const auto bias = random_floats(c.rows);
    const auto residual = random_floats(std::size_t{c.capacity} * c.rows);
    const BufferView output = with_residual
                                  ? device.upload(residual)
                                  : device.allocate(std::uint64_t{c.capacity} * c.rows * 4);
    LinearPart part{.weight = w.weight, .output = output};
    if (with_bias) part.bias = device.upload(bias);
    if (with_residual) part.residual = output;
    Linear operation{.parts = {part},
                     .input = device.upload(x),
                     .state = device.state(c.tokens, 3),
                     .capacity = c.capacity};
    if (with_norm) operation.norm = RmsNormWeight{device.upload(norm), 1e-5f};
    CommandGraph graph("linear");
    linear(graph, operation);
    ASSERT_NO_FATAL_FAILURE(device.run(graph));
    const auto actual = device.download<float>(output);
    const auto rows = normalised(
        x, c.tokens, columns, with_norm ? std::span<const float>(norm) : std::span<const float>());
    for (std::size_t t = 0; t < c.capacity; ++t)
      for (std::size_t r = 0; r < c.rows; ++r) {
        const std::size_t at = t * c.rows + r;
        const std::string where = "case " + std::to_string(variant) + " token " +
                                  std::to_string(t) + " row " + std::to_string(r);
        if (t >= c.tokens) {
          if (with_residual)
            ASSERT_EQ(actual[at], residual[at]) << where;
          else
            expect_poison(actual[at], where);
          continue;
        }
        Dot expected = dot(w.row(r), rows[t]);
        for (const float added :
             {with_bias ? bias[r] : 0.0f, with_residual ? residual[at] : 0.0f}) {
          expected.value += double{added};
          expected.magnitude += std::fabs(double{added});
        }
        expect_near(actual[at], expected, where);
      }
  }
}

// So many rows that each lane takes four.
TEST_P(LinearTest, ManyRows) {
  const std::uint32_t rows = 12293, columns = 256;
  const Matrix w = matrix(GetParam().type, rows, columns);
  const auto x = random_floats(columns);
  const BufferView output = device.allocate(rows * 4);
  CommandGraph graph("head");
  linear(graph, {.parts = {{.weight = w.weight, .output = output}},
                 .input = device.upload(x),
                 .state = device.state(1)});
  ASSERT_NO_FATAL_FAILURE(device.run(graph));
  const auto actual = device.download<float>(output);
  const std::vector<double> exact(x.begin(), x.end());
  for (std::size_t r = 0; r < rows; ++r)
    expect_near(actual[r], dot(w.row(r), exact), "row " + std::to_string(r));
}

TEST_P(LinearTest, GatedPair) {
  for (const Case& c : {Case{5, 1, 1, 1}, Case{131, 3, 1, 1}, Case{65, 2, 24, 11}}) {
    const std::uint32_t columns = columns_of(c.blocks);
    const Matrix gate = matrix(GetParam().type, c.rows, columns);
    const Matrix up = matrix(GetParam().type, c.rows, columns);
    const auto x = random_floats(std::size_t{c.capacity} * columns, 0.2f);
    const auto norm = random_floats(columns, 0.2f);
    const BufferView output = device.allocate(std::uint64_t{c.capacity} * c.rows * 4);
    CommandGraph graph("gated");
    gated_linear(graph, {.gate = gate.weight,
                         .up = up.weight,
                         .input = device.upload(x),
                         .output = output,
                         .norm = RmsNormWeight{device.upload(norm), 1e-5f},
                         .state = device.state(c.tokens),
                         .capacity = c.capacity});
    ASSERT_NO_FATAL_FAILURE(device.run(graph));
    const auto actual = device.download<float>(output);
    const auto rows = normalised(x, c.tokens, columns, norm);
    for (std::size_t t = 0; t < c.capacity; ++t)
      for (std::size_t r = 0; r < c.rows; ++r) {
        const float value = actual[t * c.rows + r];
        const std::string where = "token " + std::to_string(t) + " row " + std::to_string(r);
        if (t >= c.tokens) {
          expect_poison(value, where);
          continue;
        }
        const Dot g = dot(gate.row(r), rows[t]), u = dot(up.row(r), rows[t]);
        const double s = g.value / (1 + std::exp(-g.value));
        // The slope of silu is at most 1.1.
        const double error = tolerance * (1.1 * g.magnitude * std::fabs(u.value) +
                                          u.magnitude * std::fabs(s) + std::fabs(s * u.value));
        ASSERT_NEAR(value, s * u.value, error + 1e-30)
            << where << ", REDBOLT_TEST_SEED=" << test_seed();
      }
  }
}

INSTANTIATE_TEST_SUITE_P(Types, LinearTest,
                         testing::ValuesIn(weight_types().begin(), weight_types().end()),
                         test_name);

class LinearPartsTest : public LinearTest {};

// Query, key and value in one dispatch, with three different types, and heads of different width.
TEST_P(LinearPartsTest, ThreeMatricesOfDifferentTypes) {
  const std::uint32_t columns = 512;
  for (const Case& c : {Case{0, 0, 1, 1}, Case{0, 0, 9, 6}}) {
    std::vector<Matrix> parts{matrix(WeightType::q4_k, 70, columns),
                              matrix(WeightType::q6_k, 33, columns),
                              matrix(WeightType::f16, 65, columns)};
    const auto x = random_floats(std::size_t{c.capacity} * columns);
    Linear operation{
        .input = device.upload(x), .state = device.state(c.tokens), .capacity = c.capacity};
    std::vector<BufferView> outputs;
    for (const Matrix& part : parts) {
      outputs.push_back(device.allocate(std::uint64_t{c.capacity} * part.weight.rows * 4));
      operation.parts.push_back({.weight = part.weight, .output = outputs.back()});
    }
    CommandGraph graph("parts");
    linear(graph, operation);
    ASSERT_EQ(graph.dispatches(), 1u);
    ASSERT_NO_FATAL_FAILURE(device.run(graph));
    const auto rows = normalised(x, c.tokens, columns, {});
    for (std::size_t p = 0; p < parts.size(); ++p) {
      const auto actual = device.download<float>(outputs[p]);
      const std::size_t width = parts[p].weight.rows;
      for (std::size_t t = 0; t < c.tokens; ++t)
        for (std::size_t r = 0; r < width; ++r)
          expect_near(actual[t * width + r], dot(parts[p].row(r), rows[t]),
                      "part " + std::to_string(p) + " row " + std::to_string(r));
    }
  }
}

// The head of a prompt's last chunk: only the last token's row is taken.
TEST_P(LinearPartsTest, LastRowAlone) {
  const std::uint32_t columns = 256, rows = 37, capacity = 9, tokens = 7;
  const Matrix w = matrix(WeightType::q5_k, rows, columns);
  const auto x = random_floats(std::size_t{capacity} * columns);
  const auto norm = random_floats(columns);
  const BufferView output = device.allocate(rows * 4);
  CommandGraph graph("head");
  linear(graph, {.parts = {{.weight = w.weight, .output = output}},
                 .input = device.upload(x),
                 .norm = RmsNormWeight{device.upload(norm), 1e-5f},
                 .state = device.state(tokens),
                 .capacity = capacity,
                 .rows = RowChoice::last});
  ASSERT_NO_FATAL_FAILURE(device.run(graph));
  const auto actual = device.download<float>(output);
  const auto seen = normalised(x, tokens, columns, norm);
  for (std::size_t r = 0; r < rows; ++r)
    expect_near(actual[r], dot(w.row(r), seen[tokens - 1]), "row " + std::to_string(r));
}

// A stopped step touches nothing.
TEST_P(LinearPartsTest, NoTokensNoWrites) {
  const Matrix w = matrix(WeightType::q4_0, 40, 64);
  for (const std::uint32_t capacity : {1u, 8u}) {
    const BufferView output = device.allocate(std::uint64_t{capacity} * 40 * 4);
    CommandGraph graph("stopped");
    linear(graph, {.parts = {{.weight = w.weight, .output = output}},
                   .input = device.upload(random_floats(std::size_t{capacity} * 64)),
                   .state = device.state(0),
                   .capacity = capacity});
    ASSERT_NO_FATAL_FAILURE(device.run(graph));
    for (const float value : device.download<float>(output)) expect_poison(value, "the output");
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, LinearPartsTest, testing::Values(runtime::info(WeightType::q4_k)),
                         test_name);

}  // namespace
}  // namespace redbolt::runtime::test
