// Packets, the queue descriptor and kernel descriptors against what a driver known to work wrote:
// the reference trace gives the compute ring's dwords (events 27293 to 27377) and hashes of the
// rest.
#include <gtest/gtest.h>

#include <limits>

#include "kernels.hpp"
#include "queues/mqd.hpp"
#include "queues/pm4.hpp"
#include "queues/sdma_packets.hpp"
#include "redbolt/driver/command_encoder.hpp"
#include "redbolt/driver/driver_error.hpp"
#include "sha256.hpp"

namespace redbolt::driver {
namespace {

using namespace redbolt::literals;

// The ring of the reference's one dispatch, as written.
constexpr std::uint32_t kReferenceRing[85] = {
    0xc0053c00, 0x15,       0x1003ff0,  0x2000,     0x2,        0xffffffff, 0x4,        0xc0053c00,
    0x45,       0xe26,      0xe27,      0xffffffff, 0xffffffff, 0x4,        0xc0065800, 0x0,
    0xffffffff, 0xffffffff, 0x0,        0x0,        0x0,        0xc3f1,     0xc0065800, 0x0,
    0xffffffff, 0xffffffff, 0x0,        0x0,        0x0,        0x3f0,      0xc0027600, 0x20c,
    0x10060,    0x20,       0xc0027600, 0x212,      0x40bf0000, 0x9e,       0xc0017600, 0x228,
    0x0,        0xc0017600, 0x218,      0x20200,    0xc0027600, 0x210,      0x80000,    0x20,
    0xc0037600, 0x21b,      0x0,        0x0,        0x0,        0xc0027600, 0x240,      0x7000000,
    0x2000,     0xc0017600, 0x215,      0x0,        0xc0087600, 0x204,      0x0,        0x0,
    0x0,        0x1,        0x1,        0x1,        0x0,        0x0,        0xc0031500, 0x1,
    0x1,        0x1,        0x8005,     0xc0004600, 0x407,      0xc0064900, 0x70f514,   0x20000000,
    0x1003ff0,  0x2000,     0x3,        0x0,        0x0};

std::vector<std::uint32_t> reference(std::size_t first, std::size_t count) {
  return {kReferenceRing + first, kReferenceRing + first + count};
}

std::vector<std::uint32_t> words_of(const CommandEncoder& encoder) {
  return {encoder.words().begin(), encoder.words().end()};
}

constexpr GpuAddress kSignal{0x200001003ff0};

TEST(Pm4, PacketsOfASubmissionAreTheReferences) {
  pm4::Words words;
  pm4::wait_memory_at_least(words, kSignal, 2);
  EXPECT_EQ(words.size(), pm4::kWaitMemoryWords);
  pm4::request_and_wait(words, 0xe26, 0xe27);
  pm4::acquire_memory(words, pm4::gcr::kEverything);
  pm4::acquire_memory(words, pm4::gcr::kBetweenDispatches);
  EXPECT_EQ(words, reference(0, 30));
  words.clear();
  pm4::wait_for_waves(words);
  pm4::release(words, kSignal, 3);
  EXPECT_EQ(words, reference(75, 10));
}

TEST(Pm4, BarrierIsTheReferencesFlushAndLightAcquire) {
  CommandEncoder encoder({});
  encoder.barrier();
  auto expected = reference(75, 2);
  const auto acquire = reference(22, 8);
  expected.insert(expected.end(), acquire.begin(), acquire.end());
  EXPECT_EQ(words_of(encoder), expected);
}

// From card/pm4_fields.csv: VALID is bit 23, the size bits 0 to 19.
TEST(Pm4, IndirectBuffer) {
  pm4::Words words;
  pm4::indirect_buffer(words, GpuAddress(0x2000'1234'5678), 0xabcde);
  EXPECT_EQ(words, (pm4::Words{0xc0023f00, 0x12345678, 0x2000, 0x8abcde}));
}

// dst_sel 5 (memory) at bits 8 to 11, wr_confirm at bit 20.
TEST(Pm4, WriteData) {
  CommandEncoder encoder({});
  encoder.write(GpuAddress(0x2000'0000'0010), 0x77);
  EXPECT_EQ(words_of(encoder),
            (std::vector<std::uint32_t>{0xc0033700, 0x100500, 0x10, 0x2000, 0x77}));
}

// The card of the reference: 6 shader engines of 16 compute units, 24 MiB of scratch.
DispatchLimits reference_limits() {
  DispatchLimits limits;
  limits.shader_engines = 6;
  limits.compute_units = 96;
  limits.lds_per_workgroup = 64_KiB;
  limits.scratch = GpuAddress(0x2000'0800'0000);
  limits.scratch_size = 24_MiB;
  return limits;
}

KernelLaunch reference_launch() {
  KernelLaunch launch;
  launch.entry = GpuAddress(0x2000'0100'6000);
  launch.kernel.rsrc1 = 0x40af0000;  // as compiled: without the bit the launch adds
  launch.kernel.rsrc2 = 0x9e;
  launch.kernel.kernarg_pointer = true;
  launch.kernel.kernarg = 16_B;
  launch.kernel.scratch_per_lane = 256_B;  // 8 KiB per wave of 32
  launch.kernarg = GpuAddress(0x2000'0700'0000);
  return launch;
}

TEST(CommandEncoder, DispatchIsTheReferences) {
  CommandEncoder encoder(reference_limits());
  encoder.dispatch(reference_launch());
  EXPECT_EQ(words_of(encoder), reference(30, 45));
}

TEST(CommandEncoder, GridBlockAndLds) {
  KernelLaunch launch = reference_launch();
  launch.grid = {3, 4, 5};
  launch.block = {8, 4, 2};
  launch.kernel.lds = 1000_B;
  launch.dynamic_lds = 25_B;  // 1025 bytes: three granules of 512
  CommandEncoder encoder(reference_limits());
  encoder.dispatch(launch);
  const auto words = words_of(encoder);
  EXPECT_EQ(words[7], 0x9eu | 3u << 15);
  EXPECT_EQ((std::vector(words.begin() + 35, words.begin() + 38)),
            (std::vector<std::uint32_t>{8, 4, 2}));
  EXPECT_EQ((std::vector(words.begin() + 41, words.begin() + 44)),
            (std::vector<std::uint32_t>{3, 4, 5}));
}

void expect_refused(const KernelLaunch& launch, DriverErrorCode code,
                    const DispatchLimits& limits) {
  CommandEncoder encoder(limits);
  try {
    encoder.dispatch(launch);
    ADD_FAILURE() << "accepted";
  } catch (const DriverError& error) {
    EXPECT_EQ(error.code(), code) << error.what();
  }
  EXPECT_TRUE(encoder.words().empty()) << "nothing is recorded of a refused launch";
}

TEST(CommandEncoder, ImpossibleLaunchesAreRefused) {
  const auto limits = reference_limits();
  const auto refused = [&](auto change, DriverErrorCode code = DriverErrorCode::invalid_argument) {
    KernelLaunch launch = reference_launch();
    change(launch);
    expect_refused(launch, code, limits);
  };
  refused([](KernelLaunch& l) { l.grid[1] = 0; });
  refused([](KernelLaunch& l) { l.block[2] = 0; });
  refused([](KernelLaunch& l) { l.block = {1024, 2, 1}; });
  refused([](KernelLaunch& l) { l.block = {0xffffffff, 0xffffffff, 0xffffffff}; });
  refused([](KernelLaunch& l) { l.block = {0x10000, 0x10000, 0x10000}; });
  refused([](KernelLaunch& l) { l.entry = GpuAddress(0x2000'0100'6010); });
  refused([](KernelLaunch& l) { l.entry = GpuAddress(0); });
  refused([](KernelLaunch& l) { l.kernarg = GpuAddress(0x2000'0700'0008); });
  refused([](KernelLaunch& l) { l.kernarg = GpuAddress(0); });
  refused([](KernelLaunch& l) { l.dynamic_lds = Bytes(65537); });
  refused([](KernelLaunch& l) { l.kernel.lds = l.dynamic_lds = Bytes(~0ull); });
  refused([](KernelLaunch& l) { l.kernel.scratch_per_lane = 1_MiB; },
          DriverErrorCode::unsupported_kernel);
  refused([](KernelLaunch& l) { l.kernel.scratch_per_lane = Bytes(0xffffffff); },
          DriverErrorCode::unsupported_kernel);
}

TEST(CommandEncoder, MoreScratchPerWaveMeansFewerWaves) {
  KernelLaunch launch = reference_launch();
  launch.kernel.scratch_per_lane = 2048_B;  // 64 KiB per wave: 64 waves per engine in 4 MiB
  CommandEncoder encoder(reference_limits());
  encoder.dispatch(launch);
  EXPECT_EQ(encoder.words()[13], 64u | 0x100u << 12);
  launch.kernel.scratch_per_lane = Bytes(0);
  encoder.clear();
  encoder.dispatch(launch);
  EXPECT_EQ(encoder.words()[13], 0u);
}

// The three copies of the trace, by hash: wait, copy, fence as one block of 68 bytes.
TEST(Sdma, SubmissionsAreTheReferences) {
  struct Copy {
    std::uint32_t wait, fence;
    std::uint64_t size, source, destination;
    const char* hash;
  };
  const Copy copies[] = {
      {0, 1, 16, 0x2000'0140'0000, 0x2000'0100'4000, "a6e249c80b2cee09"},
      {1, 2, 576, 0x2000'0160'0000, 0x2000'0100'6000, "456934689e6385e0"},
      {3, 4, 16, 0x2000'0100'5000, 0x2000'0120'0000, "ce6c8d20df769b7d"},
  };
  for (const Copy& copy : copies) {
    sdma::Words words;
    sdma::wait_memory_at_least(words, kSignal, copy.wait);
    sdma::copy_linear(words, GpuAddress(copy.destination), GpuAddress(copy.source), copy.size);
    sdma::fence(words, kSignal, copy.fence);
    EXPECT_EQ(test::sha256_prefix(std::as_bytes(std::span(words))), copy.hash);
  }
}

// From card/sdma_6_0_0_fields.csv: fill size 2 (dwords) at bits 30 and 31, the count less one.
TEST(Sdma, Fill) {
  sdma::Words words;
  sdma::fill(words, GpuAddress(0x2000'0000'0100), 4096, 0xabad1dea);
  EXPECT_EQ(words, (sdma::Words{0x8000000b, 0x100, 0x2000, 0xabad1dea, 4095}));
}

// Event 4904 of the trace: the 2048 bytes, by hash. Only PRIV_STATE and KMD_QUEUE of
// CP_HQD_PQ_CONTROL (dword 145 of card/v11_compute_mqd.csv, bits 30 and 31 of the register table)
// are ours: the reference has one VM context, and its queue runs no clients' buffers.
TEST(QueueDescriptor, IsTheReferences) {
  const QueueDescriptor descriptor({.descriptor = McAddress(0x80'0009'b000),
                                    .ring = GpuAddress(0x2000'0000'0000),
                                    .ring_dwords_log2 = 22,
                                    .read_pointer = GpuAddress(0x2000'0100'0080),
                                    .write_pointer = GpuAddress(0x2000'0100'0038),
                                    .end_of_pipe = GpuAddress(0x2000'0100'1000),
                                    .doorbell = 3});
  std::vector<std::uint32_t> words(descriptor.words().begin(), descriptor.words().end());
  EXPECT_EQ(words.at(145) >> 30, 3u);
  words.at(145) &= 0x3fffffff;
  EXPECT_EQ(test::sha256_prefix(std::as_bytes(std::span(words))), "6671a2588788e548");
  EXPECT_EQ(descriptor.registers().size(), 0x3240u - 0x3209u + 1);
}

TEST(KernelDescriptor, ReadsWhatLlvmWrites) {
  const auto kernel = KernelDescriptor::parse(test::descriptor_bytes(1152, 64));
  EXPECT_EQ(kernel.lds, 1152_B);
  EXPECT_EQ(kernel.scratch_per_lane, 64_B);
  EXPECT_EQ(kernel.kernarg, 16_B);
  EXPECT_TRUE(kernel.kernarg_pointer);
  EXPECT_EQ(kernel.kernarg_sgpr, 0u);
  EXPECT_EQ(kernel.user_sgprs, 15u);
  EXPECT_EQ(kernel.vector_registers, 8u);
  EXPECT_EQ(kernel.rsrc1, 0x60ac0000u);
}

// LLVM 19 writes a scalar register count into descriptors of kernels that use many; gfx10 and later
// ignore it.
TEST(KernelDescriptor, DropsTheScalarRegisterCount) {
  auto bytes = test::descriptor_bytes();
  bytes[48] |= std::byte{0xc0};
  bytes[49] |= std::byte{0x01};
  EXPECT_EQ(KernelDescriptor::parse(bytes).rsrc1, 0x60ac0000u);
}

TEST(KernelDescriptor, RefusesWhatItDoesNotOffer) {
  const auto code_of = [](std::size_t at, std::uint8_t set, std::uint8_t clear = 0) -> int {
    auto bytes = test::descriptor_bytes();
    bytes[at] = (bytes[at] | std::byte{set}) & ~std::byte{clear};
    try {
      KernelDescriptor::parse(bytes);
      return -1;
    } catch (const DriverError& error) {
      return static_cast<int>(error.code());
    }
  };
  const int unsupported = static_cast<int>(DriverErrorCode::unsupported_kernel);
  const int invalid = static_cast<int>(DriverErrorCode::invalid_argument);
  for (const unsigned bit : {0u, 1u, 2u, 4u, 5u, 6u}) {
    EXPECT_EQ(code_of(56, static_cast<std::uint8_t>(1u << bit)), unsupported) << "property " << bit;
  }
  EXPECT_EQ(code_of(57, 0, 4), unsupported) << "wave64";
  EXPECT_EQ(code_of(57, 8), unsupported) << "dynamic stack";
  EXPECT_EQ(code_of(58, 1), unsupported) << "preloaded arguments";
  EXPECT_EQ(code_of(12, 1), invalid) << "reserved";
  EXPECT_EQ(code_of(24, 1), invalid) << "reserved";
  EXPECT_EQ(code_of(43, 1), invalid) << "reserved";
  EXPECT_EQ(code_of(63, 0x80), invalid) << "reserved";
  EXPECT_EQ(code_of(56, 0x80), invalid) << "reserved property";
  EXPECT_EQ(code_of(50, 0x10), invalid) << "PRIV";
  EXPECT_EQ(code_of(52, 0x40), invalid) << "TRAP_PRESENT";
  EXPECT_EQ(code_of(53, 0x80), invalid) << "LDS_SIZE";
  EXPECT_EQ(code_of(45, 0x04), invalid) << "TRAP_ON_START";
  EXPECT_EQ(code_of(44, 0x01), invalid) << "shared VGPRs";
  EXPECT_EQ(code_of(52, 0x20), invalid) << "31 user registers";
  EXPECT_EQ(code_of(4, 1), invalid) << "a private segment that is not enabled";
  EXPECT_EQ(code_of(16, 1), invalid) << "entry offset";
}

}  // namespace
}  // namespace redbolt::driver
