// Machine code on the emulated card, through the driver alone: launches, dependencies, replays,
// faults, and what a submission costs on the link.
#include <gtest/gtest.h>

#include <algorithm>

#include "emulated.hpp"
#include "kernels.hpp"
#include "redbolt/driver/command_encoder.hpp"

namespace redbolt::driver {
namespace {

using namespace redbolt::literals;
using namespace std::chrono_literals;

class Dispatch : public testing::Test {
 protected:
  Dispatch()
      : code(card->allocate_vram(64_KiB, VramUse::executable)), out(card->allocate_host(64_KiB)) {
    kernarg = card->allocate_vram(4_KiB);
    commands = card->allocate_vram(256_KiB);
  }

  GpuAddress load(std::span<const std::uint32_t> kernel) {
    const GpuAddress entry = code.address() + Bytes(code_used);
    card->write_vram(code, Bytes(code_used), std::as_bytes(kernel));
    code_used += 1024;
    return entry;
  }

  KernelLaunch launch(GpuAddress entry, GpuAddress pointer, std::uint32_t value = 0,
                      const test::DescriptorBytes& descriptor = test::descriptor_bytes()) {
    struct Arguments {
      std::uint64_t pointer;
      std::uint64_t value;
    } arguments{pointer.value(), value};
    card->write_vram(kernarg, Bytes(kernarg_used), std::as_bytes(std::span(&arguments, 1)));
    KernelLaunch result;
    result.entry = entry;
    result.kernel = KernelDescriptor::parse(descriptor);
    result.kernarg = kernarg.address() + Bytes(kernarg_used);
    result.block = {32, 1, 1};
    kernarg_used += 16;
    return result;
  }

  IndirectBuffer store(const CommandEncoder& encoder) {
    const GpuAddress at = commands.address() + Bytes(commands_used);
    card->write_vram(commands, Bytes(commands_used), std::as_bytes(encoder.words()));
    commands_used += encoder.words().size() * 4;
    return {at, static_cast<std::uint32_t>(encoder.words().size())};
  }

  // Runs one buffer to its end; what the card reported is in the failure message if it does not.
  void run(const IndirectBuffer& buffer) {
    if (card->compute().wait(card->compute().submit({&buffer, 1}), 10s)) return;
    std::string reports;
    for (const Interrupt& interrupt : card->drain_interrupts())
      reports += interrupt.describe() + "; ";
    FAIL() << "the dispatch did not end: " << reports;
  }

  std::vector<std::uint32_t> result(std::size_t count) {
    std::vector<std::uint32_t> values(count);
    out.memory().read(Bytes(0), std::as_writable_bytes(std::span(values)));
    return values;
  }

  void poison() {
    const std::vector<std::uint32_t> bad(out.size().count() / 4, 0xdeadbeef);
    out.memory().write(Bytes(0), std::as_bytes(std::span(bad)));
  }

