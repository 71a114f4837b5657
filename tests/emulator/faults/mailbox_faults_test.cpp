// Firmware that is refused and mailboxes that do not answer.
#include "boot_sequence.hpp"

namespace redbolt::emulator::test {
namespace {

CardOptions with(const char* plan) {
  CardOptions options = small_card();
  options.latency_scale = 0;
  options.faults = parse_fault_plan(plan);
  return options;
}

constexpr std::uint32_t mec = 89, imu = 68, smu = 18;
constexpr std::uint32_t security = 0xffff000f;

TEST(FirmwareFaults, TheNamedImageIsRefusedByTheRing) {
  TestCard card(with("refuse-firmware=mec@n=1"));
  BootSequence boot(card);
  boot.start_system();
  boot.create_ring();
  ASSERT_EQ(boot.load_toc(), 0u);
  ASSERT_EQ(boot.load_firmware(smu), 0u);
  ASSERT_EQ(boot.set_up_tmr(), 0u);
  EXPECT_EQ(boot.load_firmware(imu), 0u);
  EXPECT_EQ(boot.load_firmware(mec), security);
  EXPECT_EQ(boot.load_firmware(mec), 0u);  // once
  EXPECT_EQ(card.counter("fault_refuse_firmware"), 1u);
  EXPECT_EQ(card.counter("psp_refusals"), 1u);
}

TEST(FirmwareFaults, TheNamedImageIsRefusedByTheBootloader) {
  TestCard card(with("refuse-firmware=sys"));
  BootSequence boot(card);
  const auto load = [&](std::uint32_t command, std::uint32_t kind) {
    return boot.load_component(command, make_payload({.kind = kind}));
  };
  EXPECT_EQ(load(0x80000, 3), 1u << 31);
  EXPECT_NE(load(0x10000, 2) & 0xffff, 0u);
  EXPECT_NE(load(0x10000, 2) & 0xffff, 0u);
}

TEST(MailboxFaults, AStalledBootloaderDoesNotAnswer) {
  TestCard card(with("stall-mailbox=psp@boot"));
  card.write_vram(BootSequence::image_at, make_payload({.kind = 3}));
  card.write(BootSequence::message_address,
             static_cast<std::uint32_t>((mc_base + BootSequence::image_at) >> 20));
  card.write(BootSequence::bootloader, 0x80000);
  ASSERT_EQ(card.counter("fault_stall_mailbox"), 1u);
  // Another command on the same thread has been worked on meanwhile: the mailbox had its chance.
  EXPECT_EQ(smu_message(card, 1, 41).argument, 42u);
  EXPECT_EQ(card.read(BootSequence::bootloader) >> 31, 0u);
}

TEST(MailboxFaults, AStallMayEnd) {
  TestCard card(with("stall-mailbox=smu@n=1+30ms"));
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(smu_message(card, 1, 41).argument, 42u);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(30));
  EXPECT_EQ(card.counter("fault_stall_mailbox"), 1u);
}

// Mode 1 by the debug mailbox (C2PMSG_75 = 2) still works when only the other one is stalled.
TEST(MailboxFaults, MailboxesAreStalledByName) {
  TestCard card(with("stall-mailbox=smu"));
  card.write(0x1629a, 0);
  card.write(0x16292, 41);
  card.write(0x16282, 1);
  card.write(0x1628b, 2);
  EXPECT_TRUE(eventually([&] { return card.counter("mode1_resets") == 1; }));
}

}  // namespace
}  // namespace redbolt::emulator::test
