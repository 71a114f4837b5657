// The host's side of operations: types, graphs, tables and the ring.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <numbers>
#include <vector>

#include "redbolt/runtime/operations.hpp"
#include "redbolt/runtime/runtime_error.hpp"
#include "redbolt/runtime/token_ring.hpp"

namespace redbolt::runtime {
namespace {

BufferView buffer(std::uint64_t id, std::uint64_t bytes = 1u << 20) {
  return {client::BufferId(id), Bytes(0), Bytes(bytes)};
}

template <class Call>
void expect_refused(Call call, const std::string& text) {
  try {
    call();
    FAIL() << "nothing was refused; expected: " << text;
  } catch (const RuntimeError& error) {
    EXPECT_EQ(error.code(), RuntimeErrorCode::invalid_argument);
    EXPECT_NE(std::string(error.what()).find(text), std::string::npos) << error.what();
  }
}

// Sizes from GGML's table of block formats.
TEST(WeightTypeTest, RowBytes) {
  EXPECT_EQ(row_bytes(WeightType::q4_k, 4096), 2304u);
  EXPECT_EQ(row_bytes(WeightType::q6_k, 4096), 3360u);
  EXPECT_EQ(row_bytes(WeightType::q5_0, 896), 616u);
  EXPECT_EQ(row_bytes(WeightType::f16, 5), 10u);
  EXPECT_EQ(row_bytes(WeightType::q4_k, 4095), std::nullopt);
  EXPECT_EQ(row_bytes(WeightType::f32, 1ull << 63), std::nullopt);
  EXPECT_EQ(weight_type_from_ggml(12), WeightType::q4_k);
  EXPECT_EQ(weight_type_from_ggml(15), std::nullopt);   // Q8_K: never in files
  EXPECT_EQ(weight_type_from_ggml(140), std::nullopt);  // private to a fork
}

std::size_t barriers(const CommandGraph& graph) {
  std::size_t count = 0;
  for (const GraphNode& node : graph.nodes())
    if (std::holds_alternative<client::Barrier>(node)) ++count;
  return count;
}

void touch(CommandGraph& graph, BufferView view, Access access) {
  graph.dispatch({"m", "k", {}}, {1, 1, 1}, {32, 1, 1}, {}, {{0, view, access}});
}

TEST(CommandGraphTest, BarriersWhereTheyAreNeeded) {
  const BufferView a = buffer(1), b = buffer(2);
  CommandGraph graph("g");
  touch(graph, a, Access::read);
  touch(graph, a, Access::read);
  touch(graph, b, Access::write);
  EXPECT_EQ(barriers(graph), 0u);
  touch(graph, b, Access::read);  // after a write
  EXPECT_EQ(barriers(graph), 1u);
  touch(graph, a, Access::write);  // read before the barrier only
  EXPECT_EQ(barriers(graph), 1u);
  touch(graph, b, Access::write);  // after a read
  EXPECT_EQ(barriers(graph), 2u);
  touch(graph, b, Access::write);  // after a write
  EXPECT_EQ(barriers(graph), 3u);
  EXPECT_EQ(graph.dispatches(), 7u);
  EXPECT_EQ(graph.requests().size(), 1u);
}

TEST(CommandGraphTest, PartsOfABufferConflictWhereTheyOverlap) {
  CommandGraph graph("g");
  touch(graph, buffer(1).part(Bytes(0), Bytes(100)), Access::write);
  touch(graph, buffer(1).part(Bytes(100), Bytes(50)), Access::read);
  EXPECT_EQ(barriers(graph), 0u);
  touch(graph, buffer(1).part(Bytes(99), Bytes(2)), Access::read);
  EXPECT_EQ(barriers(graph), 1u);
}

TEST(CommandGraphTest, EmptyGridsAreRefused) {
  CommandGraph graph("g");
  expect_refused([&] { graph.dispatch({"m", "k", {}}, {1, 0, 1}, {32, 1, 1}, {}, {}); }, "grid");
}

TEST(BufferViewTest, PartsLieInside) {
  expect_refused([] { buffer(1, 100).part(Bytes(60), Bytes(41)); }, "inside");
  expect_refused([] { buffer(1, 100).part(Bytes(~0ull), Bytes(2)); }, "inside");
  EXPECT_EQ(buffer(1, 100).part(Bytes(60), Bytes(40)).part(Bytes(40), Bytes(0)).offset, Bytes(100));
}

TEST(OperationsTest, WrongShapesAreRefused) {
  CommandGraph graph("g");
  Linear operation{
      .parts = {{.weight = {buffer(1), WeightType::q4_k, 16, 256}, .output = buffer(2)}},
      .input = buffer(3),
      .state = buffer(4)};
  Linear bad = operation;
  bad.parts[0].weight.columns = 255;
  expect_refused([&] { linear(graph, bad); }, "blocks of Q4_K");
  bad = operation;
  bad.parts[0].weight.rows = 1u << 31;
  expect_refused([&] { linear(graph, bad); }, "a matrix has");
  bad = operation;
  bad.input = buffer(3, 1023);
  expect_refused([&] { linear(graph, bad); }, "the input has 1023 bytes, and needs 1024");
  bad = operation;
  bad.state = {};
  expect_refused([&] { linear(graph, bad); }, "the state is missing");
  bad = operation;
  bad.parts.push_back(bad.parts[0]);
  bad.parts[1].weight.columns = 512;
  expect_refused([&] { linear(graph, bad); }, "same number of columns");
  bad = operation;
  bad.parts[0].weight.data = buffer(1).part(Bytes(1), Bytes(1u << 19));
  expect_refused([&] { linear(graph, bad); }, "aligned");
  bad = operation;
  bad.capacity = 0;
  expect_refused([&] { linear(graph, bad); }, "capacity");
  Attention heads{.queries = buffer(1), .output = buffer(2), .state = buffer(3)};
  heads.cache = {buffer(4), buffer(5), 16, 2, 64};
  heads.query_heads = 3;
  expect_refused([&] { attention(graph, heads); }, "multiple of the key/value heads");
  heads.query_heads = 4;
  heads.cache.head_dimension = 100;
  expect_refused([&] { attention(graph, heads); }, "multiple of 8");
  EXPECT_EQ(graph.nodes().size(), 0u);
}

// A decoder block in the decode form: what the token loop costs.
TEST(OperationsTest, DispatchesOfADecoderBlock) {
  CommandGraph graph("block");
  const std::uint32_t d = 256, f = 512;
  const auto matrix = [](std::uint64_t id, std::uint32_t rows, std::uint32_t columns) {
    return WeightMatrix{buffer(id), WeightType::q4_k, rows, columns};
  };
  const RmsNormWeight norm{buffer(20), 1e-6f};
  const KeyValueCache cache{buffer(5), buffer(6), 128, 2, 64};
  linear(graph, {.parts = {{.weight = matrix(1, d, d), .output = buffer(10)},
                           {.weight = matrix(2, 128, d), .output = buffer(11)},
                           {.weight = matrix(3, 128, d), .output = buffer(12)}},
                 .input = buffer(9),
                 .norm = norm,
                 .state = buffer(4)});
  rotary_store(graph, {.queries = buffer(10),
                       .keys = buffer(11),
                       .values = buffer(12),
                       .cache = cache,
                       .query_heads = 4,
                       .rope_frequencies = buffer(13),
                       .rope_dimensions = 64,
                       .state = buffer(4)});
  attention(graph, {.queries = buffer(10),
                    .output = buffer(14),
                    .cache = cache,
                    .query_heads = 4,
                    .state = buffer(4)});
  linear(graph, {.parts = {{.weight = matrix(7, d, d), .output = buffer(9), .residual = buffer(9)}},
                 .input = buffer(14),
                 .state = buffer(4)});
  gated_linear(graph, {.gate = matrix(15, f, d),
                       .up = matrix(16, f, d),
                       .input = buffer(9),
                       .output = buffer(17),
                       .norm = norm,
                       .state = buffer(4)});
  linear(graph,
         {.parts = {{.weight = matrix(18, d, f), .output = buffer(9), .residual = buffer(9)}},
          .input = buffer(17),
          .state = buffer(4)});
  EXPECT_EQ(graph.dispatches(), 6u);
  EXPECT_EQ(barriers(graph), 5u);
}

double turns(const RopeTable& table, std::size_t i) {
  return double{table.frequencies[i].high} + double{table.frequencies[i].low};
}

TEST(RopeTest, PlainFrequencies) {
  const RopeTable table = make_rope_table({.dimensions = 128, .base = 1e6});
  ASSERT_EQ(table.frequencies.size(), 64u);
  EXPECT_EQ(table.magnitude, 1.0f);
  for (std::size_t i = 0; i < 64; ++i)
    EXPECT_NEAR(turns(table, i) * 2 * std::numbers::pi / std::pow(1e6, -2.0 * double(i) / 128), 1,
                1e-13);
}

TEST(RopeTest, FactorsDivideAndLinearScalingDivides) {
  std::vector<float> factors(32, 1.0f);
  factors[31] = 8;
  const RopeTable plain = make_rope_table({.dimensions = 64});
  const RopeTable table = make_rope_table({.dimensions = 64,
                                           .frequency_factors = factors,
                                           .scaling = RopeScaling::linear,
                                           .factor = 4});
  EXPECT_NEAR(turns(table, 0) / turns(plain, 0), 0.25, 1e-13);
  EXPECT_NEAR(turns(table, 31) / turns(plain, 31), 0.25 / 8, 1e-13);
}

// Qwen2.5's YaRN: factor 4 over 32768. By the formulas of the paper, dimension pairs up to
// floor(23.596) keep their frequency and those from ceil(39.650) on are divided by 4.
TEST(RopeTest, Yarn) {
  const RopeParameters p{.dimensions = 128,
                         .base = 1e6,
                         .scaling = RopeScaling::yarn,
                         .factor = 4,
                         .original_context = 32768};
  const RopeTable plain = make_rope_table({.dimensions = 128, .base = 1e6});
  const RopeTable table = make_rope_table(p);
  EXPECT_NEAR(table.magnitude, 1.1386294f, 1e-6f);  // 0.1 ln 4 + 1
  EXPECT_NEAR(turns(table, 0) / turns(plain, 0), 1, 1e-12);
  EXPECT_NEAR(turns(table, 23) / turns(plain, 23), 1, 1e-12);
  EXPECT_NEAR(turns(table, 40) / turns(plain, 40), 0.25, 1e-12);
  EXPECT_NEAR(turns(table, 63) / turns(plain, 63), 0.25, 1e-12);
  // Pair 30 lies 7/17 of the way.
  EXPECT_NEAR(turns(table, 30) / turns(plain, 30), 0.25 * 7 / 17 + 10.0 / 17, 1e-12);
}

TEST(RopeTest, ImpossibleParametersAreRefused) {
  expect_refused([] { make_rope_table({.dimensions = 63}); }, "even");
  expect_refused([] { make_rope_table({.dimensions = 64, .base = 0}); }, "base");
  const std::vector<float> factors(31, 1.0f);
  expect_refused([&] { make_rope_table({.dimensions = 64, .frequency_factors = factors}); },
                 "31 frequency factors for 32");
  expect_refused([] { make_rope_table({.dimensions = 64, .scaling = RopeScaling::yarn}); },
                 "context");
}

class TokenRingTest : public testing::Test {
 protected:
  alignas(8) std::byte memory[5 * sizeof(TokenRingEntry)]{};  // four are used
  TokenRing ring{memory};

  void finish(std::uint32_t sequence, std::uint32_t token, StopReason stop = StopReason::none) {
    const TokenRingEntry entry{sequence, token | static_cast<std::uint32_t>(stop)
                                                     << ring_token_bits};
    std::memcpy(memory + (sequence - 1) % 4 * sizeof(entry), &entry, sizeof(entry));
  }
};

TEST_F(TokenRingTest, FollowsTheCardAroundTheRing) {
  EXPECT_EQ(ring.entries(), 4u);
  EXPECT_FALSE(ring.poll().has_value());
  for (std::uint32_t i = 1; i <= 11; ++i) {
    finish(i, 1000 + i, i == 11 ? StopReason::limit : StopReason::none);
    const auto token = ring.poll();
    ASSERT_TRUE(token.has_value());
    EXPECT_EQ(token->token, 1000 + i);
    EXPECT_EQ(token->stop, i == 11 ? StopReason::limit : StopReason::none);
    EXPECT_FALSE(ring.poll().has_value());
  }
  ring.reset();
  EXPECT_FALSE(ring.poll().has_value());
  finish(1, 5);
  EXPECT_EQ(ring.poll()->token, 5u);
}

}  // namespace
}  // namespace redbolt::runtime
