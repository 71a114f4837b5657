// A PciFunction that notes the last value written to each register, by absolute dword address, also
// where it is reached through the RSMU index/data pair.
#pragma once

#include <map>
#include <memory>

#include "redbolt/pci/pci_function.hpp"

namespace redbolt::driver::test {

class RecordingFunction final : public pci::PciFunction {
 public:
  using Values = std::map<std::uint32_t, std::uint32_t>;

  // `values` outlives the object.
  RecordingFunction(std::unique_ptr<pci::PciFunction> inner, Values& values)
      : inner_(std::move(inner)), values_(values) {}

  void write32(pci::Bar bar, pci::BarOffset offset, std::uint32_t value) override {
    if (bar == pci::Bar::k5) note(static_cast<std::uint32_t>(offset.value() / 4), value);
    inner_->write32(bar, offset, value);
  }

  std::string name() const override { return inner_->name(); }
  std::uint32_t read_config(pci::ConfigOffset o, unsigned w) override {
    return inner_->read_config(o, w);
  }
  void write_config(pci::ConfigOffset o, unsigned w, std::uint32_t v) override {
    inner_->write_config(o, w, v);
  }
  pci::BarInfo bar(pci::Bar bar) override { return inner_->bar(bar); }
  pci::BarInfo resize_bar(pci::Bar bar, Bytes size) override {
    return inner_->resize_bar(bar, size);
  }
  std::uint32_t read32(pci::Bar b, pci::BarOffset o) override { return inner_->read32(b, o); }
  std::uint64_t read64(pci::Bar b, pci::BarOffset o) override { return inner_->read64(b, o); }
  void write64(pci::Bar b, pci::BarOffset o, std::uint64_t v) override { inner_->write64(b, o, v); }
  void read_block(pci::Bar b, pci::BarOffset o, std::span<std::byte> into) override {
    inner_->read_block(b, o, into);
  }
  void write_block(pci::Bar b, pci::BarOffset o, std::span<const std::byte> from) override {
    inner_->write_block(b, o, from);
  }
  void flush() override { inner_->flush(); }
  std::unique_ptr<pci::HostMemory> allocate_host_memory(Bytes size, pci::Contiguity c) override {
    return inner_->allocate_host_memory(size, c);
  }
  void reset() override { inner_->reset(); }
  bool is_present() override { return inner_->is_present(); }

 private:
  static constexpr std::uint32_t kIndex = 0x14, kData = 0x15;

  void note(std::uint32_t dword, std::uint32_t value) {
    if (dword == kIndex) index_ = value;
    values_[dword == kData ? index_ / 4 : dword] = value;
  }

  std::unique_ptr<pci::PciFunction> inner_;
  Values& values_;
  std::uint32_t index_ = 0;
};

}  // namespace redbolt::driver::test
