// PM4 packets, assembled by hand from the reference tables (card/packets_dispatch_and_copy.md,
// pm4_fields.csv, pm4_enums.csv).
#include "pm4_test.hpp"

namespace redbolt::emulator::testing {
namespace {

// packets_dispatch_and_copy.md, section 3, dword by dword.
const std::vector<std::uint32_t> reference_dispatch{
    0xc0053c00, 0x15,       0x01003ff0, 0x2000,     2,          0xffffffff, 4,          0xc0053c00,
    0x45,       0xe26,      0xe27,      0xffffffff, 0xffffffff, 4,          0xc0065800, 0,
    0xffffffff, 0xffffffff, 0,          0,          0,          0xc3f1,     0xc0065800, 0,
    0xffffffff, 0xffffffff, 0,          0,          0,          0x3f0,      0xc0027600, 0x20c,
    0x10060,    0x20,       0xc0027600, 0x212,      0x40bf0000, 0x9e,       0xc0017600, 0x228,
    0,          0xc0017600, 0x218,      0x20200,    0xc0027600, 0x210,      0x80000,    0x20,
    0xc0037600, 0x21b,      0,          0,          0,          0xc0027600, 0x240,      0x7000000,
    0x2000,     0xc0017600, 0x215,      0,          0xc0087600, 0x204,      0,          0,
    0,          1,          1,          1,          0,          0,          0xc0031500, 1,
    1,          1,          0x8005,     0xc0004600, 0x407,      0xc0064900, 0x70f514,   0x20000000,
    0x01003ff0, 0x2000,     3,          0,          0};

void flush_done(std::uint32_t, std::uint32_t) {}

TEST_F(Pm4Test, ReferenceDispatch) {
  constexpr std::uint64_t signal = 0x200001003ff0;
  ASSERT_EQ(reference_dispatch.size(), 85u);
  host.flat().map(signal, 8);
  host.flat().write32(signal, 2);
  host.registers.write(0xe27, 0xffffffff);  // the flush is done at once
  host.on_register_write = flush_done;

  run(reference_dispatch);

  EXPECT_EQ(stream.position(), 85u);
  ASSERT_EQ(host.dispatches.size(), 1u);
  const auto& dispatched = host.dispatches[0];
  EXPECT_EQ(dispatched.dimensions, (std::array<std::uint32_t, 3>{1, 1, 1}));
  EXPECT_EQ(dispatched.initiator, 0x8005u);
  const auto reg = [&](std::uint32_t address) { return dispatched.registers[address - 0x2c00]; };
  EXPECT_EQ(reg(0x2e0c), 0x10060u);
  EXPECT_EQ(reg(0x2e0d), 0x20u);
  EXPECT_EQ(reg(0x2e12), 0x40bf0000u);
  EXPECT_EQ(reg(0x2e13), 0x9eu);
  EXPECT_EQ(reg(0x2e18), 0x20200u);
  EXPECT_EQ(reg(0x2e10), 0x80000u);
  EXPECT_EQ(reg(0x2e40), 0x7000000u);
  EXPECT_EQ(reg(0x2e41), 0x2000u);
  EXPECT_EQ(reg(0x2e07), 1u);
  EXPECT_EQ(reg(0x2e09), 1u);
  EXPECT_EQ(host.registers.writes().back(),
            (std::pair<std::uint32_t, std::uint32_t>{0xe26, 0xffffffff}));
  EXPECT_EQ(host.flat().read32(signal), 3u);
  EXPECT_EQ(host.barriers, 3);
  EXPECT_EQ(host.fences, 1);
  EXPECT_TRUE(host.interrupts.empty());
}

TEST_F(Pm4Test, RingWrapsInTheMiddleOfAPacket) {
  // A NOP that leaves 3 dwords before the ring's end, then a 5-dword WRITE_DATA across it.
  std::vector<std::uint32_t> filler(ring_dwords - 3, 0);
  filler[0] = 0xc0000000u | static_cast<std::uint32_t>(ring_dwords - 3 - 2) << 16 | 0x1000;
  run(filler);
  run({0xc0033700, 0x00000500, data_lo, data_hi, 0xabcd1234});
  EXPECT_EQ(at(0), 0xabcd1234u);
  EXPECT_EQ(stream.position(), ring_dwords + 2);
}

TEST_F(Pm4Test, IncompletePacketIsLeftUntilTheRestArrives) {
  append({0xc0033700, 0x00000500, data_lo});
  execute();
  EXPECT_EQ(stream.position(), 0u);
  append({data_hi, 7});
  execute();
  EXPECT_EQ(at(0), 7u);
}

TEST_F(Pm4Test, FillersAndOneDwordNop) {
  run({0x80000000, 0xffff1000, 0xc0001000, 0xdeadbeef, 0xc0033700, 0x500, data_lo, data_hi, 9});
  EXPECT_EQ(at(0), 9u);
}

TEST_F(Pm4Test, ReleaseMemDataSelects) {
  const auto release = [&](std::uint32_t select, std::uint32_t offset) {
    run({0xc0064900, 0x514, select << 29, data_lo + offset, data_hi, 0x11111111, 0x22222222, 0});
  };
  for (std::uint32_t i = 0; i < 5; ++i) host.flat().write64(data + 8 * i, 0x5555555555555555);
  release(0, 0);
  release(1, 8);
  release(2, 16);
  release(3, 24);
  release(4, 32);
  EXPECT_EQ(at64(0), 0x5555555555555555u);
  EXPECT_EQ(at64(8), 0x5555555511111111u);
  EXPECT_EQ(at64(16), 0x2222222211111111u);
  EXPECT_EQ(at64(24), host.now);
  EXPECT_EQ(at64(32), host.now);
  EXPECT_EQ(host.fences, 4);
  EXPECT_EQ(error_of({0xc0064900, 0x514, 5u << 29, data_lo, data_hi, 0, 0, 0}),
            QueueErrorKind::bad_packet);
}

TEST_F(Pm4Test, ReleaseMemAddressBits) {
  // 32 bits go to any dword, the two low bits ignored; 64 bits to any pair of them.
  run({0xc0064900, 0x514, 1u << 29, data_lo + 0x107, data_hi, 0x11111111, 0, 0});
  run({0xc0064900, 0x514, 2u << 29, data_lo + 0x10f, data_hi, 0x22222222, 0x33333333, 0});
  EXPECT_EQ(host.flat().get(data + 0x100, 4),
            (std::vector<std::uint32_t>{0, 0x11111111, 0x22222222, 0x33333333}));
}

TEST_F(Pm4Test, ReleaseMemInterruptSelects) {
  const auto release = [&](std::uint32_t select, std::uint32_t compare) {
    run({0xc0064900, 0x514, select << 24, data_lo, data_hi, compare, 0, 0x100 + select});
  };
  host.flat().write64(data, 77);
  release(0, 0);
  release(1, 0);
  release(2, 0);
  release(3, 0);
  release(4, 0);
  release(5, 76);
  release(5, 77);
  release(6, 77);
  EXPECT_EQ(host.interrupts, (std::vector<std::uint32_t>{0x101, 0x102, 0x104, 0x105, 0x106}));
}

TEST_F(Pm4Test, WaitFunctions) {
  // function, value in memory that satisfies reference 5 (pm4_enums.csv)
  const std::pair<std::uint32_t, std::uint32_t> satisfied[] = {{0, 99}, {1, 4}, {2, 5}, {3, 5},
                                                               {4, 6},  {5, 5}, {6, 6}};
  for (const auto& [function, value] : satisfied) {
    host.flat().write32(data, value);
    run({0xc0053c00, 0x10 | function, data_lo, data_hi, 5, 0xffffffff, 4});
  }
  EXPECT_EQ(host.waits, 0);
  EXPECT_EQ(error_of({0xc0053c00, 0x17, data_lo, data_hi, 5, 0xffffffff, 4}),
            QueueErrorKind::bad_packet);
}

TEST_F(Pm4Test, WaitEndsWithAPlainStore) {
  const std::pair<std::uint32_t, std::uint32_t> unsatisfied_then[] = {{1, 4}, {2, 5}, {3, 5},
                                                                      {4, 6}, {5, 5}, {6, 6}};
  const std::uint32_t first[] = {5, 6, 4, 5, 4, 5};
  for (std::size_t i = 0; i < std::size(first); ++i) {
    const auto [function, value] = unsatisfied_then[i];
    host.flat().write32(data, 0xab000000 | first[i]);
    const int waits = host.waits;
    std::thread store([&, value = value] {
      while (host.waits == waits) std::this_thread::yield();
      host.flat().write32(data, 0xab000000 | value);
    });
    run({0xc0053c00, 0x10 | function, data_lo, data_hi, 5, 0x00ffffff, 4});
    store.join();
    EXPECT_EQ(host.waits, waits + 1) << "function " << function;
  }
}

TEST_F(Pm4Test, WaitOnRegister) {
  host.registers.write(0x1234, 1);
  std::thread store([&] {
    while (host.waits == 0) std::this_thread::yield();
    host.registers.write(0x1234, 0x10);
  });
  run({0xc0053c00, 0x03, 0x1234, 0, 0x10, 0xf0, 4});
  store.join();
  EXPECT_EQ(host.waits, 1);
}

TEST_F(Pm4Test, WaitIsGivenUpOnAStopRequest) {
  std::thread stopper([&] {
    while (host.waits == 0) std::this_thread::yield();
    stop.request_stop();
  });
  EXPECT_EQ(error_of({0xc0053c00, 0x13, data_lo, data_hi, 5, 0xffffffff, 4}),
            QueueErrorKind::aborted);
  stopper.join();
}

TEST_F(Pm4Test, Wait64) {
  host.flat().write64(data, 0x500000000);
  run({0xc0079300, 0x13, data_lo, data_hi, 0, 5, 0, 0xffffffff, 4});
  EXPECT_EQ(host.waits, 0);
}

TEST_F(Pm4Test, WriteData) {
  run({0xc0053700, 0x500, data_lo, data_hi, 1, 2, 3});
  EXPECT_EQ(host.flat().get(data, 4), (std::vector<std::uint32_t>{1, 2, 3, 0}));
  run({0xc0053700, 0x10200, data_lo + 64, data_hi, 1, 2, 3});  // same address, L2
  EXPECT_EQ(host.flat().get(data + 64, 2), (std::vector<std::uint32_t>{3, 0}));
  run({0xc0043700, 0x000, 0x3049, 0, 8, 9});
  EXPECT_EQ(host.registers.read(0x3049), 8u);
  EXPECT_EQ(host.registers.read(0x304a), 9u);
  run({0xc0043700, 0x10000, 0x3050, 0, 8, 9});
  EXPECT_EQ(host.registers.read(0x3050), 9u);
  EXPECT_EQ(host.registers.read(0x3051), 0u);
  EXPECT_EQ(error_of({0xc0033700, 0x300, data_lo, data_hi, 1}), QueueErrorKind::bad_packet);
}

TEST_F(Pm4Test, CopyData) {
  host.flat().write64(data, 0x1122334455667788);
  run({0xc0044000, 0x10202, data_lo, data_hi, data_lo + 8, data_hi});  // 64 bits
  run({0xc0044000, 0x00202, data_lo + 4, data_hi, data_lo + 16, data_hi});
  run({0xc0044000, 0x10209, 0, 0, data_lo + 24, data_hi});  // GPU clock
  run({0xc0044000, 0x10205, 0xaaaa, 0xbbbb, data_lo + 32, data_hi});
  host.registers.write(0x2000, 0x77);
  run({0xc0044000, 0x00200, 0x2000, 0, data_lo + 40, data_hi});
  run({0xc0044000, 0x10002, data_lo, data_hi, 0x2010, 0});
  EXPECT_EQ(at64(8), 0x1122334455667788u);
  EXPECT_EQ(at64(16), 0x11223344u);
  EXPECT_EQ(at64(24), host.now);
  EXPECT_EQ(at64(32), 0xbbbb0000aaaau);
  EXPECT_EQ(at64(40), 0x77u);
  EXPECT_EQ(host.registers.read(0x2010), 0x55667788u);
  EXPECT_EQ(host.registers.read(0x2011), 0x11223344u);
  EXPECT_EQ(error_of({0xc0044000, 0x10203, 0, 0, data_lo, data_hi}), QueueErrorKind::bad_packet);
}

TEST_F(Pm4Test, AtomicMem) {
  const auto atomic = [&](std::uint32_t operation, std::uint64_t source, std::uint64_t compare) {
    run({0xc0071e00, operation, data_lo, data_hi, static_cast<std::uint32_t>(source),
         static_cast<std::uint32_t>(source >> 32), static_cast<std::uint32_t>(compare),
         static_cast<std::uint32_t>(compare >> 32), 0});
  };
  host.flat().write64(data, 0x1'ffffffff);
  atomic(15, 1, 0);  // 32-bit add with return: does not carry
  EXPECT_EQ(at64(0), 0x1'00000000u);
  atomic(47, 0xffffffff, 0);  // 64-bit add
  EXPECT_EQ(at64(0), 0x1'ffffffffu);
  atomic(80, 0xf, 0);  // 32-bit subtract without return
  EXPECT_EQ(at64(0), 0x1'fffffff0u);
  atomic(17, 5, 0);  // signed minimum of -16 and 5
  EXPECT_EQ(at(0), 0xfffffff0u);
  atomic(18, 5, 0);  // unsigned minimum
  EXPECT_EQ(at(0), 5u);
  atomic(8, 9, 4);  // compare and swap, unequal
  EXPECT_EQ(at(0), 5u);
  atomic(8, 9, 5);
  EXPECT_EQ(at(0), 9u);
  atomic(7, 0xf0, 0);  // swap
  EXPECT_EQ(at(0), 0xf0u);
  run({0xc0044000, 0x00206, 0, 0, data_lo + 8, data_hi});  // what the swap returned
  EXPECT_EQ(at(8), 9u);
  atomic(21, 0x3c, 0);
  EXPECT_EQ(at(0), 0x30u);
  atomic(22, 0x03, 0);
  EXPECT_EQ(at(0), 0x33u);
  atomic(23, 0xff, 0);
  EXPECT_EQ(at(0), 0xccu);
  atomic(24, 0xcc, 0);  // increment wraps at the source
  EXPECT_EQ(at(0), 0u);
  atomic(25, 7, 0);  // decrement of 0 wraps to the source
  EXPECT_EQ(at(0), 7u);
  EXPECT_EQ(error_of({0xc0071e00, 0x20, data_lo, data_hi, 0, 0, 0, 0, 0}),
            QueueErrorKind::bad_packet);
}

TEST_F(Pm4Test, AtomicLoopWaitsForTheCompareValue) {
  std::thread store([&] {
    while (host.waits == 0) std::this_thread::yield();
    host.flat().write32(data, 3);
  });
  run({0xc0071e00, 0x108, data_lo, data_hi, 40, 0, 3, 0, 16});
  store.join();
  EXPECT_EQ(at(0), 40u);
}

TEST_F(Pm4Test, DmaData) {
  for (std::uint32_t i = 0; i < 2048; ++i) host.flat().write32(data + 4 * i, i);
  const std::uint32_t bytes = 8001;  // across pages, odd
  run({0xc0055000, 3u << 29 | 3u << 20, data_lo + 4, data_hi, data_lo + 0x4003, data_hi, bytes});
  std::vector<std::byte> from(bytes), to(bytes + 1);
  host.flat().read(data + 4, from);
  host.flat().read(data + 0x4003, std::span(to).first(bytes));
  to.resize(bytes);
  EXPECT_EQ(from, to);
  run({0xc0055000, 2u << 29, 0xcafe0001, 0, data_lo + 0x8000, data_hi, 16});
  EXPECT_EQ(host.flat().get(data + 0x8000, 5),
            (std::vector<std::uint32_t>{0xcafe0001, 0xcafe0001, 0xcafe0001, 0xcafe0001, 0}));
  // Across a page in the middle of the constant.
  run({0xc0055000, 2u << 29, 0x44332211, 0, data_lo + 0x9ffe, data_hi, 7});
  EXPECT_EQ(host.flat().get(data + 0x9ffc, 3),
            (std::vector<std::uint32_t>{0x22110000, 0x22114433, 0x00000033}));
}

TEST_F(Pm4Test, CondExecSkipsWhenTheWordIsZero) {
  const std::vector<std::uint32_t> body{0xc0033700, 0x500, data_lo + 4, data_hi, 1};
  std::vector<std::uint32_t> words{0xc0032200, data_lo, data_hi, 0, 5};
  words.insert(words.end(), body.begin(), body.end());
  run(words);
  EXPECT_EQ(at(4), 0u);
  host.flat().write32(data, 1);
  run(words);
  EXPECT_EQ(at(4), 1u);
}

TEST_F(Pm4Test, CondExecSkipsWhatIsNotThereYet) {
  run({0xc0032200, data_lo, data_hi, 0, 5, 0xc0033700, 0x500});
  EXPECT_EQ(stream.position(), 7u);
  run({data_lo + 4, data_hi, 1, 0xc0033700, 0x500, data_lo + 8, data_hi, 2});
  EXPECT_EQ(at(4), 0u);
  EXPECT_EQ(at(8), 2u);
}

TEST_F(Pm4Test, IndirectBufferAndChain) {
  host.flat().put(data + 0x100,
                  std::vector<std::uint32_t>{0xc0033700, 0x500, data_lo, data_hi, 1,  // executed,
                                             0xc0023f00, data_lo + 0x200, data_hi,
                                             5u | 1u << 20 | 1u << 23 | 3u << 24, 0xc0033700, 0x500,
                                             data_lo, data_hi, 2});  // left by the chain
  host.flat().put(data + 0x200,
                  std::vector<std::uint32_t>{0xc0033700, 0x500, data_lo + 4, data_hi, 3});
  run({0xc0023f00, data_lo + 0x100, data_hi, 14u | 1u << 23, 0xc0033700, 0x500, data_lo + 8,
       data_hi, 4});
  EXPECT_EQ(host.flat().get(data, 3), (std::vector<std::uint32_t>{1, 3, 4}));
  EXPECT_EQ(host.vmids_used, 1u | 1u << 3);
}

TEST_F(Pm4Test, IndirectBufferCallsNoOther) {
  host.flat().put(data + 0x200, std::vector<std::uint32_t>{0xc0033700, 0x500, data_lo, data_hi, 3});
  host.flat().put(data + 0x100,
                  std::vector<std::uint32_t>{0xc0023f00, data_lo + 0x200, data_hi, 5u | 1u << 23});
  EXPECT_EQ(error_of({0xc0023f00, data_lo + 0x100, data_hi, 4u | 1u << 23}),
            QueueErrorKind::bad_packet);
  EXPECT_EQ(at(0), 0u);
}

TEST_F(Pm4Test, RingDoesNotChain) {
  host.flat().put(data + 0x200, std::vector<std::uint32_t>{0xc0033700, 0x500, data_lo, data_hi, 3});
  EXPECT_EQ(error_of({0xc0023f00, data_lo + 0x200, data_hi, 5u | 1u << 20 | 1u << 23}),
            QueueErrorKind::bad_packet);
  EXPECT_EQ(at(0), 0u);
}

TEST_F(Pm4Test, IndirectBufferNeedsItsValidBit) {
  EXPECT_EQ(error_of({0xc0023f00, data_lo + 0x100, data_hi, 4}), QueueErrorKind::bad_packet);
}

TEST_F(Pm4Test, PacketLongerThanItsIndirectBuffer) {
  host.flat().put(data + 0x100, std::vector<std::uint32_t>{0xc0033700, 0x500});
  EXPECT_EQ(error_of({0xc0023f00, data_lo + 0x100, data_hi, 2u | 1u << 23}),
            QueueErrorKind::bad_packet);
}

TEST_F(Pm4Test, PacketLongerThanItsRing) {
  EXPECT_EQ(error_of({0xfff03700, 0, 0, 0}), QueueErrorKind::bad_packet);
}

TEST_F(Pm4Test, DispatchIndirect) {
  host.flat().put(data + 0x40, std::vector<std::uint32_t>{7, 8, 9});
  run({0xc0021600, data_lo + 0x40, data_hi, 0x8001});
  ASSERT_EQ(host.dispatches.size(), 1u);
  EXPECT_EQ(host.dispatches[0].dimensions, (std::array<std::uint32_t, 3>{7, 8, 9}));
  EXPECT_EQ(host.dispatches[0].initiator, 0x8001u);
}

TEST_F(Pm4Test, RegisterPacketsStayInTheirWindows) {
  run({0xc0017900, 0x40, 0xa0000008});
  EXPECT_EQ(host.registers.read(0xc040), 0xa0000008u);
  EXPECT_EQ(error_of({0xc0027600, 0x3ff, 1, 2}), QueueErrorKind::privileged_register);
}

TEST_F(Pm4Test, ErrorsByKind) {
  EXPECT_EQ(error_of({0xc0000300, 0}), QueueErrorKind::bad_opcode);
}

TEST_F(Pm4Test, Type0HeaderIsNoPacket) {
  EXPECT_EQ(error_of({0x00000000, 0}), QueueErrorKind::bad_packet);
}

TEST_F(Pm4Test, TooShortPacket) {
  EXPECT_EQ(error_of({0xc0004900, 0}), QueueErrorKind::bad_packet);
}

TEST_F(Pm4Test, FaultNamesTheAddress) {
  try {
    run({0xc0033700, 0x500, 0x1000, 0x7777, 1});
    FAIL();
  } catch (const QueueError& error) {
    EXPECT_EQ(error.kind(), QueueErrorKind::memory_fault);
    EXPECT_EQ(error.address(), 0x777700001000u);
  }
  EXPECT_EQ(host.flat().faults, std::vector<std::uint64_t>{0x777700001000u});
}

TEST_F(Pm4Test, PacketsFromTheDefaultPageAreNotExecuted) {
  host.flat().redirect(0x300000000000);
  EXPECT_EQ(error_of({0xc0023f00, 0, 0x3000, 4u | 1u << 23}), QueueErrorKind::memory_fault);
}

}  // namespace
}  // namespace redbolt::emulator::testing
