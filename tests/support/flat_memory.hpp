// Memory for waves without a card: regions of host memory at virtual addresses of their own, with
// unmapped space between them, so that an access outside of a region faults.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <mutex>
#include <span>
#include <vector>

#include "redbolt/emulator/shader/memory_port.hpp"

namespace redbolt::test {

// Threads: lookups from any thread; regions are added while nothing runs.
class FlatMemory : public emulator::MemoryPort {
 public:
  enum class Use : std::uint8_t { read_write, read_only, code };

  // A region of `size` bytes at a 4 KiB boundary, filled with 0xcd.
  std::uint64_t allocate(std::size_t size, Use use = Use::read_write);
  // The bytes at [address, address + size), which must lie in one region.
  std::span<std::byte> bytes(std::uint64_t address, std::size_t size);

  template <class T>
  std::uint64_t upload(std::span<const T> values) {
    const std::uint64_t address = allocate(values.size_bytes());
    if (!values.empty()) {
      std::memcpy(bytes(address, values.size_bytes()).data(), values.data(), values.size_bytes());
    }
    return address;
  }
  template <class T>
  std::uint64_t upload(const std::vector<T>& values) {
    return upload(std::span<const T>(values));
  }
  template <class T>
  std::vector<T> download(std::uint64_t address, std::size_t count) {
    std::vector<T> values(count);
    std::memcpy(values.data(), bytes(address, count * sizeof(T)).data(), count * sizeof(T));
    return values;
  }

  bool lookup(std::uint64_t address, emulator::MemoryAccess access, Page& page) override;
  std::uint64_t generation() const override { return 0; }

  // Addresses of the lookups that failed.
  std::vector<std::uint64_t> faults() const;

 private:
  struct Region {
    std::vector<std::byte> data;
    Use use;
  };
  std::map<std::uint64_t, Region> regions_;  // by first address
  std::uint64_t next_ = 0x7f0000000000;
  mutable std::mutex mutex_;  // guards faults_
  std::vector<std::uint64_t> faults_;
};

}  // namespace redbolt::test
