// Memory for packet processors without a card: a few ranges of virtual addresses, backed by host
// memory; everything else faults.
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "packets/engine_memory.hpp"

namespace redbolt::emulator::testing {

class FlatMemory : public EngineMemory {
 public:
  static constexpr std::uint64_t page_bytes = 4096;

  // Pages are separate host allocations, so that nothing relies on neighbours being contiguous.
  void map(std::uint64_t address, std::uint64_t bytes, bool writable = true) {
    for (std::uint64_t page = address / page_bytes; page <= (address + bytes - 1) / page_bytes;
         ++page) {
      auto& entry = pages_[page];
      entry.words.resize(page_bytes / sizeof(std::uint64_t));
      entry.writable = writable;
    }
  }
  void redirect(std::uint64_t address) {
    map(address, 1);
    pages_[address / page_bytes].redirected = true;
  }

  std::optional<MemoryWindow> window(std::uint64_t address, EngineAccess access) override {
    const auto found = pages_.find(address / page_bytes);
    if (found == pages_.end() || (access != EngineAccess::read && !found->second.writable)) {
      faults.push_back(address);
      return std::nullopt;
    }
    const std::uint64_t offset = address % page_bytes;
    return MemoryWindow{reinterpret_cast<std::byte*>(found->second.words.data()) + offset,
                        page_bytes - offset, found->second.redirected};
  }
  std::uint64_t generation() const override { return 1; }

  void put(std::uint64_t address, std::span<const std::uint32_t> words) {
    write(address, std::as_bytes(words));
  }
  std::vector<std::uint32_t> get(std::uint64_t address, std::size_t count) {
    std::vector<std::uint32_t> words(count);
    read(address, std::as_writable_bytes(std::span(words)));
    return words;
  }

  std::vector<std::uint64_t> faults;

 private:
  struct Page {
    std::vector<std::uint64_t> words;
    bool writable = true;
    bool redirected = false;
  };
  std::map<std::uint64_t, Page> pages_;
};

}  // namespace redbolt::emulator::testing
