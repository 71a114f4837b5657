// A PciFunction that counts what passes through it and hands it on: how the driver knows what its
// traffic costs on a slow link.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "redbolt/driver/card.hpp"
#include "redbolt/pci/pci_function.hpp"

namespace redbolt::driver {

class CountingFunction final : public pci::PciFunction {
 public:
  // Accesses to `registers` count as register reads and writes, writes to `doorbells` as doorbells;
  // all BAR traffic counts in bytes.
  CountingFunction(std::unique_ptr<pci::PciFunction> inner, pci::Bar registers, pci::Bar doorbells);

  const LinkCounters& link_counters() const { return counters_; }

  std::string name() const override { return inner_->name(); }
  std::uint32_t read_config(pci::ConfigOffset offset, unsigned width) override;
  void write_config(pci::ConfigOffset offset, unsigned width, std::uint32_t value) override;
  pci::BarInfo bar(pci::Bar bar) override { return inner_->bar(bar); }
  pci::BarInfo resize_bar(pci::Bar bar, Bytes size) override {
    return inner_->resize_bar(bar, size);
  }
  std::uint32_t read32(pci::Bar bar, pci::BarOffset offset) override;
  std::uint64_t read64(pci::Bar bar, pci::BarOffset offset) override;
  void write32(pci::Bar bar, pci::BarOffset offset, std::uint32_t value) override;
  void write64(pci::Bar bar, pci::BarOffset offset, std::uint64_t value) override;
  void read_block(pci::Bar bar, pci::BarOffset offset, std::span<std::byte> into) override;
  void write_block(pci::Bar bar, pci::BarOffset offset, std::span<const std::byte> from) override;
  void flush() override { inner_->flush(); }
  std::unique_ptr<pci::HostMemory> allocate_host_memory(Bytes size,
                                                        pci::Contiguity contiguity) override;
  void reset() override { inner_->reset(); }
  bool is_present() override { return inner_->is_present(); }
  std::map<std::string, std::uint64_t> counters() const override { return inner_->counters(); }

 private:
  void count_read(pci::Bar bar, std::size_t bytes);
  void count_write(pci::Bar bar, std::size_t bytes);

  std::unique_ptr<pci::PciFunction> inner_;
  pci::Bar registers_;
  pci::Bar doorbells_;
  LinkCounters counters_;
};

}  // namespace redbolt::driver
