// The ladder of resets on the emulated card: what hung or faulted is stopped, what was not part of
// it is as it was, and a card whose driver was killed in the middle of its work is taken over.
#include "redbolt/driver/recovery.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "cut_function.hpp"
#include "dispatch_fixture.hpp"

namespace redbolt::driver {
namespace {

using Clock = std::chrono::steady_clock;

class Recovering : public DispatchFixture {
 protected:
  Recovering() {
    keep = card->allocate_vram(64_KiB);
    card->write_vram(keep, Bytes(0), kept);
  }

  void start(std::span<const std::uint32_t> kernel, GpuAddress pointer) {
    CommandEncoder encoder(card->dispatch_limits());
    encoder.dispatch(launch(load(kernel), pointer));
    const IndirectBuffer buffer = store(encoder);
    ASSERT_FALSE(card->compute().wait(card->compute().submit({&buffer, 1}), 200ms))
        << "it was to hang";
  }

  // Both engines, kernels, and what lay in video memory.
  void expect_usable() {
    poison();
    CommandEncoder encoder(card->dispatch_limits());
    KernelLaunch work = launch(load(test::kStoreKernel), out.address(), 1000);
    work.grid = {50, 1, 1};
    encoder.dispatch(work);
    ASSERT_NO_FATAL_FAILURE(run(store(encoder)));
    const auto values = result(50 * 32);
    for (std::uint32_t i = 0; i < values.size(); ++i) ASSERT_EQ(values[i], i * 3 + 1000);
    ASSERT_TRUE(
        card->copies().wait(card->copies().copy(out.address(), keep.address(), 64_KiB), 10s));
    std::vector<std::byte> copy(kept.size());
    out.memory().read(Bytes(0), copy);
    EXPECT_EQ(copy, kept);
    EXPECT_TRUE(card->drain_interrupts().empty());
  }

  void give_everything_back() {
    for (VramBlock* block : {&code, &kernarg, &commands, &keep}) *block = VramBlock();
    out = HostBlock();
  }

