// Why a queue stops. Thrown while a packet is executed and caught by the engine that runs the
// queue, which records the reason, reports it the way the hardware does, and halts the queue until
// a reset.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace redbolt::emulator {

enum class QueueErrorKind : std::uint8_t {
  memory_fault,         // a translation the engine needs does not exist; the hub has recorded it
  bad_opcode,           // no such packet on this engine
  bad_packet,           // reserved values, a wrong length, a combination the engine does not have
  privileged_register,  // a register packet outside the range it may touch
  bad_ring,             // the ring's registers or pointers make no sense
  poll_timeout,         // a poll that gave up after its number of retries
  dispatch_refused,     // resources that no compute unit has
  wave_fault,           // a wave was halted by a memory fault; the hub has recorded it
  illegal_instruction,  // a wave was halted by an instruction
  aborted,              // the queue was reset or the card is going away; not an error
};

class QueueError : public std::runtime_error {
 public:
  QueueError(QueueErrorKind kind, const std::string& reason, std::uint64_t address = 0)
      : std::runtime_error(reason), kind_(kind), address_(address) {}
  QueueErrorKind kind() const { return kind_; }
  // The virtual address concerned, or 0.
  std::uint64_t address() const { return address_; }

 private:
  QueueErrorKind kind_;
  std::uint64_t address_;
};

// Throws bad_packet: the packet names something ("dst_sel 3") that the engine does not have.
[[noreturn]] void reject_packet(const char* packet, const char* what, std::uint32_t value);

}  // namespace redbolt::emulator
