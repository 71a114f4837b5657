// The session of a driver that boots real cards, played over sockets: cold, warm, after a reset, on
// scattered pages, and interrupted.
#include "served_card.hpp"
#include "trace_player.hpp"

namespace redbolt::emulator::test {
namespace {

constexpr unsigned connect_event = 1, root_table_zeroed = 9, graphics_begin = 344, boot_end = 640,
                   copied_in = 27278, kernel_done = 27384, all_events = 27473;
constexpr unsigned result_handle = 4;  // the staging buffer into which the result is copied
// Registers, by dword.
constexpr std::uint32_t scratch_6 = 0xc046, scratch_7 = 0xc047, sos_version = 0x16091,
                        soft_reset = 0x2008, debug_argument = 0x16276, debug_message = 0x1628b,
                        graphics_fault_status = 0x15ec;
constexpr std::uint32_t booted_mark = 0xa0000008;

void expect_doubled_numbers(TracePlayer& player) {
  std::array<std::uint32_t, 4> result{};
  player.host_memory(result_handle).read(Bytes(0), std::as_writable_bytes(std::span(result)));
  EXPECT_EQ(result, (std::array<std::uint32_t, 4>{2, 4, 6, 8}));
}

void play_whole_session(const std::string& address) {
  TestFunction function(connect(address));
  TracePlayer player(function);
  player.play(connect_event, all_events);
  if (!::testing::Test::HasFailure()) expect_doubled_numbers(player);
}

// Mode-1 reset by the debug mailbox, as a driver does it that finds a dirty card.
void reset_card(TestFunction& function) {
  function.set_config(4, 2, 3);
  function.write(debug_argument, 0);
  function.write(debug_message, 2);
  ASSERT_TRUE(function.becomes(scratch_7, 0));
  ASSERT_TRUE(function.becomes(sos_version, 0));
}

class Replay : public testing::TestWithParam<const char*> {
 protected:
  std::string address(const ServedCard& served) const { return served.address(GetParam()); }
};

INSTANTIATE_TEST_SUITE_P(Transports, Replay, testing::Values("unix", "tcp"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(Replay, ColdBootAndTheWholeSession) {
  ServedCard served{CardOptions{}};
  play_whole_session(address(served));
  EXPECT_EQ(served.counter("page_faults"), 0u);
  EXPECT_EQ(served.counter("dispatches"), 1u);
  EXPECT_EQ(served.counter("doorbells_dropped"), 0u);
  EXPECT_EQ(served.counter("server_errors"), 0u);
  EXPECT_EQ(served.counter("server_connections_dropped"), 0u);
  EXPECT_TRUE(served.counter_becomes("server_host_bytes", 0));
}

TEST_P(Replay, ScatteredPages) {
  CardOptions options;
  options.scatter_host_pages = true;
  ServedCard served(options);
  play_whole_session(address(served));
}

TEST_P(Replay, ASecondClientFindsTheCardAsTheFirstLeftIt) {
  ServedCard served{CardOptions{}};
  play_whole_session(address(served));
  const std::uint64_t booted_with = served.counter("smu_messages");

  TestFunction function(connect(address(served)));
  EXPECT_EQ(function.read(scratch_7), booted_mark);
  EXPECT_EQ(function.read(scratch_6), 0u);
  EXPECT_NE(function.read(sos_version), 0u);
  EXPECT_EQ(function.read(graphics_fault_status), 0u);
  // Without security processor and power controller's start: root table, graphics core, and on.
  TracePlayer player(function);
  player.expect_a_warm_card();
  player.play(root_table_zeroed, root_table_zeroed);
  function.write(soft_reset, 0x40001);
  function.write(soft_reset, 0);
  player.play(graphics_begin, all_events);
  ASSERT_FALSE(HasFailure());
  expect_doubled_numbers(player);
  EXPECT_EQ(served.counter("dispatches"), 2u);
  EXPECT_GT(served.counter("smu_messages"), booted_with);
}

TEST_P(Replay, AfterAModeOneReset) {
  ServedCard served{CardOptions{}};
  play_whole_session(address(served));
  {
    TestFunction function(connect(address(served)));
    reset_card(function);
  }
  play_whole_session(address(served));
  EXPECT_EQ(served.counter("mode1_resets"), 1u);
}

// As on a machine that gives the card 256 MiB and no more.
TEST_P(Replay, WithASmallBar0) {
  CardOptions options;
  options.bar0 = Bytes(256u << 20);
  ServerOptions server_options;
  server_options.bar0_is_fixed = true;
  ServedCard served(options, server_options);
  const auto play = [&] {
    TestFunction function(connect(address(served)));
    TracePlayer player(function);
    player.expect_a_small_bar0(options.bar0);
    player.play(connect_event, all_events);
    if (HasFailure()) return;
    expect_doubled_numbers(player);
    EXPECT_EQ(player.reads_by_index(), 1u);
  };
  play();
  {
    TestFunction function(connect(address(served)));
    reset_card(function);
  }
  play();
  EXPECT_EQ(served.counter("dispatches"), 2u);
  EXPECT_EQ(served.counter("page_faults"), 0u);
}

// The queues of a client that is gone read rings that are no longer there.
TEST_P(Replay, QueuesOfAClientThatIsGoneFaultAndTheCardLives) {
  ServedCard served{CardOptions{}};
  {
    TestFunction function(connect(address(served)));
    TracePlayer(function).play(connect_event, copied_in);
    ASSERT_FALSE(HasFailure());
  }
  ASSERT_TRUE(served.counter_becomes("server_host_bytes", 0));
  const std::uint64_t before = served.counter("page_faults");
  {
    TestFunction function(connect(address(served)));
    EXPECT_EQ(function.read(scratch_7), booted_mark);
    function.function->write64(pci::Bar::k2, pci::BarOffset(0x800), 0x88);  // SDMA
    function.function->write64(pci::Bar::k2, pci::BarOffset(0x18), 0x55);   // compute
    EXPECT_TRUE(eventually([&] { return served.counter("page_faults") > before; }));
    EXPECT_NE(function.read(sos_version), 0u);
    reset_card(function);
  }
  play_whole_session(address(served));
}

}  // namespace
}  // namespace redbolt::emulator::test
