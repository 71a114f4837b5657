// The generated registers and the register file: addresses as the reference trace has them, direct
// and indirect accesses, waits.
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "memory/hub_registers.hpp"
#include "mock_function.hpp"
#include "redbolt/registers/gc_11_0_0.hpp"
#include "redbolt/registers/nbio_4_3_0.hpp"
#include "sha256.hpp"
#include "test_paths.hpp"

namespace redbolt::driver {
namespace {

namespace gc = registers::gc;
namespace nbio = registers::nbio;
using namespace std::chrono_literals;

TEST(Sha256, MatchesThePublishedVector) {
  // FIPS 180-4, "abc".
  const std::array<std::byte, 3> abc = {std::byte{'a'}, std::byte{'b'}, std::byte{'c'}};
  EXPECT_EQ(test::sha256_prefix(abc), "ba7816bf8f01cfea");
}

struct Touched {
  std::string name;
  std::uint32_t dword;
};

// The registers a driver known to work on real cards touches, with their addresses on one card.
std::vector<Touched> touched_registers() {
  std::ifstream file(REDBOLT_TEST_DATA "/card/registers_touched.csv");
  std::vector<Touched> rows;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::istringstream text(line);
    std::string name, address;
    std::getline(text, name, ',');
    std::getline(text, address, ',');
    rows.push_back({name, static_cast<std::uint32_t>(std::stoul(address, nullptr, 16))});
  }
  return rows;
}

TEST(Registers, AddressesMatchTheReferenceTrace) {
  const auto bases = test::navi31_bases();
  unsigned compared = 0;
  for (const Touched& row : touched_registers()) {
    // Rows without the prefix name fixed addresses that no table holds.
    const std::string name = row.name.starts_with("reg")  ? row.name.substr(3)
                             : row.name.starts_with("mm") ? row.name.substr(2)
                                                          : "";
    if (name.empty()) continue;
    bool found = false;
    for (const auto table : registers::all_tables()) {
      for (const auto& description : table) {
        if (description.definition.name != name) continue;
        found |= bases.address(description.definition) == row.dword;
      }
    }
    EXPECT_TRUE(found) << row.name;
    ++compared;
  }
  EXPECT_GT(compared, 270u);
}

TEST(Registers, FieldsComposeAndDecompose) {
  const auto& select = gc::GRBM_GFX_CNTL;  // pipeid 0:1, meid 2:3, vmid 4:7, queueid 8:10
  const auto value = select.meid(1) | select.vmid(5) | select.queueid(2);
  EXPECT_EQ(value.bits, 0x254u);
  EXPECT_EQ(value.mask, 0x7fcu);
  EXPECT_EQ(value.applied_to(0xffffffff), 0xfffffa57u);
  EXPECT_EQ(select.vmid.of(0x254), 5u);
  EXPECT_EQ(select.meid(7).bits, 0xcu) << "too wide a value is cut to the field";
  EXPECT_EQ(gc::SCRATCH_REG7.scratch_reg7.mask(), 0xffffffffu);
}

TEST(Registers, AreFoundByName) {
  const auto* found = registers::find_register(registers::HardwareBlock::gc, "GRBM_GFX_CNTL");
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->definition.offset, 0x900u);
  std::set<std::string> fields;
  for (const auto& field : found->fields) fields.insert(field.name);
  EXPECT_TRUE(fields.contains("queueid"));
  EXPECT_EQ(registers::find_register(registers::HardwareBlock::gc, "NO_SUCH"), nullptr);
}

