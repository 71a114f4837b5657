// A PciFunction whose registers a test scripts: what is written is kept and logged, reads give what
// was written or what the test's handlers say. No card behind it.
#pragma once

#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "redbolt/pci/pci_function.hpp"
#include "redbolt/registers/navi31_bases.hpp"
#include "redbolt/registers/register.hpp"
#include "register_file.hpp"

namespace redbolt::driver::test {

// Bases of one Navi31, from the table of a real card.
inline RegisterBases navi31_bases() {
  using registers::HardwareBlock;
  const std::map<std::string, HardwareBlock> blocks = {
      {"GC", HardwareBlock::gc},        {"MMHUB", HardwareBlock::mmhub},
      {"MP0", HardwareBlock::mp0},      {"MP1", HardwareBlock::mp1},
      {"NBIO", HardwareBlock::nbio},    {"HDP", HardwareBlock::hdp},
      {"OSSSYS", HardwareBlock::osssys}};
  RegisterBases bases;
  for (const auto& base : registers::kNavi31Bases) {
    const auto block = blocks.find(base.block);
    if (block != blocks.end() && base.instance == 0) {
      bases.set(block->second, base.segment, base.dword_address);
    }
  }
  // NBIO's base 0 is 0 and so not in the table of non-zero bases.
  bases.set(HardwareBlock::nbio, 0, 0);
  return bases;
}

inline std::uint32_t address_of(const registers::Register& reg) {
  return navi31_bases().address(reg.definition).value();
}

class MockHostMemory : public pci::HostMemory {
 public:
  MockHostMemory(Bytes size, std::uint64_t bus) : data_(((size.count() + 4095) / 4096) * 4096 / 8) {
    for (std::size_t i = 0; i < data_.size() * 8 / 4096; ++i) {
      pages_.emplace_back(bus + i * 8192);  // scattered: every other page
    }
  }
  Bytes size() const override { return Bytes(data_.size() * 8); }
  std::span<const pci::BusAddress> pages() const override { return pages_; }
  std::byte* data() override { return reinterpret_cast<std::byte*>(data_.data()); }
  void read(Bytes offset, std::span<std::byte> into) override {
    std::memcpy(into.data(), data() + offset.count(), into.size());
  }
  void write(Bytes offset, std::span<const std::byte> from) override {
    if (from.empty()) return;
    std::memcpy(data() + offset.count(), from.data(), from.size());
  }
  int descriptor() const override { return -1; }

 private:
  std::vector<std::uint64_t> data_;  // aligned for 64-bit atomics
  std::vector<pci::BusAddress> pages_;
};

class MockFunction final : public pci::PciFunction {
 public:
  explicit MockFunction(Bytes vram = Bytes(128 << 20)) : vram_(vram.count()) {}

  // By absolute dword address.
  std::map<std::uint32_t, std::uint32_t> values;
  std::map<std::uint32_t, std::function<std::uint32_t()>> on_read;
  std::map<std::uint32_t, std::function<void(std::uint32_t)>> on_write;
  struct Access {
    std::uint32_t dword, value;
    auto operator<=>(const Access&) const = default;
  };
  std::vector<Access> writes;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> doorbells;  // byte offset, value
  struct BlockWrite {
    std::uint64_t offset;
    std::vector<std::byte> data;
  };
  std::vector<BlockWrite> vram_writes;
  std::uint64_t register_reads = 0;
  bool present = true;

  std::byte* vram() { return vram_.data(); }

  std::string name() const override { return "mock"; }
  std::uint32_t read_config(pci::ConfigOffset offset, unsigned) override {
    return offset.value() == 0 ? 0x744c1002 : 0;
  }
  void write_config(pci::ConfigOffset, unsigned, std::uint32_t) override {}
  pci::BarInfo bar(pci::Bar bar) override {
    switch (bar) {
      case pci::Bar::k0:
        return {pci::BusAddress(0), Bytes(vram_.size())};
      case pci::Bar::k2:
        return {pci::BusAddress(0), Bytes(1 << 20)};
      case pci::Bar::k5:
        return {pci::BusAddress(0), Bytes(1 << 20)};
      default:
        return {};
    }
  }
  pci::BarInfo resize_bar(pci::Bar, Bytes) override {
    throw pci::PciError(pci::PciErrorCode::unsupported, "mock");
  }
  std::uint32_t read32(pci::Bar bar, pci::BarOffset offset) override {
    if (!present) return 0xffffffff;
    if (bar == pci::Bar::k0) return load<std::uint32_t>(offset);
    ++register_reads;
    const auto dword = static_cast<std::uint32_t>(offset.value() / 4);
    if (const auto handler = on_read.find(dword); handler != on_read.end())
      return handler->second();
    return values[dword];
  }
  std::uint64_t read64(pci::Bar, pci::BarOffset offset) override {
    return load<std::uint64_t>(offset);
  }
  void write32(pci::Bar bar, pci::BarOffset offset, std::uint32_t value) override {
    if (bar != pci::Bar::k5) return;
    const auto dword = static_cast<std::uint32_t>(offset.value() / 4);
    writes.push_back({dword, value});
    values[dword] = value;
    if (const auto handler = on_write.find(dword); handler != on_write.end())
      handler->second(value);
  }
  void write64(pci::Bar bar, pci::BarOffset offset, std::uint64_t value) override {
    if (bar == pci::Bar::k2) doorbells.emplace_back(offset.value(), value);
  }
  void read_block(pci::Bar, pci::BarOffset offset, std::span<std::byte> into) override {
    std::memcpy(into.data(), vram_.data() + offset.value(), into.size());
  }
  void write_block(pci::Bar, pci::BarOffset offset, std::span<const std::byte> from) override {
    vram_writes.push_back({offset.value(), {from.begin(), from.end()}});
    std::memcpy(vram_.data() + offset.value(), from.data(), from.size());
  }
  void flush() override {}
  std::unique_ptr<pci::HostMemory> allocate_host_memory(Bytes size, pci::Contiguity) override {
    next_bus_ += 1ull << 32;
    return std::make_unique<MockHostMemory>(size, next_bus_);
  }
  void reset() override {}
  bool is_present() override { return present; }

 private:
  template <class T>
  T load(pci::BarOffset offset) {
    T value{};
    std::memcpy(&value, vram_.data() + offset.value(), sizeof(T));
    return value;
  }
  std::vector<std::byte> vram_;
  std::uint64_t next_bus_ = 0;
};

}  // namespace redbolt::driver::test
