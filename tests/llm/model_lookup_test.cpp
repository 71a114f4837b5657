// Models by name, in made-up folders laid out as Ollama, LM Studio and huggingface_hub lay out
// theirs.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "models/name.hpp"
#include "redbolt/llm/error.hpp"
#include "redbolt/llm/models/catalogue.hpp"
#include "temporary_folder.hpp"

namespace redbolt::llm {
namespace {

namespace fs = std::filesystem;

const std::string kHash(64, 'a');

class ModelLookup : public testing::Test {
 protected:
  fs::path home() const { return folder_.path(); }
  fs::path own() const { return home() / ".local/share/redbolt/models"; }
  fs::path lm_studio() const { return home() / ".lmstudio/models"; }
  fs::path hub() const { return home() / ".cache/huggingface/hub"; }
  fs::path ollama() const { return home() / ".ollama/models"; }

  void write(const fs::path& path, const std::string& text = "GGUF") {
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
  }
  // As `ollama pull` leaves it.
  void pull(const std::string& host_and_name, const std::string& tag, const std::string& hash) {
    write(ollama() / "manifests" / host_and_name / tag, manifest("sha256:" + hash));
    write(ollama() / "blobs" / ("sha256-" + hash), "GGUF of " + hash);
  }
  static std::string manifest(const std::string& digest) {
    return R"({"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json",)"
           R"("config":{"mediaType":"application/vnd.docker.container.image.v1+json","digest":"sha256:)" +
           std::string(64, 'c') +
           R"(","size":487},"layers":[{"mediaType":"application/vnd.ollama.image.template","digest":"sha256:)" +
           std::string(64, 'd') +
           R"(","size":1},{"mediaType":"application/vnd.ollama.image.model","digest":")" + digest +
           R"(","size":12}]})";
  }

  Environment environment() const {
    return [this](const std::string& name) -> std::optional<std::string> {
      const auto found = variables_.find(name);
      if (found != variables_.end()) return found->second;
      if (name == "HOME") return home().string();
      return std::nullopt;
    };
  }
  // Of this home only: the machine may have an Ollama of its own.
  ModelCatalogue catalogue() const {
    ModelCatalogue all = find_models(environment());
    std::erase_if(all.models, [](const FoundModel& model) {
      return model.file.string().starts_with("/usr/share/ollama");
    });
    return all;
  }
  std::string file_of(const std::string& name) const {
    return look_up_model(name, catalogue()).file.string();
  }
  LlmError failure(const std::string& name) const {
    try {
      const std::string found = file_of(name);
      return {ErrorCode::device, "found " + found};
    } catch (const LlmError& error) {
      return error;
    }
  }

  test::TemporaryFolder folder_;
  std::map<std::string, std::string> variables_;
};

TEST_F(ModelLookup, NothingAnywhere) {
  EXPECT_TRUE(catalogue().models.empty());
  EXPECT_TRUE(catalogue().notes.empty());
  EXPECT_EQ(failure("qwen3:32b").code(), ErrorCode::model_not_found);
  EXPECT_EQ(failure("").code(), ErrorCode::model_not_found);
}

TEST_F(ModelLookup, OllamaNames) {
  pull("registry.ollama.ai/library/qwen3", "32b", kHash);
  pull("registry.ollama.ai/library/llama3.2", "latest", std::string(64, 'b'));
  pull("registry.ollama.ai/someone/tuned", "7b-q4_0", std::string(64, '1'));
  pull("hf.co/Qwen/Qwen3-8B-GGUF", "Q4_K_M", std::string(64, '2'));
  const std::string blob = ollama() / ("blobs/sha256-" + kHash);
  EXPECT_EQ(file_of("qwen3:32b"), blob);
  EXPECT_EQ(file_of("QWEN3:32B"), blob);
  EXPECT_EQ(file_of("qwen3"), blob);  // the only one
  EXPECT_EQ(file_of("llama3.2"), ollama() / ("blobs/sha256-" + std::string(64, 'b')));
  EXPECT_EQ(file_of("llama3.2:latest"), ollama() / ("blobs/sha256-" + std::string(64, 'b')));
  EXPECT_EQ(file_of("someone/tuned:7b-q4_0"), ollama() / ("blobs/sha256-" + std::string(64, '1')));
  for (const char* name : {"hf.co/Qwen/Qwen3-8B-GGUF:Q4_K_M", "Qwen/Qwen3-8B-GGUF:q4_k_m",
                           "Qwen/Qwen3-8B-GGUF", "qwen/qwen3-8b:Q4_K_M"})
    EXPECT_EQ(file_of(name), ollama() / ("blobs/sha256-" + std::string(64, '2'))) << name;
  EXPECT_EQ(look_up_model("qwen3:32b", catalogue()).bytes, 8 + kHash.size());
  EXPECT_EQ(look_up_model("qwen3:32b", catalogue()).place, "Ollama");
}

