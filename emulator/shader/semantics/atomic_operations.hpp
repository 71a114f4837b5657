// What an atomic does to the value in memory, whichever memory that is. Every operation has the
// same shape: old value, data, second data (which only exchanges on comparison and the like use).
#pragma once

#include <bit>
#include <cstdint>
#include <type_traits>

namespace redbolt::emulator::atomic {

template <class T>
using SignedOf = std::make_signed_t<T>;
template <class T>
using FloatOf = std::conditional_t<sizeof(T) == 8, double, float>;

template <class T>
SignedOf<T> as_signed(T bits) {
  return static_cast<SignedOf<T>>(bits);
}
template <class T>
FloatOf<T> as_float(T bits) {
  return std::bit_cast<FloatOf<T>>(bits);
}

template <class T>
T exchange(T, T data, T) {
  return data;
}
template <class T>
T compare_exchange(T old, T data, T compare) {
  return old == compare ? data : old;
}
template <class T>
T add(T old, T data, T) {
  return old + data;
}
template <class T>
T subtract(T old, T data, T) {
  return old - data;
}
template <class T>
T reverse_subtract(T old, T data, T) {
  return data - old;
}
template <class T>
T subtract_clamped(T old, T data, T) {
  return old < data ? 0 : old - data;
}
template <class T>
T increment(T old, T data, T) {
  return old >= data ? 0 : old + 1;
}
template <class T>
T decrement(T old, T data, T) {
  return old == 0 || old > data ? data : old - 1;
}
template <class T>
T minimum_signed(T old, T data, T) {
  return as_signed(data) < as_signed(old) ? data : old;
}
template <class T>
T maximum_signed(T old, T data, T) {
  return as_signed(data) >= as_signed(old) ? data : old;
}
template <class T>
T minimum_unsigned(T old, T data, T) {
  return data < old ? data : old;
}
template <class T>
T maximum_unsigned(T old, T data, T) {
  return data >= old ? data : old;
}
template <class T>
T bitwise_and(T old, T data, T) {
  return old & data;
}
template <class T>
T bitwise_or(T old, T data, T) {
  return old | data;
}
template <class T>
T bitwise_xor(T old, T data, T) {
  return old ^ data;
}
template <class T>
T masked_or(T old, T mask, T bits) {
  return (old & ~mask) | bits;
}
// Subtracts, or adds the second value where that would go below zero: an index in a ring.
template <class T>
T wrap(T old, T data, T other) {
  return old >= data ? old - data : old + other;
}

template <class T>
T compare_exchange_float(T old, T data, T compare) {
  return as_float(old) == as_float(compare) ? data : old;
}
template <class T>
T minimum_float(T old, T data, T) {
  return as_float(data) < as_float(old) ? data : old;
}
template <class T>
T maximum_float(T old, T data, T) {
  return as_float(data) > as_float(old) ? data : old;
}
template <class T>
T add_float(T old, T data, T) {
  return std::bit_cast<T>(as_float(old) + as_float(data));
}

template <class T>
using Operation = T (*)(T old, T data, T other);

}  // namespace redbolt::emulator::atomic
