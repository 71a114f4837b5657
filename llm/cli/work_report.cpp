#include "cli/work_report.hpp"

#include <utility>

#include "engine/asked_back.hpp"

namespace redbolt::llm::cli {

void check_asked_back(runtime::Device& device) {
  if (const auto message = asked_back(device)) throw CardAskedBack(*message);
}

WorkReport::WorkReport(runtime::Device& device, std::string model)
    : device_(device), seat_(nullptr, std::move(model)), gauge_(device, seat_) {}

void WorkReport::token(Clock::time_point now) {
  check_asked_back(device_);
  gauge_.tokens(1, now);
}

}  // namespace redbolt::llm::cli