TEST_F(ModelLookup, LatestComesFirstAndOtherwiseCandidatesAreListed) {
  pull("registry.ollama.ai/library/qwen3", "8b", kHash);
  pull("registry.ollama.ai/library/qwen3", "32b", std::string(64, 'b'));
  const LlmError error = failure("qwen3");
  EXPECT_EQ(error.code(), ErrorCode::ambiguous_model);
  EXPECT_NE(std::string(error.what()).find("qwen3:8b"), std::string::npos) << error.what();
  EXPECT_NE(std::string(error.what()).find("qwen3:32b"), std::string::npos) << error.what();
  pull("registry.ollama.ai/library/qwen3", "latest", std::string(64, 'e'));
  EXPECT_EQ(file_of("qwen3"), ollama() / ("blobs/sha256-" + std::string(64, 'e')));
}

TEST_F(ModelLookup, OllamasFolderCanBeElsewhere) {
  pull("registry.ollama.ai/library/qwen3", "8b", kHash);
  fs::rename(ollama(), home() / "elsewhere");
  EXPECT_EQ(failure("qwen3:8b").code(), ErrorCode::model_not_found);
  variables_["OLLAMA_MODELS"] = home() / "elsewhere";
  EXPECT_EQ(file_of("qwen3:8b"), home() / "elsewhere/blobs" / ("sha256-" + kHash));
}

TEST_F(ModelLookup, QuantisationsOfARepository) {
  const fs::path repository = lm_studio() / "bartowski" / "Qwen2.5-14B-Instruct-GGUF";
  for (const char* quantization : {"F16", "Q8_0", "Q4_K_M", "Q2_K", "IQ4_XS"})
    write(repository / ("Qwen2.5-14B-Instruct-" + std::string(quantization) + ".gguf"));
  write(repository / "mmproj-Qwen2.5-14B-Instruct-f16.gguf");
  write(repository / "README.md");
  EXPECT_EQ(catalogue().models.size(), 5U);
  EXPECT_EQ(catalogue().models.front().name, "bartowski/Qwen2.5-14B-Instruct-GGUF:F16");
  const auto file = [&](const char* name) { return fs::path(file_of(name)).filename().string(); };
  EXPECT_EQ(file("bartowski/Qwen2.5-14B-Instruct-GGUF"), "Qwen2.5-14B-Instruct-Q4_K_M.gguf");
  EXPECT_EQ(file("bartowski/qwen2.5-14b-instruct-gguf:iq4_xs"), "Qwen2.5-14B-Instruct-IQ4_XS.gguf");
  // As Ollama would name it.
  EXPECT_EQ(file("qwen2.5:14b-instruct"), "Qwen2.5-14B-Instruct-Q4_K_M.gguf");
  EXPECT_EQ(file("qwen2.5:14b-instruct-q8_0"), "Qwen2.5-14B-Instruct-Q8_0.gguf");
  EXPECT_EQ(failure("bartowski/Qwen2.5-14B-Instruct-GGUF:Q6_K").code(), ErrorCode::model_not_found);
  EXPECT_EQ(failure("qwen2.5:14b").code(), ErrorCode::model_not_found);
  fs::remove(repository / "Qwen2.5-14B-Instruct-Q4_K_M.gguf");
  EXPECT_EQ(file("qwen2.5:14b-instruct"), "Qwen2.5-14B-Instruct-IQ4_XS.gguf");
}

TEST_F(ModelLookup, TheOlderFolderOfLmStudio) {
  write(home() / ".cache/lm-studio/models/user/repo/m.gguf");
  EXPECT_EQ(file_of("user/repo"), home() / ".cache/lm-studio/models/user/repo/m.gguf");
}

