// What a packet costs the emulated card: nanoseconds per PM4 packet by kind, microseconds per
// dispatch of one wave that ends at once, and SDMA copies. Everything goes the way of a driver:
// ring, indirect buffer, doorbell, fence.
#include <chrono>
#include <cstdio>
#include <vector>

#include "queue_card.hpp"

namespace {

using namespace redbolt::emulator;
using namespace redbolt::emulator::testing;

constexpr std::uint64_t page = QueueCard::va_base + QueueCard::mapped_from;
constexpr std::uint64_t ring = page + 0x100000;
constexpr std::uint64_t poll = page + 0x38;
constexpr std::uint64_t report = page + 0x80;
constexpr std::uint64_t data = page + 0x10000;
constexpr std::uint64_t code = page + 0x20000;
constexpr std::uint64_t buffer = page + 0x200000;
constexpr std::uint32_t ring_dwords = 1024;

std::uint32_t low(std::uint64_t address) {
  return static_cast<std::uint32_t>(address);
}
std::uint32_t high(std::uint64_t address) {
  return static_cast<std::uint32_t>(address >> 32);
}

class Queue {
 public:
  explicit Queue(QueueCard& card) : card_(card) {
    card.clear(page, 0x40000);
    card.write(gc::CP_MEC_DOORBELL_RANGE_UPPER, 0xf8);
    card.write(gc::CP_MEC_RS64_CNTL, 0x4000000);
    card.write(gc::GRBM_GFX_CNTL, 0x4);
    card.write(gc::CP_HQD_PQ_BASE, low(ring >> 8));
    card.write(gc::CP_HQD_PQ_BASE_HI, high(ring >> 8));
    card.write(gc::CP_HQD_PQ_RPTR_REPORT_ADDR, low(report));
    card.write(gc::CP_HQD_PQ_RPTR_REPORT_ADDR_HI, high(report));
    card.write(gc::CP_HQD_PQ_WPTR_POLL_ADDR, low(poll));
    card.write(gc::CP_HQD_PQ_WPTR_POLL_ADDR_HI, high(poll));
    card.write(gc::CP_HQD_PQ_DOORBELL_CONTROL, 0x40000018);
    card.write(gc::CP_HQD_PQ_CONTROL, 0x509);
    card.write(gc::CP_HQD_ACTIVE, 1);
    run({0xc0027600, 0x216, 0xffffffff, 0xffffffff});  // compute units of two shader engines
  }

  void run(const std::vector<std::uint32_t>& words) {
    for (const std::uint32_t word : words)
      card_.store32(ring + (written_++ % ring_dwords) * 4, word);
    card_.store64(poll, written_);
    card_.state().ring_doorbell(0x18, written_, 8);
    while (card_.load64(report) != written_) {
    }
  }

  // Nanoseconds per packet, `count` copies of it in one indirect buffer.
  double time(const std::vector<std::uint32_t>& packet, std::size_t count) {
    std::vector<std::uint32_t> words;
    for (std::size_t i = 0; i < count; ++i) words.insert(words.end(), packet.begin(), packet.end());
    card_.put(buffer, words);
    const auto begin = std::chrono::steady_clock::now();
    run({0xc0023f00, low(buffer), high(buffer),
         static_cast<std::uint32_t>(words.size()) | 1u << 23});
    const std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - begin;
    return spent.count() / static_cast<double>(count);
  }

 private:
  QueueCard& card_;
  std::uint64_t written_ = 0;
};

}  // namespace

int main() {
  QueueCard card;
  Queue queue(card);
  const struct {
    const char* name;
    std::vector<std::uint32_t> packet;
  } packets[] = {
      {"NOP", {0xc0001000, 0}},
      {"SET_SH_REG, 2 registers", {0xc0027600, 0x240, 1, 2}},
      {"ACQUIRE_MEM", {0xc0065800, 0, ~0u, ~0u, 0, 0, 0, 0xc3f1}},
      {"WRITE_DATA, 1 dword", {0xc0033700, 0x500, low(data), high(data), 1}},
      {"RELEASE_MEM, 32 bits", {0xc0064900, 0x514, 1u << 29, low(data), high(data), 1, 0, 0}},
      {"WAIT_REG_MEM that holds", {0xc0053c00, 0x10, low(data), high(data), 0, 0, 4}},
  };
  for (const auto& entry : packets) {
    std::printf("%-28s %8.0f ns\n", entry.name, queue.time(entry.packet, 20000));
  }
  const std::uint32_t end_program = 0xbfb00000;
  card.store32(code, end_program);
  queue.run({0xc0027600, 0x20c, low(code >> 8), high(code >> 8), 0xc0027600, 0x212, 0x40bf0000, 0,
             0xc0037600, 0x207, 1, 1, 1});
  std::printf("%-28s %8.0f ns\n", "DISPATCH_DIRECT, one wave",
              queue.time({0xc0031500, 1, 1, 1, 0x8005}, 2000));
  const std::uint32_t bytes = 16u << 20;
  const double copy = queue.time({0xc0055000, 3u << 29 | 3u << 20, low(page + 0x800000), high(page),
                                  low(page + 0x1800000), high(page), bytes},
                                 4);
  std::printf("%-28s %8.2f GB/s\n", "DMA_DATA, 16 MiB", bytes / copy);
  return 0;
}
