#include "engine/speed_gauge.hpp"

#include <array>
#include <utility>

namespace redbolt::llm {
namespace {

constexpr std::size_t max_text = 128;  // of a gauge

}  // namespace

SpeedGauge::SpeedGauge(runtime::Device& device, CardShare::Seat& seat)
    : device_(device), seat_(seat) {}

void SpeedGauge::tokens(std::uint32_t count, Clock::time_point now) {
  last_ = now;
  if (!since_) {
    since_ = now;
    if (tokens_ == 0) begun_ = now;
    return;
  }
  tokens_ += count;
  report_if_due(now);
}

void SpeedGauge::idle(Clock::time_point now) {
  if (since_) busy_ += last_ - *since_;
  since_.reset();
  if (tokens_ > 0) {
    report_if_due(now);
  } else if (shows_speed_ && now - last_ >= shown_after_end) {
    publish(0, now);
  }
}

void SpeedGauge::report_if_due(Clock::time_point now) {
  if (now - begun_ < interval) return;
  if (since_) busy_ += last_ - std::exchange(*since_, last_);
  const double seconds = std::chrono::duration<double>(busy_).count();
  if (seconds > 0) publish(tokens_ / seconds, now);
  begun_ = now;
  busy_ = {};
  tokens_ = 0;
}

void SpeedGauge::publish(double speed, Clock::time_point now) {
  CardShare::Speed all = seat_.report_speed(speed, now);
  if (all.models.size() > max_text) all.models.resize(max_text);
  const std::array<client::Gauge, 2> gauges{
      client::Gauge{"tokens_per_second", all.tokens_per_second, {}, 0},
      client::Gauge{"model", 0, std::move(all.models), 0}};
  device_.publish(gauges);
  shows_speed_ = speed > 0;
}

}  // namespace redbolt::llm
