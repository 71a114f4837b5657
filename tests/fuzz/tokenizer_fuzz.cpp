// Arbitrary text for tokenizers of each kind, whose ids must give the text back, and arbitrary
// bytes as a vocabulary.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gguf_builder.hpp"
#include "redbolt/llm/gguf/file.hpp"
#include "redbolt/llm/tokenizer/streaming_decoder.hpp"
#include "redbolt/llm/tokenizer/tokenizer.hpp"
#include "tokenizer/byte_alphabet.hpp"

namespace {

using namespace redbolt::llm;

redbolt::test::GgufBuilder byte_vocabulary(const std::string& pre) {
  std::vector<std::string> tokens;
  for (unsigned byte = 0; byte < 256; ++byte) {
    tokens.emplace_back(byte_to_character(static_cast<std::uint8_t>(byte)));
  }
  tokens.insert(tokens.end(), {"th", "the", "in", "\xC4\xA0t", "<|end|>", "<think>"});
  std::vector<std::int32_t> types(260, 1);
  types.insert(types.end(), {3, 4});
  return redbolt::test::GgufBuilder()
      .text("tokenizer.ggml.model", "gpt2")
      .text("tokenizer.ggml.pre", pre)
      .texts("tokenizer.ggml.tokens", tokens)
      .numbers("tokenizer.ggml.token_type", 5, types)
      .texts("tokenizer.ggml.merges", {"t h", "th e", "i n", "\xC4\xA0 t"});
}

struct Case {
  explicit Case(const std::string& pre)
      : file(byte_vocabulary(pre).build()), tokenizer(parse_gguf(file).metadata) {}
  std::vector<std::byte> file;
  Tokenizer tokenizer;
};

const std::vector<std::unique_ptr<Case>>& cases() {
  static const auto all = [] {
    std::vector<std::unique_ptr<Case>> result;
    for (const char* pre :
         {"qwen2", "llama-bpe", "gpt-2", "deepseek-coder", "starcoder", "falcon", "default"}) {
      result.push_back(std::make_unique<Case>(pre));
    }
    return result;
  }();
  return all;
}

void check_round_trip(const Tokenizer& tokenizer, std::string_view text) {
  std::string bytes;
  StreamingDecoder decoder(tokenizer);
  for (const TokenId id : tokenizer.encode(text, SpecialTokens::none)) {
    bytes += tokenizer.bytes(id);
    decoder.push(id);
  }
  if (bytes != text) std::abort();
  tokenizer.encode(text, SpecialTokens::all);
}

}  // namespace

std::vector<std::vector<std::uint8_t>> fuzz_samples() {
  std::vector<std::vector<std::uint8_t>> samples;
  const std::string text =
      "\x01The cat's in  the\n\n hat<|end|> \xF0\x9F\xA6\x99 123 \xE4\xB8\xAD <think>";
  for (std::uint8_t kind = 0; kind < 7; ++kind) {
    samples.emplace_back(text.begin(), text.end());
    samples.back().front() = kind;
  }
  std::vector<std::uint8_t> vocabulary{255};
  for (const std::byte byte : byte_vocabulary("qwen2").build()) {
    vocabulary.push_back(std::to_integer<std::uint8_t>(byte));
  }
  samples.push_back(vocabulary);
  return samples;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto rest = std::as_bytes(std::span(data + 1, size - 1));
  const std::string_view text(reinterpret_cast<const char*>(rest.data()), rest.size());
  if (data[0] < 128) {
    check_round_trip(cases()[data[0] % cases().size()]->tokenizer, text);
    return 0;
  }
  try {
    const Tokenizer tokenizer(parse_gguf(rest).metadata);
    tokenizer.encode("the cat\n<|end|>", SpecialTokens::all);
  } catch (const LlmError&) {
    return 0;
  }
  return 0;
}
