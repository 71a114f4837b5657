// The security processor: what it takes, in which order, and what it refuses.
#include "blocks/firmware_image.hpp"
#include "boot_sequence.hpp"

namespace redbolt::emulator::test {
namespace {

constexpr std::uint32_t ready = 1u << 31;
constexpr std::uint32_t bad_format = 0xffff0005, bad_parameters = 0xffff0006,
                        bad_state = 0xffff0007, not_supported = 0xffff000a,
                        out_of_memory = 0xffff000c, security = 0xffff000f;
constexpr std::uint32_t kdb = 0x80000, system_driver = 0x10000;

class Psp : public ::testing::Test {
 protected:
  TestCard card_;
  BootSequence boot_{card_};

  // The bootloader refused, and sOS does not come up whatever follows.
  void expect_refused(std::uint32_t command, const std::vector<std::byte>& image) {
    const std::uint64_t before = card_.counter("psp_refusals");
    const std::uint32_t status = boot_.load_component(command, image);
    EXPECT_EQ(status & ready, ready);
    EXPECT_NE(status & 0xffff, 0u);
    EXPECT_EQ(card_.counter("psp_refusals"), before + 1);
  }
};

TEST_F(Psp, BootsItsSystemComponentByComponent) {
  for (const BootComponent& component : boot_components) {
    EXPECT_EQ(card_.read(BootSequence::sign_of_life), 0u);
    EXPECT_EQ(boot_.load_component(component.command, make_payload({.kind = component.kind})),
              ready);
  }
  EXPECT_TRUE(eventually([&] { return card_.read(BootSequence::sign_of_life) != 0; }));
  EXPECT_EQ(card_.read(BootSequence::system_mailbox), ready);
  EXPECT_EQ(card_.read(BootSequence::ring_size), 0u);
}

TEST_F(Psp, TheMailboxIsBusyWhileItWorks) {
  CardOptions slow = small_card();
  slow.latency_scale = 100;  // 100 ms
  TestCard card(slow);
  card.write(BootSequence::bootloader, kdb);
  EXPECT_EQ(card.read(BootSequence::bootloader) & ready, 0u);
  card.write(BootSequence::bootloader, kdb | ready);  // nor does the host make it ready
  EXPECT_EQ(card.read(BootSequence::bootloader) & ready, 0u);
}

TEST_F(Psp, TakesTheKeyDatabaseForTheSplTable) {
  ASSERT_EQ(boot_.load_component(kdb, make_payload({.kind = 3})), ready);
  EXPECT_EQ(boot_.load_component(0x10000000, make_payload({.kind = 3})), ready);
}

TEST_F(Psp, OptionalComponentsMayBeLeftOut) {
  for (const BootComponent& component : boot_components) {
    if (component.command == 0x10000000 || component.command == 0xe0000) continue;  // SPL, RAS
    ASSERT_EQ(boot_.load_component(component.command, make_payload({.kind = component.kind})),
              ready);
  }
  EXPECT_TRUE(eventually([&] { return card_.read(BootSequence::sign_of_life) != 0; }));
}

TEST_F(Psp, RefusesComponentsOutOfOrder) {
  expect_refused(system_driver, make_payload({.kind = 2}));  // before the key database
  expect_refused(0x20000, make_payload({.kind = 1}));        // sOS at once
  ASSERT_EQ(boot_.load_component(kdb, make_payload({.kind = 3})), ready);
  expect_refused(kdb, make_payload({.kind = 3}));      // twice
  expect_refused(0xb0000, make_payload({.kind = 7}));  // SOC_DRV before SYS_DRV
  expect_refused(0x12345, make_payload({.kind = 2}));  // no such command
  // And still takes the one that is due.
  EXPECT_EQ(boot_.load_component(system_driver, make_payload({.kind = 2})), ready);
}

TEST_F(Psp, RefusesImagesThatAreNotRight) {
  const auto damaged = [](auto damage) {
    auto image = make_payload({.kind = 3});
    damage(image);
    return image;
  };
  using Image = std::vector<std::byte>;
  expect_refused(kdb, damaged([](Image& i) { put_word(i, 0x10, 0), seal(i); }));    // magic
  expect_refused(kdb, damaged([](Image& i) { put_word(i, 0x38, 0), seal(i); }));    // signing key
  expect_refused(kdb, damaged([](Image& i) { put_word(i, 0x14, 9), seal(i); }));    // body size
  expect_refused(kdb, damaged([](Image& i) { put_word(i, 0x6c, 300), seal(i); }));  // total size
  expect_refused(kdb,
                 damaged([](Image& i) { put_word(i, 0x6c, 0xfffffff0), seal(i); }));  // absurd size
  expect_refused(kdb, damaged([](Image& i) { i[300] ^= std::byte{1}; }));  // a flipped bit
  expect_refused(kdb, make_payload({.kind = 2}));                          // another piece
  expect_refused(kdb, make_payload({.kind = 3, .chip = 0x000b0003}));      // another chip
  expect_refused(kdb, make_payload({.kind = 3, .body = 1u << 20}));        // too large
  expect_refused(kdb, Image(4096));                                        // nothing
  EXPECT_EQ(card_.read(BootSequence::sign_of_life), 0u);
}

TEST(FirmwareImage, IsJudgedAsAWhole) {
  const std::uint32_t kind = 3;
  const auto verdict = [&](const std::vector<std::byte>& image) {
    return check_image(image, std::span(&kind, 1));
  };
  auto image = make_payload({.kind = 3});
  EXPECT_EQ(verdict(image), ImageVerdict::accepted);
  image.resize(image.size() + 16);
  EXPECT_EQ(verdict(image), ImageVerdict::accepted);  // padding
  image.resize(image.size() + 1);
  EXPECT_EQ(verdict(image), ImageVerdict::bad_header);
  EXPECT_EQ(verdict(make_payload({.kind = 3, .body = 1u << 20})), ImageVerdict::too_large);
  EXPECT_EQ(verdict(make_payload({.kind = 2})), ImageVerdict::wrong_kind);
  EXPECT_EQ(verdict(make_payload({.kind = 3, .chip = 7})), ImageVerdict::wrong_chip);
  // No prefix of an image is an image.
  const auto whole = make_payload({.kind = 3});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(verdict({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)}),
              ImageVerdict::truncated);
  }
  // And every bit before the trailer's padding counts.
  for (std::size_t i = 0; i < whole.size() - 248; ++i) {
    auto flipped = whole;
    flipped[i] ^= std::byte{0x10};
    EXPECT_NE(verdict(flipped), ImageVerdict::accepted) << i;
  }
}