TEST_F(ModelLookup, HuggingFaceCache) {
  const fs::path repository = hub() / "models--unsloth--Qwen3-8B-GGUF";
  const std::string old_revision(40, '1'), new_revision(40, '2');
  write(repository / "blobs" / std::string(64, '3'), "old");
  write(repository / "blobs" / std::string(64, '4'), "newer");
  write(repository / "refs/main", new_revision);
  for (const auto& [revision, blob] : {std::pair{old_revision, '3'}, {new_revision, '4'}}) {
    fs::create_directories(repository / "snapshots" / revision);
    fs::create_symlink(fs::path("../../blobs") / std::string(64, blob),
                       repository / "snapshots" / revision / "Qwen3-8B-UD-Q4_K_XL.gguf");
  }
  // Only in the older revision.
  fs::create_symlink(fs::path("../../blobs") / std::string(64, '3'),
                     repository / "snapshots" / old_revision / "Qwen3-8B-Q8_0.gguf");
  write(hub() / "datasets--user--words/snapshots/1/x.gguf");
  ASSERT_EQ(catalogue().models.size(), 2U);
  EXPECT_EQ(file_of("unsloth/Qwen3-8B-GGUF:UD-Q4_K_XL"),
            repository / "snapshots" / new_revision / "Qwen3-8B-UD-Q4_K_XL.gguf");
  EXPECT_EQ(look_up_model("unsloth/Qwen3-8B-GGUF:UD-Q4_K_XL", catalogue()).bytes, 5U);
  EXPECT_EQ(file_of("unsloth/Qwen3-8B-GGUF:Q8_0"),
            repository / "snapshots" / old_revision / "Qwen3-8B-Q8_0.gguf");
  fs::rename(home() / ".cache/huggingface", home() / "hf");
  EXPECT_EQ(failure("unsloth/Qwen3-8B-GGUF:Q8_0").code(), ErrorCode::model_not_found);
  variables_["HF_HOME"] = home() / "hf";
  EXPECT_EQ(catalogue().models.size(), 2U);
  variables_["HF_HUB_CACHE"] = home() / "nowhere";
  EXPECT_EQ(catalogue().models.size(), 0U);
}

TEST_F(ModelLookup, OwnFolderComesFirst) {
  write(own() / "Qwen3-8B-Q4_K_M.gguf");
  write(own() / "work/Tuned-1B-Q8_0.gguf");
  write(lm_studio() / "Qwen/Qwen3-8B-GGUF/Qwen3-8B-Q4_K_M.gguf");
  EXPECT_EQ(file_of("qwen3:8b"), own() / "Qwen3-8B-Q4_K_M.gguf");
  EXPECT_EQ(file_of("Qwen3-8B"), own() / "Qwen3-8B-Q4_K_M.gguf");
  EXPECT_EQ(file_of("qwen3-8b-q4_k_m"), own() / "Qwen3-8B-Q4_K_M.gguf");
  EXPECT_EQ(file_of("Qwen/Qwen3-8B-GGUF"), lm_studio() / "Qwen/Qwen3-8B-GGUF/Qwen3-8B-Q4_K_M.gguf");
  EXPECT_EQ(file_of("work/tuned-1b"), own() / "work/Tuned-1B-Q8_0.gguf");
  variables_["XDG_DATA_HOME"] = home() / "data";
  EXPECT_EQ(model_roots(environment()).front().folder, home() / "data/redbolt/models");
  variables_["REDBOLT_MODELS"] = home() / "mine";
  EXPECT_EQ(model_roots(environment()).front().folder, home() / "mine");
}

TEST_F(ModelLookup, PartsCountAsOne) {
  for (const char* part : {"00001", "00002", "00003"})
    write(own() / ("Big-70B-Q4_K_M-" + std::string(part) + "-of-00003.gguf"), "0123456789");
  for (const char* part : {"00001", "00003"})
    write(own() / ("Torn-70B-Q4_K_M-" + std::string(part) + "-of-00003.gguf"));
  ASSERT_EQ(catalogue().models.size(), 2U);
  EXPECT_EQ(file_of("big:70b"), own() / "Big-70B-Q4_K_M-00001-of-00003.gguf");
  EXPECT_EQ(look_up_model("big:70b", catalogue()).bytes, 30U);
  const LlmError error = failure("torn:70b");
  EXPECT_EQ(error.code(), ErrorCode::io);
  EXPECT_NE(std::string(error.what()).find("2 of its 3 parts"), std::string::npos) << error.what();
}

TEST_F(ModelLookup, WhatIsNearIsSuggested) {
  pull("registry.ollama.ai/library/qwen3", "32b", kHash);
  write(own() / "Mistral-7B-Instruct-Q4_K_M.gguf");
  const std::string text = failure("qwem3:32b").what();
  EXPECT_NE(text.find("qwen3:32b"), std::string::npos) << text;
  EXPECT_EQ(text.find("Mistral"), std::string::npos) << text;
  EXPECT_NE(std::string(failure("mistral-7b").what()).find("Mistral-7B-Instruct"),
            std::string::npos);
  const std::string strange = failure("a model with a long name that is like nothing").what();
  EXPECT_NE(strange.find("redbolt-llm list"), std::string::npos) << strange;
}

