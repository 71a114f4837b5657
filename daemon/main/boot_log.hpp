// What redboltd says on standard error: the steps of the boot, what came of it, and events. Lines
// come from the device thread and from the thread of the sockets; each is written in one piece.
#pragma once

#include <string>

#include "redbolt/driver/card.hpp"

namespace redbolt::daemon {

struct BootSummary {
  driver::CardInfo card;
  driver::BootReport report;
  Bytes arena;
};

class BootLog {
 public:
  explicit BootLog(bool quiet) : quiet_(quiet) {}

  void step(const driver::BootStep& step) const;
  void summary(const BootSummary& summary) const;
  void line(const std::string& text) const;

 private:
  bool quiet_;
};

// "23.9 GiB".
std::string readable(Bytes size);

}  // namespace redbolt::daemon