  const std::vector<std::byte> kept = test::pattern(64 << 10, 11);
  VramBlock keep;
};

TEST_F(Recovering, AnEndlessKernelIsStoppedByAResetOfItsQueue) {
  ASSERT_NO_FATAL_FAILURE(start(test::kEndlessKernel, out.address()));
  const auto before = Clock::now();
  const Recovery recovery = card->recover();
  EXPECT_STREQ(to_string(recovery.rung), "queue");
  EXPECT_TRUE(recovery.memory_kept());
  EXPECT_LT(Clock::now() - before, 8s);
  EXPECT_EQ(card->compute().completed(), card->compute().submitted());
  expect_usable();
}

TEST_F(Recovering, APageFaultIsForgottenOnceRecovered) {
  ASSERT_NO_FATAL_FAILURE(start(test::kStoreKernel, GpuAddress(0x2fff'dead'0000)));
  EXPECT_FALSE(card->drain_interrupts().empty());
  EXPECT_STREQ(to_string(card->recover().rung), "queue");
  expect_usable();
  give_everything_back();
  card.reset();
  EXPECT_EQ(test::boot(emulated)->boot_report().kind, BootReport::Kind::warm);
}

TEST_F(Recovering, AnIllegalInstructionAgainAndAgain) {
  for (int round = 0; round < 5; ++round) {
    ASSERT_NO_FATAL_FAILURE(start(test::kIllegalKernel, out.address()));
    EXPECT_STREQ(to_string(card->recover().rung), "queue");
  }
  expect_usable();
}

TEST_F(Recovering, ContextsOutliveTheHangOfAnother) {
  VmContext hanging = card->create_context();
  hanging.grant(code.address(), 64_KiB, MemoryAccess::read_execute);
  hanging.grant(commands.address(), 256_KiB, MemoryAccess::read);
  hanging.grant(kernarg.address(), 4_KiB, MemoryAccess::read);
  VmContext other = card->create_context();
  other.grant(code.address(), 64_KiB, MemoryAccess::read_execute);
  other.grant(commands.address(), 256_KiB, MemoryAccess::read);
  other.grant(kernarg.address(), 4_KiB, MemoryAccess::read);
  other.grant(out.address(), 64_KiB, MemoryAccess::read_write);

  CommandEncoder encoder(card->dispatch_limits());
  encoder.mark(hanging.progress_word(), 7);
  encoder.dispatch(launch(load(test::kEndlessKernel), out.address()));
  IndirectBuffer buffer = store(encoder);
  buffer.vmid = hanging.vmid();
  ASSERT_FALSE(card->compute().wait(card->compute().submit({&buffer, 1}), 200ms));
  EXPECT_EQ(hanging.progress(), 7u);
  EXPECT_EQ(card->recover().rung, RecoveryRung::queue);
  hanging = VmContext();

  poison();
  CommandEncoder next(card->dispatch_limits());
  next.dispatch(launch(load(test::kStoreKernel), out.address(), 5));
  buffer = store(next);
  buffer.vmid = other.vmid();
  ASSERT_TRUE(card->compute().wait(card->compute().submit({&buffer, 1}), 10s));
  EXPECT_EQ(result(2)[1], 8u);
}

TEST_F(Recovering, ACopyThatWaitsForWhatNeverComes) {
  const Dependency never{commands.address() + 128_KiB, FenceValue(0x7fffffff)};
  card->copies().fill(keep.address(), 4_KiB, 0xbad, {&never, 1});
  const auto before = Clock::now();
  EXPECT_EQ(card->recover().rung, RecoveryRung::queue);
  EXPECT_LT(Clock::now() - before, 8s);
  expect_usable();
}

TEST_F(Recovering, AFenceThatWasLost) {
  emulated.inject(emulator::parse_fault_plan("drop-fence=compute@n=1"));
  CommandEncoder encoder(card->dispatch_limits());
  encoder.dispatch(launch(load(test::kStoreKernel), out.address()));
  const IndirectBuffer buffer = store(encoder);
  ASSERT_FALSE(card->compute().wait(card->compute().submit({&buffer, 1}), 200ms));
  EXPECT_EQ(card->recover().rung, RecoveryRung::queue);
  expect_usable();
}

// The first reset is followed by a check that finds the queue dead; the next one helps.
TEST_F(Recovering, TheNextRungIsTriedWhenOneDoesNotHelp) {
  ASSERT_NO_FATAL_FAILURE(start(test::kEndlessKernel, out.address()));
  emulated.inject(emulator::parse_fault_plan("hang-wave@n=1"));
  const auto before = Clock::now();
  EXPECT_STREQ(to_string(card->recover().rung), "engine");
  EXPECT_LT(Clock::now() - before, 8s);
  expect_usable();
}

TEST_F(Recovering, WhenNothingHelpsTheNextRunResetsTheCard) {
  emulated.inject(emulator::parse_fault_plan("drop-fence=compute:times=3"));
  CommandEncoder encoder(card->dispatch_limits());
  encoder.dispatch(launch(load(test::kStoreKernel), out.address()));
  const IndirectBuffer buffer = store(encoder);
  card->compute().submit({&buffer, 1});
  const auto before = Clock::now();
  try {
    card->recover();
    FAIL() << "no fence can have come";
  } catch (const DriverError& error) {
    EXPECT_EQ(error.code(), DriverErrorCode::card_fault) << error.what();
  }
  EXPECT_THROW(card->recover(), DriverError) << "it has been given up";
  VmContext context;
  give_everything_back();  // without the card
  card.reset();
  card = test::boot(emulated);
  EXPECT_EQ(card->boot_report().kind, BootReport::Kind::after_reset);
  EXPECT_LT(Clock::now() - before, 10s);
}

// --- a driver that was killed --------------------------------------------------------------------

class Killed : public testing::Test {
 protected:
  // A driver that is killed while `kernel` runs and copies are going on.
  void kill_during(std::span<const std::uint32_t> kernel) {
    auto function = std::make_unique<test::CutFunction>(emulated.attach());
    test::CutFunction& link = *function;
    auto card = test::boot(std::move(function));
    VramBlock memory = card->allocate_vram(64_KiB, VramUse::executable);
    HostBlock host = card->allocate_host(1_MiB);
    CommandEncoder encoder(card->dispatch_limits());
    KernelLaunch work;
    work.entry = memory.address();
    work.kernel = KernelDescriptor::parse(test::descriptor_bytes());
    work.kernarg = memory.address() + 2_KiB;
    work.block = {32, 1, 1};
    encoder.dispatch(work);
    card->write_vram(memory, Bytes(0), std::as_bytes(kernel));
    const std::uint64_t pointer = host.address().value();
    card->write_vram(memory, 2_KiB, std::as_bytes(std::span(&pointer, 1)));
    card->write_vram(memory, 4_KiB, std::as_bytes(encoder.words()));
    const std::vector<IndirectBuffer> buffers(
        200, {memory.address() + 4_KiB, static_cast<std::uint32_t>(encoder.words().size())});
    card->compute().submit(buffers);
    VramBlock large = card->allocate_vram(16_MiB);
    const std::vector<CopyRegion> copies(200, {large.address(), host.address(), 1_MiB});
    card->copies().copy(copies);
    link.cut();
  }

