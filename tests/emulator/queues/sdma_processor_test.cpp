// SDMA packets, assembled by hand from the reference tables (card/packets_dispatch_and_copy.md,
// sdma_6_0_0_fields.csv).
#include "packets/sdma_processor.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "recording_hosts.hpp"

namespace redbolt::emulator::testing {
namespace {

constexpr std::uint64_t ring_base = 0x200002000000;
constexpr std::uint64_t ring_dwords = 256;
constexpr std::uint64_t data = 0x200010000000;
constexpr std::uint32_t data_lo = 0x10000000;
constexpr std::uint32_t data_hi = 0x2000;

class SdmaTest : public ::testing::Test {
 protected:
  SdmaTest() {
    host.flat().map(ring_base, ring_dwords * 4);
    host.flat().map(data, 0x10000);
  }

  void run(const std::vector<std::uint32_t>& words) {
    for (const std::uint32_t word : words) {
      host.flat().write32(ring_base + (written++ % ring_dwords) * 4, word);
    }
    stream.set_end(written);
    while (processor.step(stream)) {
    }
  }
  QueueErrorKind error_of(const std::vector<std::uint32_t>& words) {
    try {
      run(words);
    } catch (const QueueError& error) {
      return error.kind();
    }
    ADD_FAILURE() << "no error";
    return QueueErrorKind::aborted;
  }

