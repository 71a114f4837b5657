// How a card came back to work after a fault or a hang: the lightest reset that did it.
#pragma once

#include <cstdint>

namespace redbolt::driver {

enum class RecoveryRung : std::uint8_t {
  queue,   // the queues were taken off their engines, their waves killed, and put back
  engine,  // the compute micro engine and the copy engine were reset
  card,    // the whole card was reset and booted: video memory and all addresses are new
};

// The stable text form of a rung: "queue", "engine", "card".
const char* to_string(RecoveryRung rung);

struct Recovery {
  RecoveryRung rung = RecoveryRung::queue;
  double seconds = 0;

  // Whether video memory, contexts, addresses and queues are what they were.
  bool memory_kept() const { return rung != RecoveryRung::card; }
};

}  // namespace redbolt::driver