TEST_F(ModelLookup, DamagedManifests) {
  const fs::path library = ollama() / "manifests/registry.ollama.ai/library";
  write(home() / "secret", "GGUF");
  const std::map<std::string, std::string> texts = {
      {"empty", ""},
      {"cut", manifest("sha256:" + kHash).substr(0, 100)},
      {"no-layers", R"({"layers":{"a":1}})"},
      {"list", "[]"},
      {"number", "7"},
      {"strange", R"({"layers":[1,null,[],{"mediaType":7},{"mediaType":[]}]})"},
      {"no-digest", R"({"layers":[{"mediaType":"application/vnd.ollama.image.model"}]})"},
      {"number-digest",
       R"({"layers":[{"mediaType":"application/vnd.ollama.image.model","digest":1}]})"},
      {"path", manifest("../../../secret")},
      {"path-in-digest", manifest("sha256:../../../../secret" + std::string(42, '/'))},
      {"absolute", manifest((home() / "secret").string())},
      {"not-hex", manifest("sha256:" + std::string(64, 'g'))},
      {"missing", manifest("sha256:" + std::string(64, 'f'))},
      {"deep", std::string(500'000, '[')},
      {"large", std::string(2'000'000, ' ')},
      {"binary", std::string("\0\xff\xfe\x1b[2J", 7)},
      {"adapter",
       R"({"layers":[{"mediaType":"application/vnd.ollama.image.adapter","digest":"x"}]})"},
  };
  for (const auto& [name, text] : texts) write(library / name / "latest", text);
  write(library / "not-a-tag");
  write(library / "too/deep/for/a-tag");
  EXPECT_EQ(catalogue().models.size(), texts.size());
  for (const auto& [name, text] : texts) {
    const LlmError error = failure(name);
    EXPECT_EQ(error.code(), ErrorCode::io) << name << ": " << error.what();
    EXPECT_NE(std::string(error.what()).find(name), std::string::npos) << error.what();
  }
}

TEST_F(ModelLookup, LoopsOfLinksEnd) {
  write(own() / "a/One-1B-Q8_0.gguf");
  fs::create_directory_symlink(own(), own() / "a/again");
  fs::create_symlink("loop.gguf", own() / "loop.gguf");
  fs::create_directory_symlink("round", own() / "round");
  fs::create_symlink("nowhere.gguf", own() / "dangling.gguf");
  ASSERT_EQ(catalogue().models.size(), 1U);
  EXPECT_EQ(file_of("one:1b"), own() / "a/One-1B-Q8_0.gguf");
}

TEST_F(ModelLookup, PathsAreNotNames) {
  write(own() / "Qwen3-8B-Q4_K_M.gguf");
  for (const char* path : {"/no/such/file", "./x", "../x", "x.gguf", "dir/x.GGUF"}) {
    EXPECT_TRUE(is_model_path(path)) << path;
    EXPECT_EQ(model_file(path, environment()), path);
  }
  for (const char* name : {"qwen3:8b", "user/repo:Q4_K_M", "qwen3"})
    EXPECT_FALSE(is_model_path(name)) << name;
  EXPECT_EQ(model_file("qwen3:8b", environment()), own() / "Qwen3-8B-Q4_K_M.gguf");
}

TEST(ModelNames, Quantisations) {
  for (const char* text : {"Q4_K_M", "q8_0", "IQ2_XXS", "iq4_nl", "BF16", "f16", "UD-Q4_K_XL",
                           "Q4_0_4_4", "Q3_K", "TQ1_0", "MXFP4", "Q8"})
    EXPECT_TRUE(models::is_quantization(text)) << text;
  for (const char* text : {"", "Q", "K_M", "Qwen3", "Q4K", "Q4_", "Q4__0", "8b", "I4", "instruct"})
    EXPECT_FALSE(models::is_quantization(text)) << text;
  EXPECT_EQ(models::split_quantization("Qwen3-32B-Q4_K_M").base, "Qwen3-32B");
  EXPECT_EQ(models::split_quantization("model.Q5_K_S").quantization, "Q5_K_S");
  EXPECT_EQ(models::split_quantization("Qwen3-32B").quantization, "");
  EXPECT_LT(models::preference("Q4_K_M"), models::preference("Q8_0"));
  EXPECT_EQ(models::distance("kitten", "sitting"), 3U);
  EXPECT_EQ(models::distance("", "abc"), 3U);
}

}  // namespace
}  // namespace redbolt::llm
