// A compute queue of an emulated card, from its MQD to its doorbell, for tests. Programs are
// gfx1100 machine code; beside each word stands what LLVM's assembler says it is.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "blocks/mec.hpp"
#include "queue_card.hpp"

namespace redbolt::emulator::testing {

inline constexpr std::uint64_t page = QueueCard::va_base + QueueCard::mapped_from;
inline constexpr std::uint64_t ring = page + 0x100000;
inline constexpr std::uint64_t poll = page + 0x38;
inline constexpr std::uint64_t report = page + 0x80;
inline constexpr std::uint64_t data = page + 0x10000;
inline constexpr std::uint64_t code = page + 0x20000;
inline constexpr std::uint64_t buffer = page + 0x30000;
inline constexpr std::uint64_t mqd_offset = 0x9b000;  // in VRAM
inline constexpr std::uint32_t ring_dwords = 1024;
inline constexpr std::uint32_t doorbell = 0x18;

inline std::uint32_t low(std::uint64_t address) {
  return static_cast<std::uint32_t>(address);
}
inline std::uint32_t high(std::uint64_t address) {
  return static_cast<std::uint32_t>(address >> 32);
}

// Stores user SGPR 2 to the address in user SGPRs 0 and 1.
inline const std::vector<std::uint32_t> store_program{
    0x7e000280,              // v_mov_b32 v0, 0
    0x7e020202,              // v_mov_b32 v1, s2
    0xdc6a0000, 0x00000100,  // global_store_b32 v0, v1, s[0:1]
    0xbfb00000,              // s_endpgm
};
inline const std::vector<std::uint32_t> endless_program{0xbfa0ffff};  // s_branch -1

class MecTest : public ::testing::Test {
 protected:
  explicit MecTest(const char* faults = "") : card_(std::make_unique<QueueCard>(faults)) {
    prepare();
  }
  void prepare() {
    card.clear(page, 0x40000);
    card.write(gc::CP_MEC_DOORBELL_RANGE_LOWER, 0);
    card.write(gc::CP_MEC_DOORBELL_RANGE_UPPER, 0xf8);
    card.write(gc::CP_MEC_RS64_CNTL, 0x10000);
    card.write(gc::CP_MEC_RS64_CNTL, 0);
    card.write(gc::CP_MEC_RS64_CNTL, 0x4000000);
    select(0);
  }
  ~MecTest() override {
    // Fixtures must go promptly, whatever hangs.
    const auto begin = std::chrono::steady_clock::now();
    card_.reset();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  }

  void select(std::uint32_t queue) { card.write(gc::GRBM_GFX_CNTL, 0x4 | queue << 8); }

  // Step 15 of boot_order_gfx1100.md: an MQD in VRAM whose dwords 0x80..0xb7 go to the registers
  // one after the other, then CP_HQD_ACTIVE. The header and the masks of compute units are those of
  // the trace (event 4904 gives the SHA-256 of its MQD).
  void activate(std::uint64_t ring_base = ring, std::uint32_t compute_units = 0xffffffff,
                std::uint32_t doorbell_byte = doorbell) {
    std::vector<std::uint32_t> mqd(512);
    mqd[0] = 0xc0310800;
    for (const std::size_t mask : {23u, 24u, 26u, 27u, 44u, 45u, 46u, 47u})
      mqd[mask] = compute_units;
    const std::uint64_t mc = card.state().parts().memory.framebuffer_base().value() + mqd_offset;
    const auto set = [&](std::size_t index, std::uint64_t address) {
      mqd[index] = low(address);
      mqd[index + 1] = high(address);
    };
    set(0x80, mc);
    mqd[0x84] = 0x5501;
    set(0x88, ring_base >> 8);
    set(0x8b, report);
    set(0x8d, poll);
    mqd[0x8f] = 0x40000000 | doorbell_byte;
    mqd[0x91] = 0x509;  // 2^10 dwords
    mqd[0xa2] = 0x100;
    for (const auto& [index, value] : mqd_changes) mqd[index] = value;
    card.put(QueueCard::va_base + mqd_offset, mqd);
    for (std::uint32_t i = 0x80; i <= 0xb7; ++i) card.registers().write(0x3209 + i - 0x80, mqd[i]);
    card.write(gc::CP_HQD_ACTIVE, 1);
  }
  bool is_active() { return card.read(gc::CP_HQD_ACTIVE) == 1; }
  bool ends() {
    return eventually([&] { return !is_active(); });
  }
  void reset_queue() {
    card.write(gc::CP_HQD_DEQUEUE_REQUEST, 2);
    card.write(gc::SPI_COMPUTE_QUEUE_RESET, 1);
  }

  void submit(const std::vector<std::uint32_t>& words) {
    for (const std::uint32_t word : words) {
      card.store32(ring + (written_++ % ring_dwords) * 4, word);
    }
    card.store64(poll, written_);
    card.state().ring_doorbell(doorbell, written_, 8);
  }
  bool drained() {
    return eventually([&] { return card.load64(report) == written_; });
  }

  void load(const std::vector<std::uint32_t>& program) { card.put(code, program); }
  static std::vector<std::uint32_t> dispatch(std::uint64_t target, std::uint32_t value) {
    return {
        0xc0027600,
        0x20c,
        low(code >> 8),
        high(code >> 8),  // COMPUTE_PGM
        0xc0027600,
        0x212,
        0x40bf0000,
        0x6,  // RSRC1, RSRC2: three user SGPRs
        0xc0037600,
        0x240,
        low(target),
        high(target),
        value,
        0xc0087600,
        0x204,
        0,
        0,
        0,
        1,
        1,
        1,
        0,
        0,
        0xc0031500,
        1,
        1,
        1,
        0x8005,
    };
  }
  static std::vector<std::uint32_t> release(std::uint64_t target, std::uint32_t value,
                                            std::uint32_t selects = 1u << 29,
                                            std::uint32_t context_id = 0) {
    return {0xc0064900, 0x70f514, selects, low(target), high(target), value, 0, context_id};
  }
  static std::vector<std::uint32_t> wait_equal(std::uint64_t target, std::uint32_t value) {
    return {0xc0053c00, 0x13, low(target), high(target), value, 0xffffffff, 4};
  }
  std::vector<std::string> reasons() { return card.state().halted_queues(); }

  std::unique_ptr<QueueCard> card_;
  QueueCard& card = *card_;
  std::uint64_t written_ = 0;
  std::vector<std::pair<std::size_t, std::uint32_t>> mqd_changes;  // dwords that tests set
};

inline std::vector<std::uint32_t> operator+(std::vector<std::uint32_t> a,
                                            const std::vector<std::uint32_t>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace redbolt::emulator::testing
