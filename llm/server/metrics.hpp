// What the server counts, and how Prometheus reads it. On the server's thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace redbolt::llm::server {

class Metrics {
 public:
  // A request answered; `route` is one of the table of routes, never what a client wrote.
  void answered(const std::string& route, unsigned status) { ++answered_[{route, status}]; }
  void hung_up() { ++hung_up_; }

  const std::map<std::pair<std::string, unsigned>, std::uint64_t>& by_route() const {
    return answered_;
  }
  std::uint64_t hang_ups() const { return hung_up_; }

 private:
  std::map<std::pair<std::string, unsigned>, std::uint64_t> answered_;
  std::uint64_t hung_up_ = 0;
};

// Tokens per second, between one look at what the engines have generated and the next.
class SpeedGauge {
 public:
  // Nothing while no token is generated.
  std::optional<double> look(std::uint64_t tokens, double decode_seconds);

 private:
  std::uint64_t tokens_ = 0;
  double seconds_ = 0;
};

// Writes Prometheus' text format, version 0.0.4.
class MetricsText {
 public:
  // Before the values of a metric. `type`: "counter" or "gauge".
  void describe(std::string_view name, std::string_view type, std::string_view help);
  // `labels` as written between the braces; may be empty.
  void value(std::string_view name, const std::string& labels, double number);

  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// name="value", escaped.
std::string metric_label(std::string_view name, std::string_view value);

}  // namespace redbolt::llm::server
