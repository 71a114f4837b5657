// How fast waves run: the Q4_K matrix-vector product on the wave engine.
//   shader_bench [threads [seconds]]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>
#include <string>
#include <thread>

#include "shader_harness.hpp"

namespace {

using redbolt::emulator::InstructionClass;
using redbolt::test::KernelArguments;
using redbolt::test::ShaderHarness;

constexpr std::uint32_t rows = 4096;
constexpr std::uint32_t columns = 4096;
constexpr std::uint32_t block_weights = 256;
constexpr std::uint32_t block_bytes = 144;

std::vector<std::uint8_t> random_blocks(std::mt19937& random) {
  std::vector<std::uint8_t> bytes(std::size_t{rows} * columns / block_weights * block_bytes);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  for (std::size_t block = 0; block < bytes.size(); block += block_bytes) {
    // d and dmin: float16 of ordinary size.
    bytes[block + 1] = 0x1c;
    bytes[block + 3] = 0x1c;
  }
  return bytes;
}

std::vector<std::uint16_t> random_halves(std::mt19937& random) {
  std::vector<std::uint16_t> values(columns);
  for (auto& value : values) value = static_cast<std::uint16_t>(0x3000 | (random() & 0x8bff));
  return values;
}

// Of all threads of this process: what counts where others use the cores too.
double cpu_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

void print(const redbolt::emulator::Counters& counters, double seconds, double cpu,
           unsigned threads, unsigned runs) {
  const auto instructions = static_cast<double>(counters.instructions());
  std::printf(
      "q4k matvec %ux%u, %u threads: %.3f ms a product, %.1f M wave instructions/s; "
      "per core (CPU time) %.1f M/s\n",
      rows, columns, threads, seconds * 1e3 / runs, instructions / seconds / 1e6,
      instructions / cpu / 1e6);
  std::printf("  VRAM read %.2f GB/s; of the instructions:",
              static_cast<double>(counters.bytes_read.load()) / seconds / 1e9);
  for (std::size_t k = 0; k < redbolt::emulator::instruction_class_count; ++k) {
    const auto count = static_cast<double>(counters.wave_instructions[k].load());
    const auto name = redbolt::emulator::name(static_cast<InstructionClass>(k));
    if (count > 0)
      std::printf(" %.*s %.1f%%", static_cast<int>(name.size()), name.data(),
                  100 * count / instructions);
  }
  std::printf("\n");
}

}  // namespace

int main(int count, char** arguments) {
  const unsigned threads = count > 1 ? static_cast<unsigned>(std::atoi(arguments[1]))
                                     : std::thread::hardware_concurrency();
  const double wanted = count > 2 ? std::atof(arguments[2]) : 2.0;
  ShaderHarness harness(std::string(REDBOLT_TEST_KERNELS) + "/q4k_matvec.co", threads);
  std::mt19937 random(1);
  const auto weights = harness.memory().upload(random_blocks(random));
  const auto x = harness.memory().upload(random_halves(random));
  const auto y = harness.memory().allocate(rows * 4);
  constexpr std::uint32_t waves_per_group = 4, rows_per_wave = 2;
  const redbolt::test::Launch launch{.grid = {rows / (waves_per_group * rows_per_wave), 1, 1},
                                     .block = {32 * waves_per_group, 1, 1}};
  const auto dispatch = harness.prepare("q4k_matvec", launch,
                                        KernelArguments().add(y).add(weights).add(x).add(columns));
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  const double cpu_begin = cpu_seconds();
  double seconds = 0;
  unsigned runs = 0;
  while (seconds < wanted) {
    const auto result =
        harness.dispatcher().run(dispatch, harness.memory(), harness.counters(), {});
    if (!result.completed()) {
      std::fprintf(stderr, "%s\n", result.message.c_str());
      return 1;
    }
    ++runs;
    seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  }
  print(harness.counters(), seconds, cpu_seconds() - cpu_begin, threads, runs);
  return 0;
}