  void expect_works(Card& card) {
    VramBlock block = card.allocate_vram(4_KiB);
    HostBlock host = card.allocate_host(4_KiB);
    card.copies().fill(block.address(), 4_KiB, 0x12345678);
    ASSERT_TRUE(
        card.copies().wait(card.copies().copy(host.address(), block.address(), 4_KiB), 10s));
    std::uint32_t value = 0;
    host.memory().read(4092_B, std::as_writable_bytes(std::span(&value, 1)));
    EXPECT_EQ(value, 0x12345678u);
    EXPECT_TRUE(card.compute().wait(card.compute().submit({}), 10s));
    EXPECT_TRUE(card.drain_interrupts().empty());
  }

  test::EmulatedCard emulated{test::emulated_options()};
};

TEST_F(Killed, InTheMiddleOfWorkTheCardIsTakenOver) {
  for (int round = 0; round < 3; ++round) {
    ASSERT_NO_FATAL_FAILURE(kill_during(test::kIncrementKernel));
    const auto before = Clock::now();
    const auto card = test::boot(emulated);
    EXPECT_STREQ(to_string(card->boot_report().kind), "taken over");
    EXPECT_LT(Clock::now() - before, 10s);
    expect_works(*card);
  }
  EXPECT_EQ(test::boot(emulated)->boot_report().kind, BootReport::Kind::warm);
}

TEST_F(Killed, WithAnEndlessKernelToo) {
  ASSERT_NO_FATAL_FAILURE(kill_during(test::kEndlessKernel));
  const auto card = test::boot(emulated);
  EXPECT_STREQ(to_string(card->boot_report().kind), "taken over");
  expect_works(*card);
}

TEST_F(Killed, ATakeoverThatDoesNotWorkEndsInAReset) {
  ASSERT_NO_FATAL_FAILURE(kill_during(test::kIncrementKernel));
  // Two: the first may hit a wave of the killed driver, if the card has not come to its end yet.
  emulated.inject(emulator::parse_fault_plan("hang-wave:p=1:times=2"));
  const auto card = test::boot(emulated);
  EXPECT_STREQ(to_string(card->boot_report().kind), "after reset");
  expect_works(*card);
}

TEST_F(Killed, TheCardMayNotReachHostMemoryWhileItIsTakenOver) {
  ASSERT_NO_FATAL_FAILURE(kill_during(test::kEndlessKernel));
  auto function = std::make_unique<test::CutFunction>(emulated.attach());
  std::vector<std::string> order;
  test::CutFunction& link = *function;
  CardOptions options;
  options.on_step = [&](const BootStep& step) {
    const bool is_master = (link.read_config(pci::ConfigOffset(4), 2) & 4) != 0;
    order.push_back(step.name + (is_master ? ": bus master" : ""));
  };
  const auto card = test::boot(std::move(function), options);
  const auto stopped = std::ranges::find(order, "engines of the last run");
  ASSERT_NE(stopped, order.end()) << "stopped, and without bus mastering";
  EXPECT_TRUE(std::all_of(stopped,
                          std::ranges::find(order, "bus mastering and doorbells: bus master"),
                          [](const std::string& s) { return !s.ends_with("bus master"); }));
}

}  // namespace
}  // namespace redbolt::driver
