// Files that are wrong on purpose: each ends in the error that names what is wrong, and none in a
// crash, a hang or a large allocation.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <functional>
#include <random>
#include <string>
#include <vector>

#include "gguf_builder.hpp"
#include "redbolt/base/file_descriptor.hpp"
#include "redbolt/llm/gguf/file.hpp"
#include "redbolt/llm/gguf/model_files.hpp"
#include "redbolt/llm/model/config.hpp"
#include "redbolt/llm/model/weights.hpp"
#include "redbolt/llm/tokenizer/tokenizer.hpp"
#include "temporary_folder.hpp"

namespace redbolt::llm {
namespace {

using test::GgufBuilder;
using test::TemporaryFolder;

const std::vector<std::byte> kTwoFloats(8, std::byte{1});

struct HostileCase {
  std::string name;
  ErrorCode code;
  std::string mentions;  // part of the message
  std::function<void(GgufBuilder&)> make;
};

std::vector<std::byte> array_header(std::uint32_t element_type, std::uint64_t count) {
  std::vector<std::byte> bytes;
  GgufBuilder::put(bytes, element_type);
  GgufBuilder::put(bytes, count);
  return bytes;
}

std::vector<std::byte> nested_arrays(int depth) {
  std::vector<std::byte> bytes;
  for (int i = 0; i < depth; ++i) {
    const auto header = array_header(9, 1);
    bytes.insert(bytes.end(), header.begin(), header.end());
  }
  const auto inner = array_header(0, 0);
  bytes.insert(bytes.end(), inner.begin(), inner.end());
  return bytes;
}

const std::vector<HostileCase>& hostile_cases() {
  constexpr std::uint64_t kHuge = UINT64_MAX;
  static const std::vector<HostileCase> cases = {
      {"WrongMagic", ErrorCode::not_gguf, "not a GGUF file", [](auto& b) { b.magic = "GGML"; }},
      {"VersionOne", ErrorCode::unsupported_version, "version 1", [](auto& b) { b.version = 1; }},
      {"VersionFour", ErrorCode::unsupported_version, "version 4", [](auto& b) { b.version = 4; }},
      {"VersionZero", ErrorCode::unsupported_version, "version 0", [](auto& b) { b.version = 0; }},
      {"BigEndian", ErrorCode::unsupported_version, "big-endian",
       [](auto& b) { b.version = 0x03000000; }},
      {"HugeKeyCount", ErrorCode::limit_exceeded, "keys",
       [=](auto& b) { b.extra_keys = kHuge / 2; }},
      {"TooManyKeys", ErrorCode::truncated, "keys", [](auto& b) { b.extra_keys = 1 << 19; }},
      {"HugeTensorCount", ErrorCode::limit_exceeded, "tensors",
       [=](auto& b) { b.extra_tensors = kHuge / 2; }},
      {"TooManyTensors", ErrorCode::truncated, "tensors",
       [](auto& b) { b.extra_tensors = 1 << 19; }},
      {"UnknownValueType", ErrorCode::malformed, "type 13", [](auto& b) { b.scalar("x", 13, 0U); }},
      {"UnknownElementType", ErrorCode::malformed, "type 99",
       [](auto& b) { b.raw("x", 9, array_header(99, 1)); }},
      {"HugeArray", ErrorCode::truncated, "'x'",
       [=](auto& b) { b.raw("x", 9, array_header(12, kHuge / 8)); }},
      {"ArrayOverflow", ErrorCode::truncated, "'x'",
       [=](auto& b) { b.raw("x", 9, array_header(12, kHuge)); }},
      {"HugeStringArray", ErrorCode::truncated, "'x'",
       [=](auto& b) { b.raw("x", 9, array_header(8, kHuge)); }},
      {"HugeArrayOfArrays", ErrorCode::truncated, "",
       [=](auto& b) { b.raw("x", 9, array_header(9, kHuge)); }},
      {"DeepArrays", ErrorCode::limit_exceeded, "nested",
       [](auto& b) { b.raw("x", 9, nested_arrays(50)); }},
      {"HugeString", ErrorCode::truncated, "'x'",
       [=](auto& b) { b.scalar("x", 8, std::uint64_t{kHuge}); }},
      {"LongKey", ErrorCode::limit_exceeded, "a key is 65536",
       [](auto& b) { b.u32(std::string(65536, 'k'), 1); }},
      {"BoolOfTwo", ErrorCode::malformed, "neither 0 nor 1",
       [](auto& b) { b.template scalar<std::uint8_t>("x", 7, 2); }},
      {"DuplicateKey", ErrorCode::duplicate, "'x'", [](auto& b) { b.u32("x", 1).u32("x", 1); }},
      {"ControlCharactersInKey", ErrorCode::duplicate, "\\x1B[2J",
       [](auto& b) { b.u32("\x1b[2J", 1).u32("\x1b[2J", 1); }},
      {"AlignmentZero", ErrorCode::malformed, "alignment",
       [](auto& b) { b.u32("general.alignment", 0); }},
      {"AlignmentOdd", ErrorCode::malformed, "alignment",
       [](auto& b) { b.u32("general.alignment", 33); }},
      {"AlignmentHuge", ErrorCode::wrong_type, "alignment",
       [](auto& b) { b.u64("general.alignment", 1ULL << 63); }},
      {"AlignmentText", ErrorCode::wrong_type, "alignment",
       [](auto& b) { b.text("general.alignment", "32"); }},
      {"LongTensorName", ErrorCode::limit_exceeded, "name is 65",
       [](auto& b) { b.tensor(std::string(65, 'n'), {2}, 0, kTwoFloats); }},
      {"DuplicateTensor", ErrorCode::duplicate, "'t'",
       [](auto& b) { b.tensor("t", {2}, 0, kTwoFloats).tensor("t", {2}, 0, kTwoFloats); }},
      {"NoDimensions", ErrorCode::bad_tensor, "0 dimensions",
       [](auto& b) { b.tensor("t", {}, 0, {}).tensor("u", {2}, 0, kTwoFloats); }},
      {"FiveDimensions", ErrorCode::bad_tensor, "5 dimensions",
       [](auto& b) {
         b.tensor("t", {1, 1, 1, 1, 1}, 0, kTwoFloats);
       }},
      {"ZeroDimension", ErrorCode::bad_tensor, "zero",
       [](auto& b) {
         b.tensor("t", {2, 0}, 0, {});
       }},
      {"ElementOverflow", ErrorCode::bad_tensor, "more elements",
       [](auto& b) {
         b.tensor("t", {1ULL << 33, 1ULL << 33}, 0, kTwoFloats);
       }},
      {"ByteOverflow", ErrorCode::bad_tensor, "more elements",
       [](auto& b) {
         b.tensor("t", {1ULL << 62, 2}, 0, kTwoFloats);
       }},
      {"PartOfABlock", ErrorCode::bad_tensor, "whole number of Q4_K blocks",
       [](auto& b) { b.tensor("t", {255}, 12, kTwoFloats); }},
      {"PrivateType", ErrorCode::unsupported_type, "'t' has type 140, which is private",
       [](auto& b) { b.tensor("t", {256}, 140, kTwoFloats); }},
      {"RemovedType", ErrorCode::unsupported_type, "removed",
       [](auto& b) { b.tensor("t", {32}, 4, kTwoFloats); }},
      {"FutureType", ErrorCode::unsupported_type, "type 60",
       [](auto& b) { b.tensor("t", {32}, 60, kTwoFloats); }},
      {"Misaligned", ErrorCode::bad_tensor, "multiple of the alignment",
       [](auto& b) {
         b.tensor("a", {16}, 0, std::vector<std::byte>(64)).tensor_entry({"t", {2}, 0, 8});
       }},
      {"Overlapping", ErrorCode::bad_tensor, "overlaps 'a'",
       [](auto& b) {
         b.tensor("a", {16}, 0, std::vector<std::byte>(64)).tensor_entry({"t", {2}, 0, 32});
       }},
      {"SamePlace", ErrorCode::bad_tensor, "overlaps",
       [](auto& b) {
         b.tensor("a", {2}, 0, kTwoFloats).tensor_entry({"t", {2}, 0, 0});
       }},
      {"OutsideTheFile", ErrorCode::truncated, "outside the file",
       [](auto& b) {
         b.tensor("a", {2}, 0, kTwoFloats).tensor_entry({"t", {2}, 0, 64});
       }},
      {"OffsetOverflow", ErrorCode::truncated, "outside the file",
       [=](auto& b) {
         b.tensor("a", {2}, 0, kTwoFloats).tensor_entry({"t", {2}, 0, kHuge - 31});
       }},
      {"LargerThanTheFile", ErrorCode::truncated, "outside the file",
       [](auto& b) { b.tensor("t", {1ULL << 40}, 0, kTwoFloats); }},
  };
  return cases;
}

class HostileFile : public testing::TestWithParam<HostileCase> {};

TEST_P(HostileFile, GivesItsError) {
  GgufBuilder builder;
  builder.text("general.architecture", "llama");
  GetParam().make(builder);
  const std::vector<std::byte> file = builder.build();
  try {
    parse_gguf(file);
    FAIL() << "was accepted";
  } catch (const LlmError& error) {
    EXPECT_EQ(to_string(error.code()), to_string(GetParam().code)) << error.what();
    EXPECT_NE(std::string(error.what()).find(GetParam().mentions), std::string::npos)
        << error.what();
    EXPECT_EQ(std::string(error.what()).find('\x1b'), std::string::npos)
        << "would drive a terminal";
  }
}

INSTANTIATE_TEST_SUITE_P(Table, HostileFile, testing::ValuesIn(hostile_cases()),
                         [](const auto& info) { return info.param.name; });

// A small file with everything that a model has.
std::vector<std::byte> small_model() {
  GgufBuilder builder;
  builder.text("general.architecture", "qwen3")
      .u32("qwen3.block_count", 1)
      .u32("qwen3.context_length", 64)
      .u32("qwen3.embedding_length", 32)
      .u32("qwen3.feed_forward_length", 32)
      .u32("qwen3.attention.head_count", 2)
      .u32("qwen3.attention.head_count_kv", 1)
      .u32("qwen3.attention.key_length", 16)
      .u32("qwen3.attention.value_length", 16)
      .f32("qwen3.attention.layer_norm_rms_epsilon", 1e-6F)
      .text("tokenizer.ggml.model", "gpt2")
      .text("tokenizer.ggml.pre", "qwen2")
      .texts("tokenizer.ggml.tokens", {"a", "b", "ab", "<|im_end|>"})
      .numbers<std::int32_t>("tokenizer.ggml.token_type", 5, {1, 1, 1, 3})
      .texts("tokenizer.ggml.merges", {"a b"})
      .u32("tokenizer.ggml.eos_token_id", 3);
  const auto add = [&](const std::string& name, std::vector<std::uint64_t> dimensions) {
    std::uint64_t bytes = 4;
    for (const std::uint64_t dimension : dimensions) bytes *= dimension;
    builder.tensor(name, std::move(dimensions), 0, std::vector<std::byte>(bytes));
  };
  add("token_embd.weight", {32, 4});
  add("output_norm.weight", {32});
  add("blk.0.attn_norm.weight", {32});
  add("blk.0.attn_q.weight", {32, 32});
  add("blk.0.attn_k.weight", {32, 16});
  add("blk.0.attn_v.weight", {32, 16});
  add("blk.0.attn_q_norm.weight", {16});
  add("blk.0.attn_k_norm.weight", {16});
  add("blk.0.attn_output.weight", {32, 32});
  add("blk.0.ffn_norm.weight", {32});
  add("blk.0.ffn_gate.weight", {32, 32});
  add("blk.0.ffn_up.weight", {32, 32});
  add("blk.0.ffn_down.weight", {32, 32});
  return builder.build();
}

// A file whose bytes are changed in place, which is much faster than writing it anew.
class ChangingFile {
 public:
  ChangingFile(std::filesystem::path path, std::span<const std::byte> bytes)
      : path_(std::move(path)), file_(open(path_.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600)) {
    write(0, bytes);
  }

