#include "redbolt/llm/output/stop_strings.hpp"

#include <algorithm>
#include <utility>

namespace redbolt::llm {

StopStringFilter::StopStringFilter(std::vector<std::string> stops) : stops_(std::move(stops)) {}

std::string StopStringFilter::push(std::string_view text) {
  std::string out;
  for (const char byte : text) {
    if (matched_) break;
    pending_ += byte;
    const std::size_t kept = look_for_match() ? pending_.size() : beginning_of_a_stop();
    out.append(pending_, 0, pending_.size() - kept);
    pending_.erase(0, pending_.size() - kept);
    if (matched_) {
      pending_.resize(pending_.size() - stops_[*matched_].size());
      out += std::exchange(pending_, {});
    }
  }
  return out;
}

std::string StopStringFilter::finish() {
  return std::exchange(pending_, {});
}

// pending_ begins where the longest stop string that may be under way does, so one that is complete
// lies in it.
bool StopStringFilter::look_for_match() {
  for (std::size_t i = 0; i < stops_.size(); ++i) {
    const std::string& stop = stops_[i];
    if (stop.empty() || !pending_.ends_with(stop)) continue;
    if (!matched_ || stop.size() > stops_[*matched_].size()) matched_ = i;
  }
  return matched_.has_value();
}

// The length of the longest end of pending_ that some stop string begins with.
std::size_t StopStringFilter::beginning_of_a_stop() const {
  const std::string_view pending = pending_;
  for (std::size_t from = 0; from < pending.size(); ++from) {
    const std::string_view end = pending.substr(from);
    if (std::ranges::any_of(stops_,
                            [&](const std::string& stop) { return stop.starts_with(end); })) {
      return end.size();
    }
  }
  return 0;
}

}  // namespace redbolt::llm
