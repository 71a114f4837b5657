#include "server/metrics.hpp"

#include <array>
#include <cmath>
#include <cstdio>

namespace redbolt::llm::server {

std::optional<double> SpeedGauge::look(std::uint64_t tokens, double decode_seconds) {
  const double generated = static_cast<double>(tokens - tokens_);
  const double took = decode_seconds - seconds_;
  tokens_ = tokens;
  seconds_ = decode_seconds;
  if (generated <= 0 || took <= 0) return std::nullopt;
  return generated / took;
}

void MetricsText::describe(std::string_view name, std::string_view type, std::string_view help) {
  text_.append("# HELP ").append(name).append(" ").append(help).append("\n");
  text_.append("# TYPE ").append(name).append(" ").append(type).append("\n");
}

void MetricsText::value(std::string_view name, const std::string& labels, double number) {
  text_.append(name);
  if (!labels.empty()) text_.append("{").append(labels).append("}");
  std::array<char, 40> digits{};
  std::snprintf(digits.data(), digits.size(), std::trunc(number) == number ? " %.0f" : " %.6g",
                number);
  text_.append(digits.data()).append("\n");
}

std::string metric_label(std::string_view name, std::string_view value) {
  std::string label(name);
  label += "=\"";
  for (const char c : value) {
    if (c == '\\' || c == '"') label += '\\';
    if (c == '\n') {
      label += "\\n";
    } else {
      label += c;
    }
  }
  return label + "\"";
}

}  // namespace redbolt::llm::server
