// The double-precision reference that other tests compare the card with, against the recorded
// logits and block values. Also what a model's metadata and weights are read as.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "redbolt/llm/gguf/model_files.hpp"
#include "reference_model.hpp"
#include "test_paths.hpp"

namespace redbolt::llm {
namespace {

const std::filesystem::path kData = REDBOLT_TEST_DATA;

std::vector<char> read_bytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<float> read_floats(const std::filesystem::path& path) {
  const std::vector<char> bytes = read_bytes(path);
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return values;
}

std::vector<std::uint32_t> read_tokens() {
  std::ifstream file(kData / "models/tokens.txt");
  std::vector<std::uint32_t> tokens;
  for (std::string word; std::getline(file, word, ',');) {
    tokens.push_back(static_cast<std::uint32_t>(std::stoul(word)));
  }
  return tokens;
}

class ReferenceBlocks : public testing::TestWithParam<std::pair<const char*, std::uint32_t>> {};

TEST_P(ReferenceBlocks, AreDecodedExactly) {
  const auto& [name, type] = GetParam();
  const std::filesystem::path base = kData / "quantization" / name;
  const std::vector<char> blocks = read_bytes(base.string() + ".blocks");
  const std::vector<float> expected = read_floats(base.string() + ".f32");
  const std::vector<double> values = test::dequantize(type, std::as_bytes(std::span(blocks)));
  ASSERT_EQ(values.size(), expected.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    ASSERT_NEAR(values[i], static_cast<double>(expected[i]), std::abs(values[i]) * 2e-7 + 1e-12)
        << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Types, ReferenceBlocks,
                         testing::Values(std::pair{"Q8_0", 8U}, std::pair{"Q4_K", 12U},
                                         std::pair{"Q6_K", 14U}),
                         [](const auto& info) { return info.param.first; });

class ReferenceLogits : public testing::TestWithParam<const char*> {};

TEST_P(ReferenceLogits, EqualTheRecordedOnes) {
  const ModelFiles files(kData / "models" / (std::string(GetParam()) + ".gguf"));
  const std::vector<float> expected =
      read_floats(kData / "models" / (std::string(GetParam()) + ".logits.f32"));
  const test::ReferenceModel model(files);
  const auto rows = model.logits(read_tokens());
  ASSERT_EQ(rows.size() * model.vocabulary(), expected.size());
  double squares = 0, difference = 0;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    for (std::size_t i = 0; i < model.vocabulary(); ++i) {
      const double exact = static_cast<double>(expected[row * model.vocabulary() + i]);
      squares += exact * exact;
      difference += (rows[row][i] - exact) * (rows[row][i] - exact);
    }
  }
  EXPECT_LT(std::sqrt(difference / squares), 1e-6);
}

INSTANTIATE_TEST_SUITE_P(Models, ReferenceLogits,
                         testing::Values("tiny-llama-Q4_K_M", "tiny-qwen2-Q4_K_M",
                                         "tiny-qwen3-Q4_K_M", "tiny-qwen3-Q8_0", "tiny-qwen3-f16"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::erase_if(name, [](char c) { return c == '-' || c == '_'; });
                           return name;
                         });

}  // namespace
}  // namespace redbolt::llm