TEST_F(Psp, RefusesAnAddressOutsideVram) {
  card_.write(BootSequence::message_address, 0x10);
  card_.write(BootSequence::bootloader, kdb);
  EXPECT_TRUE(card_.becomes(BootSequence::bootloader, ready, ready));
  EXPECT_NE(card_.read(BootSequence::bootloader), ready);
}

TEST_F(Psp, UnverifiedImagesStillHaveToComeInOrder) {
  CardOptions options = small_card();
  options.firmware = FirmwarePolicy::unverified;
  TestCard card(options);
  BootSequence boot(card);
  EXPECT_NE(boot.load_component(system_driver, std::vector<std::byte>(4096)), ready);
  for (const BootComponent& component : boot_components) {
    ASSERT_EQ(boot.load_component(component.command, std::vector<std::byte>(4096)), ready);
  }
}

TEST_F(Psp, AutomaticChecksSyntheticImagesAndNoOthers) {
  CardOptions options = small_card();
  options.firmware = FirmwarePolicy::automatic;
  TestCard card(options);
  BootSequence boot(card);
  const BootComponent& first = boot_components[0];
  Payload payload;
  payload.kind = first.kind;
  auto image = make_payload(payload);
  image[300] ^= std::byte{1};
  EXPECT_NE(boot.load_component(first.command, image), ready);
  EXPECT_EQ(boot.load_component(first.command, std::vector<std::byte>(4096)), ready);
}

