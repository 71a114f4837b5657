// What a model's metadata is read as: defaults, other widths, refusals; and its tensors' roles.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "gguf_builder.hpp"
#include "redbolt/llm/error.hpp"
#include "redbolt/llm/model/config.hpp"
#include "redbolt/llm/model/weights.hpp"
#include "temporary_folder.hpp"

namespace redbolt::llm {
namespace {

using test::GgufBuilder;

class ModelFile : public testing::Test {
 protected:
  // A model of one layer: width 64, 4 query heads, 2 key/value heads of 16, 96 feed-forward, 8
  // tokens.
  static GgufBuilder metadata(const std::string& architecture) {
    const std::string a = architecture + ".";
    return GgufBuilder()
        .text("general.architecture", architecture)
        .u32(a + "block_count", 1)
        .u64(a + "context_length", 512)
        .u16(a + "embedding_length", 64)
        .u32(a + "feed_forward_length", 96)
        .u32(a + "attention.head_count", 4)
        .f32(a + "attention.layer_norm_rms_epsilon", 1e-5F);
  }

  static void add(GgufBuilder& builder, const std::string& name, std::vector<std::uint64_t> shape,
                  std::uint32_t type = 0) {
    std::uint64_t bytes = type == 0 ? 4 : 2;
    for (const std::uint64_t dimension : shape) bytes *= dimension;
    builder.tensor(name, std::move(shape), type, std::vector<std::byte>(bytes));
  }

  static void add_tensors(GgufBuilder& builder, std::uint64_t key_value_width) {
    add(builder, "token_embd.weight", {64, 8}, 1);
    add(builder, "output_norm.weight", {64});
    add(builder, "blk.0.attn_norm.weight", {64});
    add(builder, "blk.0.attn_q.weight", {64, 64}, 1);
    add(builder, "blk.0.attn_k.weight", {64, key_value_width}, 1);
    add(builder, "blk.0.attn_v.weight", {64, key_value_width}, 1);
    add(builder, "blk.0.attn_output.weight", {64, 64}, 1);
    add(builder, "blk.0.ffn_norm.weight", {64});
    add(builder, "blk.0.ffn_gate.weight", {64, 96}, 1);
    add(builder, "blk.0.ffn_up.weight", {64, 96}, 1);
    add(builder, "blk.0.ffn_down.weight", {96, 64}, 1);
  }

  ModelFiles open(const GgufBuilder& builder) {
    const auto path = folder_.path() / "model.gguf";
    builder.write(path);
    return ModelFiles(path);
  }

  ModelConfig config(const GgufBuilder& builder) { return read_model_config(open(builder)); }

  ErrorCode code_of(const std::function<void()>& action) {
    try {
      action();
    } catch (const LlmError& error) {
      return error.code();
    }
    ADD_FAILURE() << "nothing was thrown";
    return ErrorCode::io;
  }

  // The code with which a model of these keys is refused.
  ErrorCode refusal(const std::string& architecture,
                    const std::function<void(GgufBuilder&)>& change) {
    GgufBuilder builder = metadata(architecture);
    change(builder);
    add_tensors(builder, 64);
    return code_of([&] { config(builder); });
  }

