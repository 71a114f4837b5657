// VMIDs: what an indirect buffer's VMID field or the queue's decides, that one cannot reach what is
// another's, and how accesses that a page does not permit are reported.
#include "compute_queue_test.hpp"

namespace redbolt::emulator::testing {
namespace {

// Bits of leaves, card/pte_bits_gfx11.csv.
constexpr std::uint64_t leaf = 1ull << 54 | 1, executable = 1 << 4, readable = 1 << 5,
                        writable = 1 << 6, everything = executable | readable | writable;

constexpr std::uint64_t two_mib = 2 << 20;
// Two places in VRAM for what VMID 8 and VMID 9 see at `page`, and their tables.
constexpr std::uint64_t eight = QueueCard::va_base + 0x8000000, nine = eight + 2 * two_mib;
constexpr std::uint64_t probe = page + two_mib;

// Loads from s[0:1] and stores what it found to s[2:3].
const std::vector<std::uint32_t> copy_program{
    0x7e000280,              // v_mov_b32_e32 v0, 0
    0xdc520000, 0x01000000,  // global_load_b32 v1, v0, s[0:1]
    0xbf8903f7,              // s_waitcnt vmcnt(0)
    0xdc6a0000, 0x00020100,  // global_store_b32 v0, v1, s[2:3]
    0xbfb00000,              // s_endpgm
};
// Stores the high half of the LDS aperture's address to s[0:1].
const std::vector<std::uint32_t> aperture_program{
    0xbe8401eb,              // s_mov_b64 s[4:5], src_shared_base
    0x7e000280,              // v_mov_b32_e32 v0, 0
    0x7e020205,              // v_mov_b32_e32 v1, s5
    0xdc6a0000, 0x00000100,  // global_store_b32 v0, v1, s[0:1]
    0xbfb00000,              // s_endpgm
};

class AddressSpaceTest : public MecTest {
 protected:
  // VMID sees VRAM from `physical` on at `page`: 2 MiB with every permission, 2 MiB at `probe` with
  // these, and nothing else.
  void map(unsigned vmid, std::uint64_t physical, std::uint64_t permissions = everything) {
    constexpr std::uint64_t table_bytes = 4096;
    const std::uint64_t tables = 0x200000 + vmid * 4 * table_bytes;  // VRAM offset
    const auto entry = [&](std::uint64_t table, std::uint64_t index) {
      return QueueCard::va_base + tables + table * table_bytes + index * 8;
    };
    card.clear(QueueCard::va_base + tables, 3 * table_bytes);
    card.store64(entry(0, 0), (tables + table_bytes) | 1);
    card.store64(entry(1, 0), (tables + 2 * table_bytes) | 1);
    card.store64(entry(2, QueueCard::mapped_from >> 21),
                 (physical - QueueCard::va_base) | leaf | everything);
    card.store64(entry(2, (QueueCard::mapped_from >> 21) + 1),
                 (physical - QueueCard::va_base + two_mib) | leaf | permissions);
    RegisterSpace& r = card.registers();
    r.write(address_of(gc::GCVM_CONTEXT0_PAGE_TABLE_START_ADDR_LO32) + 2 * vmid, 0);
    r.write(address_of(gc::GCVM_CONTEXT0_PAGE_TABLE_START_ADDR_HI32) + 2 * vmid, 2);
    r.write(address_of(gc::GCVM_CONTEXT0_PAGE_TABLE_END_ADDR_LO32) + 2 * vmid, 0xffffffff);
    r.write(address_of(gc::GCVM_CONTEXT0_PAGE_TABLE_END_ADDR_HI32) + 2 * vmid, 7);
    r.write(address_of(gc::GCVM_CONTEXT0_PAGE_TABLE_BASE_ADDR_LO32) + 2 * vmid,
            static_cast<std::uint32_t>(tables) | 1);
    r.write(address_of(gc::GCVM_CONTEXT0_PAGE_TABLE_BASE_ADDR_HI32) + 2 * vmid, 0);
    r.write(address_of(gc::GCVM_CONTEXT0_CNTL) + vmid, 0x1fffe07);
  }
  // Where `vmid`'s memory at `address` is for the test.
  static std::uint64_t of(std::uint64_t space, std::uint64_t address) {
    return space + (address - page);
  }
  static std::vector<std::uint32_t> call(std::size_t dwords, unsigned vmid) {
    return {0xc0023f00, low(buffer), high(buffer),
            static_cast<std::uint32_t>(dwords) | 1u << 23 | vmid << 24};
  }
  static std::vector<std::uint32_t> copy(std::uint64_t from, std::uint64_t to) {
    auto words = dispatch(from, low(to));
    words.insert(words.begin() + 13, high(to));  // user SGPR 3
    words[8] = 0xc0047600;
    words[7] = 0x8;  // four user SGPRs
    return words;
  }
  std::uint32_t status() { return card.read(gc::GCVM_L2_PROTECTION_FAULT_STATUS); }
};

TEST_F(AddressSpaceTest, AnIndirectBufferLivesInItsVmid) {
  map(8, eight);
  map(9, nine);
  for (const std::uint64_t space : {eight, nine}) {
    const std::uint32_t mark = space == eight ? 0x88 : 0x99;
    const auto words = dispatch(data, mark) + release(data + 64, mark + 1);
    card.put(of(space, buffer), words);
    card.put(of(space, code), store_program);
    card.clear(of(space, data), 128);
  }
  card.store32(buffer, 0xffff1000);  // VMID 0 has something else there
  const std::size_t size = (dispatch(data, 0) + release(data, 0)).size();
  activate();
  // There and back, so that no translation of one may serve the other.
  for (int round = 0; round < 3; ++round) {
    submit(call(size, 8) + call(size, 9) + release(data + 64, 0x10));
    ASSERT_TRUE(drained());
  }
  EXPECT_EQ(card.load32(of(eight, data)), 0x88u);
  EXPECT_EQ(card.load32(of(eight, data + 64)), 0x89u);
  EXPECT_EQ(card.load32(of(nine, data)), 0x99u);
  EXPECT_EQ(card.load32(of(nine, data + 64)), 0x9au);
  EXPECT_EQ(card.load32(data), 0u);
  EXPECT_EQ(card.load32(data + 64), 0x10u);  // behind the buffers: the queue's own
  EXPECT_EQ(card.counter("page_faults"), 0u);
}

TEST_F(AddressSpaceTest, AKernelCannotReachAnothersPages) {
  InterruptRing interrupts(card);
  map(8, eight);
  const std::uint64_t secret = page + 2 * two_mib;  // VMID 0's, and not mapped for VMID 8
  card.store32(secret, 0x5ec7e7);
  const auto words = copy(secret, data) + release(data + 64, 1);
  card.put(of(eight, buffer), words);
  card.put(of(eight, code), copy_program);
  card.clear(of(eight, data), 128);
  activate();
  submit(call(words.size(), 8));
  ASSERT_TRUE(interrupts.wait_for(2));
  EXPECT_EQ(card.load32(of(eight, data)), 0u);
  EXPECT_EQ(card.load32(data), 0u);
  EXPECT_EQ(card.load32(of(eight, data + 64)), 0u);
  EXPECT_EQ(gc::GCVM_L2_PROTECTION_FAULT_STATUS.vmid.of(status()), 8u);
  EXPECT_EQ(gc::GCVM_L2_PROTECTION_FAULT_STATUS.rw.of(status()), 0u);
  EXPECT_EQ(card.read(gc::GCVM_L2_PROTECTION_FAULT_ADDR_LO32), low(secret >> 12));
  // The hub's entry and the wave's, both with the VMID in bits 27:24.
  EXPECT_EQ(interrupts.entry(0)[0] & 0xf000ffff, 10u);
  EXPECT_EQ(interrupts.entry(0)[0] >> 24 & 0xf, 8u);
  EXPECT_EQ(interrupts.entry(0)[4], low(secret >> 12));
  EXPECT_EQ(interrupts.entry(1)[0] & 0xffff, 20u | 239u << 8);
  EXPECT_EQ(interrupts.entry(1)[0] >> 24 & 0xf, 8u);
}

TEST_F(AddressSpaceTest, TheBufferItselfIsFetchedInItsVmid) {
  map(8, eight);
  const std::uint64_t foreign = page + 2 * two_mib;
  card.put(foreign, release(data, 1));
  activate();
  submit({0xc0023f00, low(foreign), high(foreign), 8 | 1u << 23 | 8u << 24});
  ASSERT_TRUE(eventually([&] { return !reasons().empty(); }));
  EXPECT_EQ(gc::GCVM_L2_PROTECTION_FAULT_STATUS.vmid.of(status()), 8u);
  EXPECT_EQ(card.load32(data), 0u);
}

TEST_F(AddressSpaceTest, AQueueOfAVmid) {
  map(8, eight);
  mqd_changes = {{0x83, 8}};  // CP_HQD_VMID
  card.put(of(eight, code), store_program);
  card.clear(of(eight, page), 0x40000);
  card.put(of(eight, code), store_program);
  const auto words = dispatch(data, 0x42) + release(data + 64, 1);
  card.put(of(eight, ring), words);
  card.store64(of(eight, poll), words.size());
  activate();
  card.state().ring_doorbell(doorbell, words.size(), 8);
  ASSERT_TRUE(eventually([&] { return card.load64(of(eight, report)) == words.size(); }));
  EXPECT_EQ(card.load32(of(eight, data)), 0x42u);
  EXPECT_EQ(card.load32(data), 0u);
}

TEST_F(AddressSpaceTest, AperturesAreTheVmids) {
  map(8, eight);
  const auto words = dispatch(data, 0);
  card.put(of(eight, buffer), words);
  card.put(of(eight, code), aperture_program);
  for (const auto& [vmid, base] : {std::pair<std::uint32_t, std::uint32_t>{0, 1}, {8, 0x4000}}) {
    card.write(gc::GRBM_GFX_CNTL, vmid << 4);
    card.write(gc::SH_MEM_BASES, base << 16 | 2);
  }
  select(0);
  load(aperture_program);
  activate();
  submit(dispatch(data, 0) + call(words.size(), 8));
  ASSERT_TRUE(drained());
  EXPECT_EQ(card.load32(data), 0x00010000u);
  EXPECT_EQ(card.load32(of(eight, data)), 0x40000000u);
}

// Permission bits, each with the access that needs it: permission_faults (2 read, 4 write,
// 8 execute) and rw of the status.
TEST_F(AddressSpaceTest, WhatAPageDoesNotPermit) {
  InterruptRing interrupts(card);
  auto from_probe = copy(data, data + 4);
  from_probe[2] = low(probe >> 8);
  from_probe[3] = high(probe >> 8);
  const struct {
    std::uint64_t permissions;
    std::uint32_t faults, write;
    std::vector<std::uint32_t> words;
  } cases[] = {{readable | executable, 4, 1, copy(data, probe)},
               {writable | executable, 2, 0, copy(probe, data)},
               {readable | writable, 8, 0, from_probe}};
  std::uint32_t entries = 0;
  for (const auto& [permissions, faults, write, words] : cases) {
    map(8, eight, permissions);
    card.put(of(eight, code), copy_program);
    card.put(of(eight, probe), copy_program);
    card.put(of(eight, buffer), words);
    card.write(gc::GCVM_L2_CNTL2, gc::GCVM_L2_CNTL2.invalidate_l2_cache.mask());
    card.write(gc::GCVM_L2_PROTECTION_FAULT_CNTL,
               gc::GCVM_L2_PROTECTION_FAULT_CNTL.clear_protection_fault_status_addr.mask());
    ASSERT_EQ(status(), 0u);
    activate();
    submit(call(words.size(), 8));
    ASSERT_TRUE(interrupts.wait_for(entries += 2)) << faults;
    EXPECT_EQ(gc::GCVM_L2_PROTECTION_FAULT_STATUS.permission_faults.of(status()), faults);
    EXPECT_EQ(gc::GCVM_L2_PROTECTION_FAULT_STATUS.rw.of(status()), write);
    EXPECT_EQ(card.read(gc::GCVM_L2_PROTECTION_FAULT_ADDR_LO32), low(probe >> 12));
    EXPECT_EQ(interrupts.entry(entries - 2)[4], low(probe >> 12));
    // The wave: SQ_INTERRUPT_WORD_ERROR, memory violation.
    EXPECT_EQ(interrupts.entry(entries - 1)[4] >> 21 & 0xf, 2u);
    EXPECT_EQ(interrupts.entry(entries - 1)[5] >> 6 & 3, 2u);
    reset_queue();
    ASSERT_TRUE(ends());
    card.store64(poll, 0);
    written_ = 0;
  }
}

}  // namespace
}  // namespace redbolt::emulator::testing
