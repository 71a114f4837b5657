// The interrupt handler (OSSSYS IH): takes what blocks report and writes it as 32-byte entries into
// ring 0 or ring 1, which the driver has described in the IH_RB_* registers.
//
// A ring that is disabled loses entries. A full ring overwrites its oldest entry and sets
// RB_OVERFLOW in its write pointer if WPTR_OVERFLOW_ENABLE is set, else the new entry is lost and
// IH_RB_STATUS says that the ring is full. Clients in IH_STORM_CLIENT_LIST_CNTL lose entries
// already when the ring is half full, if IH_INT_FLOOD_CNTL enables that (the tables name the
// registers; half the ring is modelled).
//
// No message-signalled interrupt is sent: drivers poll the write pointer.
// Threads: an own thread writes entries; register handlers run on the host's.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <thread>

#include "blocks/engine.hpp"
#include "blocks/interrupt_queue.hpp"

namespace redbolt::emulator {

class InterruptHandler : public Engine {
 public:
  InterruptHandler(const CardParts& parts, InterruptQueue& queue);
  ~InterruptHandler() override;

  void start() override;
  void stop() override;
  void reset() override;
  bool busy() const override { return false; }

 private:
  struct Ring;  // where a ring's registers are
  struct ClientFilter {
    bool used = false;
    std::uint32_t value = 0;  // IH_RING1_CLIENT_CFG_DATA
    bool matches(const InterruptEntry& entry) const;
  };
  static constexpr std::size_t ring1_filters = 8;
  static const std::array<Ring, 2> rings;

  void run();
  void deliver(const InterruptEntry& entry);
  const Ring& ring_of(const InterruptEntry& entry) const;
  bool is_flooding(const Ring& ring, const InterruptEntry& entry, std::uint32_t used,
                   std::uint32_t size) const;
  void note_flood(const InterruptEntry& entry);
  std::array<std::uint32_t, 8> encode(const InterruptEntry& entry) const;
  bool write(const Ring& ring, std::uint64_t address, std::span<const std::byte> bytes);
  void write_back(const Ring& ring, std::uint32_t write_pointer);

  CardParts parts_;
  InterruptQueue& queue_;
  // Guards the write pointers' read-modify-write and the filters. Hub and RegisterSpace::peek/poke
  // are called with it held; nothing that calls register handlers is.
  mutable std::mutex mutex_;
  std::array<ClientFilter, ring1_filters> filters_{};
  std::thread thread_;
  Counter& written_;
  Counter& lost_;
  Counter& overflows_;
};

}  // namespace redbolt::emulator
