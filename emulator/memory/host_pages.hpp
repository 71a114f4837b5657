// Host memory as the card reaches it over the bus: 4 KiB bus pages, each backed by a page of some
// HostMemory. Plays the root complex and its address translation.
//
// A pointer handed out stays mapped for the life of this object: when the HostMemory behind it is
// freed, its bus pages leave the table, generation() changes, and the addresses keep an anonymous
// page, so that an engine in the middle of a packet writes into nothing and not into another's
// memory.
//
// Threads: any.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <shared_mutex>
#include <unordered_map>
#include <vector>

#include "redbolt/base/file_descriptor.hpp"
#include "redbolt/base/quantity.hpp"
#include "redbolt/pci/pci_function.hpp"

namespace redbolt::emulator {

class HostPages {
 public:
  static constexpr std::uint64_t page_size = 4096;

  HostPages(bool scatter, std::uint64_t seed);
  ~HostPages();
  HostPages(const HostPages&) = delete;
  HostPages& operator=(const HostPages&) = delete;

  // Memory behind its own memfd, entered into the table until the object is destroyed. The object
  // may outlive this table. Throws pci::PciError::no_host_memory.
  std::unique_ptr<pci::HostMemory> allocate(Bytes size, pci::Contiguity contiguity);

  // Whether the function may do DMA at all (PCI command register, bus master enable; presence).
  void set_bus_mastering(bool enabled);
  bool bus_mastering() const { return bus_mastering_.load(std::memory_order_acquire); }

  // The page that holds a bus address, as host memory; nullptr when there is none there or bus
  // mastering is off.
  std::byte* find_page(std::uint64_t bus_address) const;

  // Changes whenever a page that could be found no longer can.
  std::uint64_t generation() const { return generation_.load(std::memory_order_acquire); }

 private:
  class Block;
  struct Table;
  std::shared_ptr<Table> table_;
  std::atomic<bool> bus_mastering_{false};
  std::atomic<std::uint64_t>& generation_;
};

}  // namespace redbolt::emulator
