// Runs a libFuzzer entry point without libFuzzer: random inputs and altered copies of the samples
// the fuzzer itself offers, from a fixed seed so that a failure can be repeated.
#include <cstdint>
#include <cstdio>
#include <random>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
// Sound inputs to alter; each fuzzer defines it.
std::vector<std::vector<std::uint8_t>> fuzz_samples();

namespace {

constexpr unsigned kRounds = 3000;

void alter(std::vector<std::uint8_t>& input, std::mt19937& random) {
  for (auto changes = 1 + random() % 8; changes > 0 && !input.empty(); --changes) {
    // Most of what decides lies at the beginning.
    const std::size_t reach =
        random() % 4 == 0 ? input.size() : std::min<std::size_t>(input.size(), 512);
    switch (random() % 3) {
      case 0:
        input[random() % reach] ^= static_cast<std::uint8_t>(1U << (random() % 8));
        break;
      case 1:
        input[random() % reach] = static_cast<std::uint8_t>(random());
        break;
      default:
        input.resize(random() % 64 == 0 ? random() % input.size() : input.size());
        break;
    }
  }
}

}  // namespace

int main() {
  std::mt19937 random(20261121);
  const auto samples = fuzz_samples();
  for (const auto& sample : samples) LLVMFuzzerTestOneInput(sample.data(), sample.size());
  for (unsigned round = 0; round < kRounds; ++round) {
    std::vector<std::uint8_t> input(random() % 300);
    for (auto& byte : input) byte = static_cast<std::uint8_t>(random());
    if (!samples.empty() && round % 8 != 0) input = samples[round % samples.size()];
    if (round % 8 != 0) alter(input, random);
    LLVMFuzzerTestOneInput(input.data(), input.size());
  }
  std::printf("%u inputs\n", kRounds + static_cast<unsigned>(samples.size()));
  return 0;
}
