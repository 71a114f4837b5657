#include <array>
#include <chrono>
#include <cstring>

#include "redbolt/driver/command_encoder.hpp"
#include "redbolt/driver/driver_error.hpp"
#include "test/card_test.hpp"
#include "test/pattern.hpp"
#include "test/test_kernel.hpp"

namespace redbolt::probe {
namespace {

using namespace redbolt::literals;
using Clock = std::chrono::steady_clock;
constexpr Bytes test_size = 4_MiB;
constexpr std::uint64_t seed = 0xb007;
constexpr unsigned groups = 64, lanes = 32;
constexpr std::uint32_t add = 2000;
constexpr std::chrono::seconds patience{60};

std::string check_memory(driver::Card& card, TestFacts& facts) {
  auto first = card.allocate_vram(test_size), second = card.allocate_vram(test_size);
  const auto pattern = make_pattern(test_size.count(), seed);
  card.write_vram(first, {}, pattern);
  const auto start = Clock::now();
  const auto fence = card.copies().copy(second.address(), first.address(), test_size);
  if (!card.copies().wait(fence, patience)) return "the copy engine did not finish a copy";
  facts.copy_s = std::chrono::duration<double>(Clock::now() - start).count();
  facts.copied_bytes = test_size.count();
  std::vector<std::byte> back(pattern.size());
  card.read_vram(second, {}, back);
  facts.vram_checked_bytes = test_size.count();
  const auto difference = first_difference(back, pattern);
  if (!difference) return "";
  return "what came back from video memory differs from byte " + std::to_string(*difference) +
         " on";
}

std::string check_queue(driver::Card& card, TestFacts& facts) {
  auto code = card.allocate_vram(64_KiB, driver::VramUse::executable);
  auto arguments = card.allocate_vram(4_KiB), commands = card.allocate_vram(4_KiB);
  auto out = card.allocate_host(Bytes(groups * lanes * 4));
  const auto image = test_kernel_image();
  card.write_vram(code, {}, image);
  std::array<std::byte, test_kernel_arguments> kernarg{};
  const std::uint64_t address = out.address().value();
  std::memcpy(kernarg.data(), &address, sizeof address);
  std::memcpy(kernarg.data() + 8, &add, sizeof add);
  card.write_vram(arguments, {}, kernarg);

  driver::KernelLaunch launch;
  launch.entry = code.address() + Bytes(test_kernel_entry);
  launch.kernel =
      driver::KernelDescriptor::parse(std::span(image).first<driver::KernelDescriptor::kSize>());
  launch.kernarg = arguments.address();
  launch.grid = {groups, 1, 1};
  launch.block = {lanes, 1, 1};
  driver::CommandEncoder encoder(card.dispatch_limits());
  encoder.dispatch(launch);
  card.write_vram(commands, {}, std::as_bytes(std::span(encoder.words())));
  const driver::IndirectBuffer buffer{commands.address(),
                                      static_cast<std::uint32_t>(encoder.words().size())};
  if (!card.compute().wait(card.compute().submit({&buffer, 1}), patience))
    return "the compute queue did not finish the test kernel";
  for (unsigned i = 0; i < groups * lanes; ++i) {
    std::uint32_t word = 0;
    out.memory().read(Bytes(4 * i), std::as_writable_bytes(std::span(&word, 1)));
    if (word != add + i)
      return "work-item " + std::to_string(i) + " of the test kernel stored " +
             std::to_string(word) + " instead of " + std::to_string(add + i);
  }
  facts.waves = groups;
  return "";
}

TestFacts ended(TestFacts facts, TestFacts::Outcome outcome, const std::string& problem) {
  facts.outcome = outcome;
  facts.problem = problem;
  return facts;
}

}  // namespace

TestFacts test_by_booting(const std::function<std::unique_ptr<pci::PciFunction>()>& attach,
                          const driver::Card::FirmwareSource& firmware) {
  using Outcome = TestFacts::Outcome;
  TestFacts facts;
  try {
    driver::Card card(attach(), firmware);
    facts.boot_s = card.boot_report().seconds;
    facts.boot_kind = driver::to_string(card.boot_report().kind);
    facts.problem = check_memory(card, facts);
    if (facts.problem.empty()) facts.problem = check_queue(card, facts);
    facts.outcome = facts.problem.empty() ? Outcome::passed : Outcome::failed;
    return facts;
  } catch (const driver::DriverError& error) {
    const bool lost = error.code() == driver::DriverErrorCode::link_lost;
    return ended(facts, lost ? Outcome::lost : Outcome::failed, error.what());
  } catch (const pci::PciError& error) {
    const bool lost = error.code() == pci::PciErrorCode::transport_closed;
    return ended(facts, lost ? Outcome::lost : Outcome::failed, error.what());
  } catch (const std::exception& error) {
    return ended(facts, Outcome::failed, error.what());
  }
}

}  // namespace redbolt::probe
