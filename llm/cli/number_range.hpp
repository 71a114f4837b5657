// A check of options that take a number: CLI11's own range lets "nan" through.
#pragma once

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdlib>
#include <string>

namespace redbolt::llm::cli {

inline CLI::Validator number_in(double minimum, double maximum) {
  const auto check = [=](const std::string& text) -> std::string {
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    const bool is_number = !text.empty() && *end == '\0' && std::isfinite(value);
    if (is_number && value >= minimum && value <= maximum) return {};
    return "'" + text + "' is not a number from " + CLI::detail::to_string(minimum) + " to " +
           CLI::detail::to_string(maximum);
  };
  return CLI::Validator(check, "");
}

}  // namespace redbolt::llm::cli
