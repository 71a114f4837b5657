// A card and an attachment to it, with short ways to do what tests do all the time.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstring>
#include <functional>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "redbolt/emulator/card.hpp"
#include "redbolt/pci/pci_function.hpp"

namespace redbolt::emulator::test {

// 512 MiB of VRAM are enough for most tests and quick to clear.
inline CardOptions small_card() {
  CardOptions options;
  options.vram = Bytes(512u << 20);
  return options;
}

// True as soon as `condition` is; false if it is not within the time a slow machine may need.
inline bool eventually(const std::function<bool()>& condition,
                       std::chrono::milliseconds patience = std::chrono::seconds(20)) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(50));
  }
  return true;
}

// An attachment.
class TestFunction {
 public:
  explicit TestFunction(std::unique_ptr<pci::PciFunction> attached)
      : function(std::move(attached)) {}

  static pci::BarOffset dword(std::uint32_t address) {
    return pci::BarOffset(std::uint64_t{address} * 4);
  }

  // Beyond BAR5 through RSMU_INDEX (0x14) and RSMU_DATA (0x15).
  std::uint32_t read(std::uint32_t address) {
    if (address < 0x40000) return function->read32(pci::Bar::k5, dword(address));
    function->write32(pci::Bar::k5, dword(0x14), address * 4);
    return function->read32(pci::Bar::k5, dword(0x15));
  }
  void write(std::uint32_t address, std::uint32_t value) {
    if (address < 0x40000) return function->write32(pci::Bar::k5, dword(address), value);
    function->write32(pci::Bar::k5, dword(0x14), address * 4);
    function->write32(pci::Bar::k5, dword(0x15), value);
  }
  bool becomes(std::uint32_t address, std::uint32_t value, std::uint32_t mask = ~0u) {
    return eventually([&] { return (read(address) & mask) == value; });
  }

  void write_vram(std::uint64_t offset, std::span<const std::byte> data) {
    function->write_block(pci::Bar::k0, pci::BarOffset(offset), data);
  }
  std::vector<std::byte> read_vram(std::uint64_t offset, std::size_t size) {
    std::vector<std::byte> data(size);
    function->read_block(pci::Bar::k0, pci::BarOffset(offset), data);
    return data;
  }
  void write_vram64(std::uint64_t offset, std::uint64_t value) {
    function->write64(pci::Bar::k0, pci::BarOffset(offset), value);
  }
  std::uint32_t read_vram32(std::uint64_t offset) {
    return function->read32(pci::Bar::k0, pci::BarOffset(offset));
  }
  // Beyond BAR0, as drivers do it: MM_INDEX and MM_INDEX_HI, then MM_DATA, dword by dword.
  std::vector<std::byte> read_vram_by_index(std::uint64_t offset, std::size_t size) {
    std::vector<std::byte> data(size);
    for (std::size_t at = 0; at + 4 <= size; at += 4) {
      write(0x6, static_cast<std::uint32_t>((offset + at) >> 31));
      write(0x0, static_cast<std::uint32_t>(offset + at) | 1u << 31);
      const std::uint32_t word = read(0x1);
      std::memcpy(&data[at], &word, 4);
    }
    return data;
  }

  std::uint32_t config(std::uint32_t offset, unsigned width) {
    return function->read_config(pci::ConfigOffset(offset), width);
  }
  void set_config(std::uint32_t offset, unsigned width, std::uint32_t value) {
    function->write_config(pci::ConfigOffset(offset), width, value);
  }
  void enable_bus_master() { set_config(4, 2, config(4, 2) | 4); }

  std::uint64_t counter(const std::string& name) const {
    const auto all = function->counters();
    const auto found = all.find(name);
    return found == all.end() ? 0 : found->second;
  }

  std::unique_ptr<pci::PciFunction> function;
};

// A card of its own, and an attachment to it.
class TestCard : public TestFunction {
 public:
  explicit TestCard(const CardOptions& options = small_card())
      : TestCard(std::make_unique<Card>(options)) {}

 private:
  explicit TestCard(std::unique_ptr<Card> owned)
      : TestFunction(owned->attach()), owned_(std::move(owned)), card(*owned_) {}
  std::unique_ptr<Card> owned_;

 public:
  Card& card;
};

}  // namespace redbolt::emulator::test
