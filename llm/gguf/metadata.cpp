#include "redbolt/llm/gguf/metadata.hpp"

#include <array>
#include <cmath>
#include <cstring>

#include "support/printable.hpp"

namespace redbolt::llm {
namespace {

struct TypeFacts {
  std::string_view name;
  std::size_t size;
};
constexpr std::array<TypeFacts, 13> kTypes = {{
    {"uint8", 1},
    {"int8", 1},
    {"uint16", 2},
    {"int16", 2},
    {"uint32", 4},
    {"int32", 4},
    {"float32", 4},
    {"bool", 1},
    {"string", 0},
    {"array", 0},
    {"uint64", 8},
    {"int64", 8},
    {"float64", 8},
}};

template <class T>
T load(std::span<const std::byte> bytes, std::size_t index = 0) {
  T value;
  std::memcpy(&value, bytes.data() + index * sizeof(T), sizeof(T));
  return value;
}

bool is_numeric(ValueType type) {
  return scalar_size(type) != 0 && type != ValueType::boolean;
}

// The element at `index` of packed numbers of one type.
double load_number(ValueType type, std::span<const std::byte> bytes, std::size_t index) {
  switch (type) {
    case ValueType::uint8:
      return load<std::uint8_t>(bytes, index);
    case ValueType::int8:
      return load<std::int8_t>(bytes, index);
    case ValueType::uint16:
      return load<std::uint16_t>(bytes, index);
    case ValueType::int16:
      return load<std::int16_t>(bytes, index);
    case ValueType::uint32:
      return load<std::uint32_t>(bytes, index);
    case ValueType::int32:
      return load<std::int32_t>(bytes, index);
    case ValueType::float32:
      return static_cast<double>(load<float>(bytes, index));
    case ValueType::uint64:
      return static_cast<double>(load<std::uint64_t>(bytes, index));
    case ValueType::int64:
      return static_cast<double>(load<std::int64_t>(bytes, index));
    case ValueType::float64:
      return load<double>(bytes, index);
    case ValueType::boolean:
    case ValueType::string:
    case ValueType::array:
      break;
  }
  return 0;
}

std::optional<std::uint64_t> non_negative(std::int64_t value) {
  if (value < 0) return std::nullopt;
  return static_cast<std::uint64_t>(value);
}

LlmError missing(std::string_view key) {
  return {ErrorCode::missing_key,
          "the file has no '" + printable(key) + "'; it is damaged, or not a language model"};
}

LlmError wrong_type(std::string_view key, std::string_view expected, const Value& value) {
  return {ErrorCode::wrong_type, "'" + printable(key) + "' is a " +
                                     std::string(to_string(value.type())) + " where " +
                                     std::string(expected) + " is expected"};
}

}  // namespace

std::string_view to_string(ValueType type) {
  return kTypes.at(static_cast<std::size_t>(type)).name;
}

std::size_t scalar_size(ValueType type) {
  return kTypes.at(static_cast<std::size_t>(type)).size;
}

std::optional<std::uint64_t> Value::as_unsigned() const {
  switch (type_) {
    case ValueType::uint8:
      return load<std::uint8_t>(bytes_);
    case ValueType::uint16:
      return load<std::uint16_t>(bytes_);
    case ValueType::uint32:
      return load<std::uint32_t>(bytes_);
    case ValueType::uint64:
      return load<std::uint64_t>(bytes_);
    case ValueType::int8:
      return non_negative(load<std::int8_t>(bytes_));
    case ValueType::int16:
      return non_negative(load<std::int16_t>(bytes_));
    case ValueType::int32:
      return non_negative(load<std::int32_t>(bytes_));
    case ValueType::int64:
      return non_negative(load<std::int64_t>(bytes_));
    case ValueType::float32:
    case ValueType::float64:
    case ValueType::boolean:
    case ValueType::string:
    case ValueType::array:
      break;
  }
  return std::nullopt;
}

std::optional<double> Value::as_number() const {
  if (!is_numeric(type_)) return std::nullopt;
  return load_number(type_, bytes_, 0);
}

std::optional<bool> Value::as_bool() const {
  if (type_ != ValueType::boolean) return std::nullopt;
  return bytes_.front() != std::byte{0};
}

std::optional<std::string_view> Value::as_string() const {
  if (type_ != ValueType::string) return std::nullopt;
  return std::string_view(reinterpret_cast<const char*>(bytes_.data()), bytes_.size());
}

std::optional<std::vector<std::string_view>> Value::as_strings() const {
  if (type_ != ValueType::array || element_type_ != ValueType::string) return std::nullopt;
  std::vector<std::string_view> strings;
  // Each string takes at least its length field, so the reader has bounded count by the file's
  // size.
  strings.reserve(count_);
  std::size_t position = 0;
  for (std::uint64_t i = 0; i < count_; ++i) {
    const auto length = load<std::uint64_t>(bytes_.subspan(position));
    position += sizeof(std::uint64_t);
    strings.emplace_back(reinterpret_cast<const char*>(bytes_.data()) + position, length);
    position += length;
  }
  return strings;
}

std::optional<std::vector<double>> Value::as_numbers() const {
  if (type_ != ValueType::array || !is_numeric(element_type_)) return std::nullopt;
  std::vector<double> numbers(count_);
  for (std::size_t i = 0; i < numbers.size(); ++i)
    numbers[i] = load_number(element_type_, bytes_, i);
  return numbers;
}

void Metadata::add(std::string_view key, Value value) {
  if (!index_.emplace(key, entries_.size()).second) {
    throw LlmError(ErrorCode::duplicate, "the key '" + printable(key) + "' appears twice");
  }
  entries_.emplace_back(key, value);
}

const Value* Metadata::find(std::string_view key) const {
  const auto found = index_.find(key);
  return found == index_.end() ? nullptr : &entries_[found->second].second;
}

std::optional<std::string_view> Metadata::find_string(std::string_view key) const {
  const Value* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto text = value->as_string()) return text;
  throw wrong_type(key, "a string", *value);
}

