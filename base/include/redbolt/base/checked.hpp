// Arithmetic for numbers that come from outside (files, sockets, registers): a result that does not
// fit is std::nullopt, never a wrapped value.
#pragma once

#include <cstdint>
#include <optional>
#include <type_traits>

namespace redbolt {

template <class T>
constexpr std::optional<T> checked_add(T a, T b) {
  static_assert(std::is_integral_v<T>);
  T result{};
  if (__builtin_add_overflow(a, b, &result)) return std::nullopt;
  return result;
}

template <class T>
constexpr std::optional<T> checked_multiply(T a, T b) {
  static_assert(std::is_integral_v<T>);
  T result{};
  if (__builtin_mul_overflow(a, b, &result)) return std::nullopt;
  return result;
}

// Whether [offset, offset + size) lies inside [0, limit).
constexpr bool range_fits(std::uint64_t offset, std::uint64_t size, std::uint64_t limit) {
  return offset <= limit && size <= limit - offset;
}

// value rounded up to a multiple of alignment (a power of two).
constexpr std::optional<std::uint64_t> checked_align_up(std::uint64_t value,
                                                        std::uint64_t alignment) {
  const auto sum = checked_add<std::uint64_t>(value, alignment - 1);
  if (!sum) return std::nullopt;
  return *sum & ~(alignment - 1);
}

}  // namespace redbolt
