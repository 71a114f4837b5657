// What a model needs on the card, by arithmetic done here, and the decision whether it fits.
#include <gtest/gtest.h>

#include <string>

#include "redbolt/llm/engine/memory_plan.hpp"
#include "redbolt/llm/error.hpp"

namespace redbolt::llm {
namespace {

// Qwen3-0.6B.
ModelConfig small_model() {
  ModelConfig config;
  config.architecture = find_architecture("qwen3");
  config.layers = 28;
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

constexpr Bytes kWeights(400'000'000);

TEST(MemoryPlan, TheCacheIsTwoHalvesPerLayer) {
  EngineShape shape;
  shape.context = 4096;
  const MemoryPlan plan = plan_memory(small_model(), kWeights, shape);
  // layers * (keys and values) * positions * heads * elements * float16
  EXPECT_EQ(plan.kv_cache.count(), 28ULL * 2 * 4096 * 8 * 128 * 2);
  EXPECT_EQ(plan.weights, kWeights);
  EXPECT_EQ(plan.total().count(),
            plan.weights.count() + plan.kv_cache.count() + plan.scratch.count());
}

TEST(MemoryPlan, EverySlotHasAContextOfItsOwn) {
  EngineShape shape;
  shape.context = 4096;
  shape.batch = 2;
  shape.slots = 8;
  const ModelConfig config = small_model();
  // slots * layers * (keys and values) * positions * heads * elements * float16
  EXPECT_EQ(plan_memory(config, kWeights, shape).kv_cache.count(),
            8ULL * 28 * 2 * 4096 * 8 * 128 * 2);
  const ScratchLayout layout = plan_scratch(config, shape);
  EXPECT_EQ(layout.logits_bytes, 8ULL * 151936 * 4);
  EXPECT_EQ(layout.token_history_bytes, 8ULL * 4096 * 4);
  // A step of all slots has more rows than a chunk of a prompt.
  EXPECT_GE(layout.query - layout.hidden, 8U * 1024 * 4);
  // Partial results of every slot, head and 256 positions: sums, a maximum and a weight.
  EXPECT_EQ(layout.attention_scratch_bytes, 8ULL * 16 * (4096 / 256) * (128 + 2) * 4);
  EXPECT_EQ(layout.slot_states % 256, 0U);
  EXPECT_LE(layout.slot_states + 8 * 32, layout.total);
}

TEST(MemoryPlan, AQ8CacheHasAByteAndASixteenthForEachElement) {
  EngineShape shape;
  shape.context = 4096;
  shape.cache_type = runtime::CacheType::q8_0;
  const MemoryPlan plan = plan_memory(small_model(), kWeights, shape);
  // A row has 128 bytes, and 4 scales of 2 bytes.
  EXPECT_EQ(plan.kv_cache.count(), 28ULL * 2 * 4096 * 8 * (128 + 4 * 2));
}

TEST(MemoryPlan, ScratchHoldsABatchOfActivations) {
  EngineShape shape;
  shape.batch = 64;
  const ScratchLayout layout = plan_scratch(small_model(), shape);
  EXPECT_GE(layout.query - layout.hidden, 64U * 1024 * 4);
  EXPECT_GE(layout.key - layout.query, 64U * 2048 * 4);
  EXPECT_GE(layout.value - layout.key, 64U * 1024 * 4);
  EXPECT_GE(layout.attended - layout.value, 64U * 1024 * 4);
  EXPECT_GE(layout.feed_forward - layout.attended, 64U * 2048 * 4);
  EXPECT_GE(layout.logits - layout.feed_forward, 64U * 3072 * 4);
  EXPECT_EQ(layout.logits_bytes, 151936U * 4);
  for (const auto offset :
       {layout.input, layout.hidden, layout.query, layout.key, layout.value, layout.attended,
        layout.feed_forward, layout.logits, layout.attention_scratch, layout.sample_scratch,
        layout.sampling_parameters, layout.logit_biases, layout.token_history, layout.rope_table}) {
    EXPECT_EQ(offset % 256, 0U);
  }
  EXPECT_LE(layout.rope_table + 64 * 8, layout.total);
  shape.all_logits = true;
  EXPECT_EQ(plan_scratch(small_model(), shape).logits_bytes, 64ULL * 151936 * 4);
}

TEST(Admission, TheLargestContextIsTheBoundary) {
  const ModelConfig config = small_model();
  EngineShape shape;
  for (const std::uint64_t room : {1'000'000'000ULL, 3'000'000'000ULL, 20'000'000'000ULL}) {
    const auto largest = largest_context(config, kWeights, shape, Bytes(room));
    ASSERT_TRUE(largest);
    shape.context = *largest;
    EXPECT_NO_THROW(admit(config, kWeights, shape, Bytes(room)));
    ++shape.context;
    EXPECT_THROW(admit(config, kWeights, shape, Bytes(room)), LlmError);
  }
}

std::string refusal(const EngineShape& shape, Bytes weights, Bytes room) {
  try {
    admit(small_model(), weights, shape, room);
  } catch (const LlmError& error) {
    EXPECT_EQ(error.code(), ErrorCode::does_not_fit);
    return error.what();
  }
  ADD_FAILURE() << "was admitted";
  return "";
}

TEST(Admission, TheErrorSaysWhatEachPartNeedsAndWhatWouldFit) {
  EngineShape shape;
  shape.context = 1 << 20;
  const Bytes room(2'000'000'000);
  const std::string message = refusal(shape, kWeights, room);
  EXPECT_NE(message.find("weights 400,000,000 bytes"), std::string::npos) << message;
  // 28 * 2 * 2^20 * 8 * 128 * 2
  EXPECT_NE(message.find("KV cache 120,259,084,288 bytes"), std::string::npos) << message;
  EXPECT_NE(message.find("2,000,000,000 bytes free"), std::string::npos) << message;
  const auto fits = largest_context(small_model(), kWeights, shape, room);
  ASSERT_TRUE(fits);
  EXPECT_NE(message.find("--ctx " + std::to_string(*fits)), std::string::npos) << message;
}

TEST(Admission, TheErrorNamesTheSlots) {
  EngineShape shape;
  shape.context = 1 << 20;
  shape.slots = 4;
  const std::string message = refusal(shape, kWeights, Bytes(2'000'000'000));
  EXPECT_NE(message.find("for 4 slots, each with a context of 1,048,576"), std::string::npos)
      << message;
}

TEST(Admission, TheErrorNamesTheSmallerCacheIfItWouldFit) {
  EngineShape shape;
  shape.context = 40960;  // 4.7 GB as float16
  EXPECT_NE(refusal(shape, kWeights, Bytes(4'000'000'000)).find("--cache-type q8_0"),
            std::string::npos);
  EXPECT_EQ(refusal(shape, kWeights, Bytes(2'000'000'000)).find("--cache-type"), std::string::npos);
  shape.cache_type = runtime::CacheType::q8_0;
  EXPECT_NO_THROW(admit(small_model(), kWeights, shape, Bytes(4'000'000'000)));
}

TEST(Admission, AModelLargerThanTheCard) {
  const std::string message = refusal({}, Bytes(30ULL << 30), Bytes(24ULL << 30));
  EXPECT_NE(message.find("No context would fit"), std::string::npos) << message;
}

TEST(Admission, ContextsBeyondAllMemoryDoNotOverflow) {
  ModelConfig config = small_model();
  config.layers = 4096;
  config.heads = config.key_value_heads = 4096;
  config.head_dimension = 256;
  EngineShape shape;
  shape.context = kMaximumContext;
  // 2^24 positions * 2^12 layers * 2 * 2^20 elements * 2 bytes
  EXPECT_EQ(plan_memory(config, kWeights, shape).kv_cache.count(), 1ULL << 58);
  EXPECT_THROW(admit(config, kWeights, shape, Bytes(24ULL << 30)), LlmError);
}

}  // namespace
}  // namespace redbolt::llm
