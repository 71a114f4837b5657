// The reference tokenizations of the Qwen3 and GPT-2 vocabularies: every text, every id.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "redbolt/llm/gguf/model_files.hpp"
#include "redbolt/llm/tokenizer/streaming_decoder.hpp"
#include "redbolt/llm/tokenizer/tokenizer.hpp"
#include "test_paths.hpp"

namespace redbolt::llm {
namespace {

const std::filesystem::path kFolder = std::filesystem::path(REDBOLT_TEST_DATA) / "tokenizers";

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

// Texts are separated by a line of their own.
std::vector<std::string> read_texts(const std::filesystem::path& path) {
  const std::string separator = "\n__ggml_vocab_test__\n";
  std::string all = read_file(path);
  std::vector<std::string> texts;
  for (std::size_t at = all.find(separator); at != std::string::npos; at = all.find(separator)) {
    texts.push_back(all.substr(0, at));
    all.erase(0, at + separator.size());
  }
  return texts;
}

std::vector<std::vector<TokenId>> read_ids(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<std::vector<TokenId>> lines;
  for (std::string line; std::getline(file, line);) {
    std::istringstream numbers(line);
    lines.emplace_back(std::istream_iterator<TokenId>(numbers), std::istream_iterator<TokenId>());
  }
  return lines;
}

class TokenizerVectors : public testing::TestWithParam<std::string> {};

TEST_P(TokenizerVectors, AllTextsGiveAllIdsAndTheTextBack) {
  const std::filesystem::path base = kFolder / GetParam();
  const ModelFiles model(base.string() + ".gguf");
  const Tokenizer tokenizer(model.metadata());
  const auto texts = read_texts(base.string() + ".inp");
  const auto expected = read_ids(base.string() + ".out");
  ASSERT_EQ(texts.size(), expected.size());
  ASSERT_GT(texts.size(), 40U);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto ids = tokenizer.encode(texts[i], SpecialTokens::user_defined);
    EXPECT_EQ(ids, expected[i]) << "text " << i << ": '" << texts[i] << "'";
    StreamingDecoder decoder(tokenizer);
    std::string decoded;
    for (const TokenId id : ids) decoded += decoder.push(id);
    decoded += decoder.finish();
    EXPECT_EQ(decoded, texts[i]);
  }
}

INSTANTIATE_TEST_SUITE_P(Reference, TokenizerVectors, testing::Values("qwen3-vocab", "gpt-2-vocab"),
                         [](const auto& info) {
                           return info.param.substr(0, 3) == "gpt" ? std::string("Gpt2")
                                                                   : std::string("Qwen3");
                         });

}  // namespace
}  // namespace redbolt::llm
