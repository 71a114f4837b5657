#include "server/json/fields.hpp"

#include <algorithm>
#include <cmath>

#include "server/api_error.hpp"

namespace redbolt::llm::server {
namespace {

std::string range(const std::string& minimum, const std::string& maximum) {
  return "it must be from " + minimum + " to " + maximum;
}

std::string plain(double value) {
  return Json(value).dump();
}

// A whole number, also where it is written as 10.0.
std::optional<std::int64_t> whole(const Json& value) {
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    // What is larger than any limit stays so.
    return static_cast<std::int64_t>(std::min<std::uint64_t>(number, INT64_MAX));
  }
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (!value.is_number_float()) return std::nullopt;
  const double number = value.get<double>();
  if (std::trunc(number) != number || std::abs(number) > 9e15) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

}  // namespace

std::string kind_of(const Json& value) {
  switch (value.type()) {
    case Json::value_t::null:
      return "null";
    case Json::value_t::object:
      return "an object";
    case Json::value_t::array:
      return "an array";
    case Json::value_t::string:
      return "a string";
    case Json::value_t::boolean:
      return "a boolean";
    case Json::value_t::number_float:
      return "a decimal";
    default:
      return "an integer";
  }
}

Fields::Fields(const Json& object, std::string path) : object_(object), path_(std::move(path)) {
  if (object_.is_object()) return;
  if (!path_.empty()) throw invalid_type(path_, "an object", kind_of(object_));
  ApiError error(400, "The body must be a JSON object, but is " + kind_of(object_) + ".");
  error.code = "invalid_type";
  throw error;
}

const Json* Fields::find(std::string_view name) const {
  const auto found = object_.find(std::string(name));
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

std::string Fields::path(std::string_view name) const {
  std::string whole = path_;
  if (!whole.empty()) whole += '.';
  return whole.append(name);
}

std::optional<std::string> Fields::text(std::string_view name) const {
  const Json* const value = find(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) throw invalid_type(path(name), "a string", kind_of(*value));
  return value->get<std::string>();
}

std::string Fields::required_text(std::string_view name) const {
  auto value = text(name);
  if (!value) throw missing_field(path(name));
  return std::move(*value);
}

std::optional<bool> Fields::flag(std::string_view name) const {
  const Json* const value = find(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_boolean()) throw invalid_type(path(name), "a boolean", kind_of(*value));
  return value->get<bool>();
}

std::optional<double> Fields::number(std::string_view name, double minimum, double maximum) const {
  const Json* const value = find(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_number()) throw invalid_type(path(name), "a decimal", kind_of(*value));
  const double number = value->get<double>();
  if (!(number >= minimum && number <= maximum)) {
    throw invalid_value(path(name), range(plain(minimum), plain(maximum)));
  }
  return number;
}

std::optional<std::int64_t> Fields::integer(std::string_view name, std::int64_t minimum,
                                            std::int64_t maximum) const {
  const Json* const value = find(name);
  if (value == nullptr) return std::nullopt;
  const auto number = whole(*value);
  if (!number) throw invalid_type(path(name), "an integer", kind_of(*value));
  if (*number < minimum || *number > maximum) {
    throw invalid_value(path(name), range(std::to_string(minimum), std::to_string(maximum)));
  }
  return number;
}

std::optional<Fields> Fields::object(std::string_view name) const {
  const Json* const value = find(name);
  if (value == nullptr) return std::nullopt;
  return Fields(*value, path(name));
}

std::optional<std::string> Fields::word(std::string_view name,
                                        const std::vector<std::string_view>& words) const {
  auto value = text(name);
  if (!value || std::ranges::find(words, *value) != words.end()) return value;
  std::string list;
  for (const std::string_view word : words) {
    list.append(list.empty() ? "'" : ", '").append(word).append("'");
  }
  throw invalid_value(path(name), "it must be one of " + list);
}

bool Fields::each(
    std::string_view name,
    const std::function<void(const Json& element, const std::string& path)>& visit) const {
  const Json* const value = find(name);
  if (value == nullptr) return false;
  if (!value->is_array()) throw invalid_type(path(name), "an array", kind_of(*value));
  std::size_t index = 0;
  for (const Json& element : *value) {
    visit(element, path(name) + "[" + std::to_string(index++) + "]");
  }
  return true;
}

}  // namespace redbolt::llm::server
