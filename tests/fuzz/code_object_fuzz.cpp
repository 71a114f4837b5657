// Arbitrary bytes as what the finaliser reads: a code object, its metadata, a cached kernel. The
// first byte chooses the reader.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "finaliser/compiler.hpp"
#include "finaliser/message_pack.hpp"
#include "finaliser/object_loader.hpp"
#include "redbolt/runtime/runtime_error.hpp"

namespace {

using namespace redbolt::runtime;

constexpr const char* kernel_name = "add";

std::vector<std::byte> sound_object() {
  Compiler compiler;
  const KernelRequest request{"elementwise", kernel_name, {}};
  return compiler.compile(*find_device_code(request.module), request, "gfx1100");
}

void read_object(std::span<const std::byte> bytes) {
  try {
    const KernelImage kernel = load_object(bytes, kernel_name);
    // What is accepted can be placed: the descriptor lies inside.
    if (kernel.descriptor_offset + 64 > kernel.image.size()) std::abort();
  } catch (const RuntimeError&) {
  }
}

void read_cached(std::span<const std::byte> bytes) {
  const auto kernel = deserialise(bytes);
  if (kernel && kernel->descriptor_offset + 64 > kernel->image.size()) std::abort();
}

}  // namespace

std::vector<std::vector<std::uint8_t>> fuzz_samples() {
  const std::vector<std::byte> object = sound_object();
  const std::vector<std::byte> cached = serialise(load_object(object, kernel_name));
  const std::vector<std::uint8_t> metadata{2,    0x82, 0xa1, 'a',  0x93, 1,    0xcd, 1,   0,
                                           0xa2, 'h',  'i',  0xa1, 'b',  0x81, 0xa1, 'c', 0xc3};
  std::vector<std::vector<std::uint8_t>> samples{metadata};
  std::uint8_t reader = 0;
  for (const auto& bytes : {object, cached}) {
    std::vector<std::uint8_t> sample{reader++};
    for (const std::byte b : bytes) sample.push_back(std::to_integer<std::uint8_t>(b));
    samples.push_back(std::move(sample));
  }
  return samples;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto bytes = std::as_bytes(std::span(data + 1, size - 1));
  switch (data[0] % 3) {
    case 0:
      read_object(bytes);
      break;
    case 1:
      read_cached(bytes);
      break;
    default:
      parse_message_pack(bytes);
      break;
  }
  return 0;
}