  emulator::Card emulated{test::emulated_options()};
  std::unique_ptr<Card> card = test::boot(emulated);
  VramBlock code;
  HostBlock out;
  VramBlock kernarg, commands;
  std::uint64_t code_used = 0, kernarg_used = 0, commands_used = 0;
};

TEST_F(Dispatch, StoresFromEveryWorkgroup) {
  poison();
  CommandEncoder encoder(card->dispatch_limits());
  KernelLaunch work = launch(load(test::kStoreKernel), out.address(), 1000);
  work.grid = {77, 1, 1};
  encoder.dispatch(work);
  ASSERT_NO_FATAL_FAILURE(run(store(encoder)));
  const auto values = result(77 * 32 + 1);
  for (std::uint32_t i = 0; i < 77 * 32; ++i) ASSERT_EQ(values[i], i * 3 + 1000);
  EXPECT_EQ(values[77 * 32], 0xdeadbeefu) << "nothing behind the grid";
}

TEST_F(Dispatch, DependentDispatchesSeeEachOther) {
  poison();
  const GpuAddress increment = load(test::kIncrementKernel);
  CommandEncoder encoder(card->dispatch_limits());
  encoder.dispatch(launch(load(test::kStoreKernel), out.address(), 5));
  for (int i = 0; i < 40; ++i) {
    encoder.barrier();
    encoder.dispatch(launch(increment, out.address()));
  }
  ASSERT_NO_FATAL_FAILURE(run(store(encoder)));
  const auto values = result(32);
  for (std::uint32_t i = 0; i < 32; ++i) ASSERT_EQ(values[i], i * 3 + 5 + 40);
}

TEST_F(Dispatch, ReplaysCostOneDoorbellAndNoRegisterRead) {
  VramBlock data = card->allocate_vram(4_KiB);
  ASSERT_TRUE(card->copies().wait(card->copies().fill(data.address(), 4_KiB, 0), 10s));
  CommandEncoder encoder(card->dispatch_limits());
  encoder.dispatch(launch(load(test::kIncrementKernel), data.address()));
  const std::vector<IndirectBuffer> replays(50, store(encoder));

  const LinkCounters before = card->link_counters();
  const auto device_before = card->card_counters();
  FenceValue fence;
  for (int i = 0; i < 10; ++i) {
    fence = card->compute().submit(replays);
    ASSERT_TRUE(card->compute().wait(fence, 10s));
  }
  const LinkCounters after = card->link_counters();
  EXPECT_EQ(after.doorbells - before.doorbells, 10u);
  EXPECT_EQ(after.register_reads, before.register_reads);
  EXPECT_EQ(after.register_writes, before.register_writes);
  EXPECT_EQ(after.bytes_written - before.bytes_written, 80u) << "ten doorbells of eight bytes";
  EXPECT_EQ(after.bytes_read, before.bytes_read);

  std::vector<std::uint32_t> values(32);
  card->read_vram(data, Bytes(0), std::as_writable_bytes(std::span(values)));
  EXPECT_EQ(values, std::vector<std::uint32_t>(32, 500));
}

TEST_F(Dispatch, ScratchAndLds) {
  for (const unsigned scratch : {64u, 4096u}) {
    poison();
    CommandEncoder encoder(card->dispatch_limits());
    encoder.dispatch(
        launch(load(test::kScratchKernel), out.address(), 0, test::descriptor_bytes(0, scratch)));
    ASSERT_NO_FATAL_FAILURE(run(store(encoder)));
    const auto values = result(32);
    for (std::uint32_t i = 0; i < 32; ++i) EXPECT_EQ(values[i], i + 7);
  }
  poison();
  CommandEncoder encoder(card->dispatch_limits());
  KernelLaunch work =
      launch(load(test::kLdsKernel), out.address(), 0, test::descriptor_bytes(1024));
  work.dynamic_lds = 128_B;
  encoder.dispatch(work);
  ASSERT_NO_FATAL_FAILURE(run(store(encoder)));
  const auto values = result(32);
  for (std::uint32_t i = 0; i < 32; ++i) EXPECT_EQ(values[i], 31 - i);
}

TEST_F(Dispatch, QueuesWaitForEachOtherOnTheCard) {
  VramBlock data = card->allocate_vram(4_KiB);
  CommandEncoder encoder(card->dispatch_limits());
  encoder.dispatch(launch(load(test::kIncrementKernel), data.address()));
  const IndirectBuffer buffer = store(encoder);
  FenceValue copied;
  for (std::uint32_t round = 0; round < 30; ++round) {
    const FenceValue filled = card->copies().fill(data.address(), 4_KiB, round * 1000);
    const Dependency after_fill = card->copies().dependency(filled);
    const FenceValue computed = card->compute().submit({&buffer, 1}, {&after_fill, 1});
    const Dependency after_work = card->compute().dependency(computed);
    copied = card->copies().copy(out.address() + Bytes(round * 128), data.address(), 128_B,
                                 {&after_work, 1});
  }
  ASSERT_TRUE(card->copies().wait(copied, 10s));
  const auto values = result(30 * 32);
  for (std::uint32_t i = 0; i < values.size(); ++i) ASSERT_EQ(values[i], i / 32 * 1000 + 1);
}

TEST_F(Dispatch, ManySubmissionsGoRoundTheRing) {
  VramBlock data = card->allocate_vram(4_KiB);
  ASSERT_TRUE(card->copies().wait(card->copies().fill(data.address(), 4_KiB, 0), 10s));
  CommandEncoder encoder(card->dispatch_limits());
  encoder.dispatch(launch(load(test::kIncrementKernel), data.address()));
  // 14 dwords each: 25,000 fill the ring more than once.
  const std::vector<IndirectBuffer> replays(25'000, store(encoder));
  ASSERT_TRUE(card->compute().wait(card->compute().submit(replays), 60s));
  std::uint32_t value = 0;
  card->read_vram(data, Bytes(0), std::as_writable_bytes(std::span(&value, 1)));
  EXPECT_EQ(value, 25'000u);
}

TEST_F(Dispatch, AFaultIsReportedAndTheNextRunResetsTheCard) {
  const GpuAddress nowhere{0x2fff'dead'0000};
  CommandEncoder encoder(card->dispatch_limits());
  encoder.dispatch(launch(load(test::kStoreKernel), nowhere));
  const IndirectBuffer buffer = store(encoder);
  card->compute().wait(card->compute().submit({&buffer, 1}), 500ms);
  EXPECT_TRUE(card->interrupts_pending());
  const auto interrupts = card->drain_interrupts();
  EXPECT_FALSE(card->interrupts_pending());
  ASSERT_FALSE(interrupts.empty());
  const auto fault = std::ranges::find(interrupts, InterruptKind::memory_fault, &Interrupt::kind);
  ASSERT_NE(fault, interrupts.end());
  EXPECT_EQ(fault->address, nowhere) << fault->describe();
  EXPECT_TRUE(fault->write);
  EXPECT_TRUE(fault->is_error());
  EXPECT_NE(std::ranges::find(interrupts, InterruptKind::memory_violation, &Interrupt::kind),
            interrupts.end())
      << "the wave that was stopped";

  for (VramBlock* block : {&code, &kernarg, &commands}) *block = VramBlock();
  out = HostBlock();
  card.reset();
  card = test::boot(emulated);
  EXPECT_EQ(card->boot_report().kind, BootReport::Kind::after_reset);
}

TEST_F(Dispatch, AnIllegalInstructionIsReported) {
  CommandEncoder encoder(card->dispatch_limits());
  encoder.dispatch(launch(load(test::kIllegalKernel), out.address()));
  const IndirectBuffer buffer = store(encoder);
  card->compute().wait(card->compute().submit({&buffer, 1}), 500ms);
  const auto interrupts = card->drain_interrupts();
  EXPECT_NE(std::ranges::find(interrupts, InterruptKind::illegal_instruction, &Interrupt::kind),
            interrupts.end())
      << interrupts.size();
}

}  // namespace
}  // namespace redbolt::driver
