// The key/value section of a GGUF file. Values stay as the file has them; they are decoded when
// they are asked for, so that a vocabulary of a million tokens costs nothing until a tokenizer
// wants it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "redbolt/llm/error.hpp"

namespace redbolt::llm {

enum class ValueType : std::uint32_t {
  uint8 = 0,
  int8 = 1,
  uint16 = 2,
  int16 = 3,
  uint32 = 4,
  int32 = 5,
  float32 = 6,
  boolean = 7,
  string = 8,
  array = 9,
  uint64 = 10,
  int64 = 11,
  float64 = 12,
};

std::string_view to_string(ValueType type);

// Bytes of a scalar; 0 for strings and arrays.
std::size_t scalar_size(ValueType type);

// One value, as a view of the file. Every accessor returns nothing when the value is of another
// kind.
class Value {
 public:
  // A scalar, or a string's content.
  Value(ValueType type, std::span<const std::byte> bytes) : type_(type), bytes_(bytes) {}
  // An array; `bytes` are its elements as stored, already checked to be complete.
  Value(ValueType element_type, std::uint64_t count, std::span<const std::byte> bytes)
      : type_(ValueType::array), element_type_(element_type), count_(count), bytes_(bytes) {}

  ValueType type() const { return type_; }
  ValueType element_type() const { return element_type_; }
  std::uint64_t count() const { return count_; }

  // Any integer type whose value is not negative, in any width.
  std::optional<std::uint64_t> as_unsigned() const;
  // Any integer or floating-point type.
  std::optional<double> as_number() const;
  std::optional<bool> as_bool() const;
  std::optional<std::string_view> as_string() const;
  // The elements of an array of strings; views of the file.
  std::optional<std::vector<std::string_view>> as_strings() const;
  // The elements of an array of any numeric type.
  std::optional<std::vector<double>> as_numbers() const;

 private:
  ValueType type_;
  ValueType element_type_ = ValueType::uint8;
  std::uint64_t count_ = 0;
  std::span<const std::byte> bytes_;
};

class Metadata {
 public:
  // Throws LlmError{duplicate} when the key is already there.
  void add(std::string_view key, Value value);

  const Value* find(std::string_view key) const;
  // In the order of the file.
  const std::vector<std::pair<std::string_view, Value>>& entries() const { return entries_; }

  // The value of a key that may be absent. Throws LlmError{wrong_type} when it is there but of
  // another type; find_unsigned also when it exceeds `maximum`.
  std::optional<std::string_view> find_string(std::string_view key) const;
  std::optional<std::uint64_t> find_unsigned(std::string_view key, std::uint64_t maximum) const;
  std::optional<double> find_number(std::string_view key) const;
  std::optional<bool> find_bool(std::string_view key) const;

  // As above, and LlmError{missing_key} when it is absent.
  std::string_view require_string(std::string_view key) const;
  std::uint64_t require_unsigned(std::string_view key, std::uint64_t maximum) const;
  double require_number(std::string_view key) const;
  std::vector<std::string_view> require_strings(std::string_view key) const;

 private:
  std::vector<std::pair<std::string_view, Value>> entries_;
  std::unordered_map<std::string_view, std::size_t> index_;
};

}  // namespace redbolt::llm
