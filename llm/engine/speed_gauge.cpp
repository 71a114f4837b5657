#include "engine/speed_gauge.hpp"

#include <array>
#include <utility>

namespace redbolt::llm {
namespace {

constexpr std::size_t max_text = 128;  // of a gauge

}  // namespace

SpeedGauge::SpeedGauge(runtime::Device& device, std::string model)
    : device_(device), model_(std::move(model)) {
  if (model_.size() > max_text) model_.resize(max_text);
}

void SpeedGauge::tokens(std::uint32_t count, Clock::time_point now) {
  if (!std::exchange(started_, true)) {
    since_ = now;
    return;
  }
  tokens_ += count;
  if (now - since_ < interval) return;
  const double seconds = std::chrono::duration<double>(now - since_).count();
  const std::array<client::Gauge, 2> gauges{
      client::Gauge{"tokens_per_second", tokens_ / seconds, {}, 0},
      client::Gauge{"model", 0, model_, 0}};
  device_.publish(gauges);
  since_ = now;
  tokens_ = 0;
}

}  // namespace redbolt::llm
