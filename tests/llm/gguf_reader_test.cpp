// Well-formed GGUF files: values of every width, tensors, split models.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "gguf_builder.hpp"
#include "redbolt/llm/gguf/file.hpp"
#include "redbolt/llm/gguf/model_files.hpp"
#include "temporary_folder.hpp"
#include "test_paths.hpp"

namespace redbolt::llm {
namespace {

using test::GgufBuilder;
using test::TemporaryFolder;

std::vector<std::byte> pattern(std::size_t size, int start) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i)
    bytes[i] = static_cast<std::byte>(start + static_cast<int>(i));
  return bytes;
}

TEST(GgufReader, IntegersOfEveryWidthAreAccepted) {
  const auto file = GgufBuilder()
                        .scalar<std::uint8_t>("u8", 0, 200)
                        .scalar<std::int8_t>("i8", 1, 100)
                        .u16("u16", 60000)
                        .scalar<std::int16_t>("i16", 3, 30000)
                        .u32("u32", 4000000000U)
                        .i32("i32", 2000000000)
                        .u64("u64", 1ULL << 40)
                        .scalar<std::int64_t>("i64", 11, 1LL << 41)
                        .i32("negative", -1)
                        .build();
  const Metadata metadata = parse_gguf(file).metadata;
  EXPECT_EQ(metadata.require_unsigned("u8", UINT64_MAX), 200U);
  EXPECT_EQ(metadata.require_unsigned("i8", UINT64_MAX), 100U);
  EXPECT_EQ(metadata.require_unsigned("u16", UINT64_MAX), 60000U);
  EXPECT_EQ(metadata.require_unsigned("i16", UINT64_MAX), 30000U);
  EXPECT_EQ(metadata.require_unsigned("u32", UINT64_MAX), 4000000000U);
  EXPECT_EQ(metadata.require_unsigned("i32", UINT64_MAX), 2000000000U);
  EXPECT_EQ(metadata.require_unsigned("u64", UINT64_MAX), 1ULL << 40);
  EXPECT_EQ(metadata.require_unsigned("i64", UINT64_MAX), 1ULL << 41);
  EXPECT_THROW(metadata.require_unsigned("negative", UINT64_MAX), LlmError);
  EXPECT_THROW(metadata.require_unsigned("u8", 199), LlmError);
}

TEST(GgufReader, OtherValues) {
  std::vector<std::byte> nested;  // an array of two arrays of uint16
  GgufBuilder::put<std::uint32_t>(nested, 9);
  GgufBuilder::put<std::uint64_t>(nested, 2);
  for (const std::uint16_t value : {std::uint16_t{7}, std::uint16_t{8}}) {
    GgufBuilder::put<std::uint32_t>(nested, 2);
    GgufBuilder::put<std::uint64_t>(nested, 1);
    GgufBuilder::put(nested, value);
  }
  const auto file = GgufBuilder()
                        .f32("f32", 1.5F)
                        .scalar("f64", 12, -2.25)
                        .boolean("yes", true)
                        .text("text", std::string_view("a\0b", 3))
                        .texts("texts", {"", "x", "yz"})
                        .numbers<std::int32_t>("numbers", 5, {-1, 0, 1})
                        .raw("nested", 9, nested)
                        .u32("after", 9)
                        .build();
  const Metadata metadata = parse_gguf(file).metadata;
  EXPECT_EQ(metadata.require_number("f32"), 1.5);
  EXPECT_EQ(metadata.require_number("f64"), -2.25);
  EXPECT_EQ(metadata.find_bool("yes"), true);
  EXPECT_EQ(metadata.require_string("text"), std::string_view("a\0b", 3));
  EXPECT_EQ(metadata.require_strings("texts"), (std::vector<std::string_view>{"", "x", "yz"}));
  EXPECT_EQ(metadata.find("numbers")->as_numbers(), (std::vector<double>{-1, 0, 1}));
  EXPECT_EQ(metadata.find("nested")->count(), 2U);
  EXPECT_EQ(metadata.require_unsigned("after", 9), 9U);
  EXPECT_EQ(metadata.find("absent"), nullptr);
  EXPECT_EQ(metadata.find_string("absent"), std::nullopt);
  EXPECT_THROW(metadata.require_string("f32"), LlmError);
  EXPECT_THROW(metadata.require_string("absent"), LlmError);
  EXPECT_THROW(metadata.require_strings("numbers"), LlmError);
}

class GgufVersions : public testing::TestWithParam<std::uint32_t> {};

TEST_P(GgufVersions, TensorsHaveTheirBytes) {
  TemporaryFolder folder;
  GgufBuilder builder;
  builder.version = GetParam();
  builder.alignment = 64;
  builder.u32("general.alignment", 64);
  const auto first = pattern(4 * 3 * 2, 1);
  const auto second = pattern(18, 100);
  builder.tensor("first", {3, 2}, 0, first).tensor("second", {32}, 2, second);
  builder.write(folder.path() / "model.gguf");
  const GgufFile file(folder.path() / "model.gguf");
  EXPECT_EQ(file.version(), GetParam());
  ASSERT_EQ(file.tensors().size(), 2U);
  const TensorInfo& tensor = file.tensors()[0];
  EXPECT_EQ(tensor.name, "first");
  EXPECT_EQ(tensor.type->name, "F32");
  EXPECT_EQ(tensor.dimensions, (std::array<std::uint64_t, 4>{3, 2, 1, 1}));
  EXPECT_EQ(tensor.dimension_count, 2U);
  const auto content = [&](const TensorInfo& info) {
    std::vector<std::byte> bytes(info.size);
    file.read(info, 0, bytes);
    return bytes;
  };
  EXPECT_EQ(content(tensor), first);
  EXPECT_EQ(content(file.tensors()[1]), second);
  std::vector<std::byte> part(5);
  file.read(file.tensors()[1], 13, part);
  EXPECT_TRUE(std::ranges::equal(part, std::span(second).subspan(13, 5)));
  EXPECT_EQ(file.tensors()[1].offset % 64, 0U);
}

