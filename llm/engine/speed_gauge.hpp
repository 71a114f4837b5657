// Shows others how fast a model generates: published with the daemon, at most twice a second, so
// that no token has a message of its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "redbolt/llm/engine/card_share.hpp"
#include "redbolt/runtime/device.hpp"

namespace redbolt::llm {

class SpeedGauge {
 public:
  using Clock = std::chrono::steady_clock;

  static constexpr std::chrono::milliseconds interval{500};
  // How long a speed is still shown when nothing is generated any more.
  static constexpr std::chrono::seconds shown_after_end{1};

  // Both must outlive the gauge. What is shown is the speed of all who share the card.
  SpeedGauge(runtime::Device& device, CardShare::Seat& seat);

  // After `count` tokens. The first call begins to measure.
  void tokens(std::uint32_t count, Clock::time_point now = Clock::now());
  // Nothing is being generated, now and until the next tokens: that time does not count. To be
  // called again and again meanwhile: zero is shown a moment later.
  void idle(Clock::time_point now = Clock::now());

 private:
  void report_if_due(Clock::time_point now);
  void publish(double speed, Clock::time_point now);

  runtime::Device& device_;
  CardShare::Seat& seat_;
  std::optional<Clock::time_point> since_;  // while tokens come: not yet counted as busy
  Clock::time_point last_;                  // tokens
  // What the next report is of.
  Clock::time_point begun_;
  Clock::duration busy_{0};
  std::uint32_t tokens_ = 0;
  bool shows_speed_ = false;
};

}  // namespace redbolt::llm
