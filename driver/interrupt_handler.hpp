// The interrupt handler (IH): two rings in video memory into which the card writes what happened.
// There is no message-signalled interrupt on every way to reach a card, so the host asks.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "memory/memory_hub.hpp"
#include "memory/vram_window.hpp"
#include "redbolt/driver/interrupt.hpp"
#include "register_file.hpp"

namespace redbolt::driver {

inline constexpr std::size_t kInterruptEntrySize = 32;

// One entry of the ring.
Interrupt decode_interrupt(std::span<const std::byte, kInterruptEntrySize> entry);

class InterruptHandler {
 public:
  InterruptHandler(RegisterFile& registers, VramWindow& window, const Framebuffer& framebuffer);

  // Sets both rings up, empty, and turns them on.
  void start();

  // Entries since the last call, oldest first. After an overflow the oldest are lost; overflowed()
  // says that it happened.
  std::vector<Interrupt> drain();
  bool overflowed() const { return overflowed_; }

  // Whether drain() would find something: what the card last wrote of its write pointer into video
  // memory. No register is read.
  bool pending();

 private:
  void configure_ring0();
  void configure_ring1();
  void handle_overflow();

  RegisterFile& registers_;
  VramWindow& window_;
  Framebuffer framebuffer_;
  std::uint32_t read_pointer_ = 0;  // in bytes
  bool overflowed_ = false;
};

}  // namespace redbolt::driver
