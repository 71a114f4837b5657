// Shows others how fast a model generates: published with the daemon, at most twice a second, so
// that no token has a message of its own.
#pragma once

#include <chrono>
#include <cstdint>

#include "redbolt/llm/engine/card_share.hpp"
#include "redbolt/runtime/device.hpp"

namespace redbolt::llm {

class SpeedGauge {
 public:
  using Clock = std::chrono::steady_clock;

  static constexpr std::chrono::milliseconds interval{500};

  // Both must outlive the gauge. What is shown is the speed of all who share the card.
  SpeedGauge(runtime::Device& device, CardShare::Seat& seat);

  // After `count` tokens. The first call begins to measure.
  void tokens(std::uint32_t count, Clock::time_point now = Clock::now());

 private:
  runtime::Device& device_;
  CardShare::Seat& seat_;
  Clock::time_point since_;  // the last report, or the first token
  bool started_ = false;
  std::uint32_t tokens_ = 0;  // since then
};

}  // namespace redbolt::llm
