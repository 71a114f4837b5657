// The submission ring over memory in which the test plays the card: wrap-around, a full ring,
// fences past 32 bits, and what a submission costs.
#include "queues/submission_ring.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "mock_function.hpp"
#include "queues/mec_queue.hpp"
#include "queues/sdma_queue.hpp"
#include "redbolt/driver/driver_error.hpp"
#include "redbolt/registers/nbio_4_3_0.hpp"

namespace redbolt::driver {
namespace {

using namespace std::chrono_literals;
namespace nbio = registers::nbio;

constexpr Bytes kRingSize{4096};
constexpr GpuAddress kRing{0x2000'0000'0000};
constexpr GpuAddress kControl{0x2000'0010'0000};

class Ring : public testing::TestWithParam<PointerUnit> {
 protected:
  std::uint64_t written() const { return control.read_at<std::uint64_t>(0x38); }
  void set_read(std::uint64_t dwords) {
    control.write_at<std::uint64_t>(0x80, dwords * static_cast<unsigned>(unit));
  }
  void set_fence(std::uint32_t value) { control.write_at(0x100, value); }

  struct Memory : test::MockHostMemory {
    using MockHostMemory::MockHostMemory;
    template <class T>
    T read_at(std::size_t at) const {
      T value;
      std::memcpy(&value, const_cast<Memory*>(this)->data() + at, sizeof(T));
      return value;
    }
    template <class T>
    void write_at(std::size_t at, T value) {
      // As the card would: from another thread than the one that polls.
      std::atomic_ref<T>(*reinterpret_cast<T*>(data() + at))
          .store(value, std::memory_order_release);
    }
  };

