// A booted emulated card with memory for kernels, their arguments and commands, for tests that run
// machine code through the driver alone.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "emulated.hpp"
#include "kernels.hpp"
#include "redbolt/driver/command_encoder.hpp"

namespace redbolt::driver {

using namespace redbolt::literals;
using namespace std::chrono_literals;

class DispatchFixture : public testing::Test {
 protected:
  DispatchFixture()
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

  test::EmulatedCard emulated{test::emulated_options()};
  std::unique_ptr<Card> card = test::boot(emulated);
  VramBlock code;
  HostBlock out;
  VramBlock kernarg, commands;
  std::uint64_t code_used = 0, kernarg_used = 0, commands_used = 0;
};

}  // namespace redbolt::driver
