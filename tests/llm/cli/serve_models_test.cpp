// The models that `serve` is given, and what clients call them.
#include "cli/serve_models.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "cli/usage_error.hpp"
#include "temporary_folder.hpp"

namespace redbolt::llm::cli {
namespace {

using Texts = std::vector<std::string>;
using Named = std::vector<ModelNames>;

Named named(const Texts& asked, const Texts& aliases) {
  return name_models(asked, aliases);
}

std::string refusal(const Texts& asked, const Texts& aliases) {
  try {
    name_models(asked, aliases);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

TEST(NameModels, OneHasAllAliases) {
  EXPECT_EQ(named({"/models/Qwen3-8B.gguf"}, {}), (Named{{"Qwen3-8B", {}}}));
  EXPECT_EQ(named({"qwen3:8b"}, {}), (Named{{"qwen3:8b", {}}}));
  EXPECT_EQ(named({"./a.gguf"}, {"chat", "gpt-4o"}), (Named{{"chat", {"gpt-4o", "a"}}}));
}

TEST(NameModels, SeveralHaveOneEachInOrder) {
  EXPECT_EQ(named({"./a.gguf", "b:1b"}, {}), (Named{{"a", {}}, {"b:1b", {}}}));
  EXPECT_EQ(named({"./a.gguf", "b:1b"}, {"chat"}), (Named{{"chat", {"a"}}, {"b:1b", {}}}));
  EXPECT_EQ(named({"./a.gguf", "b:1b"}, {"chat", "coder"}),
            (Named{{"chat", {"a"}}, {"coder", {"b:1b"}}}));
  EXPECT_NE(refusal({"a", "b"}, {"1", "2", "3"}).find("3 times for 2 models"), std::string::npos);
}

TEST(NameModels, NoNameMeansTwo) {
  const std::string message = refusal({"x/model.gguf", "y/Model.gguf"}, {});
  EXPECT_NE(message.find("'x/model.gguf' and 'y/Model.gguf'"), std::string::npos) << message;
  EXPECT_NE(message.find("--alias"), std::string::npos) << message;
  EXPECT_NE(refusal({"a", "b"}, {"same", "same"}), "");
  EXPECT_NE(refusal({"a", "a:latest"}, {}), "");
  EXPECT_NE(refusal({"a", "b"}, {"b"}), "");
  // Told apart by their aliases, their own name is nobody's.
  EXPECT_EQ(named({"x/model.gguf", "y/model.gguf"}, {"one", "two"}),
            (Named{{"one", {}}, {"two", {}}}));
  EXPECT_EQ(named({"one", "two"}, {"two", "one"}), (Named{{"two", {}}, {"one", {}}}));
}

TEST(OpenModels, TheSameFileTwiceIsAMistake) {
  namespace fs = std::filesystem;
  const fs::path demo = fs::path(REDBOLT_DEMO_MODEL) / "redbolt-demo-Q4_K_M.gguf";
  const test::TemporaryFolder folder;
  const fs::path link = folder.path() / "other.gguf";
  fs::create_symlink(demo, link);
  EngineShape wanted;
  wanted.context = 0;
  wanted.slots = 3;
  const Texts twice{demo.string(), link.string()};
  EXPECT_THROW(open_models(twice, {}, wanted), UsageError);
  const Texts two{demo.string(), fs::path(REDBOLT_DEMO_MODEL) / "redbolt-demo-F16.gguf"};
  const auto models = open_models(two, {}, wanted);
  ASSERT_EQ(models.size(), 2U);
  EXPECT_EQ(models[0].model->id(), "redbolt-demo-Q4_K_M");
  EXPECT_EQ(models[1].model->id(), "redbolt-demo-F16");
  // What the demo model was trained for (tools/demo-model/README.md).
  EXPECT_EQ(models[1].shape.context, 1024U);
  EXPECT_EQ(models[1].shape.slots, 3U);
}

}  // namespace
}  // namespace redbolt::llm::cli