  PointerUnit unit = GetParam();
  test::MockFunction function;
  Memory memory{kRingSize, 0};
  Memory control{Bytes(4096), 0};
  SubmissionRing ring{function,
                      {&memory, kRing, kRingSize},
                      {&control, kControl, Bytes(4096)},
                      {pci::Bar::k2, 256, unit, 50ms, "test queue"}};
};

INSTANTIATE_TEST_SUITE_P(Units, Ring, testing::Values(PointerUnit::dwords, PointerUnit::bytes));

TEST_P(Ring, SubmissionIsOneDoorbellAndNothingElse) {
  const std::vector<std::uint32_t> words = {1, 2, 3};
  EXPECT_EQ(ring.begin(), FenceValue(1));
  ring.put(words);
  ring.put(words);
  EXPECT_TRUE(function.doorbells.empty());
  ring.commit();
  const std::uint64_t pointer = 6 * static_cast<std::uint64_t>(unit);
  EXPECT_EQ(function.doorbells,
            (std::vector<std::pair<std::uint64_t, std::uint64_t>>{{0x800, pointer}}));
  EXPECT_EQ(written(), pointer);
  EXPECT_EQ(function.register_reads, 0u);
  EXPECT_TRUE(function.writes.empty());
  EXPECT_EQ(memory.read_at<std::uint32_t>(20), 3u);
}

TEST_P(Ring, PacketsGoAroundTheEnd) {
  const std::vector<std::uint32_t> words(100, 7);
  for (unsigned i = 0; i < 10; ++i) {
    ring.begin();
    ring.put(words);
    ring.commit();
  }
  set_read(1000);
  std::vector<std::uint32_t> last(48);
  for (std::uint32_t i = 0; i < last.size(); ++i) last[i] = 1000 + i;
  ring.begin();
  ring.put(last);
  ring.commit();
  for (std::uint32_t i = 0; i < last.size(); ++i) {
    EXPECT_EQ(memory.read_at<std::uint32_t>((1000 + i) % 1024 * 4), 1000 + i);
  }
  EXPECT_EQ(written(), 1048 * static_cast<std::uint64_t>(unit)) << "pointers never wrap";
}

TEST_P(Ring, AFullRingWaitsForTheCard) {
  const std::vector<std::uint32_t> words(500, 7);
  ring.begin();
  ring.put(words);
  ring.put(words);
  std::thread card([&] {
    std::this_thread::sleep_for(5ms);
    set_read(900);
  });
  ring.put(words);  // rings the doorbell for what is there, then waits
  card.join();
  EXPECT_EQ(function.doorbells.size(), 1u);
  EXPECT_EQ(function.doorbells[0].second, 1000 * static_cast<std::uint64_t>(unit));
  ring.commit();
  EXPECT_EQ(function.doorbells.size(), 2u);
}

TEST_P(Ring, ACardThatStopsIsATimeout) {
  const std::vector<std::uint32_t> words(512, 7);
  ring.begin();
  ring.put(words);
  try {
    ring.put(words);
    FAIL() << "one dword has to stay free";
  } catch (const DriverError& error) {
    EXPECT_EQ(error.code(), DriverErrorCode::timeout);
    EXPECT_EQ(error.step(), "test queue");
  }
}

TEST_P(Ring, TooLargeARunIsRefused) {
  ring.begin();
  EXPECT_THROW(ring.put(std::vector<std::uint32_t>(513)), DriverError);
}

TEST_P(Ring, CompletionFollowsTheFence) {
  for (int i = 0; i < 3; ++i) {
    ring.begin();
    ring.commit();
  }
  EXPECT_EQ(ring.submitted(), FenceValue(3));
  EXPECT_EQ(ring.completed(), FenceValue(0));
  EXPECT_TRUE(ring.wait(FenceValue(0), 0ns));
  EXPECT_FALSE(ring.wait(FenceValue(1), 1ms));
  set_fence(2);
  EXPECT_EQ(ring.completed(), FenceValue(2));
  EXPECT_TRUE(ring.wait(FenceValue(2), 0ns));
  EXPECT_FALSE(ring.wait(FenceValue(3), 1ms));
  std::thread card([&] {
    std::this_thread::sleep_for(3ms);
    set_fence(3);
  });
  EXPECT_TRUE(ring.wait(FenceValue(3), 10s));
  card.join();
}

TEST_P(Ring, FencesGoOnPast32Bits) {
  ring.start_at(FenceValue(0xfffffffd));
  EXPECT_EQ(ring.completed(), FenceValue(0xfffffffd));
  bool quiesced = false;
  ring.on_wrap([&] { quiesced = true; });
  EXPECT_EQ(ring.begin(), FenceValue(0xfffffffe));
  ring.commit();
  EXPECT_EQ(ring.begin(), FenceValue(0xffffffff));
  ring.commit();
  EXPECT_FALSE(quiesced);
  EXPECT_EQ(ring.completed(), FenceValue(0xfffffffd));
  set_fence(0xffffffff);
  // 0 in the low half is skipped: it could not be told from the start.
  EXPECT_EQ(ring.begin(), FenceValue(0x1'0000'0001));
  EXPECT_TRUE(quiesced);
  EXPECT_EQ(control.read_at<std::uint32_t>(0x100), 0u);
  EXPECT_EQ(ring.completed(), FenceValue(0x1'0000'0000));
  ring.commit();
  EXPECT_EQ(ring.completed(), FenceValue(0x1'0000'0000));
  set_fence(1);
  EXPECT_EQ(ring.completed(), FenceValue(0x1'0000'0001));
}

class ComputeSubmission : public Ring {};
INSTANTIATE_TEST_SUITE_P(Unit, ComputeSubmission, testing::Values(PointerUnit::dwords));

TEST_P(ComputeSubmission, MalformedBuffersAreRefusedBeforeAnythingIsWritten) {
  RegisterFile file(function, pci::Bar::k5, 50ms);
  file.set_bases(test::navi31_bases());
  function.values[test::address_of(nbio::BIF_BX0_REMAP_HDP_MEM_FLUSH_CNTL)] = 0x385c;
  VramWindow window(function, pci::Bar::k0, file);
  HostDataPath host_data_path(file);
  MecQueue queue(file, window, host_data_path,
                 {McAddress(0x80'0000'0000), McAddress(0x85'fe00'0000)}, ring,
                 GpuAddress(0x2000'0100'1000), 3);
  // The register image goes to CP_MQD_BASE_ADDR .. CP_HQD_PQ_WPTR_HI; the last write turns it on.
  EXPECT_EQ(function.values[0x3209], 0x9b000u);
  EXPECT_EQ(function.values[0x3218], 0x40000018u);
  EXPECT_EQ(function.values[0x320b], 1u);
  EXPECT_EQ(function.values[0xa900], 0u) << "the selection is put back";

  const GpuAddress good{0x2000'0200'0000};
  for (const IndirectBuffer bad :
       {IndirectBuffer{good, 0}, IndirectBuffer{good, 1u << 20}, IndirectBuffer{good + Bytes(2), 4},
        IndirectBuffer{GpuAddress(0x1000), 4}, IndirectBuffer{GpuAddress(0x8000'0000'0000), 4}}) {
    const std::array buffers = {IndirectBuffer{good, 4}, bad};
    EXPECT_THROW(queue.submit(buffers, {}), DriverError);
  }
  EXPECT_EQ(written(), 0u);
  EXPECT_TRUE(function.doorbells.empty());
  const std::array buffers = {IndirectBuffer{good, 4}, IndirectBuffer{good, 4}};
  EXPECT_EQ(queue.submit(buffers, {}), FenceValue(1));
  EXPECT_EQ(function.doorbells.size(), 1u);
}

class CopySubmission : public Ring {};
INSTANTIATE_TEST_SUITE_P(Unit, CopySubmission, testing::Values(PointerUnit::bytes));

TEST_P(CopySubmission, RangesAreChecked) {
  RegisterFile file(function, pci::Bar::k5, 50ms);
  file.set_bases(test::navi31_bases());
  CopyEngine engine(file);
  SdmaQueue queue(engine, ring, 256);
  // The trace's events 9199 to 9217, at this ring's addresses.
  EXPECT_EQ(function.values[0x130b], 0x800u);
  EXPECT_EQ(function.values[0x12f2], 0x10000000u);
  EXPECT_EQ(function.values[0x12e0], 0x841815u) << "as 0x84182d, but for a ring of 2^10 dwords";

  const GpuAddress a{0x2000'0200'0000}, b{0x2000'0300'0000};
  EXPECT_THROW(queue.copy(a, b, Bytes(0)), DriverError);
  EXPECT_THROW(queue.copy(a, a + Bytes(8), Bytes(9)), DriverError);
  EXPECT_THROW(queue.copy(GpuAddress(16), b, Bytes(16)), DriverError);
  EXPECT_THROW(queue.copy(GpuAddress(0x7fff'ffff'fff8), b, Bytes(16)), DriverError);
  EXPECT_THROW(queue.copy(a, b, Bytes(~0ull)), DriverError);
  EXPECT_THROW(queue.fill(a + Bytes(2), Bytes(4), 0, {}), DriverError);
  EXPECT_THROW(queue.fill(a, Bytes(6), 0, {}), DriverError);
  EXPECT_EQ(written(), 0u);

  // 10 MiB go in pieces of 4 MiB: three copies of seven dwords and a fence of four.
  queue.copy(a, a + Bytes(10 << 20), Bytes(10 << 20));
  EXPECT_EQ(written(), (3 * 7 + 4) * 4u);
  EXPECT_EQ(memory.read_at<std::uint32_t>(4), (4u << 20) - 1);
  EXPECT_EQ(memory.read_at<std::uint32_t>(14 * 4 + 4), (2u << 20) - 1);
  EXPECT_EQ(memory.read_at<std::uint32_t>(14 * 4 + 20), 0x02000000u + (8u << 20));
}

}  // namespace
}  // namespace redbolt::driver
