// The weights as they lie on the card: the same whatever the pieces they are read in, and named by
// what they are.
#include "engine/weight_image.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <optional>

#include "redbolt/llm/error.hpp"
#include "temporary_folder.hpp"
#include "test_paths.hpp"

namespace redbolt::llm {
namespace {

const std::filesystem::path kModel =
    std::filesystem::path(REDBOLT_TEST_DATA) / "models/tiny-qwen3-Q4_K_M.gguf";

struct Opened {
  explicit Opened(const std::filesystem::path& path)
      : files(path),
        config(read_model_config(files)),
        weights(files, config),
        image(files, weights) {}
  ModelFiles files;
  ModelConfig config;
  ModelWeights weights;
  std::vector<std::byte> bytes;  // before the image, which hashes in the background
  WeightImage image;
};

const std::vector<std::byte>& read_all(Opened& model, std::size_t piece) {
  std::vector<std::byte>& bytes = model.bytes;
  bytes.resize(model.weights.buffer_bytes());
  for (std::size_t at = 0; at < bytes.size(); at += piece)
    model.image.read_next(std::span(bytes).subspan(at, std::min(piece, bytes.size() - at)));
  return bytes;
}

TEST(WeightImage, HasEveryTensorAtItsPlace) {
  Opened model(kModel);
  const auto& bytes = read_all(model, 1 << 20);
  std::uint64_t covered = 0;
  for (const PlacedTensor& placed : model.weights.placed()) {
    const auto content = placed.tensor->read();
    ASSERT_EQ(content.size(), placed.bytes);
    EXPECT_TRUE(std::ranges::equal(content, std::span(bytes).subspan(placed.offset, placed.bytes)))
        << placed.tensor->info.name;
    covered += placed.bytes;
  }
  EXPECT_LE(bytes.size() - covered, 256 * model.weights.placed().size());
}

TEST(WeightImage, DoesNotDependOnThePieces) {
  Opened whole(kModel), small(kModel);
  EXPECT_EQ(read_all(whole, std::size_t{64} << 20), read_all(small, 77'777));
  EXPECT_EQ(whole.image.finish(), small.image.finish());
}

class ChangedModel : public testing::Test {
 protected:
  ChangedModel() { std::filesystem::copy_file(kModel, path_); }
  void change_byte(std::uint64_t at) {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(at));
    const char byte = static_cast<char>(file.get() ^ 1);
    file.seekp(static_cast<std::streamoff>(at));
    file.put(byte);
  }
  std::uint64_t last_tensor_byte() const {
    const ModelFiles files(path_);
    return files.files().front().size() - 40;
  }
  test::TemporaryFolder folder_;
  std::filesystem::path path_ = folder_.path() / "model.gguf";
};

TEST_F(ChangedModel, HasAnotherHashAndAnotherKey) {
  Opened before(path_);
  read_all(before, 1 << 20);
  const auto hash = before.image.finish();
  change_byte(last_tensor_byte());
  std::filesystem::last_write_time(
      path_, std::filesystem::file_time_type::clock::now() + std::chrono::hours(1));
  Opened after(path_);
  EXPECT_NE(after.image.key(), before.image.key());
  read_all(after, 1 << 20);
  EXPECT_NE(after.image.finish(), hash);
  // A copy has the same content, and is another file.
  Opened original(kModel);
  EXPECT_NE(original.image.key(), before.image.key());
  read_all(original, 1 << 20);
  EXPECT_EQ(original.image.finish(), hash);
}

TEST_F(ChangedModel, WhileItIsReadIsNoticed) {
  Opened model(path_);
  read_all(model, 1 << 20);
  std::filesystem::last_write_time(
      path_, std::filesystem::file_time_type::clock::now() + std::chrono::hours(1));
  EXPECT_THROW(model.image.finish(), LlmError);
}

TEST_F(ChangedModel, CutShortWhileItIsInUseIsAnError) {
  Opened model(path_);
  std::filesystem::resize_file(path_, 100'000);
  // What was read at the start is still there, and what is missing is an error and no signal.
  EXPECT_EQ(model.files.metadata().require_string("general.architecture"), "qwen3");
  try {
    read_all(model, 1 << 20);
    FAIL() << "nothing was noticed";
  } catch (const LlmError& error) {
    EXPECT_EQ(error.code(), ErrorCode::io);
    EXPECT_NE(std::string(error.what()).find("cut short"), std::string::npos) << error.what();
  }
}

TEST_F(ChangedModel, JustNowIsTooFresh) {
  Opened fresh(path_);
  change_byte(last_tensor_byte());
  Opened changed(path_);
  EXPECT_TRUE(changed.image.too_fresh_to_remember());
  EXPECT_FALSE(Opened(kModel).image.too_fresh_to_remember());
}

}  // namespace
}  // namespace redbolt::llm