std::optional<std::uint64_t> Metadata::find_unsigned(std::string_view key,
                                                     std::uint64_t maximum) const {
  const Value* value = find(key);
  if (value == nullptr) return std::nullopt;
  const auto number = value->as_unsigned();
  if (!number) throw wrong_type(key, "a non-negative integer", *value);
  if (*number > maximum) {
    throw LlmError(ErrorCode::wrong_type, "'" + printable(key) + "' is " + std::to_string(*number) +
                                              ", more than the possible " +
                                              std::to_string(maximum));
  }
  return number;
}

std::optional<double> Metadata::find_number(std::string_view key) const {
  const Value* value = find(key);
  if (value == nullptr) return std::nullopt;
  const auto number = value->as_number();
  if (!number) throw wrong_type(key, "a number", *value);
  if (!std::isfinite(*number)) {
    throw LlmError(ErrorCode::wrong_type, "'" + printable(key) + "' is not a finite number");
  }
  return number;
}

std::optional<bool> Metadata::find_bool(std::string_view key) const {
  const Value* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto flag = value->as_bool()) return flag;
  throw wrong_type(key, "a bool", *value);
}

std::string_view Metadata::require_string(std::string_view key) const {
  if (const auto text = find_string(key)) return *text;
  throw missing(key);
}

std::uint64_t Metadata::require_unsigned(std::string_view key, std::uint64_t maximum) const {
  if (const auto number = find_unsigned(key, maximum)) return *number;
  throw missing(key);
}

double Metadata::require_number(std::string_view key) const {
  if (const auto number = find_number(key)) return *number;
  throw missing(key);
}

std::vector<std::string_view> Metadata::require_strings(std::string_view key) const {
  const Value* value = find(key);
  if (value == nullptr) throw missing(key);
  auto strings = value->as_strings();
  if (!strings) throw wrong_type(key, "an array of strings", *value);
  return *std::move(strings);
}

}  // namespace redbolt::llm
