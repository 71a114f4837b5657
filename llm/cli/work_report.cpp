#include "cli/work_report.hpp"

#include <array>
#include <utility>

namespace redbolt::llm::cli {
namespace {

constexpr std::size_t max_text = 128;  // of a gauge

}  // namespace

void check_asked_back(runtime::Device& device) {
  const auto request = device.release_request();
  if (!request) return;
  std::string message = "stopped, and the card given back: " + request->command + " (pid " +
                        std::to_string(request->pid) + ") asked for it";
  if (!request->reason.empty()) message += ": " + request->reason;
  throw CardAskedBack(message);
}

WorkReport::WorkReport(runtime::Device& device, std::string model)
    : device_(device), model_(std::move(model)) {
  if (model_.size() > max_text) model_.resize(max_text);
}

void WorkReport::token(Clock::time_point now) {
  check_asked_back(device_);
  if (!std::exchange(started_, true)) {
    since_ = now;
    return;
  }
  ++tokens_;
  if (now - since_ < interval) return;
  const double seconds = std::chrono::duration<double>(now - since_).count();
  const std::array<client::Gauge, 2> gauges{
      client::Gauge{"tokens_per_second", tokens_ / seconds, {}, 0},
      client::Gauge{"model", 0, model_, 0}};
  device_.publish(gauges);
  since_ = now;
  tokens_ = 0;
}

}  // namespace redbolt::llm::cli
