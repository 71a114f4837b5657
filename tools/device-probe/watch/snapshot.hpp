// What the live view knows at one moment, and a little of the past.
#pragma once

#include <deque>
#include <optional>
#include <string>

#include "redbolt/client/types.hpp"

namespace redbolt::probe {

struct Snapshot {
  std::string problem;  // why there is nothing below; empty when there is
  std::string daemon_version;
  client::DeviceInfo card;
  client::DeviceStatus status;
};

// The figure that the holder of the card publishes under this name, if it does.
std::optional<double> gauge(const Snapshot& snapshot, const std::string& name);
inline constexpr const char* speed_gauge = "tokens_per_second";

// Values of the last few looks, for a line of bars.
class History {
 public:
  void add(double value) {
    values_.push_back(value);
    if (values_.size() > longest) values_.pop_front();
  }
  const std::deque<double>& values() const { return values_; }

 private:
  static constexpr std::size_t longest = 512;
  std::deque<double> values_;
};

}  // namespace redbolt::probe
