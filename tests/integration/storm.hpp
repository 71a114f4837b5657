// Clients, daemons and servers of an emulated card killed at random moments, over and over; and
// what is left in the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace redbolt::test {

struct StormPlan {
  unsigned client_kills = 1000;
  unsigned daemon_kills = 100;
  unsigned unplugs = 100;  // the server of the card is killed, and started again a moment later
  unsigned seed = 1;
  std::function<void(const std::string& line)> progress = [](const std::string&) {};
};

struct StormReport {
  std::vector<std::string> problems;
  // Of the last daemon, after its first clients and in the end.
  std::size_t descriptors_before = 0, descriptors_after = 0;
  std::uint64_t resident_before = 0, resident_after = 0;  // bytes, without shared memory
  std::string answer;                                     // of the model, after all of it
  double seconds = 0;
};

StormReport run_storm(const StormPlan& plan);

}  // namespace redbolt::test
