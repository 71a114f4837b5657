#include "look_schedule.hpp"

#include <algorithm>

namespace redbolt::daemon {
namespace {

using namespace std::chrono_literals;
using Duration = LookSchedule::Duration;

// Names are the clients' choice. What is forgotten is learnt again.
constexpr std::size_t most_names = 256;

constexpr Duration first_look = 200us;  // at work of which nothing is known

// Of the time expected. The first comes early, or work that has become faster would not be noticed.
constexpr int early_percent = 90;
constexpr int late_percent = 105;

// Past what was expected: looks at this ratio of ages, so that even work that takes a hundred times
// as long gets only twenty or so more.
Duration back_off(Duration age) {
  return age + std::clamp<Duration>(age / 4, first_look, LookSchedule::longest_pause);
}

// Where nothing was: wider, since the way is from microseconds to whatever it takes. It costs up to
// half of its time once; the next time is known.
Duration search(Duration age) {
  return age + std::clamp<Duration>(age / 2, first_look, LookSchedule::longest_pause);
}

Duration percent(Duration duration, int percent) {
  return duration * percent / 100;
}

Duration capped(Duration next, Duration age) {
  return std::min(next, age + LookSchedule::longest_pause);
}

}  // namespace

void LookSchedule::begin(const std::string& name, std::size_t repeats) {
  name_ = name;
  repeats_ = std::max<std::size_t>(repeats, 1);
  expected_.reset();
  if (const auto known = per_repeat_.find(name); known != per_repeat_.end())
    expected_ = known->second * repeats_;
}

void LookSchedule::begin() {
  name_.clear();
  repeats_ = 1;
  expected_.reset();
}

void LookSchedule::finished(Duration age) {
  if (name_.empty()) return;
  if (per_repeat_.size() >= most_names) per_repeat_.clear();
  const Duration now = age / repeats_;
  const auto [known, is_new] = per_repeat_.try_emplace(name_, now);
  if (!is_new) known->second = (known->second + now) / 2;
}

Duration LookSchedule::next_fence_look(Duration age) const {
  if (expected_) {
    for (const int part : {early_percent, late_percent}) {
      if (const Duration look = percent(*expected_, part); age < look) return capped(look, age);
    }
    return capped(back_off(age), age);
  }
  return capped(search(age), age);
}

Duration LookSchedule::next_words_look(Duration age) const {
  if (!expected_) return capped(search(age), age);
  const Duration two_repeats = std::max<Duration>(*expected_ * 2 / repeats_, first_look);
  const Duration next = (age / two_repeats + 1) * two_repeats;
  // Near its end, what is complete brings its words along.
  if (next < percent(*expected_, early_percent)) return capped(next, age);
  return capped(std::max(back_off(age), percent(*expected_, late_percent)), age);
}

}  // namespace redbolt::daemon
