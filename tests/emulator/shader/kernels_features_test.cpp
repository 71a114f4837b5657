// Compiled kernels from end to end: LDS, barriers, atomics, scratch, calls, waiting, failing.
#include <algorithm>
#include <chrono>
#include <numeric>
#include <thread>

#include "kernel_test.hpp"

namespace redbolt::test {
namespace {

using emulator::DispatchResult;

class Features : public KernelTest {
 protected:
  Features() : KernelTest("features.co") {}
};

TEST_F(Features, ReductionInLdsWithBarriers) {
  std::vector<float> in(8 * 256);
  for (auto& v : in) v = static_cast<float>(random_bits() % 1000);
  const auto in_address = memory.upload(in);
  const auto out = memory.allocate(8 * 4);
  run("reduce_lds", {.grid = {8, 1, 1}, .block = {256, 1, 1}},
      KernelArguments().add(out).add(in_address));
  const auto sums = memory.download<float>(out, 8);
  for (std::size_t g = 0; g < 8; ++g) {
    EXPECT_EQ(sums[g],
              std::accumulate(in.begin() + static_cast<std::ptrdiff_t>(g * 256),
                              in.begin() + static_cast<std::ptrdiff_t>(g * 256 + 256), 0.0f));
  }
}

TEST_F(Features, DynamicLds) {
  constexpr std::uint32_t threads = 1024, groups = 3;
  std::vector<std::uint32_t> in(threads * groups * 4);
  std::iota(in.begin(), in.end(), 0u);
  const auto in_address = memory.upload(in);
  const auto out = memory.allocate(in.size() * 4);
  run("reverse_dynamic",
      {.grid = {groups, 1, 1}, .block = {threads, 1, 1}, .dynamic_lds_bytes = threads * 16},
      KernelArguments().add(out).add(in_address));
  const auto result = memory.download<std::uint32_t>(out, in.size());
  for (std::uint32_t g = 0; g < groups; ++g) {
    for (std::uint32_t t = 0; t < threads; ++t) {
      for (std::uint32_t d = 0; d < 4; ++d) {
        ASSERT_EQ(result[(g * threads + t) * 4 + d], (g * threads + threads - 1 - t) * 4 + d);
      }
    }
  }
}

TEST_F(Features, AtomicsOfManyWorkgroups) {
  constexpr std::uint32_t count = 5000;
  std::vector<std::uint32_t> values(count);
  for (auto& v : values) v = random_bits();
  std::vector<std::uint32_t> initial(8 + count, 0);
  initial[2] = ~0u;
  const auto in = memory.upload(values);
  const auto out = memory.upload(initial);
  run("atomics", {.grid = {40, 1, 1}, .block = {128, 1, 1}},
      KernelArguments().add(out).add(in).add(count));
  const auto result = memory.download<std::uint32_t>(out, 8 + count);
  EXPECT_EQ(result[0], std::accumulate(values.begin(), values.end(), 0u));
  EXPECT_EQ(result[1], *std::max_element(values.begin(), values.end()));
  EXPECT_EQ(result[2], *std::min_element(values.begin(), values.end()));
  EXPECT_EQ(result[3], std::accumulate(values.begin(), values.end(), 0u, std::bit_xor<>()));
  EXPECT_EQ(result[4], count);
  std::vector<std::uint32_t> places(result.begin() + 8, result.end());
  std::sort(places.begin(), places.end());
  for (std::uint32_t n = 0; n < count; ++n) ASSERT_EQ(places[n], n);
}

TEST_F(Features, HistogramWithLdsAtomics) {
  std::vector<std::uint8_t> in(4 * 256 * 16);
  for (auto& v : in) v = static_cast<std::uint8_t>(random_bits() & random_bits());
  std::vector<std::uint32_t> expected(256, 0);
  for (const auto v : in) ++expected[v];
  const auto in_address = memory.upload(in);
  const auto out = memory.upload(std::vector<std::uint32_t>(256, 0));
  run("histogram_lds", {.grid = {4, 1, 1}, .block = {256, 1, 1}},
      KernelArguments().add(out).add(in_address));
  EXPECT_EQ(memory.download<std::uint32_t>(out, 256), expected);
}

TEST_F(Features, PrivateArraysLiveInScratch) {
  constexpr std::uint32_t threads = 320;
  std::vector<std::uint32_t> data(threads * 24);
  for (auto& v : data) v = random_bits();
  const auto address = memory.upload(data);
  run("private_sort", {.grid = {5, 1, 1}, .block = {64, 1, 1}},
      KernelArguments().add(address).add(24u));
  for (std::uint32_t t = 0; t < threads; ++t) {
    std::sort(data.begin() + t * 24, data.begin() + t * 24 + 24);
  }
  EXPECT_EQ(memory.download<std::uint32_t>(address, data.size()), data);
  EXPECT_GT(harness.counters().scratch_bytes.load(), 0u);
}

TEST_F(Features, BytesInScratchAtOffsetsThatDiffer) {
  const auto out = memory.allocate(128 * 4);
  run("private_bytes", {.grid = {2, 1, 1}, .block = {64, 1, 1}},
      KernelArguments().add(out).add(9u));
  const auto result = memory.download<std::uint32_t>(out, 128);
  for (std::uint32_t n = 0; n < 128; ++n) {
    const std::uint32_t t = n % 64;
    std::uint8_t bytes[40];
    for (std::uint32_t i = 0; i < 40; ++i) bytes[i] = static_cast<std::uint8_t>(9 + i * 7);
    bytes[t % 40] = static_cast<std::uint8_t>(t);
    std::uint32_t sum = 0;
    for (std::uint32_t i = 0; i < 40; ++i) sum = sum * 31 + bytes[(i + t) % 40];
    ASSERT_EQ(result[n], sum) << n;
  }
}

TEST_F(Features, RecursiveCalls) {
  std::vector<std::uint32_t> a(256), b(256);
  for (std::size_t i = 0; i < 256; ++i) {
    a[i] = random_bits() % 10000;
    b[i] = random_bits() % 10000;
  }
  const auto a_address = memory.upload(a), b_address = memory.upload(b);
  const auto out = memory.allocate(256 * 4);
  auto dispatch = harness.prepare("calls", {.grid = {4, 1, 1}, .block = {64, 1, 1}},
                                  KernelArguments().add(out).add(a_address).add(b_address));
  // Recursion: the compiler cannot know how much scratch is needed.
  constexpr std::uint32_t units = 32 * 2048 / 256, waves = 32;
  dispatch.pgm_rsrc2 |= 1;
  dispatch.tmpring_size = waves | units << 12;
  dispatch.scratch_base =
      memory.allocate(std::size_t{units} * 256 * waves * dispatch.shader_engines);
  const auto result = harness.dispatcher().run(dispatch, memory, harness.counters(), {});
  ASSERT_TRUE(result.completed()) << result.message;
  const auto values = memory.download<std::uint32_t>(out, 256);
  for (std::size_t i = 0; i < 256; ++i) ASSERT_EQ(values[i], std::gcd(a[i], b[i])) << i;
}

TEST_F(Features, FlatAddressesReachLdsScratchAndMemory) {
  const auto out = memory.allocate(64 * 4);
  run("flat_pointers", {.grid = {1, 1, 1}, .block = {64, 1, 1}}, KernelArguments().add(out));
  const auto values = memory.download<std::uint32_t>(out, 64);
  for (std::uint32_t t = 0; t < 64; ++t) ASSERT_EQ(values[t], t * 1110 + 6);
}

TEST_F(Features, WorkgroupsMayWaitForLaterOnes) {
  for (const char* kernel : {"wait_for_last", "wait_sleeping"}) {
    constexpr std::uint32_t groups = 50;
    const auto flag = memory.upload(std::vector<std::uint32_t>(1, 0));
    const auto out = memory.upload(std::vector<std::uint32_t>(32, 0));
    run(kernel, {.grid = {groups, 1, 1}, .block = {32, 1, 1}},
        KernelArguments().add(flag).add(out).add(groups));
    EXPECT_EQ(memory.download<std::uint32_t>(out, 32), std::vector<std::uint32_t>(32, 1)) << kernel;
  }
}

TEST_F(Features, WavesOfAWorkgroupMayWaitForEachOther) {
  const auto out = memory.allocate(8 * 4);
  run("wave_handshake", {.grid = {1, 1, 1}, .block = {256, 1, 1}}, KernelArguments().add(out));
  EXPECT_EQ(memory.download<std::uint32_t>(out, 8),
            (std::vector<std::uint32_t>{7, 6, 5, 4, 3, 2, 1, 0}));
}

TEST_F(Features, AnEndlessKernelCanBeStopped) {
  const auto flag = memory.upload(std::vector<std::uint32_t>(1, 0));
  std::stop_source stop;
  std::jthread stopper([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    stop.request_stop();
  });
  const auto result =
      harness.launch("endless", {.grid = {7, 1, 1}, .block = {64, 1, 1}, .stop = stop.get_token()},
                     KernelArguments().add(flag));
  EXPECT_EQ(result.kind, DispatchResult::Kind::aborted);
  // The dispatcher is as good as new.
  const auto out = memory.allocate(8 * 4);
  run("wave_handshake", {.grid = {1, 1, 1}, .block = {256, 1, 1}}, KernelArguments().add(out));
}

TEST_F(Features, ATrapIsAnIllegalInstructionWithItsAddress) {
  const auto result = harness.launch("trap", {}, KernelArguments());
  EXPECT_EQ(result.kind, DispatchResult::Kind::illegal_instruction);
  const auto entry = harness.code().kernel("trap").entry;
  EXPECT_GE(result.address, entry);
  EXPECT_LT(result.address, entry + 256);
  EXPECT_NE(result.message.find("s_trap 2"), std::string::npos) << result.message;
}

TEST_F(Features, ChangedCodeIsSeenByTheNextDispatch) {
  const auto in = memory.upload(std::vector<float>(256, 1.0f));
  const auto out = memory.upload(std::vector<float>(1, -1.0f));
  const KernelArguments arguments = KernelArguments().add(out).add(in);
  run("reduce_lds", {.block = {256, 1, 1}}, arguments);
  EXPECT_EQ(memory.download<float>(out, 1)[0], 256.0f);
  constexpr std::uint32_t s_endpgm = 0xbfb00000;
  const auto code = memory.bytes(harness.code().kernel("reduce_lds").entry, 4);
  std::memcpy(code.data(), &s_endpgm, 4);
  std::memset(memory.bytes(out, 4).data(), 0, 4);
  run("reduce_lds", {.block = {256, 1, 1}}, arguments);
  EXPECT_EQ(memory.download<float>(out, 1)[0], 0.0f);
}

struct Refusal {
  const char* reason;
  void (*spoil)(emulator::Dispatch&);
};

class Refused : public Features, public ::testing::WithParamInterface<Refusal> {};

TEST_P(Refused, WithTheReason) {
  auto dispatch =
      harness.prepare("reduce_lds", {.block = {256, 1, 1}}, KernelArguments().add(0ul).add(0ul));
  GetParam().spoil(dispatch);
  const auto result = harness.dispatcher().run(dispatch, memory, harness.counters(), {});
  EXPECT_EQ(result.kind, DispatchResult::Kind::refused);
  EXPECT_NE(result.message.find(GetParam().reason), std::string::npos) << result.message;
  EXPECT_EQ(harness.counters().waves.load(), 0u);
}

INSTANTIATE_TEST_SUITE_P(
    Dispatches, Refused,
    ::testing::Values(
        Refusal{"waves of 64 lanes", [](emulator::Dispatch& d) { d.initiator &= ~(1u << 15); }},
        Refusal{"more than 64 KiB of LDS",
                [](emulator::Dispatch& d) { d.pgm_rsrc2 |= 0x1ff << 15; }},
        Refusal{"more than 1024 threads", [](emulator::Dispatch& d) { d.threads = {1025, 1, 1}; }},
        Refusal{"more than 1024 threads", [](emulator::Dispatch& d) { d.threads = {64, 64, 64}; }},
        Refusal{"COMPUTE_NUM_THREAD_Y is 0", [](emulator::Dispatch& d) { d.threads[1] = 0; }},
        Refusal{"the grid is empty in Z", [](emulator::Dispatch& d) { d.grid[2] = 0; }},
        Refusal{"more than 256 VGPRs", [](emulator::Dispatch& d) { d.pgm_rsrc1 |= 0x3f; }},
        Refusal{"user SGPRs", [](emulator::Dispatch& d) { d.pgm_rsrc2 |= 0x1f << 1; }},
        Refusal{"multiple of 256", [](emulator::Dispatch& d) { d.program += 4; }},
        Refusal{"TMPRING_SIZE.WAVESIZE is 0", [](emulator::Dispatch& d) { d.pgm_rsrc2 |= 1; }},
        Refusal{"fewer waves than one workgroup", [](emulator::Dispatch& d) {
                  d.pgm_rsrc2 |= 1;
                  d.tmpring_size = 1 | 1 << 12;
                }}));

}  // namespace
}  // namespace redbolt::test
