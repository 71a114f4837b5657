// A PciFunction that can be cut off from its card, for a driver that is killed: from then on
// nothing it does reaches the card, which goes on with what it was doing.
#pragma once

#include <algorithm>
#include <memory>

#include "redbolt/pci/pci_function.hpp"

namespace redbolt::driver::test {

class CutFunction final : public pci::PciFunction {
 public:
  explicit CutFunction(std::unique_ptr<pci::PciFunction> inner) : inner_(std::move(inner)) {}

  void cut() { is_cut_ = true; }

  std::string name() const override { return inner_->name(); }
  std::uint32_t read_config(pci::ConfigOffset o, unsigned w) override {
    return is_cut_ ? 0xffffffff >> (32 - 8 * w) : inner_->read_config(o, w);
  }
  void write_config(pci::ConfigOffset o, unsigned w, std::uint32_t v) override {
    if (!is_cut_) inner_->write_config(o, w, v);
  }
  pci::BarInfo bar(pci::Bar bar) override { return inner_->bar(bar); }
  pci::BarInfo resize_bar(pci::Bar bar, Bytes size) override {
    return inner_->resize_bar(bar, size);
  }
  std::uint32_t read32(pci::Bar b, pci::BarOffset o) override {
    return is_cut_ ? ~0u : inner_->read32(b, o);
  }
  std::uint64_t read64(pci::Bar b, pci::BarOffset o) override {
    return is_cut_ ? ~0ull : inner_->read64(b, o);
  }
  void write32(pci::Bar b, pci::BarOffset o, std::uint32_t v) override {
    if (!is_cut_) inner_->write32(b, o, v);
  }
  void write64(pci::Bar b, pci::BarOffset o, std::uint64_t v) override {
    if (!is_cut_) inner_->write64(b, o, v);
  }
  void read_block(pci::Bar b, pci::BarOffset o, std::span<std::byte> into) override {
    if (is_cut_) {
      std::ranges::fill(into, std::byte{0xff});
    } else {
      inner_->read_block(b, o, into);
    }
  }
  void write_block(pci::Bar b, pci::BarOffset o, std::span<const std::byte> from) override {
    if (!is_cut_) inner_->write_block(b, o, from);
  }
  void flush() override {
    if (!is_cut_) inner_->flush();
  }
  std::unique_ptr<pci::HostMemory> allocate_host_memory(Bytes size, pci::Contiguity c) override {
    return inner_->allocate_host_memory(size, c);
  }
  void reset() override {
    if (!is_cut_) inner_->reset();
  }
  bool is_present() override { return !is_cut_ && inner_->is_present(); }
  std::map<std::string, std::uint64_t> counters() const override { return inner_->counters(); }

 private:
  std::unique_ptr<pci::PciFunction> inner_;
  bool is_cut_ = false;
};

}  // namespace redbolt::driver::test
