#include "blocks/interrupt_handler.hpp"

#include <gtest/gtest.h>

#include "queue_card.hpp"

namespace redbolt::emulator::testing {
namespace {

InterruptEntry sample(std::uint32_t number) {
  InterruptEntry entry;
  entry.client_id = 20;
  entry.source_id = 181;
  entry.ring_id = 0x14;
  entry.vmid = 3;
  entry.context = {number, 0x22, 0x33, 0x44};
  return entry;
}

class InterruptHandlerTest : public ::testing::Test {
 protected:
  InterruptSink& sink() { return card.state().parts().interrupts; }
  QueueCard card;
};

// IH_COOKIE_0 to IH_COOKIE_7 of osssys_6_0_0.csv.
TEST_F(InterruptHandlerTest, EntryFormat) {
  InterruptRing ring(card);
  card.registers().write(address_of(ih::IH_VMID_3_LUT), 0x8003);
  sink().raise(sample(0x11));
  ASSERT_TRUE(ring.wait_for(1));
  const auto words = ring.entry(0);
  EXPECT_EQ(words[0], 20u | 181u << 8 | 0x14u << 16 | 3u << 24);
  EXPECT_NE(words[1], 0u);
  EXPECT_EQ(words[2] >> 16, 0u);
  EXPECT_EQ(words[3], 0x8003u);
  EXPECT_EQ(words[4], 0x11u);
  EXPECT_EQ(words[5], 0x22u);
  EXPECT_EQ(words[6], 0x33u);
  EXPECT_EQ(words[7], 0x44u);
  EXPECT_EQ(ring.write_pointer(), 32u);
}

TEST_F(InterruptHandlerTest, TimestampsGrow) {
  InterruptRing ring(card);
  sink().raise(sample(1));
  ASSERT_TRUE(ring.wait_for(1));
  std::this_thread::sleep_for(std::chrono::milliseconds(1));
  sink().raise(sample(2));
  ASSERT_TRUE(ring.wait_for(2));
  const auto time = [&](std::uint32_t i) {
    return ring.entry(i)[1] | std::uint64_t{ring.entry(i)[2]} << 32;
  };
  EXPECT_GE(time(1) - time(0), 100'000u);  // a millisecond of 100 MHz
}

TEST_F(InterruptHandlerTest, OverflowOverwritesTheOldestAndSaysSo) {
  InterruptRing ring(card, 5);  // 32 dwords: four entries
  for (std::uint32_t i = 0; i < 5; ++i) sink().raise(sample(i));
  ASSERT_TRUE(eventually([&] { return card.counter("interrupt_entries_written") == 5; }));
  const std::uint32_t pointer = ring.write_pointer();
  EXPECT_EQ(ih::IH_RB_WPTR.rb_overflow.of(pointer), 1u);
  EXPECT_EQ(pointer & ~1u, 32u);
  EXPECT_EQ(ring.entry(0)[4], 4u);  // overwritten
  EXPECT_EQ(ring.entry(1)[4], 1u);  // the oldest that is left: wptr + 32 skips the slot in between
  EXPECT_EQ(ih::IH_RB_STATUS.rb_overflow.of(card.read(ih::IH_RB_STATUS)), 1u);

  const std::uint32_t control = card.read(ih::IH_RB_CNTL);
  card.write(ih::IH_RB_CNTL, control | ih::IH_RB_CNTL.wptr_overflow_clear(1).bits);
  EXPECT_EQ(ring.write_pointer(), 32u);
  EXPECT_EQ(ih::IH_RB_STATUS.rb_overflow.of(card.read(ih::IH_RB_STATUS)), 0u);
}

TEST_F(InterruptHandlerTest, FullRingWithoutOverflowLosesTheNewest) {
  InterruptRing ring(card, 5, false);
  for (std::uint32_t i = 0; i < 6; ++i) sink().raise(sample(i));
  ASSERT_TRUE(eventually([&] { return card.counter("interrupt_entries_lost") == 3; }));
  EXPECT_EQ(ring.write_pointer(), 96u);
  EXPECT_EQ(ring.entry(2)[4], 2u);
  EXPECT_EQ(ih::IH_RB_STATUS.rb_full.of(card.read(ih::IH_RB_STATUS)), 1u);
  card.write(ih::IH_RB_RPTR, 64);
  sink().raise(sample(9));
  ASSERT_TRUE(eventually([&] { return ring.write_pointer() == 0; }));
  EXPECT_EQ(ring.entry(3)[4], 9u);
}

TEST_F(InterruptHandlerTest, WritePointerIsWrittenBack) {
  InterruptRing ring(card);
  const std::uint64_t place = QueueCard::va_base + 0x43000;
  const std::uint64_t mc = card.state().parts().memory.framebuffer_base().value() + 0x43000;
  card.store32(place, 0);
  card.write(ih::IH_RB_WPTR_ADDR_LO, static_cast<std::uint32_t>(mc));
  card.write(ih::IH_RB_WPTR_ADDR_HI, static_cast<std::uint32_t>(mc >> 32));
  card.write(ih::IH_RB_CNTL,
             card.read(ih::IH_RB_CNTL) | ih::IH_RB_CNTL.wptr_writeback_enable(1).bits);
  sink().raise(sample(1));
  EXPECT_TRUE(eventually([&] { return card.load32(place) == 32; }));
}

TEST_F(InterruptHandlerTest, DisabledRingLosesEntries) {
  sink().raise(sample(1));
  EXPECT_TRUE(eventually([&] { return card.counter("interrupt_entries_lost") == 1; }));
  EXPECT_EQ(card.read(ih::IH_RB_WPTR), 0u);
}

TEST_F(InterruptHandlerTest, ClientsGoToRingOneByItsFilter) {
  InterruptRing ring(card);
  const std::uint64_t base = card.state().parts().memory.framebuffer_base().value() + 0x44000;
  card.write(ih::IH_RB_BASE_RING1, static_cast<std::uint32_t>(base >> 8));
  card.write(ih::IH_RB_BASE_HI_RING1, static_cast<std::uint32_t>(base >> 40));
  const auto& control = ih::IH_RB_CNTL_RING1;
  card.write(control,
             (control.rb_enable(1) | control.rb_size(16) | control.mc_space(4)).applied_to(0));
  card.write(ih::IH_RING1_CLIENT_CFG_INDEX, 0);
  const auto& filter = ih::IH_RING1_CLIENT_CFG_DATA;
  card.write(filter,
             (filter.client_id(20) | filter.source_id(239) | filter.source_id_match_enable(1))
                 .applied_to(0));
  InterruptEntry wave = sample(7);
  wave.source_id = 239;
  sink().raise(wave);
  sink().raise(sample(8));
  ASSERT_TRUE(ring.wait_for(1));
  ASSERT_TRUE(eventually([&] { return card.read(ih::IH_RB_WPTR_RING1) == 32; }));
  EXPECT_EQ(ring.entry(0)[4], 8u);
  EXPECT_EQ(card.load32(QueueCard::va_base + 0x44000 + 16), 7u);
}

TEST_F(InterruptHandlerTest, StormClientsLeaveHalfOfTheRingToOthers) {
  InterruptRing ring(card, 6);  // eight entries
  card.write(ih::IH_STORM_CLIENT_LIST_CNTL, 1u << 20);
  card.write(ih::IH_INT_FLOOD_CNTL, ih::IH_INT_FLOOD_CNTL.flood_cntl_enable(1).bits);
  for (std::uint32_t i = 0; i < 20; ++i) sink().raise(sample(i));
  ASSERT_TRUE(eventually([&] { return card.counter("interrupt_entries_lost") == 16; }));
  EXPECT_EQ(ring.write_pointer(), 128u);
  const std::uint32_t status = card.read(ih::IH_INT_FLOOD_STATUS);
  EXPECT_EQ(ih::IH_INT_FLOOD_STATUS.int_drop_cnt.of(status), 16u);
  EXPECT_EQ(ih::IH_INT_FLOOD_STATUS.first_drop_int_client_id.of(status), 20u);
  InterruptEntry other = sample(99);
  other.client_id = 10;
  sink().raise(other);
  ASSERT_TRUE(eventually([&] { return ring.write_pointer() == 160; }));
}

TEST_F(InterruptHandlerTest, RingThatIsNotMappedDoesNotFeedItself) {
  card.write(ih::IH_RB_BASE, 0);
  card.write(ih::IH_RB_BASE_HI, 0x20);
  const auto& control = ih::IH_RB_CNTL;
  card.write(control,
             (control.rb_enable(1) | control.rb_size(16) | control.mc_space(4)).applied_to(0));
  for (std::uint32_t i = 0; i < 3; ++i) sink().raise(sample(i));
  ASSERT_TRUE(eventually([&] {
    return card.counter("interrupt_entries_written") + card.counter("interrupt_entries_lost") == 3;
  }));
  EXPECT_GE(card.counter("page_faults"), 3u);
  EXPECT_EQ(card.counter("interrupts"), 3u);
}

}  // namespace
}  // namespace redbolt::emulator::testing