TEST_F(Psp, NobodyAnswersTheRingBeforeTheSystemRuns) {
  card_.write(BootSequence::system_mailbox, 0x20000);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(card_.read(BootSequence::system_mailbox) & ready, 0u);
}

TEST_F(Psp, MakesAndDestroysARing) {
  boot_.start_system();
  boot_.create_ring();
  EXPECT_EQ(card_.read(BootSequence::ring_wptr), 0u);
  // Only one at a time.
  EXPECT_NE(boot_.control(0x20000), ready);
  EXPECT_EQ(boot_.control(0xc0000), ready);
  EXPECT_EQ(card_.read(BootSequence::ring_size), 0u);
  boot_.create_ring();
}

TEST_F(Psp, RefusesRingsThatCannotBe) {
  boot_.start_system();
  card_.write(BootSequence::ring_low, 0);
  card_.write(BootSequence::ring_high, 0x81);  // behind VRAM
  card_.write(BootSequence::ring_size, 0x10000);
  EXPECT_NE(boot_.control(0x20000), ready);
  card_.write(BootSequence::ring_high, 0x80);
  card_.write(BootSequence::ring_low, 0x87000);
  card_.write(BootSequence::ring_size, 100);
  EXPECT_NE(boot_.control(0x20000), ready);
  EXPECT_NE(boot_.control(0x90000), ready);  // a command it does not know
}

TEST_F(Psp, LoadsEverythingAndStartsGraphics) {
  boot_.load_everything();
  EXPECT_EQ(card_.counter("psp_refusals"), 0u);
  // RLC_RLCS_BOOTLOAD_STATUS: offset 20098, base index 1 (0xa000).
  EXPECT_TRUE(card_.becomes(0xa000 + 20098, 1u << 31, 1u << 31));
  EXPECT_EQ(card_.read(0x21a0), 0u);
}

TEST_F(Psp, TheRingWrapsAndKeepsItsOrder) {
  boot_.start_system();
  boot_.create_ring(4 * 64);
  for (int i = 0; i < 11; ++i) EXPECT_EQ(boot_.load_toc(), 0u) << i;
}

TEST_F(Psp, SeveralFramesWithOneWritePointer) {
  boot_.start_system();
  boot_.create_ring();
  // Three commands of their own, each with its own fence.
  for (std::uint64_t i = 0; i < 3; ++i) {
    std::vector<std::byte> command(1024), frame(64);
    put_word(command, 8, 0x22);  // BOOT_CFG
    card_.write_vram(0x40000 + 0x1000 * i, command);
    const std::uint64_t command_mc = mc_base + 0x40000 + 0x1000 * i,
                        fence_mc = mc_base + 0x50000 + 8 * i;
    std::memcpy(frame.data(), &command_mc, 8);
    std::memcpy(frame.data() + 12, &fence_mc, 8);
    put_word(frame, 20, static_cast<std::uint32_t>(i) + 7);
    card_.write_vram64(0x50000 + 8 * i, 0);
    card_.write_vram(BootSequence::ring_at + 64 * i, frame);
  }
  card_.write(BootSequence::ring_wptr, 48);
  for (std::uint64_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(eventually([&] { return card_.read_vram32(0x50000 + 8 * i) == i + 7; }));
  }
}

TEST_F(Psp, AnswersTheSizeOfItsRegion) {
  boot_.start_system();
  boot_.create_ring();
  ASSERT_EQ(boot_.load_toc(), 0u);
  const std::uint32_t tmr = card_.read_vram32(BootSequence::command_at + 880);
  EXPECT_GT(tmr, 0u);
  EXPECT_LE(tmr, 0x1300000u);  // what the reference driver has set aside
}

