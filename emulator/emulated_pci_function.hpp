// One attachment to an emulated card: the PciFunction through which a driver in this process
// reaches it.
#pragma once

#include <memory>

#include "card_state.hpp"
#include "redbolt/pci/pci_function.hpp"

namespace redbolt::emulator {

class EmulatedPciFunction final : public pci::PciFunction {
 public:
  explicit EmulatedPciFunction(std::shared_ptr<CardState> card) : card_(std::move(card)) {}

  std::string name() const override;
  std::uint32_t read_config(pci::ConfigOffset offset, unsigned width) override;
  void write_config(pci::ConfigOffset offset, unsigned width, std::uint32_t value) override;
  pci::BarInfo bar(pci::Bar bar) override;
  pci::BarInfo resize_bar(pci::Bar bar, Bytes size) override;
  std::uint32_t read32(pci::Bar bar, pci::BarOffset offset) override;
  std::uint64_t read64(pci::Bar bar, pci::BarOffset offset) override;
  void write32(pci::Bar bar, pci::BarOffset offset, std::uint32_t value) override;
  void write64(pci::Bar bar, pci::BarOffset offset, std::uint64_t value) override;
  void read_block(pci::Bar bar, pci::BarOffset offset, std::span<std::byte> into) override;
  void write_block(pci::Bar bar, pci::BarOffset offset, std::span<const std::byte> from) override;
  void flush() override {}
  std::unique_ptr<pci::HostMemory> allocate_host_memory(Bytes size,
                                                        pci::Contiguity contiguity) override;
  void reset() override;
  bool is_present() override { return card_->present(); }
  std::map<std::string, std::uint64_t> counters() const override { return card_->counters(); }

 private:
  void check(pci::Bar bar, pci::BarOffset offset, std::size_t size, std::size_t alignment);

  std::shared_ptr<CardState> card_;
};

}  // namespace redbolt::emulator