  RecordingSdmaHost host;
  std::stop_source stop;
  SdmaProcessor processor{host, 0, stop.get_token()};
  PacketStream stream = PacketStream::ring(host.flat(), ring_base, ring_dwords, 0);
  std::uint64_t written = 0;
};

// packets_dispatch_and_copy.md, section 1.
TEST_F(SdmaTest, ReferenceCopy) {
  host.flat().map(0x200001003ff0, 8);
  host.flat().map(0x200001400000, 16);
  host.flat().map(0x200001004000, 16);
  host.flat().put(0x200001400000,
                  std::vector<std::uint32_t>{0x3f800000, 0x40000000, 0x40400000, 0x40800000});
  run({0xd0000008, 0x01003ff0, 0x2000, 0, 0xffffffff, 0x0fff0004, 0x1, 0xf, 0, 0x1400000, 0x2000,
       0x1004000, 0x2000, 0x30005, 0x01003ff0, 0x2000, 1});
  EXPECT_EQ(stream.position() * 4, 68u);
  EXPECT_EQ(host.flat().get(0x200001004000, 4),
            (std::vector<std::uint32_t>{0x3f800000, 0x40000000, 0x40400000, 0x40800000}));
  EXPECT_EQ(host.flat().read64(0x200001003ff0), 1u);
  EXPECT_EQ(host.bytes, 16u);
  EXPECT_EQ(host.fences, 1);
}

TEST_F(SdmaTest, CopyBeyondFourMegabytes) {
  constexpr std::uint64_t source = 0x300000000000;
  constexpr std::uint64_t target = 0x310000000000;
  constexpr std::uint32_t bytes = (5u << 20) + 3;
  host.flat().map(source, bytes + 64);
  host.flat().map(target, bytes + 64);
  for (std::uint64_t i = 0; i < bytes; i += 4)
    host.flat().write32(source + i, static_cast<std::uint32_t>(i * 2654435761u));
  run({0x1, bytes - 1, 0, 5, 0x3000, 0x11, 0x3100});
  std::vector<std::byte> from(bytes), to(bytes);
  host.flat().read(source + 5, from);
  host.flat().read(target + 0x11, to);
  EXPECT_TRUE(from == to);
  EXPECT_EQ(host.bytes, bytes);
}

TEST_F(SdmaTest, BroadcastCopy) {
  host.flat().write32(data, 0x1234);
  run({0x08000001, 3, 0, data_lo, data_hi, data_lo + 16, data_hi, data_lo + 32, data_hi});
  EXPECT_EQ(host.flat().read32(data + 16), 0x1234u);
  EXPECT_EQ(host.flat().read32(data + 32), 0x1234u);
}

TEST_F(SdmaTest, BackwardsCopyMovesOverlappingRangesUp) {
  std::vector<std::uint32_t> words(3000);
  for (std::uint32_t i = 0; i < words.size(); ++i) words[i] = i + 1;
  host.flat().put(data, words);
  run({0x02000001, 3000 * 4 - 1, 0, data_lo, data_hi, data_lo + 8, data_hi});
  EXPECT_EQ(host.flat().get(data + 8, words.size()), words);
}

// COPY_LINEAR_SUBWIN: a box of 3 x 2 x 2 elements of 4 bytes from (1, 2, 0) of a volume with rows
// of 8 and slices of 64 elements to (2, 0, 1) of one with rows of 5 and slices of 20.
TEST_F(SdmaTest, SubWindowCopy) {
  constexpr std::uint64_t target = data + 0x4000;
  for (std::uint32_t i = 0; i < 256; ++i) host.flat().write32(data + 4 * i, 1000 + i);
  run({2u << 29 | 0x401, data_lo, data_hi, 1 | 2 << 16, 0 | (8 - 1) << 13, 64 - 1, data_lo + 0x4000,
       data_hi, 2 | 0 << 16, 1 | (5 - 1) << 13, 20 - 1, (3 - 1) | (2 - 1) << 16, 2 - 1});
  for (std::uint32_t z = 0; z < 4; ++z) {
    for (std::uint32_t y = 0; y < 4; ++y) {
      for (std::uint32_t x = 0; x < 5; ++x) {
        const bool inside = x >= 2 && x < 5 && y < 2 && z >= 1 && z < 3;
        const std::uint32_t from = (x - 2 + 1) + (y + 2) * 8 + (z - 1) * 64;
        EXPECT_EQ(host.flat().read32(target + 4 * (x + 5 * y + 20 * z)), inside ? 1000 + from : 0u)
            << x << " " << y << " " << z;
      }
    }
  }
  EXPECT_EQ(host.bytes, 48u);
  EXPECT_EQ(
      error_of({5u << 29 | 0x401, data_lo, data_hi, 0, 0, 0, data_lo, data_hi, 0, 0, 0, 0, 0}),
      QueueErrorKind::bad_packet);
}

// All functions, on memory and on registers.
TEST_F(SdmaTest, PollFunctions) {
  const std::pair<std::uint32_t, std::uint32_t> satisfied[] = {{0, 99}, {1, 4}, {2, 5}, {3, 5},
                                                               {4, 6},  {5, 5}, {6, 6}};
  for (const auto& [function, value] : satisfied) {
    host.flat().write32(data, value);
    host.registers.write(0x1234, value);
    run({1u << 31 | function << 28 | 0x8, data_lo, data_hi, 5, 0xffffffff, 0x00010004});
    run({function << 28 | 0x8, 0x1234 << 2, 0, 5, 0xffffffff, 0x00010004});
  }
  EXPECT_EQ(host.waits, 0);
  EXPECT_EQ(error_of({1u << 31 | 7u << 28 | 0x8, data_lo, data_hi, 5, ~0u, 0x00010004}),
            QueueErrorKind::bad_packet);
}

TEST_F(SdmaTest, ConstantFill) {
  run({0x8000000b, data_lo, data_hi, 0xabcdef01, 11});
  EXPECT_EQ(host.flat().get(data, 4),
            (std::vector<std::uint32_t>{0xabcdef01, 0xabcdef01, 0xabcdef01, 0}));
  run({0x0000000b, data_lo + 33, data_hi, 0x77, 2});  // three bytes
  EXPECT_EQ(host.flat().get(data + 32, 2), (std::vector<std::uint32_t>{0x77777700, 0}));
  run({0x4000000b, data_lo + 0x1ffe, data_hi, 0x1234, 3});  // across a page
  EXPECT_EQ(host.flat().get(data + 0x1ffc, 2),
            (std::vector<std::uint32_t>{0x12340000, 0x00001234}));
  EXPECT_EQ(error_of({0xc000000b, data_lo, data_hi, 0, 3}), QueueErrorKind::bad_packet);
}

TEST_F(SdmaTest, WriteAndNop) {
  run({0x00030000, 1, 2, 3, 0x2, data_lo, data_hi, 2, 10, 11, 12, 0x0, 0x30005, data_lo + 64,
       data_hi, 5});
  EXPECT_EQ(host.flat().get(data, 4), (std::vector<std::uint32_t>{10, 11, 12, 0}));
  EXPECT_EQ(host.flat().read32(data + 64), 5u);
}

TEST_F(SdmaTest, TrapAndTimestamps) {
  run({0x6, 0x5555, 0x10d, data_lo, data_hi, 0x20d, data_lo + 8, data_hi});
  EXPECT_EQ(host.traps, std::vector<std::uint32_t>{0x5555});
  EXPECT_EQ(host.flat().read64(data), host.now);
  EXPECT_EQ(host.flat().read64(data + 8), host.now);
  run({0x00d, 100, 0});
  host.now += 25;
  run({0x10d, data_lo, data_hi, 0x20d, data_lo + 8, data_hi});
  EXPECT_EQ(host.flat().read64(data), 125u);
  EXPECT_EQ(host.flat().read64(data + 8), host.now);
}

TEST_F(SdmaTest, PollEndsWithAPlainStore) {
  std::thread store([&] {
    while (host.waits == 0) std::this_thread::yield();
    host.flat().write32(data, 0xff000007);
  });
  run({0xb0000008, data_lo, data_hi, 7, 0xffff, 0x0fff0004, 0x30005, data_lo + 4, data_hi, 1});
  store.join();
  EXPECT_EQ(host.flat().read32(data + 4), 1u);
}

TEST_F(SdmaTest, PollGivesUpAfterItsRetries) {
  EXPECT_EQ(error_of({0xb0000008, data_lo, data_hi, 7, 0xffff, 0x00050001}),
            QueueErrorKind::poll_timeout);
}

TEST_F(SdmaTest, PollFlushesHdp) {
  host.registers.write(0xe27, 0x400);
  run({0x34000008, 0xe27 << 2, 0xe26 << 2, 0x400, 0x400, 0x0fff0004});
  EXPECT_EQ(host.registers.writes().back(),
            (std::pair<std::uint32_t, std::uint32_t>{0xe26, 0x400}));
}

TEST_F(SdmaTest, Atomic) {
  host.flat().write64(data, 40);
  run({47u << 25 | 0xa, data_lo, data_hi, 2, 0, 0, 0, 0});
  EXPECT_EQ(host.flat().read64(data), 42u);
  EXPECT_EQ(error_of({5u << 25 | 0xa, data_lo, data_hi, 2, 0, 0, 0, 0}),
            QueueErrorKind::bad_packet);
}

TEST_F(SdmaTest, CondExe) {
  const std::vector<std::uint32_t> words{0x9,     data_lo,     data_hi, 1, 4,
                                         0x30005, data_lo + 4, data_hi, 9};
  run(words);
  EXPECT_EQ(host.flat().read32(data + 4), 0u);
  host.flat().write32(data, 1);
  run(words);
  EXPECT_EQ(host.flat().read32(data + 4), 9u);
}

TEST_F(SdmaTest, IndirectBuffer) {
  host.flat().put(data + 0x100, std::vector<std::uint32_t>{0x30005, data_lo, data_hi, 6});
  run({0, 0, 0x00050004, data_lo + 0x100, data_hi, 4, 0, 0, 0x30005, data_lo + 4, data_hi, 7});
  EXPECT_EQ(host.flat().get(data, 2), (std::vector<std::uint32_t>{6, 7}));
  EXPECT_EQ(host.vmids_used, 1u | 1u << 5);
}

TEST_F(SdmaTest, IndirectBufferMustEndOnAnEightDwordBoundary) {
  EXPECT_EQ(error_of({0x00000004, data_lo + 0x100, data_hi, 4, 0, 0}), QueueErrorKind::bad_packet);
}

TEST_F(SdmaTest, IndirectBufferMustBeAligned) {
  EXPECT_EQ(error_of({0, 0, 0x00000004, data_lo + 0x110, data_hi, 4, 0, 0}),
            QueueErrorKind::bad_packet);
}

TEST_F(SdmaTest, IndirectBufferMustBeEnabled) {
  host.indirect_enabled = false;
  EXPECT_EQ(error_of({0, 0, 0x00000004, data_lo + 0x100, data_hi, 4, 0, 0}),
            QueueErrorKind::bad_packet);
}

TEST_F(SdmaTest, RegisterWriteByBytes) {
  host.registers.write(0x1234, 0xaabbccdd);
  run({0xf000000e, 0x1233, 0x01020304, 0x6000000e, 0x1234, 0x01020304});
  EXPECT_EQ(host.registers.read(0x1233), 0x01020304u);
  EXPECT_EQ(host.registers.read(0x1234), 0xaa0203ddu);
}

TEST_F(SdmaTest, PageTableEntries) {
  run({0xc, data_lo, data_hi, 0x71, 0, 0x5000, 1, 0x1000, 0, 2});
  EXPECT_EQ(host.flat().read64(data), 0x100005071u);
  EXPECT_EQ(host.flat().read64(data + 16), 0x100007071u);
  EXPECT_EQ(host.flat().read64(data + 24), 0u);
}

TEST_F(SdmaTest, UnknownAndOversizedPackets) {
  EXPECT_EQ(error_of({0x3f}), QueueErrorKind::bad_opcode);
}

TEST_F(SdmaTest, WriteLongerThanItsRing) {
  EXPECT_EQ(error_of({0x2, data_lo, data_hi, 0xfffff, 0}), QueueErrorKind::bad_packet);
}

TEST_F(SdmaTest, FaultIsReportedWithWhatCameBefore) {
  EXPECT_EQ(error_of({0x1, 0x1fff, 0, data_lo, data_hi, data_lo + 0xf000, data_hi}),
            QueueErrorKind::memory_fault);
  EXPECT_EQ(host.flat().faults, std::vector<std::uint64_t>{data + 0x10000});
}

}  // namespace
}  // namespace redbolt::emulator::testing
