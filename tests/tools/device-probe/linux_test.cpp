// What the probe says of made-up Linux machines.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "linux/linux_inventory.hpp"
#include "made_up_machine.hpp"
#include "redbolt/driver/inspection.hpp"
#include "redbolt/emulator/card.hpp"
#include "report/diagnose.hpp"

namespace redbolt::test {
namespace {

using namespace redbolt::probe;
using testing::Contains;
using testing::HasSubstr;

Report look_at(const MadeUpMachine& machine) {
  MachineFacts facts;
  LinuxInventory(machine.sysfs(), machine.devices()).collect(facts);
  return diagnose(std::move(facts));
}

const Layer& layer(const Report& report, const std::string& id) {
  for (const Layer& found : report.layers)
    if (found.id == id) return found;
  throw std::out_of_range(id);
}

LayerStatus status(const Report& report, const std::string& id) {
  return layer(report, id).status;
}

// The table that the emulated card, made from the reference tables, shows at the end of its memory.
std::vector<std::byte> discovery_table() {
  emulator::Card card(emulator::parse_card_options("vram=1G"));
  const auto function = card.attach();
  const std::uint64_t vram =
      std::uint64_t{function->read32(pci::Bar::k5, pci::BarOffset(0xde3 * 4))} << 20;
  std::vector<std::byte> table(10 << 10);
  function->read_block(pci::Bar::k0, pci::BarOffset(vram - (64 << 10)), table);
  return table;
}

TEST(ProbeLinux, AnXtxInAnEnclosureThatNobodyUses) {
  MadeUpMachine machine;
  MadeUpCard card;
  card.discovery = discovery_table();
  machine.add(MadeUpTunnel{}).add(card);
  const Report report = look_at(machine);
  EXPECT_EQ(report.exit_code, ExitCode::ok);
  EXPECT_FALSE(report.next_step);
  for (const char* id : {"tunnel", "pci", "owner", "bars", "iommu", "discovery"})
    EXPECT_EQ(status(report, id), LayerStatus::ok) << id << ": " << layer(report, id).summary;
  EXPECT_THAT(
      layer(report, "tunnel").summary,
      testing::AllOf(HasSubstr("Thunderbolt 3"), HasSubstr("Core X"), HasSubstr("20 Gb/s")));
  EXPECT_THAT(layer(report, "pci").summary,
              testing::AllOf(HasSubstr("Radeon RX 7900 XTX"), HasSubstr("1002:744c"),
                             HasSubstr("0000:05:00.0")));
  EXPECT_EQ(layer(report, "owner").summary, "nobody");
  EXPECT_THAT(layer(report, "bars").summary, HasSubstr("x16 of x16 at 16 of 16 GT/s"));
  EXPECT_THAT(
      layer(report, "bars").notes,
      Contains(testing::AllOf(HasSubstr("0000:04:00.0"), HasSubstr("x4 of x16 at 8 of 16"))));
  EXPECT_THAT(layer(report, "discovery").summary,
              testing::AllOf(HasSubstr("GC 11.0.0"), HasSubstr("24.0 GiB")));
  ASSERT_EQ(report.facts.cards.size(), 1u);
  EXPECT_EQ(report.facts.cards[0].discovery.value->compute_units, 96u);
}

TEST(ProbeLinux, ADamagedDiscoveryTableIsAFailure) {
  MadeUpMachine machine;
  MadeUpCard card;
  card.discovery = discovery_table();
  card.discovery[100] ^= std::byte{1};
  machine.add(card);
  const Report report = look_at(machine);
  EXPECT_EQ(status(report, "discovery"), LayerStatus::failed);
  EXPECT_EQ(report.exit_code, ExitCode::other);
}

TEST(ProbeLinux, AmdgpuHasTheCard) {
  MadeUpMachine machine;
  MadeUpCard card;
  card.driver = "amdgpu";
  machine.add(MadeUpTunnel{}).add(card);
  const auto block = machine.card_folder(card) / "ip_discovery/die/0/GC/0";
  machine.write(block / "major", "11\n");
  machine.write(block / "minor", "0\n");
  machine.write(block / "revision", "0\n");
  machine.write(machine.card_folder(card) / "mem_info_vram_total", "25753026560\n");
  const Report report = look_at(machine);
  EXPECT_EQ(report.exit_code, ExitCode::busy);
  ASSERT_TRUE(report.next_step);
  EXPECT_EQ(report.next_step->layer, "owner");
  EXPECT_EQ(report.next_step->command,
            "echo 0000:05:00.0 | sudo tee /sys/bus/pci/drivers/amdgpu/unbind");
  EXPECT_EQ(status(report, "discovery"), LayerStatus::ok) << "as amdgpu shows it";
  EXPECT_EQ(report.facts.cards[0].vram_bytes, 25753026560u);
}

TEST(ProbeLinux, VfioHasTheCard) {
  MadeUpMachine machine;
  MadeUpCard card;
  card.driver = "vfio-pci";
  machine.add(card);
  const Report report = look_at(machine);
  EXPECT_EQ(report.exit_code, ExitCode::ok);
  EXPECT_THAT(layer(report, "owner").summary, HasSubstr("vfio-pci"));
  EXPECT_EQ(status(report, "discovery"), LayerStatus::skipped);
}

// Root may open everything, so root looks as somebody else.
template <class Function>
auto as_somebody_else(Function function) {
  constexpr uid_t nobody = 65534;
  const bool is_root = ::geteuid() == 0;
  if (is_root && ::setresuid(nobody, nobody, 0) != 0) throw std::runtime_error("setresuid");
  auto result = function();
  if (is_root && ::setresuid(0, 0, 0) != 0) throw std::runtime_error("setresuid");
  return result;
}

TEST(ProbeLinux, AUserWhoMayNotOpenTheVfioGroup) {
  MadeUpMachine machine;
  MadeUpCard card;
  card.driver = "vfio-pci";
  machine.add(card);
  namespace fs = std::filesystem;
  constexpr auto everybody =
      fs::perms::owner_all | fs::perms::group_all | fs::perms::others_read | fs::perms::others_exec;
  fs::permissions(machine.sysfs().parent_path(), everybody);
  fs::permissions(machine.devices() / "vfio/14", fs::perms::owner_read);
  const Report report = as_somebody_else([&] { return look_at(machine); });
  EXPECT_EQ(report.exit_code, ExitCode::permission);
  ASSERT_TRUE(report.next_step);
  EXPECT_EQ(report.next_step->layer, "owner");
  EXPECT_THAT(report.next_step->command, HasSubstr("vfio/14"));
}

TEST(ProbeLinux, ACardThatFellOffTheBus) {
  MadeUpMachine machine;
  MadeUpCard card;
  card.gone = true;
  machine.add(MadeUpTunnel{}).add(card);
  const Report report = look_at(machine);
  EXPECT_EQ(report.exit_code, ExitCode::card_lost);
  ASSERT_TRUE(report.next_step);
  EXPECT_EQ(report.next_step->layer, "pci");
  EXPECT_THAT(layer(report, "pci").summary, HasSubstr("Radeon RX 7900 XTX"));
  EXPECT_EQ(status(report, "discovery"), LayerStatus::skipped);
}

TEST(ProbeLinux, AnEnclosureThatIsNotAuthorised) {
  MadeUpMachine machine;
  MadeUpTunnel tunnel;
  tunnel.authorised = false;
  machine.add(tunnel);
  const Report report = look_at(machine);
  EXPECT_EQ(report.exit_code, ExitCode::permission);
  ASSERT_TRUE(report.next_step);
  EXPECT_EQ(report.next_step->layer, "tunnel");
  EXPECT_EQ(report.next_step->command, "sudo boltctl enroll " + tunnel.uuid);
}

TEST(ProbeLinux, AnEnclosureWithoutACard) {
  MadeUpMachine machine;
  machine.add(MadeUpTunnel{});
  const Report report = look_at(machine);
  EXPECT_EQ(report.exit_code, ExitCode::no_card);
  EXPECT_EQ(status(report, "tunnel"), LayerStatus::ok);
  EXPECT_THAT(report.next_step->command, HasSubstr("/sys/bus/pci/rescan"));
}

TEST(ProbeLinux, NothingPluggedIn) {
  MadeUpMachine machine;
  machine.add_thunderbolt();
  const Report report = look_at(machine);
  EXPECT_EQ(report.exit_code, ExitCode::no_card);
  EXPECT_EQ(report.next_step->layer, "tunnel");
}

TEST(ProbeLinux, NoCardsAtAll) {
  const Report report = look_at(MadeUpMachine{});
  EXPECT_EQ(report.exit_code, ExitCode::no_card);
  EXPECT_EQ(report.next_step->layer, "pci");
  EXPECT_EQ(status(report, "tunnel"), LayerStatus::skipped);
}

TEST(ProbeLinux, AnNvidiaCardIsNamedWithWhyItIsNotForUs) {
  MadeUpMachine machine;
  MadeUpCard card;
  card.vendor = 0x10de;
  card.device = 0x2684;
  card.driver = "nvidia";
  machine.add(card);
  const Report report = look_at(machine);
  EXPECT_EQ(report.exit_code, ExitCode::no_card);
  EXPECT_THAT(layer(report, "pci").summary,
              testing::AllOf(HasSubstr("NVIDIA GeForce RTX 4090"), HasSubstr("CUDA")));
}

TEST(ProbeLinux, AnotherAmdCardIsNamedToo) {
  MadeUpMachine machine;
  MadeUpCard card;
  card.device = 0x73bf;
  card.revision = 0xc1;
  machine.add(card);
  const Report report = look_at(machine);
  EXPECT_EQ(report.exit_code, ExitCode::no_card);
  EXPECT_THAT(layer(report, "pci").summary, testing::AllOf(HasSubstr("6800"), HasSubstr("gfx1030"),
                                                           HasSubstr("RX 7900 XT and XTX")));
}

TEST(ProbeLinux, ASmallBarIsNoFailure) {
  MadeUpMachine machine;
  MadeUpCard card;
  card.bar0 = std::uint64_t{256} << 20;
  machine.add(card);
  Report report = look_at(machine);
  EXPECT_EQ(report.exit_code, ExitCode::ok);
  EXPECT_THAT(layer(report, "bars").notes, Contains(HasSubstr("BAR0 is small")));
}

TEST(ProbeLinux, BarsThatTheSystemCouldNotPlaceAreOne) {
  MadeUpMachine machine;
  MadeUpCard card;
  card.bar0_base = 0;
  machine.add(card);
  const Report report = look_at(machine);
  EXPECT_EQ(report.exit_code, ExitCode::other);
  EXPECT_EQ(report.next_step->layer, "bars");
  EXPECT_THAT(report.next_step->command, HasSubstr("pci=realloc"));
}

TEST(ProbeLinux, ALinkOfOneLaneIsNoted) {
  MadeUpMachine machine;
  MadeUpCard card;
  card.bridge_width = "1";
  card.bridge_speed = "2.5 GT/s PCIe";
  machine.add(card);
  const Report report = look_at(machine);
  EXPECT_EQ(report.exit_code, ExitCode::ok);
  EXPECT_THAT(layer(report, "bars").notes, Contains(HasSubstr("try another cable")));
  EXPECT_EQ(report.facts.cards[0].narrowest_link.width_lanes, 1u);
  EXPECT_EQ(report.facts.cards[0].narrowest_link.speed_gt_per_s, 2.5);
}

TEST(ProbeLinux, WithoutAnIommuNothingHoldsTheCardBack) {
  for (const bool has_group : {false, true}) {
    MadeUpMachine machine;
    MadeUpCard card;
    if (!has_group) card.iommu_group.reset();
    card.iommu_type = "identity";
    machine.add(card);
    const Report report = look_at(machine);
    EXPECT_EQ(report.exit_code, ExitCode::ok) << "a machine may run like that";
    EXPECT_FALSE(report.next_step);
    EXPECT_EQ(layer(report, "iommu").status, LayerStatus::skipped);
    EXPECT_THAT(layer(report, "iommu").summary, HasSubstr("all of this machine's memory"));
    EXPECT_THAT(layer(report, "iommu").notes, Contains(HasSubstr("intel_iommu=on")));
  }
}

TEST(ProbeLinux, OfTwoCardsTheSupportedOneIsLookedAtAndBothAreNamed) {
  MadeUpMachine machine;
  MadeUpCard other;
  other.address = "0000:01:00.0";
  other.vendor = 0x10de;
  other.device = 0x2684;
  other.iommu_group = 2;
  MadeUpCard card;
  card.revision = 0xcc;
  machine.add(other).add(card);
  const Report report = look_at(machine);
  EXPECT_EQ(report.exit_code, ExitCode::ok);
  EXPECT_THAT(layer(report, "pci").summary, HasSubstr("Radeon RX 7900 XT (Navi31"));
  EXPECT_THAT(layer(report, "pci").notes, Contains(HasSubstr("RTX 4090")));
}

TEST(ProbeLinux, ForeignFilesInPlaceOfNumbersAreNotKnown) {
  MadeUpMachine machine;
  MadeUpCard card;
  machine.add(card);
  const auto folder = machine.card_folder(card);
  for (const char* file : {"current_link_width", "current_link_speed", "resource", "config"})
    machine.write(folder / file, std::string("\xff\0rubbish\n\n", 11));
  const Report report = look_at(machine);
  EXPECT_FALSE(report.facts.cards[0].link.width_lanes);
  EXPECT_EQ(report.next_step->layer, "bars");
}

}  // namespace
}  // namespace redbolt::test
