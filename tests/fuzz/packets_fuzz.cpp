// Arbitrary words as a ring of packets: whatever they are, the processors execute them, wait, or
// throw QueueError, and touch nothing but the memory that is mapped. The first byte chooses the
// engine. Memory is poisoned with the input as well, so that indirect buffers and pointers are met.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "packets/queue_error.hpp"
#include "recording_hosts.hpp"

namespace {

using namespace redbolt::emulator;
using redbolt::emulator::testing::FlatMemory;
using redbolt::emulator::testing::RecordingAqlHost;
using redbolt::emulator::testing::RecordingPm4Host;
using redbolt::emulator::testing::RecordingSdmaHost;

constexpr std::uint64_t ring_base = 0x1000;
constexpr std::uint64_t ring_dwords = 1024;
constexpr std::uint64_t data_base = 0x10000;
constexpr std::uint64_t data_bytes = 0x10000;
constexpr int most_packets = 2000;  // an indirect buffer may chain to itself

// Ends the run instead of waiting: nobody else would satisfy the wait.
template <class Host>
class BoundedHost : public Host {
 public:
  void wait_begins() override { throw QueueError(QueueErrorKind::aborted, "a wait"); }
  void count_packet(std::uint8_t code) override {
    Host::count_packet(code);
    if (Host::packets > most_packets) throw QueueError(QueueErrorKind::aborted, "enough");
  }
};

template <class Processor, class Host>
void execute(const std::vector<std::uint32_t>& words) {
  BoundedHost<Host> host;
  FlatMemory& memory = host.flat();
  memory.map(ring_base, ring_dwords * 4);
  memory.map(data_base, data_bytes);
  const std::size_t count = std::min<std::size_t>(words.size(), ring_dwords);
  memory.put(data_base, std::span(words).first(count));
  // Starts near the end of the ring, so that packets wrap.
  const std::uint64_t start = ring_dwords - count / 2;
  for (std::size_t i = 0; i < count; ++i) {
    memory.write32(ring_base + (start + i) % ring_dwords * 4, words[i]);
  }
  Processor processor(host, 0, {});
  PacketStream stream = PacketStream::ring(memory, ring_base, ring_dwords, start);
  stream.set_end(start + count);
  try {
    while (processor.step(stream)) {
    }
  } catch (const QueueError&) {
  }
}

// The same words as a ring of AQL packets, whose PM4 buffers are the input too.
void execute_aql(const std::vector<std::uint32_t>& words) {
  BoundedHost<RecordingAqlHost> host;
  FlatMemory& memory = host.flat();
  memory.map(ring_base, ring_dwords * 4);
  memory.map(data_base, data_bytes);
  const std::size_t count = std::min<std::size_t>(words.size() & ~std::size_t{15}, ring_dwords);
  memory.put(data_base, std::span(words).first(count));
  memory.put(ring_base, std::span(words).first(count));
  Pm4Processor pm4(host, 0, {});
  AqlProcessor processor(host, pm4, 0, {});
  PacketStream stream = PacketStream::ring(memory, ring_base, ring_dwords, 0);
  stream.set_end(count);
  try {
    while (processor.step(stream)) {
    }
  } catch (const QueueError&) {
  }
}

std::vector<std::uint8_t> sample(std::uint8_t engine, const std::vector<std::uint32_t>& words) {
  std::vector<std::uint8_t> bytes(4 + words.size() * 4);
  bytes[0] = engine;
  std::memcpy(bytes.data() + 4, words.data(), words.size() * 4);
  return bytes;
}

}  // namespace

std::vector<std::vector<std::uint8_t>> fuzz_samples() {
  constexpr std::uint32_t d = data_base;
  return {
      sample(0, {0xc0053c00, 0x15,       d, 0, 2, 0xffffffff, 4,          0xc0065800, 0,
                 ~0u,        ~0u,        0, 0, 0, 0xc3f1,     0xc0027600, 0x20c,      0x10060,
                 0x20,       0xc0031500, 1, 1, 1, 0x8005,     0xc0004600, 0x407,      0xc0064900,
                 0x70f514,   0x22000000, d, 0, 3, 0,          0}),
      sample(0,
             {0xc0023f00, d,          0,          0x800010, 0xc0033700, 0x500,  d,      0,
              1,          0xc0044000, 0x10202,    d,        0,          d + 64, 0,      0xc0071e00,
              47,         d,          0,          1,        0,          0,      0,      0,
              0xc0055000, 0x60300000, d,          0,        d + 0x4000, 0,      0x5000, 0xc0032200,
              d,          0,          0,          5,        0xc0021600, d,      0,      0x8001,
              0xc0074500, 0x113,      d,          0,        1,          ~0u,    d,      0,
              5,          0xc0079300, 0x13,       d,        0,          0,      0,      0,
              0,          4,          0xc0043700, 0,        0x3049,     0,      8,      9,
              0xffff1000, 0x80000000}),
      sample(1, {0xd0000008, d, 0,       0, ~0u,   0x0fff0004, 0x1, 0x2fff, 0,     d, 0,
                 d + 0x8000, 0, 0x30005, d, 0,     1,          0x6, 5,      0x10d, d, 0,
                 0x8000000b, d, 0,       7, 0xfff, 0x2,        d,   0,      1,     4, 5}),
      sample(1, {0, 0,          4,      d,          0,          16, 0, 0, 0x9,    d,
                 0, 1,          4,      0x5e00000a, d,          0,  1, 0, 0,      0,
                 0, 0xc,        d,      0,          0x71,       0,  0, 1, 0x1000, 0,
                 8, 0xf000000e, 0x1233, 1,          0x08000001, 63, 0, d, 0,      d + 512,
                 0, d + 1024,   0,      0x02000001, 4095,       0,  d, 0, d + 16, 0}),
      sample(2,
             {0x11602,  32,         1,          64,    1,        1,         0, 0, d, 0, d, 0, 0, 0,
              d + 0x40, 0,  // a kernel,
              0x11600,  0xc0023f00, d + 0x100,  0,     0x800008, 10,        0, 0, 0, 0, 0, 0, 0, 0,
              0,        0,          0x1603,     0,     d + 0x80, 0,         0, 0, 0, 0, 0, 0, 0, 0,
              0,        0,          d + 0x40,   0,  // barriers
              0x1605,   0,          d + 0x80,   0,     0,        0,         0, 0, 0, 0, 0, 0, 0, 0,
              0,        0,          0xc0064900, 0x514, 1u << 29, d + 0x200, 0, 7, 0, 0, 0, 0, 0, 0,
              0,        0,          0,          0}),
  };
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  std::vector<std::uint32_t> words((size - 4) / 4);
  if (!words.empty()) std::memcpy(words.data(), data + 4, words.size() * 4);
  switch (data[0] % 3) {
    case 0:
      execute<Pm4Processor, RecordingPm4Host>(words);
      break;
    case 1:
      execute<SdmaProcessor, RecordingSdmaHost>(words);
      break;
    default:
      execute_aql(words);
  }
  return 0;
}