  test::TemporaryFolder folder_;
};

TEST_F(ModelFile, Defaults) {
  GgufBuilder builder = metadata("llama");
  add_tensors(builder, 64);
  const ModelConfig config = this->config(builder);
  EXPECT_EQ(config.key_value_heads, 4U);
  EXPECT_EQ(config.head_dimension, 16U);
  EXPECT_EQ(config.rope.dimensions, 16U);
  EXPECT_EQ(config.rope.base, 10000);
  EXPECT_EQ(config.rope.scaling, runtime::RopeScaling::none);
  EXPECT_EQ(config.vocabulary, 8U);
  EXPECT_EQ(config.context_length, 512U);
  EXPECT_FLOAT_EQ(config.rms_epsilon, 1e-5F);
  EXPECT_EQ(config.architecture->rope_pairing, runtime::RopePairing::norm);
}

TEST_F(ModelFile, HeadsNeedNotFillTheWidth) {
  GgufBuilder builder = metadata("qwen3");
  builder.u32("qwen3.attention.head_count_kv", 2)
      .u32("qwen3.attention.key_length", 32)
      .u32("qwen3.attention.value_length", 32);
  add_tensors(builder, 64);
  const ModelConfig config = this->config(builder);
  EXPECT_EQ(config.query_width(), 128U);
  EXPECT_EQ(config.key_value_width(), 64U);
  EXPECT_EQ(config.architecture->rope_pairing, runtime::RopePairing::neox);
}

TEST_F(ModelFile, RopeScaling) {
  GgufBuilder yarn = metadata("qwen2");
  yarn.text("qwen2.rope.scaling.type", "yarn")
      .f32("qwen2.rope.scaling.factor", 4)
      .u32("qwen2.rope.scaling.original_context_length", 128)
      .f32("qwen2.rope.freq_base", 1e6F);
  add_tensors(yarn, 64);
  const RopeConfig rope = config(yarn).rope;
  EXPECT_EQ(rope.scaling, runtime::RopeScaling::yarn);
  EXPECT_EQ(rope.factor, 4);
  EXPECT_EQ(rope.original_context, 128U);
  EXPECT_EQ(rope.base, 1e6);
  GgufBuilder old = metadata("llama");
  old.f32("llama.rope.scale_linear", 2);
  add_tensors(old, 64);
  EXPECT_EQ(config(old).rope.scaling, runtime::RopeScaling::linear);
  EXPECT_EQ(config(old).rope.factor, 2);
}

TEST_F(ModelFile, Refusals) {
  const auto u32 = [](const char* key, std::uint32_t value) {
    return [=](GgufBuilder& builder) { builder.u32(key, value); };
  };
  EXPECT_EQ(refusal("mamba", [](GgufBuilder&) {}), ErrorCode::unsupported_model);
  EXPECT_EQ(refusal("llama", u32("llama.expert_count", 8)), ErrorCode::unsupported_model);
  EXPECT_EQ(refusal("llama", u32("llama.attention.head_count_kv", 3)),
            ErrorCode::unsupported_model);
  EXPECT_EQ(refusal("llama", u32("llama.attention.head_count_kv", 0)),
            ErrorCode::unsupported_model);
  EXPECT_EQ(refusal("llama", u32("llama.attention.key_length", 1024)), ErrorCode::wrong_type);
  EXPECT_EQ(refusal("llama", u32("llama.attention.value_length", 32)),
            ErrorCode::unsupported_model);
  const auto heads_of_12 = [](GgufBuilder& b) {
    b.u32("llama.attention.key_length", 12).u32("llama.attention.value_length", 12);
  };
  EXPECT_EQ(refusal("llama", heads_of_12), ErrorCode::unsupported_model);
  EXPECT_EQ(refusal("llama", u32("llama.rope.dimension_count", 18)), ErrorCode::wrong_type);
  EXPECT_EQ(refusal("llama", [](GgufBuilder& b) { b.text("llama.rope.scaling.type", "longrope"); }),
            ErrorCode::unsupported_model);
  EXPECT_EQ(refusal("llama", [](GgufBuilder& b) { b.f32("llama.rope.freq_base", 0); }),
            ErrorCode::unsupported_model);
  EXPECT_EQ(refusal("llama", [](GgufBuilder& b) { b.f32("llama.rope.freq_base", std::nanf("")); }),
            ErrorCode::wrong_type);
  EXPECT_EQ(code_of([&] { config(metadata("llama")); }), ErrorCode::unsupported_model)
      << "no tensors";
  EXPECT_EQ(code_of([&] { config(GgufBuilder().text("general.architecture", "llama")); }),
            ErrorCode::missing_key);
}

TEST_F(ModelFile, WeightsHaveTheirRolesAndPlaces) {
  GgufBuilder builder = metadata("llama");
  add_tensors(builder, 64);
  add(builder, "output.weight", {64, 8}, 1);
  add(builder, "rope_freqs.weight", {8});
  add(builder, "something.else", {3});
  const ModelFiles files = open(builder);
  GgufBuilder ones = metadata("llama");
  // The factors in the file are zeros.
  EXPECT_EQ(code_of([&] { ModelWeights(files, read_model_config(files)); }), ErrorCode::bad_tensor);
  add_tensors(ones, 64);
  add(ones, "output.weight", {64, 8}, 1);
  add(ones, "something.else", {3});
  const ModelFiles good = open(ones);
  const ModelWeights weights(good, read_model_config(good));
  EXPECT_EQ(weights.placed().size(), 12U) << "what no graph uses is not uploaded";
  EXPECT_EQ(weights.output().tensor->info.name, "output.weight");
  std::uint64_t end = 0;
  for (const PlacedTensor& placed : weights.placed()) {
    EXPECT_EQ(placed.offset % 256, 0U);
    EXPECT_GE(placed.offset, end);
    end = placed.offset + placed.bytes;
  }
  EXPECT_LE(end, weights.buffer_bytes());
  // Everything but the table, and one row of it.
  const std::uint64_t matrices = 2 * (64 * 64 * 4 + 64 * 96 * 3 + 64 * 8);
  EXPECT_EQ(weights.bytes_per_token(), matrices + 3 * 64 * 4 + 64 * 2);
}

TEST_F(ModelFile, ATiedTableIsReadWholeAsTheOutput) {
  GgufBuilder builder = metadata("llama");
  add_tensors(builder, 64);
  const ModelFiles files = open(builder);
  const ModelWeights weights(files, read_model_config(files));
  EXPECT_EQ(weights.output().tensor->info.name, "token_embd.weight");
  EXPECT_EQ(weights.bytes_per_token(),
            2 * (64 * 64 * 4 + 64 * 96 * 3 + 64 * 8) + 3 * 64 * 4 + 64 * 2);
}

TEST_F(ModelFile, BadTensors) {
  const auto refused = [&](const std::function<void(GgufBuilder&)>& change,
                           std::uint64_t width = 64) {
    GgufBuilder builder = metadata("llama");
    change(builder);
    add_tensors(builder, width);
    const ModelFiles files = open(builder);
    return code_of([&] { ModelWeights(files, read_model_config(files)); });
  };
  EXPECT_EQ(refused([](GgufBuilder&) {}, 32), ErrorCode::bad_tensor) << "keys of another width";
  EXPECT_EQ(refused([](GgufBuilder& b) {
              b.u32("llama.attention.key_length", 32).u32("llama.attention.value_length", 32);
            }),
            ErrorCode::bad_tensor);
  EXPECT_EQ(refused([](GgufBuilder& b) {
              add(b, "output.weight", {64, 9}, 1);
            }),
            ErrorCode::bad_tensor);
  EXPECT_EQ(refused([](GgufBuilder& b) {
              b.tensor("output.weight", {64, 8}, 24, std::vector<std::byte>(512));  // I8
            }),
            ErrorCode::unsupported_type);
  GgufBuilder qwen3 = metadata("qwen3");
  add_tensors(qwen3, 64);
  const ModelFiles files = open(qwen3);
  EXPECT_EQ(code_of([&] { ModelWeights(files, read_model_config(files)); }),
            ErrorCode::unsupported_model)
      << "no norms of queries and keys";
}

}  // namespace
}  // namespace redbolt::llm
