// The fields of a request's objects, by name and type. A field that is null is one that is not
// there; a field of the wrong type or range is an ApiError that names it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/json/body.hpp"

namespace redbolt::llm::server {

// "an array", "null", as OpenAI's errors put it.
std::string kind_of(const Json& value);

class Fields {
 public:
  // Throws ApiError unless it is an object. `path`: where it is, "" for the body itself. `object`
  // must outlive it.
  explicit Fields(const Json& object, std::string path = {});

  const Json* find(std::string_view name) const;
  // "messages[0].content".
  std::string path(std::string_view name) const;

  std::optional<std::string> text(std::string_view name) const;
  std::string required_text(std::string_view name) const;
  std::optional<bool> flag(std::string_view name) const;
  std::optional<double> number(std::string_view name, double minimum, double maximum) const;
  std::optional<std::int64_t> integer(std::string_view name, std::int64_t minimum,
                                      std::int64_t maximum) const;
  std::optional<Fields> object(std::string_view name) const;
  // One of these words.
  std::optional<std::string> word(std::string_view name,
                                  const std::vector<std::string_view>& words) const;
  // Each element of an array with its path; false when the field is not there.
  bool each(std::string_view name,
            const std::function<void(const Json& element, const std::string& path)>& visit) const;

  const Json& json() const { return object_; }

 private:
  const Json& object_;
  std::string path_;
};

}  // namespace redbolt::llm::server
