// Arbitrary text as a JSON Schema: it is refused with a typed error, or what is written under it
// can always go on, and parses where it may end.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "gguf_builder.hpp"
#include "nlohmann/json.hpp"
#include "redbolt/llm/constraint/constraint_compiler.hpp"
#include "redbolt/llm/gguf/file.hpp"
#include "test_paths.hpp"
#include "tokenizer/byte_alphabet.hpp"

namespace {

using namespace redbolt::llm;

std::vector<std::byte> byte_vocabulary() {
  std::vector<std::string> tokens;
  for (unsigned byte = 0; byte < 256; ++byte) {
    tokens.emplace_back(byte_to_character(static_cast<std::uint8_t>(byte)));
  }
  tokens.insert(tokens.end(), {"{\"", "\":", "\",", "\"}", "true", "}}", "<|end|>"});
  std::vector<std::int32_t> types(tokens.size(), 1);
  types.back() = 3;
  return redbolt::test::GgufBuilder()
      .text("tokenizer.ggml.model", "gpt2")
      .text("tokenizer.ggml.pre", "qwen2")
      .texts("tokenizer.ggml.tokens", tokens)
      .numbers("tokenizer.ggml.token_type", 5, types)
      .texts("tokenizer.ggml.merges", {})
      .u32("tokenizer.ggml.eos_token_id", static_cast<std::uint32_t>(tokens.size() - 1))
      .build();
}

struct Model {
  std::vector<std::byte> file = byte_vocabulary();
  Tokenizer tokenizer{parse_gguf(file).metadata};
  ConstraintCompiler compiler{tokenizer};
};

const Model& model() {
  static const Model made;
  return made;
}

void walk(TokenConstraint& constraint, unsigned seed) {
  const Vocabulary& vocabulary = model().tokenizer.vocabulary();
  std::mt19937 random(seed);
  std::string text;
  for (unsigned step = 0; step < 50; ++step) {
    std::vector<std::uint32_t> mask((vocabulary.size() + 31) / 32);
    constraint.allow(mask);
    std::vector<TokenId> allowed;
    bool may_end = false;
    for (TokenId id = 0; id < vocabulary.size(); ++id) {
      if ((mask[id / 32] >> (id % 32) & 1U) == 0) continue;
      may_end = may_end || vocabulary.ends_generation(id);
      allowed.push_back(id);
    }
    if (allowed.empty()) std::abort();
    if (may_end && !nlohmann::json::accept(text)) std::abort();
    const TokenId token = allowed[random() % allowed.size()];
    constraint.accept(token);
    if (vocabulary.ends_generation(token)) return;
    text += model().tokenizer.bytes(token);
  }
}

}  // namespace

std::vector<std::vector<std::uint8_t>> fuzz_samples() {
  std::ifstream stream(std::filesystem::path(REDBOLT_TEST_DATA) / "schemas" / "schemas.json");
  const auto all = nlohmann::ordered_json::parse(stream);
  std::vector<std::vector<std::uint8_t>> samples;
  for (const char* list : {"accepted", "refused"}) {
    for (const auto& row : all[list]) {
      const std::string text = row["schema"].dump();
      samples.emplace_back(text.begin(), text.end());
    }
  }
  return samples;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);
  try {
    const auto constraint = model().compiler.json_schema(text);
    walk(*constraint, static_cast<unsigned>(size));
  } catch (const SchemaError&) {
    // As it should be.
  }
  // The same text as the arguments of a tool that is not strict.
  const ToolSyntax syntax = size % 2 == 0 ? ToolSyntax::hermes : ToolSyntax::function_tags;
  try {
    model().compiler.tool_calls(std::vector<ToolDeclaration>{{"f", text}}, {.syntax = syntax});
  } catch (const SchemaError&) {
    return 0;
  }
  return 0;
}
