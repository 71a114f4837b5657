// VM contexts on the emulated card: work sees what its context was granted, and nothing else,
// however it comes by the address.
#include "redbolt/driver/vm_context.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>

#include "dispatch_fixture.hpp"

namespace redbolt::driver {
namespace {

constexpr std::uint32_t kSecret = 0x5ec2e700;
// MMMC_VM_FB_LOCATION_BASE, by navi31_ip_bases.csv and mmhub_3_0_0.csv; it counts 16 MiB.
constexpr std::uint64_t kFramebufferBase = 0x1a8ec;

class VmContexts : public DispatchFixture {
 protected:
  VmContexts() {
    secret = card->allocate_vram(4_KiB);
    const std::vector<std::uint32_t> words(1024, kSecret);
    card->write_vram(secret, Bytes(0), std::as_bytes(std::span(words)));
    host_secret = card->allocate_host(4_KiB);
    host_secret.memory().write(Bytes(0), std::as_bytes(std::span(words)));
  }

  // A context that may run what the fixture loads, and write `out`.
  VmContext client() {
    VmContext context = card->create_context();
    context.grant(code.address(), 64_KiB, MemoryAccess::read_execute);
    context.grant(kernarg.address(), 4_KiB, MemoryAccess::read);
    context.grant(commands.address(), 256_KiB, MemoryAccess::read);
    context.grant(out.address(), 64_KiB, MemoryAccess::read_write);
    return context;
  }

  // Copies 32 words from `from` to `to` by a kernel in the context. Whether it completed.
  bool copy_in(const VmContext& context, GpuAddress to, GpuAddress from) {
    struct Arguments {
      std::uint64_t to, from;
    } arguments{to.value(), from.value()};
    KernelLaunch work = launch(load(test::kCopyKernel), to);
    card->write_vram(kernarg, work.kernarg - kernarg.address(),
                     std::as_bytes(std::span(&arguments, 1)));
    CommandEncoder encoder(card->dispatch_limits());
    encoder.dispatch(work);
    return run_in(context, store(encoder));
  }

  bool run_in(const VmContext& context, IndirectBuffer buffer) {
    buffer.vmid = context.vmid();
    return card->compute().wait(card->compute().submit({&buffer, 1}), 500ms);
  }

  // The fault that the hub reported of a context; the interrupt may come after the work's end.
  std::optional<Interrupt> fault_of(const VmContext& context) {
    const auto deadline = std::chrono::steady_clock::now() + 5s;
    do {
      for (const Interrupt& interrupt : card->drain_interrupts()) {
        if (interrupt.kind == InterruptKind::memory_fault &&
            interrupt.vmid == context.vmid().value()) {
          return interrupt;
        }
      }
      std::this_thread::sleep_for(1ms);
    } while (std::chrono::steady_clock::now() < deadline);
    return std::nullopt;
  }

  void expect_kept_out(const VmContext& context, GpuAddress from) {
    poison();
    EXPECT_FALSE(copy_in(context, out.address(), from));
    const auto fault = fault_of(context);
    ASSERT_TRUE(fault);
    EXPECT_EQ(fault->address, from);
    EXPECT_FALSE(fault->write);
    EXPECT_EQ(result(32), std::vector<std::uint32_t>(32, 0xdeadbeef));
  }

