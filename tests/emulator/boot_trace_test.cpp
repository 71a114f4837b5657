// The reference driver's whole session, played against the card: boot, page tables, a copy in, a
// kernel, a copy out, teardown; and the same in front of a card that makes things hard.
#include <fstream>
#include <set>
#include <sstream>

#include "test_paths.hpp"
#include "trace_player.hpp"

namespace redbolt::emulator::test {
namespace {

constexpr unsigned connect = 1, boot_end = 640, all_events = 27473;
constexpr std::uint32_t grbm_gfx_cntl = 0xa900;
constexpr unsigned result_handle = 4;  // the staging buffer into which the result is copied

void expect_doubled_numbers(TracePlayer& player) {
  std::array<std::uint32_t, 4> result{};
  player.host_memory(result_handle).read(Bytes(0), std::as_writable_bytes(std::span(result)));
  EXPECT_EQ(result, (std::array<std::uint32_t, 4>{2, 4, 6, 8}));
}

TEST(BootTrace, ColdBootReadsWhatTheDriverNeeds) {
  TestCard card(CardOptions{});
  TracePlayer player(card);
  player.play(connect, boot_end);
  EXPECT_GE(player.compared_reads(), 137u);
  EXPECT_EQ(card.counter("psp_refusals"), 0u);
  EXPECT_EQ(card.card.unknown_registers(), (std::map<std::string, std::uint64_t>{}));
}

TEST(BootTrace, TheWholeSessionWorks) {
  TestCard card(CardOptions{});
  TracePlayer player(card);
  player.play(connect, all_events);
  ASSERT_FALSE(HasFailure());
  expect_doubled_numbers(player);
  EXPECT_EQ(card.counter("page_faults"), 0u);
  EXPECT_EQ(card.counter("doorbells"), 4u);
  EXPECT_EQ(card.counter("doorbells_dropped"), 0u);
  EXPECT_EQ(card.counter("dispatches"), 1u);
  EXPECT_EQ(card.card.unknown_registers(), (std::map<std::string, std::uint64_t>{}));
}

TEST(BootTrace, TheDriverFlushesWhereItMust) {
  CardOptions options;
  options.strict_hdp = true;
  TestCard card(options);
  TracePlayer player(card);
  player.flush_where_the_driver_does_not();
  player.play(connect, all_events);
  ASSERT_FALSE(HasFailure());
  expect_doubled_numbers(player);
}

TEST(BootTrace, ASecondSessionAfterAResetWorks) {
  TestCard card(CardOptions{});
  TracePlayer(card).play(connect, boot_end);
  card.write(0x16276, 0);
  card.write(0x1628b, 2);  // mode-1 reset by the debug mailbox
  ASSERT_TRUE(card.becomes(0xc047, 0));
  card.set_config(4, 2, 3);
  TracePlayer again(card);
  again.play(connect, all_events);
  ASSERT_FALSE(HasFailure());
  expect_doubled_numbers(again);
}

// What the reference driver leaves in the registers that only hold values (registers_touched.csv:
// the last of the values written is what must be read back).
TEST(BootTrace, RegistersHoldWhatWasWritten) {
  TestCard card(CardOptions{});
  TracePlayer player(card);
  player.play(connect, boot_end);
  std::ifstream file(REDBOLT_TEST_DATA "/card/registers_touched.csv");
  ASSERT_TRUE(file);
  // Registers whose reading is not what was written, because the card acts on them or answers in
  // them.
  const std::set<std::string> active = {"regBIF_BX_PF0_RSMU_DATA",
                                        "regMP0_SMN_C2PMSG_35",
                                        "regMP0_SMN_C2PMSG_64",
                                        "regMP0_SMN_C2PMSG_67",
                                        "mmMP1_SMN_C2PMSG_90",
                                        "mmMP1_SMN_C2PMSG_82",
                                        "mmMP1_SMN_C2PMSG_66",
                                        "regBIF_BX_PF0_RSMU_INDEX",
                                        "regMP0_SMN_C2PMSG_36",
                                        "regRLC_SAFE_MODE",
                                        "MM_INDEX",
                                        "MM_INDEX_HI",
                                        "(remapped)HDP_MEM_FLUSH"};
  std::string line;
  std::getline(file, line);
  unsigned compared = 0;
  while (std::getline(file, line)) {
    std::istringstream cells(line);
    std::vector<std::string> cell(9);
    for (auto& text : cell) std::getline(cells, text, ',');
    const unsigned first_event = static_cast<unsigned>(std::stoul(cell[5]));
    std::istringstream values(cell[6]);
    std::string value, other;
    values >> value;
    // The program counter exists per pipe; the driver wrote that of ME 1.
    card.write(grbm_gfx_cntl, cell[0].rfind("regCP_MEC_RS64_PRGRM", 0) == 0 ? 4 : 0);
    // One value only, and written during the boot.
    if (first_event > boot_end || value.empty() || values >> other || active.count(cell[0]))
      continue;
    EXPECT_EQ(card.read(static_cast<std::uint32_t>(std::stoul(cell[1], nullptr, 0))),
              std::stoul(value, nullptr, 0))
        << cell[0];
    ++compared;
  }
  EXPECT_GT(compared, 150u);
}

}  // namespace
}  // namespace redbolt::emulator::test
