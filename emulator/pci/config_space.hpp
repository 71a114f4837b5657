// PCI configuration space of the card: header, BARs with their sizing protocol, and the
// capabilities a driver or an operating system looks at (power management, PCI Express, MSI,
// resizable BAR).
//
// Threads: any; accesses are serialised. What the command register decides is kept for fast
// reading.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>

#include "profile.hpp"
#include "redbolt/pci/pci_function.hpp"

namespace redbolt::emulator {

class ConfigSpace {
 public:
  static constexpr unsigned size = 4096;
  static constexpr unsigned resizable_bar_capability = 0x200;

  // bar0 and bar0_max are powers of two from 256 MiB. The state is that after a PC's firmware has
  // assigned the BARs and enabled memory decoding. on_change is called after each write, unlocked.
  ConfigSpace(const ProfileFacts& facts, Bytes bar0, Bytes bar0_max,
              std::function<void()> on_change);

  // width is 1, 2 or 4; offset + width lies inside.
  std::uint32_t read(std::uint32_t offset, unsigned width);
  void write(std::uint32_t offset, unsigned width, std::uint32_t value);

  // Size 0 for BARs that the card does not have.
  pci::BarInfo bar(unsigned index);
  // The largest size the resizable-BAR capability lists for the BAR; 0 if it lists none.
  Bytes largest(unsigned index);

  // The function answers memory accesses: memory decoding is on and it is in D0.
  bool answers_memory() const { return answers_memory_.load(std::memory_order_acquire); }
  bool may_master() const { return may_master_.load(std::memory_order_acquire); }

  // Back to the state of the constructor.
  void power_on();

 private:
  void build();
  void build_capabilities();
  void build_resizable_bars();
  void put(unsigned offset, unsigned width, std::uint32_t value, std::uint32_t writable = 0);
  std::uint32_t get(unsigned offset, unsigned width) const;
  void write_bytes(std::uint32_t offset, unsigned width, std::uint32_t value);
  void resize(unsigned entry, std::uint32_t previous_control);
  void set_bar_size(unsigned index, Bytes size);
  void decode();

  const ProfileFacts& facts_;
  const Bytes bar0_;
  const Bytes bar0_max_;
  const std::function<void()> on_change_;
  std::mutex mutex_;  // guards what follows
  std::array<std::uint8_t, size> bytes_{};
  std::array<std::uint8_t, size> writable_{};
  std::array<Bytes, 6> bar_sizes_{};
  std::atomic<bool> answers_memory_{false};
  std::atomic<bool> may_master_{false};
};

}  // namespace redbolt::emulator
