// Models of unusual shapes with random weights, on the emulated card and in double precision:
// widths that are no multiple of anything round, heads that do not fill the width, partial
// rotation, tied and separate outputs, weight types side by side.
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "daemon_process.hpp"
#include "gguf_builder.hpp"
#include "redbolt/llm/engine/logits_runner.hpp"
#include "reference_model.hpp"

namespace redbolt::llm {
namespace {

using test::GgufBuilder;

constexpr std::uint32_t kF32 = 0, kF16 = 1, kQ8_0 = 8;

struct Shape {
  const char* name;
  const char* architecture;
  std::uint32_t layers, width, feed_forward, heads, key_value_heads, head_dimension, vocabulary;
  std::uint32_t rope_dimensions;
  std::uint32_t type;  // of most matrices
  bool tied;
  float rope_factor;
};

void PrintTo(const Shape& shape, std::ostream* stream) {
  *stream << shape.name;
}

// A float16 of a small number, rounded towards zero.
std::uint16_t half_bits(float value) {
  const auto magnitude = static_cast<double>(std::abs(value));
  const std::uint16_t sign = value < 0 ? 0x8000 : 0;
  if (magnitude < 1.0 / 16384) return sign;
  int exponent = 0;
  const double fraction = std::frexp(magnitude, &exponent);  // in [0.5, 1)
  return static_cast<std::uint16_t>(sign | (exponent + 14) << 10 |
                                    (static_cast<int>(fraction * 2048) & 1023));
}

class RandomModel {
 public:
  RandomModel(const Shape& shape, unsigned seed) : shape_(shape), random_(seed) {
    add_metadata();
    const std::uint32_t queries = shape.heads * shape.head_dimension;
    const std::uint32_t keys = shape.key_value_heads * shape.head_dimension;
    matrix("token_embd.weight", shape.width, shape.vocabulary, shape.type);
    for (std::uint32_t layer = 0; layer < shape.layers; ++layer) {
      const std::string prefix = "blk." + std::to_string(layer) + ".";
      vector(prefix + "attn_norm.weight", shape.width, 1);
      matrix(prefix + "attn_q.weight", shape.width, queries, shape.type);
      matrix(prefix + "attn_k.weight", shape.width, keys, shape.type);
      matrix(prefix + "attn_v.weight", shape.width, keys, kF16);
      if (std::string_view(shape.architecture) == "qwen2") {
        vector(prefix + "attn_q.bias", queries, 0);
        vector(prefix + "attn_k.bias", keys, 0);
        vector(prefix + "attn_v.bias", keys, 0);
      }
      if (std::string_view(shape.architecture) == "qwen3") {
        vector(prefix + "attn_q_norm.weight", shape.head_dimension, 1);
        vector(prefix + "attn_k_norm.weight", shape.head_dimension, 1);
      }
      matrix(prefix + "attn_output.weight", queries, shape.width, shape.type);
      vector(prefix + "ffn_norm.weight", shape.width, 1);
      matrix(prefix + "ffn_gate.weight", shape.width, shape.feed_forward, shape.type);
      matrix(prefix + "ffn_up.weight", shape.width, shape.feed_forward, shape.type);
      matrix(prefix + "ffn_down.weight", shape.feed_forward, shape.width, shape.type);
    }
    vector("output_norm.weight", shape.width, 1);
    if (!shape.tied) matrix("output.weight", shape.width, shape.vocabulary, kF16);
  }

  void write(const std::filesystem::path& path) const { builder_.write(path); }

 private:
  void add_metadata() {
    const std::string a = std::string(shape_.architecture) + ".";
    builder_.text("general.architecture", shape_.architecture)
        .u32(a + "block_count", shape_.layers)
        .u32(a + "context_length", 4096)
        .u32(a + "embedding_length", shape_.width)
        .u32(a + "feed_forward_length", shape_.feed_forward)
        .u32(a + "attention.head_count", shape_.heads)
        .u32(a + "attention.head_count_kv", shape_.key_value_heads)
        .u32(a + "attention.key_length", shape_.head_dimension)
        .u32(a + "attention.value_length", shape_.head_dimension)
        .u32(a + "rope.dimension_count", shape_.rope_dimensions)
        .f32(a + "attention.layer_norm_rms_epsilon", 1e-5F);
    if (shape_.rope_factor != 1) {
      builder_.text(a + "rope.scaling.type", "linear")
          .f32(a + "rope.scaling.factor", shape_.rope_factor);
    }
  }

