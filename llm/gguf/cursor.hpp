// A position in the bytes of a file that cannot leave them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "redbolt/llm/error.hpp"

namespace redbolt::llm {

class Cursor {
 public:
  explicit Cursor(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::uint64_t position() const { return position_; }
  std::uint64_t remaining() const { return bytes_.size() - position_; }

  // The next `count` bytes. Throws LlmError{truncated}, which names `what`.
  std::span<const std::byte> take(std::uint64_t count, std::string_view what) {
    if (count > remaining()) {
      throw LlmError(ErrorCode::truncated, "the file ends inside " + std::string(what) +
                                               " (at byte " + std::to_string(position_) + ": " +
                                               std::to_string(count) + " bytes needed, " +
                                               std::to_string(remaining()) +
                                               " left); download it again");
    }
    const auto taken = bytes_.subspan(position_, count);
    position_ += count;
    return taken;
  }

  template <class T>
  T number(std::string_view what) {
    static_assert(std::is_arithmetic_v<T>);
    T value;
    std::memcpy(&value, take(sizeof(T), what).data(), sizeof(T));
    return value;
  }

  // A string with its 64-bit length in front, at most `limit` bytes long.
  std::string_view string(std::uint64_t limit, std::string_view what) {
    const auto length = number<std::uint64_t>(what);
    if (length > limit) {
      throw LlmError(ErrorCode::limit_exceeded,
                     std::string(what) + " is " + std::to_string(length) + " bytes long; at most " +
                         std::to_string(limit) + " are possible");
    }
    const auto bytes = take(length, what);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

 private:
  std::span<const std::byte> bytes_;
  std::uint64_t position_ = 0;
};

}  // namespace redbolt::llm
