// Copies between memories that several agents of the card share. Naturally aligned pieces of 4 and
// 8 bytes are single atomic copies (a fence, a doorbell's pointer, a page-table entry is never seen
// half written): what was written before them is visible to whoever reads them.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace redbolt::emulator {

namespace detail {
inline bool aligned(const void* a, const void* b, std::size_t size) {
  return ((reinterpret_cast<std::uintptr_t>(a) | reinterpret_cast<std::uintptr_t>(b)) &
          (size - 1)) == 0;
}

template <class Word>
void copy_word(void* to, const void* from) {
  const Word value = __atomic_load_n(static_cast<const Word*>(from), __ATOMIC_ACQUIRE);
  __atomic_store_n(static_cast<Word*>(to), value, __ATOMIC_RELEASE);
}
}  // namespace detail

inline void copy_memory(void* to, const void* from, std::size_t size) {
  if (size == 8 && detail::aligned(to, from, 8)) return detail::copy_word<std::uint64_t>(to, from);
  if (size == 4 && detail::aligned(to, from, 4)) return detail::copy_word<std::uint32_t>(to, from);
  if (size != 0) std::memcpy(to, from, size);  // an empty span may be a null pointer
}

}  // namespace redbolt::emulator
