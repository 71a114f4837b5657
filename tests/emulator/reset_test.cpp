// Mode-1 reset, and a card that is pulled out.
#include <atomic>
#include <thread>

#include "boot_sequence.hpp"

namespace redbolt::emulator::test {
namespace {

// As the reference driver resets (boot_order_gfx1100.md, "AM_RESET=1"): MP1 debug mailbox.
constexpr std::uint32_t debug_argument = 0x16275, debug_response = 0x16276, debug_message = 0x1628b;
constexpr std::uint32_t scratch6 = 0xc046, scratch7 = 0xc047;

void mode1_reset(TestCard& card) {
  card.write(debug_response, 0);
  card.write(debug_argument, 0);
  card.write(debug_message, 2);
  ASSERT_TRUE(card.becomes(debug_response, 1));
}

TEST(Mode1Reset, PutsTheCardBackToWhereItBoots) {
  TestCard card;
  BootSequence boot(card);
  boot.load_everything();
  card.write(scratch7, 0xa0000008);
  card.write(scratch6, 1);
  card.write(0x1a7ab, 0x1001);  // a page-table base
  card.write_vram64(0x12345600, 0x1122334455667788);
  mode1_reset(card);
  EXPECT_TRUE(eventually([&] { return card.counter("mode1_resets") == 1; }));
  ASSERT_TRUE(card.becomes(scratch7, 0));
  EXPECT_EQ(card.read(scratch6), 0u);
  EXPECT_EQ(card.read(BootSequence::sign_of_life), 0u);
  EXPECT_EQ(card.read(BootSequence::bootloader), 1u << 31);
  EXPECT_EQ(card.read(0x1a7ab), 0u);
  EXPECT_EQ(card.read(debug_response), 1u);  // a driver that looks late still sees the answer
  // The content of VRAM is lost, the discovery table is there again.
  EXPECT_NE(card.function->read64(pci::Bar::k0, pci::BarOffset(0x12345600)), 0x1122334455667788u);
  EXPECT_EQ(card.read_vram32((std::uint64_t{card.read(0xde3)} << 20) - (64 << 10)), 0x28211407u);
  // And it boots again.
  BootSequence again(card);
  again.load_everything();
}

TEST(Mode1Reset, TheCardIsAwayMeanwhile) {
  CardOptions slow = small_card();
  slow.latency_scale = 10;
  TestCard card(slow);
  card.write(scratch7, 7);
  mode1_reset(card);
  EXPECT_TRUE(card.becomes(scratch7, 0xffffffff));
  EXPECT_TRUE(card.becomes(scratch7, 0));
  // Configuration space answers all the while and keeps its values.
  EXPECT_EQ(card.config(0, 4), 0x744c1002u);
}

TEST(Mode1Reset, AlsoThroughTheSecurityProcessorAndAsAMessage) {
  TestCard card;
  BootSequence boot(card);
  boot.start_system();
  card.write(scratch7, 7);
  card.write(BootSequence::system_mailbox, 0x70000);
  EXPECT_TRUE(card.becomes(scratch7, 0));
  EXPECT_EQ(card.read(BootSequence::sign_of_life), 0u);
  card.write(scratch7, 7);
  EXPECT_EQ(smu_message(card, 47, 0).result, 1u);
  EXPECT_TRUE(card.becomes(scratch7, 0));
}

TEST(Mode1Reset, OtherDebugMessagesAreUnknown) {
  TestCard card;
  card.write(debug_response, 0);
  card.write(debug_message, 9);
  EXPECT_TRUE(card.becomes(debug_response, 254));
  EXPECT_EQ(card.counter("mode1_resets"), 0u);
}

TEST(HotPlug, APulledCardReadsOnes) {
  TestCard card;
  card.write(scratch7, 7);
  card.enable_bus_master();
  card.card.unplug();
  EXPECT_FALSE(card.function->is_present());
  EXPECT_EQ(card.config(0, 4), 0xffffffffu);
  EXPECT_EQ(card.config(0, 2), 0xffffu);
  EXPECT_EQ(card.read(scratch7), 0xffffffffu);
  EXPECT_EQ(card.function->read64(pci::Bar::k0, pci::BarOffset(0)), ~0ull);
  card.write(scratch7, 8);
  card.set_config(4, 2, 7);
  card.function->write64(pci::Bar::k2, pci::BarOffset(0x18), 1);
  EXPECT_EQ(card.counter("doorbells"), 0u);
  // Back: as after power-on.
  card.card.plug_in();
  EXPECT_TRUE(card.function->is_present());
  EXPECT_EQ(card.read(scratch7), 0u);
  EXPECT_EQ(card.config(4, 2) & 4, 0u);  // not a bus master
}

TEST(HotPlug, WhileOthersUseIt) {
  TestCard card;
  std::atomic<bool> done{false};
  std::vector<std::thread> users;
  for (int i = 0; i < 3; ++i) {
    users.emplace_back([&] {
      auto function = card.card.attach();
      while (!done) {
        function->write32(pci::Bar::k5, TestCard::dword(0xc040), 1);
        function->read32(pci::Bar::k5, TestCard::dword(0x16063));
        function->write32(pci::Bar::k5, TestCard::dword(0x16282), 2);
        function->read64(pci::Bar::k0, pci::BarOffset(0x1000));
        auto memory = function->allocate_host_memory(Bytes(8192), pci::Contiguity::any);
      }
    });
  }
  for (int i = 0; i < 5; ++i) {
    card.card.unplug();
    card.card.plug_in();
  }
  done = true;
  for (auto& user : users) user.join();
  EXPECT_EQ(card.config(0, 4), 0x744c1002u);
}

}  // namespace
}  // namespace redbolt::emulator::test
