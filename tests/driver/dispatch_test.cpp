// Machine code on the emulated card, through the driver alone: launches, dependencies, replays,
// faults, and what a submission costs on the link.
#include <gtest/gtest.h>

#include <algorithm>

#include "dispatch_fixture.hpp"

namespace redbolt::driver {
namespace {

class Dispatch : public DispatchFixture {};

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
