// Numbers that carry their meaning: sizes, and addresses of different spaces, which the compiler
// keeps apart. Everything is constexpr and as cheap as the integer inside.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace redbolt {

// A count of bytes. Plain arithmetic wraps like uint64_t: sizes from outside go through
// checked.hpp before they become Bytes.
class Bytes {
 public:
  constexpr Bytes() = default;
  constexpr explicit Bytes(std::uint64_t count) : count_(count) {}
  constexpr std::uint64_t count() const { return count_; }
  constexpr auto operator<=>(const Bytes&) const = default;
  constexpr Bytes& operator+=(Bytes other) {
    count_ += other.count_;
    return *this;
  }
  constexpr Bytes& operator-=(Bytes other) {
    count_ -= other.count_;
    return *this;
  }
  friend constexpr Bytes operator+(Bytes a, Bytes b) { return Bytes(a.count_ + b.count_); }
  friend constexpr Bytes operator-(Bytes a, Bytes b) { return Bytes(a.count_ - b.count_); }
  friend constexpr Bytes operator*(Bytes a, std::uint64_t n) { return Bytes(a.count_ * n); }
  friend constexpr std::uint64_t operator/(Bytes a, Bytes b) { return a.count_ / b.count_; }

 private:
  std::uint64_t count_ = 0;
};

namespace literals {
constexpr Bytes operator""_B(unsigned long long n) {
  return Bytes(n);
}
constexpr Bytes operator""_KiB(unsigned long long n) {
  return Bytes(n << 10);
}
constexpr Bytes operator""_MiB(unsigned long long n) {
  return Bytes(n << 20);
}
constexpr Bytes operator""_GiB(unsigned long long n) {
  return Bytes(n << 30);
}
}  // namespace literals

// A position in the space that Tag names. Addresses of different spaces do not mix.
template <class Tag>
class Address {
 public:
  constexpr Address() = default;
  constexpr explicit Address(std::uint64_t value) : value_(value) {}
  constexpr std::uint64_t value() const { return value_; }
  constexpr auto operator<=>(const Address&) const = default;
  constexpr Address& operator+=(Bytes size) {
    value_ += size.count();
    return *this;
  }
  friend constexpr Address operator+(Address a, Bytes size) {
    return Address(a.value_ + size.count());
  }
  friend constexpr Address operator-(Address a, Bytes size) {
    return Address(a.value_ - size.count());
  }
  friend constexpr Bytes operator-(Address a, Address b) { return Bytes(a.value_ - b.value_); }

 private:
  std::uint64_t value_ = 0;
};

// An identifier: compared and printed, never computed with.
template <class Tag, class Integer = std::uint64_t>
class Identifier {
 public:
  constexpr Identifier() = default;
  constexpr explicit Identifier(Integer value) : value_(value) {}
  constexpr Integer value() const { return value_; }
  constexpr auto operator<=>(const Identifier&) const = default;

 private:
  Integer value_ = 0;
};

}  // namespace redbolt

template <class Tag, class Integer>
struct std::hash<redbolt::Identifier<Tag, Integer>> {
  std::size_t operator()(const redbolt::Identifier<Tag, Integer>& id) const noexcept {
    return std::hash<Integer>{}(id.value());
  }
};
