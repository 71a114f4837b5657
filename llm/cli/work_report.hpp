// What a command that holds the card does for others while it works: it shows how fast it is, and
// gives the card back when it is asked to.
#pragma once

#include <stdexcept>
#include <string>

#include "engine/speed_gauge.hpp"
#include "redbolt/runtime/device.hpp"

namespace redbolt::llm::cli {

// Somebody wants the card; what was being done has stopped.
class CardAskedBack : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Throws CardAskedBack if somebody has asked for the card. Sends nothing and does not wait.
void check_asked_back(runtime::Device& device);

class WorkReport {
 public:
  using Clock = SpeedGauge::Clock;

  WorkReport(runtime::Device& device, std::string model);

  // After each token. Throws CardAskedBack.
  void token() { token(Clock::now()); }
  void token(Clock::time_point now);

 private:
  runtime::Device& device_;
  CardShare::Seat seat_;
  SpeedGauge gauge_;
};

}  // namespace redbolt::llm::cli