INSTANTIATE_TEST_SUITE_P(Supported, GgufVersions, testing::Values(2, 3));

// Real files of every kind that the repository carries.
TEST(GgufReader, ReferenceFiles) {
  const std::filesystem::path data = REDBOLT_TEST_DATA;
  EXPECT_EQ(GgufFile(data / "tokenizers/gpt-2-vocab.gguf").tensors().size(), 0U);
  const ModelFiles model(data / "models/tiny-qwen3-Q4_K_M.gguf");
  EXPECT_EQ(model.tensors().size(), 46U);
  const ModelTensor* tensor = model.find("blk.0.attn_q.weight");
  ASSERT_NE(tensor, nullptr);
  EXPECT_EQ(tensor->info.type->name, "Q4_K");
  EXPECT_EQ(tensor->read().size(), 256U * 512 / 256 * 144);
}

class SplitModel : public testing::Test {
 protected:
  static GgufBuilder shard(std::uint16_t number, std::uint16_t count, std::int32_t tensors) {
    GgufBuilder builder;
    if (number == 0) builder.text("general.architecture", "llama");
    builder.u16("split.no", number).u16("split.count", count).i32("split.tensors.count", tensors);
    return builder;
  }

  static ErrorCode code_of(const std::filesystem::path& path) {
    try {
      const ModelFiles model(path);
    } catch (const LlmError& error) {
      return error.code();
    }
    ADD_FAILURE() << "opened " << path;
    return ErrorCode::io;
  }

  TemporaryFolder folder;
};

TEST_F(SplitModel, TensorsOfAllPartsAreFound) {
  // The first part may hold metadata alone.
  shard(0, 3, 2).write(folder.path() / "m-00001-of-00003.gguf");
  shard(1, 3, 2).tensor("a", {2}, 0, pattern(8, 1)).write(folder.path() / "m-00002-of-00003.gguf");
  shard(2, 3, 2)
      .tensor("b", {4}, 0, pattern(16, 50))
      .write(folder.path() / "m-00003-of-00003.gguf");
  const ModelFiles model(folder.path() / "m-00001-of-00003.gguf");
  EXPECT_EQ(model.files().size(), 3U);
  EXPECT_EQ(model.metadata().require_string("general.architecture"), "llama");
  EXPECT_EQ(model.tensor_bytes(), 24U);
  ASSERT_NE(model.find("b"), nullptr);
  EXPECT_EQ(model.find("b")->read(), pattern(16, 50));
  EXPECT_EQ(model.find("a")->read(), pattern(8, 1));
}

TEST_F(SplitModel, MissingPart) {
  shard(0, 2, 0).write(folder.path() / "m-00001-of-00002.gguf");
  EXPECT_EQ(code_of(folder.path() / "m-00001-of-00002.gguf"), ErrorCode::io);
}

TEST_F(SplitModel, NotTheFirstPart) {
  shard(1, 2, 0).write(folder.path() / "m-00002-of-00002.gguf");
  EXPECT_EQ(code_of(folder.path() / "m-00002-of-00002.gguf"), ErrorCode::split_mismatch);
}

TEST_F(SplitModel, RenamedPart) {
  shard(0, 2, 0).write(folder.path() / "renamed.gguf");
  EXPECT_EQ(code_of(folder.path() / "renamed.gguf"), ErrorCode::split_mismatch);
}

TEST_F(SplitModel, PartsOfDifferentModels) {
  shard(0, 2, 0).write(folder.path() / "m-00001-of-00002.gguf");
  shard(1, 3, 0).write(folder.path() / "m-00002-of-00002.gguf");
  EXPECT_EQ(code_of(folder.path() / "m-00001-of-00002.gguf"), ErrorCode::split_mismatch);
}

TEST_F(SplitModel, PartThatIsNoPart) {
  shard(0, 2, 0).write(folder.path() / "m-00001-of-00002.gguf");
  GgufBuilder().write(folder.path() / "m-00002-of-00002.gguf");
  EXPECT_EQ(code_of(folder.path() / "m-00001-of-00002.gguf"), ErrorCode::split_mismatch);
}

TEST_F(SplitModel, WrongNumberOfTensors) {
  shard(0, 2, 2).write(folder.path() / "m-00001-of-00002.gguf");
  shard(1, 2, 2).tensor("a", {2}, 0, pattern(8, 1)).write(folder.path() / "m-00002-of-00002.gguf");
  EXPECT_EQ(code_of(folder.path() / "m-00001-of-00002.gguf"), ErrorCode::split_mismatch);
}

TEST_F(SplitModel, TensorInTwoParts) {
  shard(0, 2, 2).tensor("a", {2}, 0, pattern(8, 1)).write(folder.path() / "m-00001-of-00002.gguf");
  shard(1, 2, 2).tensor("a", {2}, 0, pattern(8, 1)).write(folder.path() / "m-00002-of-00002.gguf");
  EXPECT_EQ(code_of(folder.path() / "m-00001-of-00002.gguf"), ErrorCode::duplicate);
}

}  // namespace
}  // namespace redbolt::llm
