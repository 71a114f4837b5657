// The decision whether several models fit onto the card at once, by sums done here.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "redbolt/llm/engine/memory_plan.hpp"
#include "redbolt/llm/error.hpp"

namespace redbolt::llm {
namespace {

ModelConfig model(std::uint32_t layers) {
  ModelConfig config;
  config.architecture = find_architecture("qwen3");
  config.layers = layers;
  config.context_length = 40960;
  config.embedding = 1024;
  config.feed_forward = 3072;
  config.heads = 16;
  config.key_value_heads = 8;
  config.head_dimension = 128;
  config.vocabulary = 151936;
  config.rope.dimensions = 128;
  return config;
}

const ModelConfig kLarge = model(28), kSmall = model(14);

std::vector<PlannedModel> both(const EngineShape& shape) {
  return {{"large", kLarge, Bytes(4'000'000'000), shape},
          {"small", kSmall, Bytes(1'000'000'000), shape}};
}

Bytes needed(const std::vector<PlannedModel>& models) {
  Bytes sum;
  for (const PlannedModel& one : models)
    sum += plan_memory(one.config, one.weights, one.shape).total();
  return sum;
}

bool fits(const EngineShape& shape, Bytes available) {
  try {
    admit_together(both(shape), available);
  } catch (const LlmError&) {
    return false;
  }
  return true;
}

std::string refusal(const std::vector<PlannedModel>& models, Bytes available) {
  try {
    admit_together(models, available);
  } catch (const LlmError& error) {
    EXPECT_EQ(error.code(), ErrorCode::does_not_fit);
    return error.what();
  }
  ADD_FAILURE() << "was admitted";
  return "";
}

// The number that follows a text.
std::uint32_t number_after(const std::string& message, const std::string& text) {
  const auto found = message.find(text);
  if (found == std::string::npos) return 0;
  return static_cast<std::uint32_t>(std::stoul(message.substr(found + text.size())));
}

TEST(AdmitTogether, TheSumIsTheBoundary) {
  const Bytes sum = needed(both({}));
  EXPECT_NO_THROW(admit_together(both({}), sum));
  EXPECT_THROW(admit_together(both({}), sum - Bytes(1)), LlmError);
  // Each alone would.
  for (const PlannedModel& one : both({}))
    EXPECT_NO_THROW(admit_together({&one, 1}, sum - Bytes(1)));
}

TEST(AdmitTogether, WeightsThatAreThereTakeNoRoom) {
  std::vector<PlannedModel> models = both({});
  const Bytes sum = needed(models);
  models[0].weights_resident = true;
  const Bytes less = sum - models[0].weights;
  EXPECT_NO_THROW(admit_together(models, less));
  const std::string message = refusal(models, less - Bytes(1));
  EXPECT_NE(message.find("(on the card already)"), std::string::npos) << message;
}

TEST(AdmitTogether, TheErrorNamesTheOneThatDoesNotFitAndHowMuchIsMissing) {
  const Bytes sum = needed(both({}));
  const std::string message = refusal(both({}), sum - Bytes(123'456));
  EXPECT_NE(message.find("'small' does not fit beside those before it: 123,456 bytes"),
            std::string::npos)
      << message;
  for (const char* const part :
       {"'large' needs ", "'small' needs ", "KV cache ", "a context of 4,096", "fewer models"})
    EXPECT_NE(message.find(part), std::string::npos) << part << message;
  // The first may be the one.
  EXPECT_NE(refusal(both({}), Bytes(1'000'000'000)).find("'large' does not fit: "),
            std::string::npos);
}

TEST(AdmitTogether, WhatIsAdvisedFitsAndIsTheMost) {
  EngineShape shape;
  shape.context = 32768;
  shape.slots = 4;
  // Weights, and a quarter of both caches (4 * 3.76 GB + 4 * 1.88 GB).
  const Bytes room(11'500'000'000);
  const std::string message = refusal(both(shape), room);
  EngineShape other = shape;
  other.context = number_after(message, "--ctx ");
  ASSERT_GT(other.context, 0U) << message;
  EXPECT_TRUE(fits(other, room));
  ++other.context;
  EXPECT_FALSE(fits(other, room));
  other = shape;
  other.slots = number_after(message, "--parallel ");
  ASSERT_GT(other.slots, 0U) << message;
  EXPECT_TRUE(fits(other, room));
  ++other.slots;
  EXPECT_FALSE(fits(other, room));
  // Half of the caches is still too much.
  EXPECT_EQ(message.find("q8_0"), std::string::npos) << message;
  EXPECT_NE(refusal(both(shape), Bytes(20'000'000'000)).find("--cache-type q8_0"),
            std::string::npos);
}

TEST(AdmitTogether, WithoutAnyContextOnlyFewerModelsHelp) {
  const std::string message = refusal(both({}), Bytes(4'900'000'000));
  EXPECT_NE(message.find("serve fewer models"), std::string::npos) << message;
  EXPECT_EQ(message.find("--ctx"), std::string::npos) << message;
}

TEST(AdmitTogether, OneAloneHasItsOwnError) {
  const std::vector<PlannedModel> models = both({});
  const std::string message = refusal({models[0]}, Bytes(1'000'000'000));
  EXPECT_TRUE(message.starts_with("the model does not fit: ")) << message;
}

}  // namespace
}  // namespace redbolt::llm