  void vector(const std::string& name, std::uint32_t size, float mean) {
    std::normal_distribution<float> values(mean, 0.2F);
    std::vector<std::byte> bytes;
    for (std::uint32_t i = 0; i < size; ++i) GgufBuilder::put(bytes, values(random_));
    builder_.tensor(name, {size}, kF32, bytes);
  }

  void matrix(const std::string& name, std::uint32_t columns, std::uint32_t rows,
              std::uint32_t type) {
    std::normal_distribution<float> values(0, 1 / std::sqrt(static_cast<float>(columns)));
    std::vector<std::byte> bytes;
    const std::uint64_t count = std::uint64_t{columns} * rows;
    for (std::uint64_t i = 0; i < count; ++i) {
      if (type == kQ8_0 && i % 32 == 0) {
        GgufBuilder::put(bytes, half_bits(0.02F / std::sqrt(static_cast<float>(columns))));
      }
      if (type == kF32) GgufBuilder::put(bytes, values(random_));
      if (type == kF16) GgufBuilder::put(bytes, half_bits(values(random_)));
      if (type == kQ8_0) GgufBuilder::put(bytes, static_cast<std::int8_t>(random_()));
    }
    builder_.tensor(name, {columns, rows}, type, bytes);
  }

  Shape shape_;
  std::mt19937 random_;
  GgufBuilder builder_;
};

class OddShapes : public testing::TestWithParam<Shape> {
 protected:
  static void SetUpTestSuite() { daemon_ = new test::DaemonProcess; }
  static void TearDownTestSuite() { delete daemon_; }

  static inline test::DaemonProcess* daemon_ = nullptr;
};

double relative_error(LogitsRunner& runner, const std::vector<TokenId>& tokens,
                      const std::vector<std::vector<double>>& exact) {
  double error = 0, squares = 0;
  std::size_t row = 0;
  runner.run(tokens, true, [&](std::span<const float> logits) {
    for (std::size_t i = 0; i < logits.size(); ++i) {
      error += std::pow(static_cast<double>(logits[i]) - exact[row][i], 2);
      squares += exact[row][i] * exact[row][i];
    }
    ++row;
  });
  EXPECT_EQ(row, tokens.size());
  return std::sqrt(error / squares);
}

TEST_P(OddShapes, AgreeWithTheReference) {
  const Shape& shape = GetParam();
  test::TemporaryFolder folder;
  const auto path = folder.path() / "model.gguf";
  RandomModel(shape, 7).write(path);
  const ModelFiles files(path);
  std::vector<TokenId> tokens;
  for (std::uint32_t i = 0; i < 21; ++i) tokens.push_back(i * 13 % shape.vocabulary);
  const auto exact = test::ReferenceModel(files).logits(tokens);

  runtime::DeviceOptions options;
  options.socket = daemon_->socket();
  runtime::Device device(options);
  EngineShape engine;
  engine.context = 23;
  engine.batch = 9;
  engine.all_logits = true;
  const LoadedModel model(files, device, engine);
  LogitsRunner batched(model, Feeding::batched);
  LogitsRunner single(model, Feeding::token_by_token);
  EXPECT_LT(relative_error(batched, tokens, exact), 0.003);
  EXPECT_LT(relative_error(single, tokens, exact), 0.003);
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, OddShapes,
    testing::Values(Shape{"Narrow", "llama", 1, 36, 52, 3, 1, 8, 101, 8, kF16, true, 1},
                    Shape{"Float32", "llama", 2, 70, 90, 2, 2, 40, 257, 40, kF32, false, 1},
                    Shape{"Qwen2Like", "qwen2", 2, 224, 608, 7, 1, 32, 515, 32, kQ8_0, true, 1},
                    Shape{"WideHeads", "qwen3", 1, 64, 96, 5, 5, 128, 77, 128, kQ8_0, false, 1},
                    Shape{"PartlyRotated", "llama", 2, 96, 128, 4, 2, 24, 64, 16, kF16, true, 4},
                    Shape{"LargestHeads", "qwen3", 1, 128, 160, 2, 1, 256, 130, 256, kF16, true,
                          1}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace redbolt::llm