// memory_hub.cpp uses the graphics hub's fields for both hubs.
TEST(Registers, BothHubsHaveTheSameFields) {
  const auto fields = [](const registers::Register* reg) {
    std::map<std::string, std::pair<unsigned, unsigned>> result;
    const auto* found = registers::find_register(reg->definition.block, reg->definition.name);
    for (const auto& field : found->fields) result[field.name] = {field.low, field.high};
    return result;
  };
  const std::array pairs = {&HubRegisters::l1_tlb_control, &HubRegisters::l2_control,
                            &HubRegisters::l2_control2,    &HubRegisters::l2_control3,
                            &HubRegisters::l2_control4,    &HubRegisters::context_control,
                            &HubRegisters::fault_control2, &HubRegisters::fault_status,
                            &HubRegisters::fault_control,  &HubRegisters::engine17_request};
  for (const auto member : pairs) {
    EXPECT_EQ(fields(kGraphicsHub.*member), fields(kMultimediaHub.*member))
        << (kGraphicsHub.*member)->definition.name;
  }
  EXPECT_EQ(fields(kGraphicsHub.l2_control5)["walker_priority_client_id"],
            fields(kMultimediaHub.l2_control5)["walker_priority_client_id"]);
}

class RegisterFileTest : public testing::Test {
 protected:
  RegisterFileTest() {
    file.set_bases(test::navi31_bases());
    file.set_step("a step");
  }
  test::MockFunction function;
  RegisterFile file{function, pci::Bar::k5, 30ms};
};

TEST_F(RegisterFileTest, ReachesFarRegistersThroughTheIndexPair) {
  // Events 18 to 21 of the reference trace.
  file.update(nbio::RCC_DEV0_EPF2_STRAP2,
              nbio::RCC_DEV0_EPF2_STRAP2.strap_no_soft_reset_dev0_f2(0));
  const std::vector<test::MockFunction::Access> expected = {
      {0x14, 0x10134408}, {0x14, 0x10134408}, {0x15, 0x0}};
  EXPECT_EQ(function.writes, expected);
}

TEST_F(RegisterFileTest, UpdateKeepsOtherFields) {
  function.values[0xa900] = 0xffffffff;
  file.update(gc::GRBM_GFX_CNTL, gc::GRBM_GFX_CNTL.vmid(0));
  EXPECT_EQ(function.values[0xa900], 0xffffff0fu);
}

TEST_F(RegisterFileTest, WaitSeesALateAnswer) {
  int reads = 0;
  function.on_read[0xc047] = [&] { return ++reads < 300 ? 0u : 0x80000000u; };
  EXPECT_EQ(file.wait(gc::SCRATCH_REG7, 0x80000000, 0x80000000), 0x80000000u);
}

TEST_F(RegisterFileTest, WaitEndsWithTheStepTheRegisterAndItsValue) {
  function.values[0xc047] = 0x1234;
  try {
    file.wait(gc::SCRATCH_REG7, 0x80000000, 0x80000000);
    FAIL();
  } catch (const DriverError& error) {
    EXPECT_EQ(error.code(), DriverErrorCode::timeout);
    EXPECT_EQ(error.step(), "a step");
    EXPECT_EQ(error.register_name(), "SCRATCH_REG7");
    EXPECT_NE(std::string(error.what()).find("0x1234"), std::string::npos) << error.what();
  }
}

TEST_F(RegisterFileTest, AGoneCardIsNotATimeout) {
  function.present = false;
  try {
    file.wait(gc::SCRATCH_REG7, 1, 0);
    FAIL();
  } catch (const DriverError& error) {
    EXPECT_EQ(error.code(), DriverErrorCode::link_lost);
  }
}

TEST_F(RegisterFileTest, AllOnesNeverSatisfyAWait) {
  function.values[0xc047] = 0xffffffff;
  EXPECT_THROW(file.wait(gc::SCRATCH_REG7, 0x80000000, 0x80000000), DriverError);
}

TEST_F(RegisterFileTest, AMissingBaseNamesTheRegister) {
  RegisterFile unknown(function, pci::Bar::k5, 30ms);
  try {
    unknown.read(gc::SCRATCH_REG7);
    FAIL();
  } catch (const DriverError& error) {
    EXPECT_EQ(error.code(), DriverErrorCode::invalid_discovery);
    EXPECT_EQ(error.register_name(), "SCRATCH_REG7");
  }
}

}  // namespace
}  // namespace redbolt::driver
