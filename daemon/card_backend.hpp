// The driver's card as the daemon uses it: its video memory is taken whole, once, in two regions.
#pragma once

#include <functional>
#include <memory>

#include "backend.hpp"
#include "redbolt/driver/card.hpp"

namespace redbolt::daemon {

struct CardBackendOptions {
  Bytes data{};                            // size of the data region; 0: all that is left
  Bytes code{std::uint64_t{64} << 20};     // size of the code region
  Bytes reserve{std::uint64_t{64} << 20};  // left to the driver when data is 0
};

class CardBackend : public Backend {
 public:
  // Boots the card and takes the regions. Throws what driver::Card throws; DriverError::out_of_vram
  // if the card is too small for the options.
  CardBackend(std::unique_ptr<pci::PciFunction> function,
              const driver::Card::FirmwareSource& firmware, driver::CardOptions card_options,
              const CardBackendOptions& options);

  const driver::CardInfo& info() const override { return card_.info(); }
  const driver::BootReport& boot_report() const override { return card_.boot_report(); }
  driver::DispatchLimits dispatch_limits() const override { return card_.dispatch_limits(); }

  VramRegion region(Region region) const override;
  void write(Region region, Bytes offset, std::span<const std::byte> data) override;
  std::unique_ptr<PinnedMemory> allocate_pinned(Bytes size) override;
  std::unique_ptr<MemoryContext> create_context() override;

  driver::FenceValue run(std::span<const driver::IndirectBuffer> buffers,
                         std::optional<driver::FenceValue> after) override;
  driver::FenceValue copy(const driver::CopyRegion& region,
                          std::optional<driver::FenceValue> after) override;
  driver::FenceValue fill(driver::GpuAddress destination, Bytes size, std::uint32_t value,
                          std::optional<driver::FenceValue> after) override;
  driver::FenceValue completed(Engine engine) const override;
  bool looks_cost_messages() const override { return !card_.maps_host_memory(); }

  std::uint64_t progress() const override;
  driver::Recovery recover() override { return card_.recover(); }

  bool interrupts_pending() override { return card_.interrupts_pending(); }
  std::vector<driver::Interrupt> drain_interrupts() override { return card_.drain_interrupts(); }
  bool is_present() override { return card_.is_present(); }

  driver::LinkCounters link_counters() const override { return card_.link_counters(); }
  std::map<std::string, std::uint64_t> card_counters() const override {
    return card_.card_counters();
  }
  driver::Metrics metrics() override { return card_.metrics(); }

 private:
  const driver::VramBlock& block(Region region) const {
    return region == Region::data ? data_ : code_;
  }

  mutable driver::Card card_;  // its queues are reached through non-const functions
  driver::VramBlock code_;
  driver::VramBlock data_;
};

}  // namespace redbolt::daemon
