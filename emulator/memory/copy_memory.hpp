// Copies between memories that several agents of the card share. Pieces of 4 and 8 bytes that are
// naturally aligned in such a memory are single atomic copies (a fence, a doorbell's pointer, a
// page-table entry is never seen half written): what was written before them is visible to whoever
// reads them.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace redbolt::emulator {

namespace detail {
template <class Word>
bool aligned(const void* address) {
  return reinterpret_cast<std::uintptr_t>(address) % sizeof(Word) == 0;
}

// A side that is not aligned (a message of a client) is nobody else's.
template <class Word>
void copy_word(void* to, const void* from) {
  Word value;
  if (aligned<Word>(from)) {
    value = __atomic_load_n(static_cast<const Word*>(from), __ATOMIC_ACQUIRE);
  } else {
    std::memcpy(&value, from, sizeof value);
  }
  if (aligned<Word>(to)) {
    __atomic_store_n(static_cast<Word*>(to), value, __ATOMIC_RELEASE);
  } else {
    std::memcpy(to, &value, sizeof value);
  }
}
}  // namespace detail

inline void copy_memory(void* to, const void* from, std::size_t size) {
  if (size == 8) return detail::copy_word<std::uint64_t>(to, from);
  if (size == 4) return detail::copy_word<std::uint32_t>(to, from);
  if (size != 0) std::memcpy(to, from, size);  // an empty span may be a null pointer
}

}  // namespace redbolt::emulator