TEST_F(Psp, RefusesCommandsOutOfOrder) {
  boot_.start_system();
  boot_.create_ring();
  EXPECT_EQ(boot_.set_up_tmr(), bad_state);       // before the table of contents
  EXPECT_EQ(boot_.load_firmware(71), bad_state);  // before there is memory for it
  EXPECT_EQ(boot_.command(33, {}), bad_state);    // AUTOLOAD_RLC with nothing loaded
  EXPECT_EQ(boot_.load_toc(), 0u);
  EXPECT_EQ(boot_.load_firmware(18), 0u);  // the power controller needs no TMR
  EXPECT_EQ(boot_.set_up_tmr(), 0u);
  EXPECT_EQ(boot_.set_up_tmr(), bad_state);  // twice
  EXPECT_EQ(boot_.load_firmware(71), 0u);
  EXPECT_EQ(boot_.command(33, {}), bad_state);  // not all
  EXPECT_EQ(boot_.command(0x77, {}), not_supported);
}

TEST_F(Psp, RefusesImagesOnTheRing) {
  boot_.start_system();
  boot_.create_ring();
  ASSERT_EQ(boot_.load_toc(), 0u);
  ASSERT_EQ(boot_.set_up_tmr(), 0u);
  auto image = make_payload({.kind = 0x10000 | 71});
  EXPECT_EQ(boot_.load_image(72, image), security);  // thread 0's image for thread 1
  EXPECT_EQ(boot_.load_image(13, make_payload({.kind = 0x10000 | 13})), not_supported);  // VCN
  image[400] ^= std::byte{4};
  EXPECT_EQ(boot_.load_image(71, image), security);
  put_word(image, 0x10, 0);
  EXPECT_EQ(boot_.load_image(71, image), bad_format);
  EXPECT_EQ(boot_.load_image(71, make_payload({.kind = 0x10000 | 71, .chip = 0x000b0002})),
            security);
  EXPECT_EQ(boot_.command(6, BootSequence::mc_arguments(0x100000, 100, 71)), bad_parameters);
  EXPECT_EQ(boot_.command(6, BootSequence::mc_arguments(0x100000, 0, 71)), bad_parameters);
  EXPECT_EQ(boot_.command(6, BootSequence::mc_arguments(0x100000, 2u << 20, 71)), out_of_memory);
}

TEST_F(Psp, RefusesATmrThatDoesNotFit) {
  boot_.start_system();
  boot_.create_ring();
  ASSERT_EQ(boot_.load_toc(), 0u);
  EXPECT_EQ(boot_.command(5, BootSequence::mc_arguments(0x200000, 0x100000)),
            bad_parameters);  // too small
  EXPECT_EQ(boot_.command(5, BootSequence::mc_arguments(0x201000, 0x1300000)),
            bad_parameters);  // alignment
  EXPECT_EQ(boot_.command(5, BootSequence::mc_arguments(0x1f000000, 0x1300000)),
            bad_parameters);  // end of VRAM
}

TEST_F(Psp, TheTmrIsOutOfTheHostsReach) {
  boot_.start_system();
  boot_.create_ring();
  ASSERT_EQ(boot_.load_toc(), 0u);
  card_.write_vram64(0x200000, 5);
  ASSERT_EQ(boot_.set_up_tmr(), 0u);
  EXPECT_EQ(card_.function->read64(pci::Bar::k0, pci::BarOffset(0x200000)), ~0ull);
  card_.write_vram64(0x200000 + BootSequence::tmr_bytes - 8, 5);
  EXPECT_EQ(card_.read_vram(0x200000 + BootSequence::tmr_bytes - 8, 8),
            std::vector<std::byte>(8, std::byte{0xff}));
  // Its neighbours are not.
  card_.write_vram64(0x200000 + BootSequence::tmr_bytes, 5);
  EXPECT_EQ(card_.read_vram32(0x200000 + BootSequence::tmr_bytes), 5u);
  // Nor after it has been given up; what was written meanwhile is lost.
  EXPECT_EQ(boot_.command(7, {}), 0u);
  EXPECT_EQ(card_.read_vram32(0x200000), 5u);
  EXPECT_EQ(card_.read_vram32(0x200000 + BootSequence::tmr_bytes - 8), 0u);
}

}  // namespace
}  // namespace redbolt::emulator::test
