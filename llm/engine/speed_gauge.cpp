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
  if (!std::exchange(started_, true)) {
    since_ = now;
    return;
  }
  tokens_ += count;
  if (now - since_ < interval) return;
  const double seconds = std::chrono::duration<double>(now - since_).count();
  CardShare::Speed speed = seat_.report_speed(tokens_ / seconds, now);
  if (speed.models.size() > max_text) speed.models.resize(max_text);
  const std::array<client::Gauge, 2> gauges{
      client::Gauge{"tokens_per_second", speed.tokens_per_second, {}, 0},
      client::Gauge{"model", 0, std::move(speed.models), 0}};
  device_.publish(gauges);
  since_ = now;
  tokens_ = 0;
}

}  // namespace redbolt::llm
