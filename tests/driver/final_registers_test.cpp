// Boots the emulated card and compares what every register is left at with what the reference
// driver leaves it at (tests/data/card/registers_final.csv, taken from the reference trace: the
// last value written at the end of the boot, and after teardown). Where this driver differs on
// purpose, the register is in the table below with its value, and in docs/driver.md with the
// reason.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>

#include "emulated.hpp"
#include "recording_function.hpp"
#include "test_paths.hpp"

namespace redbolt::driver {
namespace {

struct Reference {
  std::string name;
  std::uint32_t dword = 0;
  std::optional<std::uint32_t> after_boot;
  std::uint32_t after_teardown = 0;
};

std::vector<Reference> references() {
  std::ifstream file(REDBOLT_TEST_DATA "/card/registers_final.csv");
  std::vector<Reference> rows;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::istringstream text(line);
    std::string name, dword, boot, teardown;
    std::getline(text, name, ',');
    std::getline(text, dword, ',');
    std::getline(text, boot, ',');
    std::getline(text, teardown, ',');
    const auto number = [](const std::string& digits) {
      return static_cast<std::uint32_t>(std::stoul(digits, nullptr, 16));
    };
    Reference row{name, number(dword), std::nullopt, number(teardown)};
    if (!boot.empty()) row.after_boot = number(boot);
    rows.push_back(row);
  }
  return rows;
}

// What this driver leaves instead; docs/driver.md says why.
using Differences = std::map<std::string, std::uint32_t>;

const Differences& after_boot() {
  static const Differences table = {
      {"regSCRATCH_REG7", 0x5edb0001},
      {"regIH_RB_CNTL", 0xc0330121},
      {"regCP_MEC_RS64_PRGRM_CNTR_START", 0xc00},
      {"regCP_HQD_PQ_RPTR_REPORT_ADDR", 0x100080},
      {"regCP_HQD_PQ_WPTR_POLL_ADDR", 0x100038},
      {"regCP_HQD_PQ_CONTROL", 0xc0000511},
      {"regCP_HQD_EOP_BASE_ADDR", 0x2020},
      {"regSDMA0_QUEUE0_RB_BASE", 0x1010},
      {"regSDMA0_QUEUE0_RB_RPTR_ADDR_LO", 0x201080},
      {"regSDMA0_QUEUE0_RB_WPTR_POLL_ADDR_LO", 0x201038},
      {"regSDMA0_QUEUE0_RB_CNTL", 0x841825},
  };
  return table;
}

Differences after_teardown() {
  Differences table = after_boot();
  table["regSDMA0_QUEUE0_RB_CNTL"] = 0x841824;
  return table;
}

// Registers that do not read back what was written: mailboxes, triggers, pointers that the card
// moves.
bool is_volatile(const std::string& name) {
  static const std::vector<std::string> parts = {"C2PMSG",
                                                 "RSMU_",
                                                 "(remapped)",
                                                 "GRBM_SOFT_RESET",
                                                 "INVALIDATE_ENG17_SEM",
                                                 "INVALIDATE_ENG17_REQ",
                                                 "VM_L2_CNTL2",
                                                 "RLC_SAFE_MODE",
                                                 "SPI_COMPUTE_QUEUE_RESET",
                                                 "IH_RB_RPTR",
                                                 "IH_RB_WPTR",
                                                 "GRBM_GFX_CNTL"};
  return std::ranges::any_of(parts, [&](const std::string& part) {
    return name.find(part) != std::string::npos && name != "regIH_RB_WPTR_ADDR_LO" &&
           name != "regIH_RB_WPTR_ADDR_HI";
  });
}

std::string driver_document() {
  std::ifstream file(REDBOLT_SOURCE_DIR "/docs/driver.md");
  return {std::istreambuf_iterator<char>(file), {}};
}

void compare(const std::map<std::uint32_t, std::uint32_t>& ours, bool is_torn_down,
             const Differences& differences) {
  const std::string document = driver_document();
  unsigned compared = 0;
  for (const Reference& row : references()) {
    const auto expected = is_torn_down ? std::optional(row.after_teardown) : row.after_boot;
    if (!expected) continue;
    const auto found = ours.find(row.dword);
    ASSERT_NE(found, ours.end()) << row.name << " is never written";
    const auto difference = differences.find(row.name);
    if (difference == differences.end()) {
      EXPECT_EQ(found->second, *expected) << row.name << std::hex << " ours 0x" << found->second
                                          << ", the reference's 0x" << *expected;
    } else {
      EXPECT_EQ(found->second, difference->second) << row.name;
      EXPECT_NE(found->second, *expected) << row.name << " does not differ any more";
      EXPECT_NE(document.find(row.name.substr(3)), std::string::npos)
          << row.name << " is not explained in docs/driver.md";
    }
    ++compared;
  }
  EXPECT_GT(compared, 260u);
}

TEST(FinalRegisters, AfterBoot) {
  test::EmulatedCard emulated(test::emulated_options());
  test::RecordingFunction::Values values;
  const auto card =
      test::boot(std::make_unique<test::RecordingFunction>(emulated.attach(), values));
  compare(values, false, after_boot());
}

// And the card really holds it: read back through a second way to the card, beside the driver's.
TEST(FinalRegisters, ReadBackFromTheCard) {
  test::EmulatedCard emulated(test::emulated_options());
  test::RecordingFunction::Values values;
  const auto card =
      test::boot(std::make_unique<test::RecordingFunction>(emulated.attach(), values));
  const auto other = emulated.emulator::Card::attach();
  const auto write = [&](std::uint32_t dword, std::uint32_t value) {
    other->write32(pci::Bar::k5, pci::BarOffset(std::uint64_t{dword} * 4), value);
  };
  const auto read = [&](std::uint32_t dword) {
    if (dword < 0x40000)
      return other->read32(pci::Bar::k5, pci::BarOffset(std::uint64_t{dword} * 4));
    write(0x14, dword * 4);
    return other->read32(pci::Bar::k5, pci::BarOffset(0x15 * 4));
  };
  write(0xa900, 0x4);  // GRBM_GFX_CNTL: the bank of the compute queue
  unsigned compared = 0;
  for (const Reference& row : references()) {
    if (!row.after_boot || is_volatile(row.name)) continue;
    EXPECT_EQ(read(row.dword), values.at(row.dword)) << row.name;
    ++compared;
  }
  write(0xa900, 0);
  EXPECT_GT(compared, 200u);
}

TEST(FinalRegisters, AfterShutDown) {
  test::EmulatedCard emulated(test::emulated_options());
  test::RecordingFunction::Values values;
  test::boot(std::make_unique<test::RecordingFunction>(emulated.attach(), values)).reset();
  compare(values, true, after_teardown());
}

}  // namespace
}  // namespace redbolt::driver
