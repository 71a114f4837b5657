// The logits of the reference models, from redbolt-llm down to the emulated card's machine code,
// against the recorded logits of exact mathematics at all 32 positions.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

#include "daemon_process.hpp"
#include "program.hpp"
#include "test_paths.hpp"

namespace redbolt::test {
namespace {

const std::filesystem::path kModels = std::filesystem::path(REDBOLT_TEST_DATA) / "models";
constexpr std::size_t kPositions = 32;
constexpr std::size_t kVocabulary = 2048;

struct Model {
  const char* name;
  double bound;  // of the RMS difference, as a share of the logits' standard deviation
};

void PrintTo(const Model& model, std::ostream* stream) {
  *stream << model.name;
}

std::vector<float> read_floats(const std::filesystem::path& path) {
  const std::string bytes = read_file(path);
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return values;
}

std::string tokens() {
  std::string text = read_file(kModels / "tokens.txt");
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

double standard_deviation(const std::vector<float>& values) {
  double sum = 0, squares = 0;
  for (const float value : values) {
    sum += static_cast<double>(value);
    squares += static_cast<double>(value) * static_cast<double>(value);
  }
  const auto count = static_cast<double>(values.size());
  return std::sqrt(squares / count - sum / count * (sum / count));
}

double rms_difference(const std::vector<float>& a, const std::vector<float>& b) {
  double squares = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double difference = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    squares += difference * difference;
  }
  return std::sqrt(squares / static_cast<double>(a.size()));
}

// The largest logit of each position must be the exact one wherever the runner-up is further behind
// than `error`. Returns at how many positions that says something.
std::size_t compare_largest(const std::vector<float>& computed, const std::vector<float>& exact,
                            double error) {
  std::size_t decided = 0;
  for (std::size_t position = 0; position < kPositions; ++position) {
    const auto row = [&](const std::vector<float>& values) {
      return std::vector<float>(
          values.begin() + static_cast<std::ptrdiff_t>(position * kVocabulary),
          values.begin() + static_cast<std::ptrdiff_t>((position + 1) * kVocabulary));
    };
    const std::vector<float> expected = row(exact);
    const std::vector<float> actual = row(computed);
    std::vector<float> sorted = expected;
    std::nth_element(sorted.begin(), sorted.begin() + 1, sorted.end(), std::greater<>());
    if (static_cast<double>(sorted[0] - sorted[1]) <= error) continue;
    ++decided;
    EXPECT_EQ(std::ranges::max_element(actual) - actual.begin(),
              std::ranges::max_element(expected) - expected.begin())
        << "position " << position;
  }
  return decided;
}

class Logits : public testing::TestWithParam<Model> {
 protected:
  static void SetUpTestSuite() { daemon_ = new DaemonProcess; }
  static void TearDownTestSuite() {
    delete daemon_;
    daemon_ = nullptr;
  }

  std::vector<float> compute(const std::vector<std::string>& more) {
    const auto output = folder_.path() / "logits.f32";
    std::vector<std::string> arguments{
        "logits",   "-m",       kModels / (std::string(GetParam().name) + ".gguf"),
        "--tokens", tokens(),   "-o",
        output,     "--socket", daemon_->socket()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto result = run_program("redbolt-llm", arguments);
    EXPECT_EQ(result.exit_code, 0) << result.errors << daemon_->log();
    EXPECT_EQ(result.output, "");
    return read_floats(output);
  }

  std::vector<float> expected() const {
    return read_floats(kModels / (std::string(GetParam().name) + ".logits.f32"));
  }

  void check_all(const std::vector<float>& computed) {
    const std::vector<float> exact = expected();
    ASSERT_EQ(computed.size(), kPositions * kVocabulary);
    ASSERT_EQ(exact.size(), computed.size());
    const double deviation = standard_deviation(exact);
    const double share = rms_difference(computed, exact) / deviation;
    RecordProperty("rms_share", std::to_string(share));
    std::cout << GetParam().name << ": RMS difference " << 100 * share
              << " % of the standard deviation\n";
    EXPECT_LE(share, GetParam().bound);
    EXPECT_GT(compare_largest(computed, exact, GetParam().bound * deviation), kPositions / 2);
  }

  static inline DaemonProcess* daemon_ = nullptr;
  TemporaryFolder folder_;
};

TEST_P(Logits, OfAllPositionsInABatch) {
  check_all(compute({"--all"}));
}

TEST_P(Logits, OfAllPositionsTokenByToken) {
  check_all(compute({"--all", "--token-by-token"}));
}

TEST_P(Logits, OfTheLastPosition) {
  const std::vector<float> all = expected();
  const std::vector<float> exact(all.end() - kVocabulary, all.end());
  const std::vector<float> computed = compute({});
  ASSERT_EQ(computed.size(), kVocabulary);
  EXPECT_LE(rms_difference(computed, exact) / standard_deviation(all), GetParam().bound);
}

INSTANTIATE_TEST_SUITE_P(References, Logits,
                         testing::Values(Model{"tiny-qwen3-f16", 0.003},
                                         Model{"tiny-qwen3-Q8_0", 0.005},
                                         Model{"tiny-qwen3-Q4_K_M", 0.005},
                                         Model{"tiny-qwen2-Q4_K_M", 0.005},
                                         Model{"tiny-llama-Q4_K_M", 0.005}),
                         [](const auto& info) {
                           std::string name = info.param.name;
                           std::erase_if(name, [](char c) { return c == '-' || c == '_'; });
                           return name;
                         });

}  // namespace
}  // namespace redbolt::test