  VramBlock secret;
  HostBlock host_secret;
};

TEST_F(VmContexts, WorkSeesWhatItWasGranted) {
  VmContext context = client();
  EXPECT_NE(context.vmid().value(), 0u);
  context.grant(secret.address(), 4_KiB, MemoryAccess::read);
  context.grant(host_secret.address(), 4_KiB, MemoryAccess::read);
  for (const GpuAddress from : {secret.address(), host_secret.address()}) {
    poison();
    ASSERT_TRUE(copy_in(context, out.address(), from));
    EXPECT_EQ(result(32), std::vector<std::uint32_t>(32, kSecret));
  }
  EXPECT_TRUE(card->drain_interrupts().empty());
}

TEST_F(VmContexts, VideoMemoryOfOthersIsOutOfReach) {
  VmContext other = card->create_context();
  other.grant(secret.address(), 4_KiB, MemoryAccess::read_write);
  const VmContext context = client();
  expect_kept_out(context, secret.address());
}

TEST_F(VmContexts, HostMemoryThatWasNotGivenIsOutOfReach) {
  const VmContext context = client();
  expect_kept_out(context, host_secret.address());
}

TEST_F(VmContexts, TheRingsAreOutOfReach) {
  const VmContext context = client();
  expect_kept_out(context, GpuAddress(0x2000'0000'0000));  // the first thing that is mapped
}

TEST_F(VmContexts, VideoMemoryByItsPhysicalAddressIsOutOfReach) {
  // Context 0 reaches the framebuffer without a page table.
  const VmContext context = client();
  const auto function = emulated.emulator::Card::attach();
  const std::uint64_t base = function->read32(pci::Bar::k5, pci::BarOffset(kFramebufferBase * 4));
  expect_kept_out(context, GpuAddress((base << 24) + (64u << 20)));
}

TEST_F(VmContexts, WhatIsGrantedForReadingCannotBeWritten) {
  VmContext context = client();
  context.grant(secret.address(), 4_KiB, MemoryAccess::read);
  EXPECT_FALSE(copy_in(context, secret.address(), out.address()));
  const auto fault = fault_of(context);
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->address, secret.address());
  std::uint32_t word = 0;
  card->read_vram(secret, Bytes(0), std::as_writable_bytes(std::span(&word, 1)));
  EXPECT_EQ(word, kSecret);
}

TEST_F(VmContexts, DataCannotBeRunAndCodeCannotBeWritten) {
  VmContext context = client();
  VramBlock data = card->allocate_vram(4_KiB);
  card->write_vram(data, Bytes(0), std::as_bytes(std::span(test::kStoreKernel)));
  context.grant(data.address(), 4_KiB, MemoryAccess::read_write);
  CommandEncoder encoder(card->dispatch_limits());
  encoder.dispatch(launch(data.address(), out.address()));
  EXPECT_FALSE(run_in(context, store(encoder)));
  const auto fault = fault_of(context);
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->address, data.address());
}

TEST_F(VmContexts, CommandsHaveToBeGrantedToo) {
  VmContext context = card->create_context();
  CommandEncoder encoder(card->dispatch_limits());
  encoder.write(out.address(), 1);
  poison();
  EXPECT_FALSE(run_in(context, store(encoder)));
  EXPECT_EQ(result(1)[0], 0xdeadbeefu);
}

TEST_F(VmContexts, PacketsOfTheCommandsAreHeldToTheContext) {
  VmContext context = client();
  CommandEncoder encoder(card->dispatch_limits());
  encoder.write(secret.address(), 1);
  run_in(context, store(encoder));
  EXPECT_TRUE(fault_of(context));
  std::uint32_t word = 0;
  card->read_vram(secret, Bytes(0), std::as_writable_bytes(std::span(&word, 1)));
  EXPECT_EQ(word, kSecret);
}

TEST_F(VmContexts, WhatWasRevokedIsGoneFromTheTranslationCaches) {
  VmContext context = client();
  context.grant(secret.address(), 4_KiB, MemoryAccess::read);
  ASSERT_TRUE(copy_in(context, out.address(), secret.address()));
  context.revoke(secret.address(), 4_KiB);
  expect_kept_out(context, secret.address());
}

TEST_F(VmContexts, FreedMemoryIsTakenBackFromEverybody) {
  VmContext context = client();
  context.grant(secret.address(), 4_KiB, MemoryAccess::read);
  ASSERT_TRUE(copy_in(context, out.address(), secret.address()));
  const GpuAddress address = secret.address();
  secret = VramBlock();
  VramBlock next = card->allocate_vram(4_KiB);  // the same place, for another owner
  ASSERT_EQ(next.address(), address);
  expect_kept_out(context, address);
}

TEST_F(VmContexts, AContextThatFollowsAnotherStartsEmpty) {
  Vmid first;
  {
    VmContext context = client();
    first = context.vmid();
    context.grant(secret.address(), 4_KiB, MemoryAccess::read);
    ASSERT_TRUE(copy_in(context, out.address(), secret.address()));
  }
  VmContext context = client();
  ASSERT_EQ(context.vmid(), first) << "the test needs the same one again";
  expect_kept_out(context, secret.address());
}

