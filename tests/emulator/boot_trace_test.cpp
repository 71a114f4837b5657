// The reference driver's boot, played against the card.
#include "boot_trace.hpp"
#include "trace_player.hpp"

namespace redbolt::emulator::test {
namespace {

constexpr unsigned connect = 1, first_work = 27182, boot_end = 640, first_dispatch = 27288;

CardOptions full_card() {
  return {};
}

TEST(BootTrace, ColdBootReadsWhatTheDriverNeeds) {
  TestCard card(full_card());
  TracePlayer player(card);
  player.play(connect, boot_end);
  EXPECT_GE(player.compared_reads(), 137u);
  EXPECT_EQ(card.counter("psp_refusals"), 0u);
  EXPECT_EQ(card.card.unknown_registers(), (std::map<std::string, std::uint64_t>{}));
}

TEST(BootTrace, PageTablesAndCopiesWork) {
  TestCard card(full_card());
  TracePlayer player(card);
  player.play(connect, first_dispatch);
  ASSERT_FALSE(HasFailure());
  // The data and the kernel have arrived in VRAM, where the page tables of the trace say.
  EXPECT_EQ(card.counter("page_faults"), 0u);
}

}  // namespace
}  // namespace redbolt::emulator::test
