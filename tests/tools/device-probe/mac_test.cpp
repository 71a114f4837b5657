// What the probe says of made-up Macs, as the I/O registry would show them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "macos/mac_inventory.hpp"
#include "report/diagnose.hpp"
#include "temporary_folder.hpp"

namespace redbolt::test {
namespace {

using namespace redbolt::probe;
using testing::HasSubstr;

class MadeUpRegistry : public IoRegistry {
 public:
  std::map<std::string, std::vector<IoEntry>> content;
  std::vector<IoEntry> entries(const std::string& io_class) override { return content[io_class]; }
};

IoEntry card_entry() {
  IoEntry entry;
  entry.name = "display";
  entry.texts["pcidebug"] = "195:0:0";
  entry.numbers = {{"vendor-id", 0x1002},           {"device-id", 0x744c},
                   {"revision-id", 0xc8},           {"class-code", 0x030000},
                   {"IOPCITunnelled", 1},           {"IOPCIExpressLinkCapabilities", 0x104},
                   {"IOPCIExpressLinkStatus", 0x43}};
  return entry;
}

IoEntry enclosure_entry() {
  IoEntry entry;
  entry.name = "IOThunderboltSwitchType3";
  entry.numbers = {{"Depth", 1}};
  entry.texts = {{"Device Model Name", "Core X"}, {"Device Vendor Name", "Razer"}};
  return entry;
}

Report look_at(std::vector<IoEntry> pci, std::vector<IoEntry> thunderbolt,
               const std::filesystem::path& application) {
  auto registry = std::make_unique<MadeUpRegistry>();
  registry->content["IOPCIDevice"] = std::move(pci);
  registry->content["IOThunderboltSwitch"] = std::move(thunderbolt);
  MachineFacts facts;
  MacInventory(std::move(registry), application).collect(facts);
  return diagnose(std::move(facts));
}

TEST(ProbeMac, ACardThatTinyGpuHas) {
  IoEntry card = card_entry();
  card.driver_bundles = {"com.apple.something", "org.tinygrad.TinyGPU.driver"};
  const Report report = look_at({card}, {enclosure_entry()}, "/none");
  EXPECT_EQ(report.exit_code, ExitCode::ok);
  EXPECT_THAT(report.layers[0].summary, HasSubstr("Core X"));
  EXPECT_THAT(report.layers[1].summary, HasSubstr("Radeon RX 7900 XTX"));
  EXPECT_THAT(report.layers[2].summary, HasSubstr("TinyGPU"));
  EXPECT_THAT(report.layers[3].summary, HasSubstr("x4 of x16 at 8 of 16 GT/s"));
}

TEST(ProbeMac, WithoutTinyGpuAHelperIsMissing) {
  const TemporaryFolder folder;
  Report report = look_at({card_entry()}, {enclosure_entry()}, folder.path() / "TinyGPU.app");
  EXPECT_EQ(report.exit_code, ExitCode::helper_missing);
  EXPECT_EQ(report.next_step->layer, "owner");
  EXPECT_THAT(report.layers[2].summary, HasSubstr("not installed"));
  report = look_at({card_entry()}, {enclosure_entry()}, folder.path());
  EXPECT_THAT(report.layers[2].summary, HasSubstr("is installed"));
}

TEST(ProbeMac, NoCard) {
  IoEntry other = card_entry();
  other.numbers["class-code"] = 0x020000;
  const Report report = look_at({other}, {}, "/none");
  EXPECT_EQ(report.exit_code, ExitCode::helper_missing);
  EXPECT_TRUE(report.facts.cards.empty());
}

}  // namespace
}  // namespace redbolt::test
