// What redboltd says of its boot: the steps, and what came of it, as columns in the log.
#pragma once

#include <string>

#include "log.hpp"
#include "redbolt/driver/card.hpp"

namespace redbolt::daemon {

struct BootSummary {
  driver::CardInfo card;
  driver::BootReport report;
  Bytes arena;
};

class BootLog {
 public:
  explicit BootLog(const Log& log) : log_(log) {}

  void step(const driver::BootStep& step) const;
  void summary(const BootSummary& summary) const;

 private:
  const Log& log_;
};

// "Radeon RX 7900 XTX (gfx1100, 96 CUs, 24.0 GiB) at emulated:0000:03:00.0".
std::string card_text(const driver::CardInfo& card);

// "23.9 GiB".
std::string readable(Bytes size);

}  // namespace redbolt::daemon
