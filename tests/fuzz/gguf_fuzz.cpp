// Arbitrary bytes as a GGUF file: the tables must be refused or lie inside the bytes.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "gguf_builder.hpp"
#include "redbolt/llm/error.hpp"
#include "redbolt/llm/gguf/file.hpp"

std::vector<std::vector<std::uint8_t>> fuzz_samples() {
  redbolt::test::GgufBuilder builder;
  builder.text("general.architecture", "llama")
      .u32("general.alignment", 32)
      .boolean("flag", true)
      .texts("texts", {"a", "", "bcd"})
      .numbers<float>("numbers", 6, {1, 2, 3})
      .tensor("a", {4, 2}, 0, std::vector<std::byte>(32))
      .tensor("b", {256}, 12, std::vector<std::byte>(144));
  std::vector<std::uint8_t> sample;
  for (const std::byte byte : builder.build())
    sample.push_back(std::to_integer<std::uint8_t>(byte));
  return {sample};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redbolt::llm;
  const auto file = std::as_bytes(std::span(data, size));
  try {
    const GgufContents contents = parse_gguf(file);
    for (const TensorInfo& tensor : contents.tensors) {
      if (tensor.offset > size || tensor.size > size - tensor.offset) std::abort();
    }
    for (const auto& [key, value] : contents.metadata.entries()) {
      value.as_strings();
      value.as_numbers();
      value.as_unsigned();
    }
  } catch (const LlmError&) {
    return 0;
  }
  return 0;
}
