// With libFuzzer: now and then an input starts again from one of the fuzzer's own samples, so that
// the search does not have to invent a whole sound file.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

std::vector<std::vector<std::uint8_t>> fuzz_samples();

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed) {
  constexpr unsigned kRestart = 64;
  static const auto samples = fuzz_samples();
  if (seed % kRestart == 0 && !samples.empty()) {
    const auto& sample = samples[seed / kRestart % samples.size()];
    if (sample.size() <= max_size) {
      std::copy(sample.begin(), sample.end(), data);
      return sample.size();
    }
  }
  return LLVMFuzzerMutate(data, size, max_size);
}