  void write(std::size_t offset, std::span<const std::byte> bytes) {
    ASSERT_EQ(pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset)),
              static_cast<ssize_t>(bytes.size()));
  }
  void cut(std::size_t size) { ASSERT_EQ(ftruncate(file_.get(), static_cast<off_t>(size)), 0); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  FileDescriptor file_;
};

// Everything that is done with a file before a card is involved. Anything but an LlmError escapes.
bool survives(const std::filesystem::path& path) {
  try {
    const ModelFiles files(path);
    const Tokenizer tokenizer(files.metadata());
    tokenizer.encode("abba<|im_end|>b", SpecialTokens::all);
    const ModelConfig config = read_model_config(files);
    const ModelWeights weights(files, config);
    return true;
  } catch (const LlmError&) {
    return false;
  }
}

TEST(HostileFile, TruncatedAtEveryByte) {
  TemporaryFolder folder;
  const std::vector<std::byte> bytes = small_model();
  ChangingFile file(folder.path() / "model.gguf", bytes);
  EXPECT_TRUE(survives(file.path()));
  // The data in steps, and then the tables byte by byte.
  for (std::size_t size = bytes.size() - 1; size > 0; size -= size > 2048 ? 97 : 1) {
    file.cut(size);
    EXPECT_FALSE(survives(file.path())) << "cut to " << size << " of " << bytes.size() << " bytes";
  }
  file.cut(0);
  EXPECT_FALSE(survives(file.path()));
}

TEST(HostileFile, FlippedBits) {
  TemporaryFolder folder;
  const std::vector<std::byte> original = small_model();
  ChangingFile file(folder.path() / "model.gguf", original);
  std::mt19937 random(20240607);
  // Most of the file is data, where a flip does no harm: the tables are what matters.
  constexpr std::size_t kTables = 1800;
  std::uniform_int_distribution<std::size_t> position(0, kTables - 1);
  std::uniform_int_distribution<int> bit(0, 7), flips(1, 4);
  int rejected = 0;
  constexpr int kRounds = 10000;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<std::byte> tables(original.begin(), original.begin() + kTables);
    for (int i = flips(random); i > 0; --i) tables[position(random)] ^= std::byte{1} << bit(random);
    file.write(0, tables);
    if (!survives(file.path())) ++rejected;
  }
  EXPECT_GT(rejected, kRounds / 2);
  file.write(0, original);
  EXPECT_TRUE(survives(file.path()));
}

// The largest resident size of the process, in KiB.
long peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

TEST(HostileFile, AnnouncedSizesCostNoMemory) {
  const long before = peak_memory();
  for (const HostileCase& hostile : hostile_cases()) {
    GgufBuilder builder;
    hostile.make(builder);
    EXPECT_THROW(parse_gguf(builder.build()), LlmError) << hostile.name;
  }
  EXPECT_LT(peak_memory() - before, 64 * 1024) << "KiB";
}

TEST(HostileFile, WhatIsNoFile) {
  TemporaryFolder folder;
  EXPECT_THROW(GgufFile(folder.path() / "absent.gguf"), LlmError);
  EXPECT_THROW(GgufFile{folder.path()}, LlmError);
  ASSERT_EQ(mkfifo((folder.path() / "pipe").c_str(), 0600), 0);
  EXPECT_THROW(GgufFile(folder.path() / "pipe"), LlmError);
  const ChangingFile empty(folder.path() / "empty.gguf", {});
  EXPECT_THROW(GgufFile(folder.path() / "empty.gguf"), LlmError);
}

}  // namespace
}  // namespace redbolt::llm
