// Arbitrary bytes as each of the six firmware containers. The first byte chooses the reader.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

#include "container.hpp"
#include "redbolt/tools/synthetic_firmware.hpp"

namespace {

using redbolt::firmware::Container;
using redbolt::firmware::Pieces;

constexpr std::array<void (*)(Container&, Pieces&), 6> kReaders{
    redbolt::firmware::read_psp, redbolt::firmware::read_smc, redbolt::firmware::read_sdma,
    redbolt::firmware::read_gfx, redbolt::firmware::read_imu, redbolt::firmware::read_rlc};

}  // namespace

std::vector<std::vector<std::uint8_t>> fuzz_samples() {
  std::vector<std::vector<std::uint8_t>> samples;
  for (const unsigned rlc : {0U, 2U, 4U}) {
    std::uint8_t reader = 0;
    for (const auto& image : redbolt::tools::make_navi31_images({rlc & 1, rlc & 1, rlc})) {
      std::vector<std::uint8_t> sample{reader++};
      for (const std::byte b : image.content) sample.push_back(std::to_integer<std::uint8_t>(b));
      samples.push_back(std::move(sample));
    }
  }
  return samples;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string name = "fuzz";
  const auto content = std::as_bytes(std::span(data + 1, size - 1));
  try {
    Container image(name, content);
    Pieces pieces;
    kReaders[data[0] % kReaders.size()](image, pieces);
    for (const auto& [piece, entry] : pieces) {
      if (entry.data.data() < content.data() ||
          entry.data.data() + entry.data.size() > content.data() + content.size()) {
        std::abort();
      }
    }
  } catch (const redbolt::firmware::FirmwareError&) {
    return 0;
  }
  return 0;
}
