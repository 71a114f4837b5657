// What a q8_0 KV cache costs: the logits of the reference models on the emulated card against the
// recorded ones of exact mathematics, and against those with a float16 cache.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <iostream>
#include <string>
#include <vector>

#include "daemon_process.hpp"
#include "program.hpp"
#include "redbolt/llm/engine/generator.hpp"
#include "redbolt/llm/engine/logits_runner.hpp"
#include "test_paths.hpp"

namespace redbolt::llm {
namespace {

using test::read_file;

const std::filesystem::path kModels = std::filesystem::path(REDBOLT_TEST_DATA) / "models";

std::vector<TokenId> reference_tokens() {
  std::vector<TokenId> tokens;
  const std::string text = read_file(kModels / "tokens.txt");
  for (std::size_t at = 0; at < text.size();) {
    std::size_t length = 0;
    tokens.push_back(static_cast<TokenId>(std::stoul(text.substr(at), &length)));
    at += length + 1;
  }
  return tokens;
}

std::vector<double> recorded_logits(const std::string& model) {
  const std::string bytes = read_file(kModels / (model + ".logits.f32"));
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return {values.begin(), values.end()};
}

// The root of the mean square of the difference, as a share of the exact values' own.
double relative_error(const std::vector<double>& values, const std::vector<double>& exact) {
  double squares = 0, difference = 0;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    squares += exact[i] * exact[i];
    difference += (values[i] - exact[i]) * (values[i] - exact[i]);
  }
  return std::sqrt(difference / squares);
}

// Rounding is noise on each key and value, which the model passes on to the logits in the same way,
// small as it is, whatever its size; and with float16 hardly anything else is rounded. Float16
// moves a value by up to 2^-11 of its power of two: 0.0207 % as a root mean square, where
// logarithms are uniform. 8 bits move it by up to half a 127th of the largest of 32, which is 2.4
// times the deviation where they are normal: 2.4 / 127 / sqrt(12) = 0.55 %.
constexpr double kNoiseRatio = 0.55 / 0.0207;
// How far from normal the blocks may be.
constexpr double kOtherBlocks = 1.4;

class CacheTypes : public testing::TestWithParam<const char*> {
 protected:
  static void SetUpTestSuite() {
    daemon_ = new test::DaemonProcess;
    runtime::DeviceOptions options;
    options.socket = daemon_->socket();
    device_ = new runtime::Device(options);
  }
  static void TearDownTestSuite() {
    delete device_;
    delete daemon_;
  }

  static EngineShape shape(runtime::CacheType type) {
    EngineShape shape;
    shape.context = 64;
    shape.batch = 16;  // so that later chunks read what earlier ones stored
    shape.all_logits = true;
    shape.cache_type = type;
    return shape;
  }

  std::vector<double> logits(runtime::CacheType type, Feeding feeding) const {
    const LoadedModel model(files_, *device_, shape(type));
    LogitsRunner runner(model, feeding);
    std::vector<double> rows;
    runner.run(reference_tokens(), true, [&](std::span<const float> row) {
      rows.insert(rows.end(), row.begin(), row.end());
    });
    return rows;
  }

  static test::DaemonProcess* daemon_;
  static runtime::Device* device_;
  ModelFiles files_{kModels / (std::string(GetParam()) + ".gguf")};
};
test::DaemonProcess* CacheTypes::daemon_ = nullptr;
runtime::Device* CacheTypes::device_ = nullptr;

TEST_P(CacheTypes, TheErrorOfQ8IsSmall) {
  const std::vector<double> exact = recorded_logits(GetParam());
  for (const Feeding feeding : {Feeding::batched, Feeding::token_by_token}) {
    const std::vector<double> halves = logits(runtime::CacheType::f16, feeding);
    const std::vector<double> bytes = logits(runtime::CacheType::q8_0, feeding);
    ASSERT_EQ(halves.size(), exact.size());
    ASSERT_EQ(bytes.size(), exact.size());
    const double least = relative_error(halves, exact), error = relative_error(bytes, exact);
    std::cout << GetParam() << (feeding == Feeding::batched ? " batched" : " token by token")
              << ": relative error of the logits with f16 " << least << ", with q8_0 " << error
              << ", q8_0 against f16 " << relative_error(bytes, halves) << "\n";
    RecordProperty("q8_0", std::to_string(error));
    EXPECT_LT(error, kNoiseRatio * kOtherBlocks * least);
    EXPECT_GT(error, kNoiseRatio / kOtherBlocks * least) << "the cache was not quantised";
    EXPECT_LT(error, 0.02);
  }
}

INSTANTIATE_TEST_SUITE_P(Models, CacheTypes,
                         testing::Values("tiny-llama-Q4_K_M", "tiny-qwen2-Q4_K_M",
                                         "tiny-qwen3-Q8_0"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::erase_if(name, [](char c) { return c == '-' || c == '_'; });
                           return name;
                         });

}  // namespace
}  // namespace redbolt::llm
