// The whole driver on the emulated card: it boots, cold and warm, copies, and leaves the card so
// that the next run finds it usable.
#include <gtest/gtest.h>

#include <cstring>
#include <optional>

#include "emulated.hpp"
#include "redbolt/pci/remote.hpp"

namespace redbolt::driver {
namespace {

using namespace redbolt::literals;
using namespace std::chrono_literals;

TEST(CardBoot, ColdBootDescribesTheCardAndReportsItsSteps) {
  test::EmulatedCard emulated(test::emulated_options());
  std::vector<std::string> steps;
  CardOptions options;
  options.on_step = [&](const BootStep& step) { steps.push_back(step.name); };
  const auto card = test::boot(emulated, options);

  EXPECT_EQ(card->info().marketing_name, "Radeon RX 7900 XTX");
  EXPECT_EQ(card->info().gfx_target, "gfx1100");
  EXPECT_EQ(card->info().vram, 24_GiB - 16_MiB);
  EXPECT_EQ(card->info().compute_units, 96u);
  EXPECT_EQ(card->info().shader_engines, 6u);
  EXPECT_EQ(card->info().ip_versions.at("GC"), "11.0.0");
  EXPECT_EQ(card->boot_report().kind, BootReport::Kind::cold);
  ASSERT_EQ(steps.size(), card->boot_report().steps.size());
  EXPECT_EQ(steps.front(), "connect");
  EXPECT_EQ(steps.back(), "queues");
  EXPECT_TRUE(emulated.unknown_registers().empty()) << emulated.unknown_registers().begin()->first;
}

TEST(CardBoot, ASmallerProductOfTheSameChip) {
  test::EmulatedCard emulated(test::emulated_options("profile=rx7900xt"));
  const auto card = test::boot(emulated);
  EXPECT_EQ(card->info().marketing_name, "Radeon RX 7900 XT");
  EXPECT_EQ(card->info().compute_units, 84u);
  EXPECT_EQ(card->info().vram, 20_GiB - 16_MiB);
}

TEST(CardBoot, ASourceWithoutFirmwareIsItsOwnError) {
  test::EmulatedCard emulated(test::emulated_options());
  const auto nothing = [](const firmware::ChipFirmwareNames& names) {
    return firmware::FirmwareSet::load(names, {});
  };
  EXPECT_THROW(Card(emulated.attach(), nothing), firmware::FirmwareError);
  // The card is as it was: the next attempt boots it cold.
  EXPECT_EQ(test::boot(emulated)->boot_report().kind, BootReport::Kind::cold);
}

TEST(CardBoot, CopiesThereAndBack) {
  test::EmulatedCard emulated(test::emulated_options());
  const auto card = test::boot(emulated);
  const auto data = test::pattern(3'000'001, 1);
  HostBlock in = card->allocate_host(Bytes(data.size()));
  HostBlock out = card->allocate_host(Bytes(data.size()));
  VramBlock vram = card->allocate_vram(Bytes(data.size()));
  in.memory().write(Bytes(0), data);

  const FenceValue there = card->copies().copy(vram.address(), in.address(), in.size());
  const FenceValue back = card->copies().copy(out.address(), vram.address(), out.size());
  EXPECT_LT(there, back);
  ASSERT_TRUE(card->copies().wait(back, 10s));
  std::vector<std::byte> result(data.size());
  out.memory().read(Bytes(0), result);
  EXPECT_EQ(result, data);
  card->read_vram(vram, Bytes(0), result);
  EXPECT_EQ(result, data);
  EXPECT_TRUE(card->drain_interrupts().empty());
}

TEST(CardBoot, SecondRunIsWarmAndWorks) {
  test::EmulatedCard emulated(test::emulated_options());
  for (int run = 0; run < 3; ++run) {
    const auto card = test::boot(emulated);
    EXPECT_EQ(card->boot_report().kind, run == 0 ? BootReport::Kind::cold : BootReport::Kind::warm);
    VramBlock block = card->allocate_vram(64_KiB);
    const auto data = test::pattern(64 << 10, static_cast<unsigned>(run));
    card->write_vram(block, Bytes(0), data);
    HostBlock out = card->allocate_host(64_KiB);
    ASSERT_TRUE(
        card->copies().wait(card->copies().copy(out.address(), block.address(), 64_KiB), 10s));
    std::vector<std::byte> result(data.size());
    out.memory().read(Bytes(0), result);
    EXPECT_EQ(result, data) << "run " << run;
  }
}

// Host memory lies with the server then: rings, fences and staging travel.
TEST(CardBoot, OverTcp) {
  emulator::Card emulated(test::emulated_options("bar0=256M,bar0-max=256M"));
  const emulator::Server server(emulated, {emulator::TcpAddress{"127.0.0.1", 0}}, {});
  const auto card =
      test::boot(pci::connect_remote(pci::parse_remote_endpoint(server.addresses().at(0))));
  const VramBlock block = card->allocate_vram(512_MiB);
  const auto data = test::pattern(100'000, 3);
  card->write_vram(block, 400_MiB, data);
  std::vector<std::byte> back(data.size());
  card->read_vram(block, 400_MiB, back);
  EXPECT_EQ(back, data);
}

// What a process leaves that was killed between two pieces of the boot chain: the card looks
// unpowered, and does not begin the chain again without a reset.
TEST(CardBoot, CardWithHalfABootChainIsReset) {
  test::EmulatedCard emulated(test::emulated_options("fault=refuse-firmware=sos@n=1"));
  const auto card = test::boot(emulated);
  EXPECT_EQ(card->boot_report().kind, BootReport::Kind::after_reset);
}

TEST(CardBoot, ACardInAnUnknownStateIsResetFirst) {
  test::EmulatedCard emulated(test::emulated_options());
  test::boot(emulated);
  {
    // Neither left cleanly nor in the middle of a run (SCRATCH_REG6).
    const auto function = emulated.attach();
    function->write32(pci::Bar::k5, pci::BarOffset(0xc046 * 4), 99);
    EXPECT_EQ(function->read32(pci::Bar::k5, pci::BarOffset(0xc046 * 4)), 99u);
  }
  const auto card = test::boot(emulated);
  EXPECT_EQ(card->boot_report().kind, BootReport::Kind::after_reset);
  VramBlock block = card->allocate_vram(4_KiB);
  ASSERT_TRUE(card->copies().wait(card->copies().fill(block.address(), 4_KiB, 0x12345678), 10s));
  std::uint32_t value = 0;
  card->read_vram(block, Bytes(4092), std::as_writable_bytes(std::span(&value, 1)));
  EXPECT_EQ(value, 0x12345678u);
}

TEST(CardBoot, WarmStartCanBeForbidden) {
  test::EmulatedCard emulated(test::emulated_options());
  test::boot(emulated);
  CardOptions options;
  options.allow_warm_start = false;
  EXPECT_EQ(test::boot(emulated, options)->boot_report().kind, BootReport::Kind::after_reset);
}

TEST(CardBoot, SmallBarIsEnough) {
  test::EmulatedCard emulated(test::emulated_options("bar0=256M,bar0-max=256M"));
  const auto card = test::boot(emulated);
  EXPECT_EQ(card->info().vram_visible, 256_MiB);
  // Beyond BAR0's reach: through the copy queue.
  VramBlock low = card->allocate_vram(512_MiB);
  VramBlock high = card->allocate_vram(5_MiB);
  const auto data = test::pattern(5 << 20, 7);
  card->write_vram(high, Bytes(0), data);
  std::vector<std::byte> result(data.size());
  card->read_vram(high, Bytes(0), result);
  EXPECT_EQ(result, data);
}

TEST(CardBoot, MetricsComeFromThePowerController) {
  test::EmulatedCard emulated(test::emulated_options());
  const auto card = test::boot(emulated);
  const Metrics metrics = card->metrics();
  EXPECT_GT(metrics.edge_temperature, 10);
  EXPECT_LT(metrics.edge_temperature, 120);
  EXPECT_GE(metrics.hotspot_temperature, metrics.edge_temperature);
  EXPECT_GT(metrics.socket_power_watts, 0);
  EXPECT_GT(metrics.graphics_clock, 1000u);
}

TEST(CardBoot, LargeArenaMapsWithFewWrites) {
  test::EmulatedCard emulated(test::emulated_options());
  const auto card = test::boot(emulated);
  const LinkCounters before = card->link_counters();
  VramBlock arena = card->allocate_vram(20_GiB);
  const LinkCounters after = card->link_counters();
  EXPECT_LT(after.bytes_written - before.bytes_written, 64u << 10);
  EXPECT_LT(after.register_writes - before.register_writes, 16u);
  // Both ends are really there.
  const auto data = test::pattern(4096, 3);
  HostBlock host = card->allocate_host(8_KiB);
  host.memory().write(Bytes(0), data);
  const GpuAddress last = arena.address() + 20_GiB - 4_KiB;
  const FenceValue fence = card->copies().copy(last, host.address(), 4_KiB);
  const FenceValue back = card->copies().copy(host.address() + 4_KiB, last, 4_KiB);
  ASSERT_TRUE(card->copies().wait(back, 10s));
  EXPECT_LE(fence, back);
  std::vector<std::byte> result(4096);
  host.memory().read(4_KiB, result);
  EXPECT_EQ(result, data);
}

// The same addresses, used, given back, and mapped to something else: no stale translation is left.
TEST(CardBoot, RemappedAddressesReachTheNewMemory) {
  test::EmulatedCard emulated(test::emulated_options());
  const auto card = test::boot(emulated);
  HostBlock out = card->allocate_host(64_KiB);
  std::optional<GpuAddress> address;
  for (unsigned round = 0; round < 6; ++round) {
    const auto data = test::pattern(16 << 10, round);
    HostBlock host;
    VramBlock vram;
    GpuAddress source;
    if (round % 2 == 0) {
      host = card->allocate_host(16_KiB);
      host.memory().write(Bytes(0), data);
      source = host.address();
    } else {
      vram = card->allocate_vram(16_KiB);
      card->write_vram(vram, Bytes(0), data);
      source = vram.address();
    }
    if (address) {
      ASSERT_EQ(source, *address) << "the test needs the same address again";
    }
    address = source;
    ASSERT_TRUE(card->copies().wait(card->copies().copy(out.address(), source, 16_KiB), 10s));
    std::vector<std::byte> result(data.size());
    out.memory().read(Bytes(0), result);
    ASSERT_EQ(result, data) << "round " << round;
  }
  EXPECT_TRUE(card->drain_interrupts().empty());
}

TEST(CardBoot, VideoMemoryRunsOutWithAnErrorAndComesBack) {
  test::EmulatedCard emulated(test::emulated_options());
  const auto card = test::boot(emulated);
  const Bytes free = card->vram_free();
  {
    VramBlock most = card->allocate_vram(card->vram_largest_free());
    try {
      card->allocate_vram(4_GiB);
      FAIL() << "more than there is";
    } catch (const DriverError& error) {
      EXPECT_EQ(error.code(), DriverErrorCode::out_of_vram);
      EXPECT_NE(std::string(error.what()).find("free"), std::string::npos);
    }
  }
  EXPECT_EQ(card->vram_free(), free);
}

TEST(CardBoot, UnpluggedCardIsAnErrorAndNotAHang) {
  test::EmulatedCard emulated(test::emulated_options());
  auto card = test::boot(emulated);
  emulated.unplug();
  EXPECT_FALSE(card->is_present());
  try {
    card->allocate_host(4_KiB);
    FAIL() << "the TLB cannot have been invalidated";
  } catch (const DriverError& error) {
    EXPECT_EQ(error.code(), DriverErrorCode::link_lost);
  }
  const auto start = std::chrono::steady_clock::now();
  card.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - start, 20s);
}

}  // namespace
}  // namespace redbolt::driver
