// A hub's TLB: what walks found, by VMID and address, until it is invalidated. Holds no more than a
// fixed number of entries and throws out the oldest.
// Threads: any.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <shared_mutex>
#include <unordered_map>

namespace redbolt::emulator {

struct CachedPage {
  std::byte* host = nullptr;
  std::uint64_t base = 0;
  std::uint64_t size = 0;  // a power of two, 4 KiB or more; base is a multiple of it
  bool readable = false;
  bool writable = false;
  bool executable = false;
  bool system = false;
  std::uint64_t host_generation = 0;  // of HostPages, when `system`
};

class TranslationCache {
 public:
  static constexpr std::size_t capacity = 16384;

  std::optional<CachedPage> find(unsigned vmid, std::uint64_t address) const;
  // `epoch` is what epoch() returned before the walk began: a page whose walk an invalidation
  // overtook is not kept.
  void insert(unsigned vmid, const CachedPage& page, std::uint64_t epoch);
  std::uint64_t epoch() const;

  void invalidate(unsigned vmid);
  // Entries that touch [first, last].
  void invalidate(unsigned vmid, std::uint64_t first, std::uint64_t last);
  void invalidate_all();

 private:
  struct Key {
    std::uint64_t base;
    std::uint8_t size_shift;
    std::uint8_t vmid;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const;
  };

  template <class Condition>
  void erase_where(Condition condition);

  mutable std::shared_mutex mutex_;
  std::unordered_map<Key, CachedPage, KeyHash> pages_;
  std::deque<Key> order_;
  std::uint64_t sizes_in_use_ = 0;  // bit n: an entry of 2^n bytes has been inserted
  std::uint64_t epoch_ = 0;
};

}  // namespace redbolt::emulator
