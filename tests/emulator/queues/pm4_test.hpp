// A PM4 processor with a ring and some memory, for tests that feed it packets.
#pragma once

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "packets/pm4_processor.hpp"
#include "packets/queue_error.hpp"
#include "recording_hosts.hpp"

namespace redbolt::emulator::testing {

inline constexpr std::uint64_t ring_base = 0x200000000000;
inline constexpr std::uint64_t ring_dwords = 1024;
inline constexpr std::uint64_t data = 0x200010000000;
inline constexpr std::uint32_t data_lo = 0x10000000;
inline constexpr std::uint32_t data_hi = 0x2000;

class Pm4Test : public ::testing::Test {
 protected:
  Pm4Test() {
    host.flat().map(ring_base, ring_dwords * 4);
    host.flat().map(data, 0x10000);
  }

  // Puts words into the ring behind what is there and executes all of them.
  void run(const std::vector<std::uint32_t>& words) {
    append(words);
    execute();
  }
  void append(const std::vector<std::uint32_t>& words) {
    for (const std::uint32_t word : words) {
      host.flat().write32(ring_base + (written++ % ring_dwords) * 4, word);
    }
  }
  void execute() {
    stream.set_end(written);
    while (processor.step(stream)) {
    }
  }
  QueueErrorKind error_of(const std::vector<std::uint32_t>& words) {
    try {
      run(words);
    } catch (const QueueError& error) {
      return error.kind();
    }
    ADD_FAILURE() << "no error";
    return QueueErrorKind::aborted;
  }
  std::uint32_t at(std::uint64_t offset) { return host.flat().read32(data + offset); }
  std::uint64_t at64(std::uint64_t offset) { return host.flat().read64(data + offset); }

  RecordingPm4Host host;
  std::stop_source stop;
  Pm4Processor processor{host, 0, stop.get_token()};
  PacketStream stream = PacketStream::ring(host.flat(), ring_base, ring_dwords, 0);
  std::uint64_t written = 0;
};

}  // namespace redbolt::emulator::testing
