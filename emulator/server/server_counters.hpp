// What the server counts, over all connections.
//
// Threads: any.
#pragma once

#include <atomic>
#include <cstdint>

namespace redbolt::emulator {

struct ServerCounters {
  std::atomic<std::uint64_t> connections{0};
  std::atomic<std::uint64_t> open{0};
  std::atomic<std::uint64_t> refused{0};
  std::atomic<std::uint64_t> dropped{0};
  std::atomic<std::uint64_t> messages{0};
  std::atomic<std::uint64_t> bytes_in{0};
  std::atomic<std::uint64_t> bytes_out{0};
  std::atomic<std::uint64_t> errors{0};
  std::atomic<std::uint64_t> host_bytes{0};
};

}  // namespace redbolt::emulator
