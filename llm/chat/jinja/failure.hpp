// What stops a template while it runs. It carries no place: whoever runs the template knows it.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace redbolt::llm::jinja {

// Where something stands in a template's text, counted from 1; columns are bytes.
struct Position {
  std::uint32_t line = 1;
  std::uint32_t column = 1;
};

class Failure : public std::runtime_error {
 public:
  enum class Kind {
    error,    // the template does what the language does not allow, or takes too much
    refused,  // the template itself called raise_exception
  };
  explicit Failure(const std::string& cause, Kind kind = Kind::error)
      : std::runtime_error(cause), kind_(kind) {}
  Kind kind() const { return kind_; }

 private:
  Kind kind_;
};

}  // namespace redbolt::llm::jinja
