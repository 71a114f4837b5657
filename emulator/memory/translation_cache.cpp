#include "memory/translation_cache.hpp"

#include <bit>
#include <mutex>

namespace redbolt::emulator {
namespace {

bool touches(const CachedPage& page, std::uint64_t first, std::uint64_t last) {
  return page.base <= last && page.base + (page.size - 1) >= first;
}

}  // namespace

std::size_t TranslationCache::KeyHash::operator()(const Key& key) const {
  return static_cast<std::size_t>((key.base ^ (key.base >> 29)) * 0x9e3779b97f4a7c15u) ^
         (static_cast<std::size_t>(key.size_shift) << 8 | key.vmid);
}

std::optional<CachedPage> TranslationCache::find(unsigned vmid, std::uint64_t address) const {
  const std::shared_lock lock(mutex_);
  for (std::uint64_t sizes = sizes_in_use_; sizes != 0; sizes &= sizes - 1) {
    const auto shift = static_cast<std::uint8_t>(std::countr_zero(sizes));
    const std::uint64_t base = address & ~((std::uint64_t{1} << shift) - 1);
    const auto found = pages_.find(Key{base, shift, static_cast<std::uint8_t>(vmid)});
    if (found != pages_.end()) return found->second;
  }
  return std::nullopt;
}

std::uint64_t TranslationCache::epoch() const {
  const std::shared_lock lock(mutex_);
  return epoch_;
}

void TranslationCache::insert(unsigned vmid, const CachedPage& page, std::uint64_t epoch) {
  const auto shift = static_cast<std::uint8_t>(std::countr_zero(page.size));
  const Key key{page.base, shift, static_cast<std::uint8_t>(vmid)};
  const std::unique_lock lock(mutex_);
  if (epoch != epoch_) return;
  if (!pages_.insert_or_assign(key, page).second) return;
  order_.push_back(key);
  sizes_in_use_ |= std::uint64_t{1} << shift;
  while (order_.size() > capacity) {
    pages_.erase(order_.front());
    order_.pop_front();
  }
}

template <class Condition>
void TranslationCache::erase_where(Condition condition) {
  const std::unique_lock lock(mutex_);
  ++epoch_;
  std::erase_if(order_, [&](const Key& key) {
    const auto found = pages_.find(key);
    if (!condition(key, found->second)) return false;
    pages_.erase(found);
    return true;
  });
  if (order_.empty()) sizes_in_use_ = 0;
}

void TranslationCache::invalidate(unsigned vmid) {
  erase_where([&](const Key& key, const CachedPage&) { return key.vmid == vmid; });
}

void TranslationCache::invalidate(unsigned vmid, std::uint64_t first, std::uint64_t last) {
  erase_where([&](const Key& key, const CachedPage& page) {
    return key.vmid == vmid && touches(page, first, last);
  });
}

void TranslationCache::invalidate_all() {
  erase_where([](const Key&, const CachedPage&) { return true; });
}

}  // namespace redbolt::emulator
