// When to look at work on the card, where every look is a message to a server: at the moments when
// there is likely to be something to see, as far as the same work's last time tells. So the number
// of looks does not depend on how fast the card is, or the machine that emulates it.
//
// Belongs to the device thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>

namespace redbolt::daemon {

class LookSchedule {
 public:
  using Duration = std::chrono::steady_clock::duration;

  // No look is further away: the card may have gone, and words wait to be seen.
  static constexpr Duration longest_pause = std::chrono::milliseconds(300);

  // Work of that name is now the oldest on the card. repeats: of what it does, at least 1.
  void begin(const std::string& name, std::size_t repeats);
  // The same, for work whose length its name does not tell.
  void begin();
  // It was seen to be complete at that age.
  void finished(Duration age);

  // The age at which to look next whether it is complete, when it has reached `age`.
  Duration next_fence_look(Duration age) const;
  // The same for the words that it releases while it runs: after every second repeat.
  Duration next_words_look(Duration age) const;

 private:
  std::map<std::string, Duration> per_repeat_;  // how long it took lately
  std::string name_;                            // of the oldest; empty: nothing is to be learnt
  std::size_t repeats_ = 1;
  std::optional<Duration> expected_;  // for all repeats
};

}  // namespace redbolt::daemon