// Its number must lead nowhere, not to pages that somebody else may have by now.
TEST_F(VmContexts, ADestroyedContextReachesNothing) {
  IndirectBuffer work;
  {
    VmContext context = client();
    CommandEncoder encoder(card->dispatch_limits());
    encoder.write(out.address(), 1);
    work = store(encoder);
    work.vmid = context.vmid();
    ASSERT_TRUE(run_in(context, work));  // so that translations are cached
  }
  poison();
  EXPECT_FALSE(card->compute().wait(card->compute().submit({&work, 1}), 500ms));
  EXPECT_EQ(result(1)[0], 0xdeadbeefu);
}

TEST_F(VmContexts, ThereAreFifteenAndEachComesBack) {
  for (int round = 0; round < 3; ++round) {
    std::vector<VmContext> contexts;
    for (int i = 0; i < 15; ++i) contexts.push_back(card->create_context());
    try {
      card->create_context();
      FAIL() << "a sixteenth context";
    } catch (const DriverError& error) {
      EXPECT_EQ(error.code(), DriverErrorCode::out_of_contexts);
    }
  }
}

TEST_F(VmContexts, MarksTellHowFarWorkHasCome) {
  VmContext context = client();
  EXPECT_EQ(context.progress(), 0u);
  CommandEncoder encoder(card->dispatch_limits());
  encoder.mark(context.progress_word(), 41);
  encoder.mark(context.progress_word(), 42);
  const IndirectBuffer buffer = store(encoder);
  const LinkCounters before = card->link_counters();
  ASSERT_TRUE(run_in(context, buffer));
  EXPECT_EQ(context.progress(), 42u);
  const LinkCounters after = card->link_counters();
  EXPECT_EQ(after.register_reads, before.register_reads);
  EXPECT_EQ(after.bytes_read - before.bytes_read, 4u);
  VmContext other = client();
  EXPECT_EQ(other.progress(), 0u) << "a word of its own";
}

TEST_F(VmContexts, MarksStartAtNothingInAContextThatFollows) {
  {
    VmContext context = client();
    CommandEncoder encoder(card->dispatch_limits());
    encoder.mark(context.progress_word(), 42);
    ASSERT_TRUE(run_in(context, store(encoder)));
  }
  EXPECT_EQ(client().progress(), 0u);
}

TEST_F(VmContexts, WhatCannotBeGrantedIsRefused) {
  VmContext context = card->create_context();
  const auto code_of = [](auto action) {
    try {
      action();
    } catch (const DriverError& error) {
      return std::string(to_string(error.code()));
    }
    return std::string("nothing");
  };
  const GpuAddress at = out.address();
  context.grant(at + 8_KiB, 8_KiB, MemoryAccess::read);
  for (const auto& [address, size] : std::initializer_list<std::pair<GpuAddress, Bytes>>{
           {at + 1_B, 4_KiB},          // not a page
           {at, 100_B},                // not whole pages
           {at, 0_B},                  // nothing
           {at, 12_KiB},               // overlaps at its end
           {at + 12_KiB, 8_KiB},       // overlaps at its start
           {at + 8_KiB, 4_KiB},        // inside
           {at, 1_GiB},                // beyond what is mapped
           {GpuAddress(4096), 4_KiB},  // below the VM
           {GpuAddress(~0ull << 12), 8_KiB}}) {
    EXPECT_EQ(code_of([&] { context.grant(address, size, MemoryAccess::read); }),
              "invalid_argument")
        << std::hex << address.value() << " " << size.count();
  }
  EXPECT_EQ(code_of([&] { context.revoke(at + 8_KiB, 4_KiB); }), "invalid_argument");
  EXPECT_EQ(code_of([&] { context.revoke(at, 4_KiB); }), "invalid_argument");
  context.revoke(at + 8_KiB, 8_KiB);
  context.grant(at, 64_KiB, MemoryAccess::read);
}

// Each grant is a few table entries, however large the range; the tables come back.
TEST_F(VmContexts, LargeGrantsCostLittle) {
  VramBlock large = card->allocate_vram(8_GiB);
  const LinkCounters before = card->link_counters();
  for (int i = 0; i < 20; ++i) {
    VmContext context = card->create_context();
    context.grant(large.address() + 4_KiB, 8_GiB - 8_KiB, MemoryAccess::read);
  }
  const LinkCounters after = card->link_counters();
  EXPECT_LT((after.bytes_written - before.bytes_written) / 20, 100u << 10);
  EXPECT_LT((after.register_writes - before.register_writes) / 20, 32u);
}

}  // namespace
}  // namespace redbolt::driver
