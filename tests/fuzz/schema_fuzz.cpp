// Arbitrary text as a JSON Schema: it is refused with a typed error, or what is written under it
// can always go on, and parses where it may end.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "gguf_builder.hpp"
#include "nlohmann/json.hpp"
#include "redbolt/llm/constraint/constraint_compiler.hpp"
#include "redbolt/llm/gguf/file.hpp"
#include "redbolt/llm/output/answer_parser.hpp"
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

constexpr ToolSyntax kSyntaxes[] = {
    ToolSyntax::hermes,   ToolSyntax::function_tags,   ToolSyntax::llama_json,
    ToolSyntax::mistral,  ToolSyntax::mistral_args,    ToolSyntax::tagged_list,
    ToolSyntax::deepseek, ToolSyntax::deepseek_fenced, ToolSyntax::harmony};

// Whether what has been written is a document, or whole calls, to one who reads it.
bool reads_well(ToolSyntax syntax, const std::vector<ToolDeclaration>& tools,
                const std::string& text) {
  AnswerParser parser({.format = {.tools = syntax}, .tools = tools, .calls_or_text = true});
  std::string content;
  bool complete = true;
  auto events = parser.push(text);
  for (const AnswerEvent& event : parser.finish()) events.push_back(event);
  for (const AnswerEvent& event : events) {
    if (const auto* piece = std::get_if<ContentText>(&event)) content += piece->text;
    if (const auto* end = std::get_if<ToolCallEnd>(&event)) complete = complete && end->complete;
  }
  if (parser.tool_calls() == 0) return nlohmann::json::accept(content);
  return complete && content.empty();
}

void walk(TokenConstraint& constraint, unsigned seed, unsigned steps,
          const std::function<bool(const std::string&)>& is_whole) {
  const Vocabulary& vocabulary = model().tokenizer.vocabulary();
  std::mt19937 random(seed);
  std::string text;
  for (unsigned step = 0; step < steps; ++step) {
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
    if (may_end && !is_whole(text)) std::abort();
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
  const auto seed = static_cast<unsigned>(size);
  try {
    const auto constraint = model().compiler.json_schema(text);
    walk(*constraint, seed, 50,
         [](const std::string& written) { return nlohmann::json::accept(written); });
  } catch (const SchemaError&) {
    // As it should be.
  }
  // The same text as the arguments of a tool that is not strict, alone and beside an answer. What
  // a parameter without quotes holds may look like its own end.
  const std::vector<ToolDeclaration> tools = {{"f", text}, {"g", R"({"type": "object"})"}};
  const ToolSyntax syntax = kSyntaxes[size % std::size(kSyntaxes)];
  try {
    model().compiler.tool_calls(tools, {.syntax = syntax});
    const auto constraint = model().compiler.calls_or_json(
        tools, {.syntax = syntax}, text, {.channels = syntax == ToolSyntax::harmony});
    walk(*constraint, seed, 120, [&](const std::string& written) {
      return syntax == ToolSyntax::function_tags || reads_well(syntax, tools, written);
    });
  } catch (const SchemaError&) {
    return 0;
  }
  return 0;
}
