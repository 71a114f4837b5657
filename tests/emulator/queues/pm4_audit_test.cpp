// PM4 packets in their rarer forms, against pm4_fields.csv, pm4_enums.csv and the list of GL2
// operations. What the engine does not have is refused, by an error that names it.
#include <bit>
#include <cmath>

#include "pm4_test.hpp"

namespace redbolt::emulator::testing {
namespace {

std::uint32_t bits(float value) {
  return std::bit_cast<std::uint32_t>(value);
}

class Pm4AuditTest : public Pm4Test {
 protected:
  std::string text_of(const std::vector<std::uint32_t>& words) {
    try {
      run(words);
    } catch (const QueueError& error) {
      EXPECT_EQ(error.kind(), QueueErrorKind::bad_packet);
      return error.what();
    }
    return "";
  }
  void atomic(std::uint32_t operation, std::uint64_t source, std::uint64_t compare = 0) {
    run({0xc0071e00, operation, data_lo, data_hi, static_cast<std::uint32_t>(source),
         static_cast<std::uint32_t>(source >> 32), static_cast<std::uint32_t>(compare),
         static_cast<std::uint32_t>(compare >> 32), 0});
  }
};

TEST_F(Pm4AuditTest, UconfigRegistersByIndex) {
  run({0xc0017a00, 0x20000040, 0x77});  // SET_UCONFIG_REG_INDEX, index 2
  EXPECT_EQ(host.registers.read(0xc040), 0x77u);
  EXPECT_EQ(error_of({0xc0017a00, 0x4000, 1}), QueueErrorKind::privileged_register);
}

// SET_SH_REG with index INSERT_VMID puts the VMID at the shift given.
TEST_F(Pm4AuditTest, ShRegisterWithItsVmid) {
  host.flat().put(data + 0x100, std::vector<std::uint32_t>{0xc0019b00, 0x1a000240, 0xffffffff});
  run({0xc0023f00, data_lo + 0x100, data_hi, 3u | 1u << 23 | 5u << 24});
  EXPECT_EQ(processor.sh_registers()[0x240], 0xff5fffffu);
}

TEST_F(Pm4AuditTest, WriteDataDestinations) {
  run({0xc0033700, 0x600, 0x3049, 0, 8});  // MEMORY_MAPPED_ADC_PERSISTENT_STATE
  EXPECT_EQ(host.registers.read(0x3049), 8u);
  run({0xc0033700, 0x100500, data_lo, data_hi, 9});  // wait for confirmation
  EXPECT_EQ(at(0), 9u);
  for (const std::uint32_t destination : {1u, 3u, 4u, 7u, 8u}) {
    EXPECT_NE(text_of({0xc0033700, destination << 8, data_lo, data_hi, 1})
                  .find("dst_sel " + std::to_string(destination)),
              std::string::npos);
  }
}

// TC_L2_OBSOLETE, PERFCOUNTERS, ATOMIC_RETURN_DATA and SYSTEM_CLOCK_COUNT as sources; L2 by its old
// number and MEM_MAPPED_REG_DC as destinations; GDS on neither side.
TEST_F(Pm4AuditTest, CopyDataEnds) {
  host.flat().write64(data, 0x1122334455667788);
  run({0xc0044000, 0x00501, data_lo, data_hi, data_lo + 8, data_hi});
  EXPECT_EQ(at64(8), 0x55667788u);
  host.registers.write(0x2000, 0x99);
  run({0xc0044000, 0x00204, 0x2000, 0, data_lo + 16, data_hi});
  EXPECT_EQ(at64(16), 0x99u);
  run({0xc0044000, 0x1020a, 0, 0, data_lo + 24, data_hi});
  EXPECT_EQ(at64(24), host.now);
  run({0xc0044000, 0x00209, 0, 0, data_lo + 32, data_hi});  // 32 bits of the clock
  EXPECT_EQ(at64(32), host.now & 0xffffffff);
  run({0xc0044000, 0x00605, 0xabc, 0, 0x2001, 0});
  EXPECT_EQ(host.registers.read(0x2001), 0xabcu);
  for (const std::uint32_t source : {3u, 7u, 8u, 11u, 15u}) {
    EXPECT_NE(text_of({0xc0044000, 0x200 | source, 0, 0, data_lo, data_hi})
                  .find("src_sel " + std::to_string(source)),
              std::string::npos);
  }
  for (const std::uint32_t destination : {1u, 3u, 7u}) {
    EXPECT_NE(text_of({0xc0044000, destination << 8 | 5, 0, 0, data_lo, data_hi})
                  .find("dst_sel " + std::to_string(destination)),
              std::string::npos);
  }
}

TEST_F(Pm4AuditTest, Wait64OnARegisterPair) {
  host.registers.write(0x1234, 0);
  host.registers.write(0x1235, 1);
  run({0xc0079300, 0x06, 0x1234, 0, 0xffffffff, 0, 0xffffffff, 0xffffffff, 4});
  EXPECT_EQ(host.waits, 0);
}

// All functions of pm4_enums.csv on 64 bits, where only the high half decides.
TEST_F(Pm4AuditTest, Wait64Functions) {
  const std::pair<std::uint32_t, std::uint64_t> satisfied[] = {
      {0, 99},          {1, 0x4ffffffff}, {2, 0x500000000}, {3, 0x500000000},
      {4, 0x600000000}, {5, 0x500000000}, {6, 0x500000001}};
  for (const auto& [function, value] : satisfied) {
    host.flat().write64(data, value);
    run({0xc0079300, 0x10 | function, data_lo, data_hi, 0, 5, 0xffffffff, 0xffffffff, 4});
  }
  EXPECT_EQ(host.waits, 0);
  EXPECT_NE(text_of({0xc0079300, 0x17, data_lo, data_hi, 0, 5, 0, 0, 4}).find("function 7"),
            std::string::npos);
}

TEST_F(Pm4AuditTest, WaitOperations) {
  host.flat().write32(data, 5);
  run({0xc0053c00, 0xd3, data_lo, data_hi, 5, 0xffffffff, 4});  // WAIT_MEM_PREEMPTABLE
  EXPECT_EQ(host.waits, 0);
  EXPECT_NE(text_of({0xc0053c00, 0x93, data_lo, data_hi, 5, ~0u, 4}).find("operation 2"),
            std::string::npos);
  EXPECT_NE(text_of({0xc0053c00, 0x23, 0, 0, 5, ~0u, 4}).find("mem_space 2"), std::string::npos);
}

TEST_F(Pm4AuditTest, ReleaseMemRefusesByName) {
  const auto release = [](std::uint32_t selects) {
    return std::vector<std::uint32_t>{0xc0064900, 0x514, selects, data_lo, data_hi, 1, 0, 0};
  };
  EXPECT_NE(text_of(release(5u << 29)).find("data_sel 5"), std::string::npos);  // GDS
  EXPECT_NE(text_of(release(1u << 29 | 2u << 16)).find("dst_sel 2"), std::string::npos);
  EXPECT_NE(text_of(release(7u << 24)).find("int_sel 7"), std::string::npos);
  run(release(1u << 29 | 1u << 16));  // L2
  EXPECT_EQ(at(0), 1u);
}

// GL2_OP_ATOMIC_FCMPSWAP, FMIN, FMAX (1 to 3; 9 to 11 flush denormals; 32 more: 64 bits).
TEST_F(Pm4AuditTest, AtomicsOnFloats) {
  host.flat().write32(data, bits(1.5F));
  atomic(2, bits(-2.5F));
  EXPECT_EQ(at(0), bits(-2.5F));
  atomic(2, bits(3));
  EXPECT_EQ(at(0), bits(-2.5F));
  atomic(3, bits(3));
  EXPECT_EQ(at(0), bits(3));
  atomic(3, bits(NAN));
  EXPECT_EQ(at(0), bits(3));
  atomic(1, bits(7), bits(4));  // unequal
  EXPECT_EQ(at(0), bits(3));
  atomic(1, bits(7), bits(3));
  EXPECT_EQ(at(0), bits(7));
  host.flat().write32(data, bits(-0.0F));
  atomic(1, bits(9), bits(0.0F));  // floats: both zeros are equal
  EXPECT_EQ(at(0), bits(9));
  host.flat().write32(data, 1);  // the smallest denormal
  atomic(9, bits(2), bits(0.0F));
  EXPECT_EQ(at(0), bits(2));
  host.flat().write64(data, std::bit_cast<std::uint64_t>(1e300));
  atomic(32 + 2, std::bit_cast<std::uint64_t>(1e-300));
  EXPECT_EQ(at64(0), std::bit_cast<std::uint64_t>(1e-300));
  for (const std::uint32_t code : {0u, 4u, 6u, 12u, 14u, 26u, 31u}) {
    EXPECT_NE(text_of({0xc0071e00, code, data_lo, data_hi, 0, 0, 0, 0, 0})
                  .find("operation " + std::to_string(code)),
              std::string::npos);
  }
}

TEST_F(Pm4AuditTest, DmaWithAddressesThatDoNotMove) {
  for (std::uint32_t i = 0; i < 8; ++i) host.flat().write32(data + 4 * i, i + 1);
  run({0xc0055000, 0, data_lo + 4, data_hi, data_lo + 0x100, data_hi, 12u | 1u << 28});
  EXPECT_EQ(host.flat().get(data + 0x100, 4), (std::vector<std::uint32_t>{2, 2, 2, 0}));
  run({0xc0055000, 0, data_lo, data_hi, data_lo + 0x200, data_hi, 16u | 1u << 29});
  EXPECT_EQ(host.flat().get(data + 0x200, 2), (std::vector<std::uint32_t>{4, 0}));
  EXPECT_NE(
      text_of({0xc0055000, 0, 0x2000, 0, data_lo, data_hi, 4u | 1u << 26}).find("address space"),
      std::string::npos);
  EXPECT_NE(text_of({0xc0055000, 1u << 29, 0, 0, data_lo, data_hi, 4}).find("src_sel 1"),
            std::string::npos);
}

TEST_F(Pm4AuditTest, EventWriteWithoutASample) {
  run({0xc0004600, 0x407});  // CS_PARTIAL_FLUSH
  run({0xc0004600, 0x35});   // THREAD_TRACE_MARKER
  EXPECT_NE(text_of({0xc0024600, 0x21e, data_lo, data_hi}).find("event_index 2"),
            std::string::npos);
}

TEST_F(Pm4AuditTest, CondExecInsideABuffer) {
  host.flat().put(
      data + 0x100,
      std::vector<std::uint32_t>{0xc0032200, data_lo, data_hi, 0, 5, 0xc0033700, 0x500, data_lo + 4,
                                 data_hi, 1, 0xc0033700, 0x500, data_lo + 8, data_hi, 2});
  run({0xc0023f00, data_lo + 0x100, data_hi, 15u | 1u << 23});
  EXPECT_EQ(at(4), 0u);
  EXPECT_EQ(at(8), 2u);
}

}  // namespace
}  // namespace redbolt::emulator::testing
