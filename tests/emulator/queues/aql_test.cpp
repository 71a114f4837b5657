// AQL queues. Layouts: HSA's packets, amd_queue_t and amd_signal_t; the kernel descriptor is that
// of LLVM's own header.
#include <llvm/Support/AMDHSAKernelDescriptor.h>

#include <cstring>

#include "compute_queue_test.hpp"

namespace redbolt::emulator::testing {
namespace {

using llvm::amdhsa::kernel_descriptor_t;

// The fixture's write pointer (page + 0x38) and read pointer (page + 0x80) are where amd_queue_t
// has its dispatch ids.
constexpr std::uint64_t queue = page;
constexpr std::uint64_t kernel_object = code + 0x800;
constexpr std::uint64_t kernarg = data + 0x8000;
constexpr std::uint64_t signals = data + 0x9000;
constexpr std::uint32_t slots = ring_dwords / 16;

enum PacketType : std::uint32_t {
  vendor = 0,
  invalid = 1,
  kernel = 2,
  barrier_and = 3,
  agent = 4,
  barrier_or = 5
};
constexpr std::uint32_t barrier_bit_and_system_scopes = 1 << 8 | 2 << 9 | 2 << 11;

using Packet = std::array<std::uint32_t, 16>;

// data[workitem] = workitem + 1, with workgroups of 32; the kernarg segment holds the address.
const std::vector<std::uint32_t> number_program{
    0xf4040100, 0xf8000000,  // s_load_b64 s[4:5], s[0:1], 0x0
    0x84028502,              // s_lshl_b32 s2, s2, 5
    0x4a000002,              // v_add_nc_u32_e32 v0, s2, v0
    0x30020082,              // v_lshlrev_b32_e32 v1, 2, v0
    0x4a000081,              // v_add_nc_u32_e32 v0, 1, v0
    0xbf89fc07,              // s_waitcnt lgkmcnt(0)
    0xdc6a0000, 0x00040001,  // global_store_b32 v1, v0, s[4:5]
    0xbfb00000,              // s_endpgm
};
// Stores s0 to s8; s[4:5] is the kernarg segment.
const std::vector<std::uint32_t> registers_program{
    0xf4040282, 0xf8000000,  // s_load_b64 s[10:11], s[4:5], 0x0
    0x7e000280,              // v_mov_b32_e32 v0, 0
    0x7e020200,              // v_mov_b32_e32 v1, s0
    0x7e040201,              // v_mov_b32_e32 v2, s1
    0x7e060202,              // v_mov_b32_e32 v3, s2
    0x7e080203,              // v_mov_b32_e32 v4, s3
    0x7e0a0204,              // v_mov_b32_e32 v5, s4
    0x7e0c0205,              // v_mov_b32_e32 v6, s5
    0x7e0e0206,              // v_mov_b32_e32 v7, s6
    0x7e100207,              // v_mov_b32_e32 v8, s7
    0x7e120208,              // v_mov_b32_e32 v9, s8
    0xbf89fc07,              // s_waitcnt lgkmcnt(0)
    0xdc760000, 0x000a0100,  // global_store_b128 v0, v[1:4], s[10:11]
    0xdc760010, 0x000a0500,  // global_store_b128 v0, v[5:8], s[10:11] offset:16
    0xdc6a0020, 0x000a0900,  // global_store_b32 v0, v9, s[10:11] offset:32
    0xbfb00000,              // s_endpgm
};
// Writes 0x55 to scratch, reads it back and stores it to s[0:1].
const std::vector<std::uint32_t> scratch_program{
    0xf4040100, 0xf8000000,  // s_load_b64 s[4:5], s[0:1], 0x0
    0x7e0002ff, 0x00000055,  // v_mov_b32_e32 v0, 0x55
    0xdc690000, 0x007c0000,  // scratch_store_b32 off, v0, off
    0xdc510000, 0x017c0000,  // scratch_load_b32 v1, off, off
    0x7e000280,              // v_mov_b32_e32 v0, 0
    0xbf890007,              // s_waitcnt vmcnt(0) lgkmcnt(0)
    0xdc6a0000, 0x00040100,  // global_store_b32 v0, v1, s[4:5]
    0xbfb00000,              // s_endpgm
};

class AqlTest : public MecTest {
 protected:
  AqlTest() {
    // queue_full_en, slot_based_wptr 2, no_update_rptr; AQL_CONTROL.control0 1.
    mqd_changes = {{0x91, 0x509 | 1u << 14 | 2u << 18 | 1u << 27}, {0xb5, 1}};
    card.store32(queue + 136, 128);  // read_dispatch_id_field_base_byte_offset
    for (std::uint32_t slot = 0; slot < slots; ++slot) card.store32(ring + slot * 64, invalid);
    card.store64(kernarg, data);
  }

  // Puts a packet into the ring, its header last, as HSA demands.
  void write(const Packet& packet) {
    const std::uint64_t slot = ring + packets_++ % slots * 64;
    card.put(slot + 4, std::span(packet).subspan(1));
    card.store32(slot, packet[0]);
  }
  void ring_bell() {
    card.store64(queue + 56, packets_);  // write_dispatch_id
    card.state().ring_doorbell(doorbell, packets_ - 1, 8);
  }
  void send(const Packet& packet) {
    write(packet);
    ring_bell();
  }
  bool consumed() {
    return eventually([&] { return card.load64(queue + 128) == packets_; });
  }

  void load_kernel(const std::vector<std::uint32_t>& program, std::uint32_t properties,
                   std::uint32_t rsrc2, std::uint32_t rsrc1 = 0x00af0001) {
    load(program);
    kernel_descriptor_t descriptor{};
    descriptor.kernel_code_entry_byte_offset =
        static_cast<std::int64_t>(code) - static_cast<std::int64_t>(kernel_object);
    descriptor.compute_pgm_rsrc1 = rsrc1;
    descriptor.compute_pgm_rsrc2 = rsrc2;
    descriptor.kernel_code_properties = static_cast<std::uint16_t>(
        properties | llvm::amdhsa::KERNEL_CODE_PROPERTY_ENABLE_WAVEFRONT_SIZE32);
    std::memcpy(card.at(kernel_object), &descriptor, sizeof descriptor);
  }
  void load_number_kernel() {
    load_kernel(number_program, llvm::amdhsa::KERNEL_CODE_PROPERTY_ENABLE_SGPR_KERNARG_SEGMENT_PTR,
                2u << 1 | 1u << 7);
  }
  static Packet dispatch_packet(std::uint32_t grid, std::uint32_t workgroup,
                                std::uint64_t completion = 0) {
    Packet packet{};
    packet[0] = kernel | barrier_bit_and_system_scopes | 1u << 16;
    packet[1] = workgroup | 1u << 16;
    packet[2] = 1;
    packet[3] = grid;
    packet[4] = packet[5] = 1;
    set64(packet, 8, kernel_object);
    set64(packet, 10, kernarg);
    set64(packet, 14, completion);
    return packet;
  }
  static void set64(Packet& packet, std::size_t dword, std::uint64_t value) {
    packet[dword] = low(value);
    packet[dword + 1] = high(value);
  }
  static Packet barrier(PacketType type, std::initializer_list<std::uint64_t> dependencies,
                        std::uint64_t completion = 0) {
    Packet packet{};
    packet[0] = type | barrier_bit_and_system_scopes;
    std::size_t dword = 2;
    for (const std::uint64_t dependency : dependencies) {
      set64(packet, dword, dependency);
      dword += 2;
    }
    set64(packet, 14, completion);
    return packet;
  }
  static std::uint64_t signal(std::uint32_t index) { return signals + index * 64; }
  void set_signal(std::uint32_t index, std::int64_t value) {
    card.store64(signal(index), 1);  // AMD_SIGNAL_KIND_USER
    card.store64(signal(index) + 8, static_cast<std::uint64_t>(value));
  }
  std::int64_t value_of(std::uint32_t index) {
    return static_cast<std::int64_t>(card.load64(signal(index) + 8));
  }

  std::uint64_t packets_ = 0;
};

TEST_F(AqlTest, KernelWithAPartialWorkgroup) {
  load_number_kernel();
  set_signal(0, 1);
  activate();
  send(dispatch_packet(70, 32, signal(0)));
  ASSERT_TRUE(consumed());
  EXPECT_EQ(value_of(0), 0);
  for (std::uint32_t i = 0; i < 70; ++i) EXPECT_EQ(card.load32(data + 4 * i), i + 1);
  EXPECT_EQ(card.load32(data + 4 * 70), 0u);
  EXPECT_EQ(card.load32(ring) & 0xff, invalid);
  EXPECT_EQ(card.counter("workgroups"), 3u);
  EXPECT_EQ(card.counter("aql_kernel_dispatch"), 1u);
  EXPECT_EQ(card.read(gc::CP_HQD_PQ_RPTR), 1u);
  // Without profiling no times are written.
  EXPECT_EQ(card.load64(signal(0) + 32), 0u);
}

TEST_F(AqlTest, UserRegistersInTheirOrder) {
  using namespace llvm::amdhsa;
  load_kernel(registers_program,
              KERNEL_CODE_PROPERTY_ENABLE_SGPR_DISPATCH_PTR |
                  KERNEL_CODE_PROPERTY_ENABLE_SGPR_QUEUE_PTR |
                  KERNEL_CODE_PROPERTY_ENABLE_SGPR_KERNARG_SEGMENT_PTR |
                  KERNEL_CODE_PROPERTY_ENABLE_SGPR_DISPATCH_ID |
                  KERNEL_CODE_PROPERTY_ENABLE_SGPR_PRIVATE_SEGMENT_SIZE,
              9u << 1);
  activate();
  write(barrier(barrier_and, {}));
  send(dispatch_packet(1, 1));
  ASSERT_TRUE(consumed());
  const std::uint64_t packet = ring + 64;
  const std::vector<std::uint32_t> expected{low(packet),
                                            high(packet),
                                            low(queue),
                                            high(queue),
                                            low(kernarg),
                                            high(kernarg),
                                            1 /* id */,
                                            0,
                                            0 /* private size */};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(card.load32(data + 4 * i), expected[i]) << "s" << i;
  }
}

TEST_F(AqlTest, ScratchIsTheQueues) {
  const std::uint64_t scratch = page + 0x200000;
  card.store32(queue + 140, 2 | 4u << 12);  // compute_tmpring_size: 4 x 256 bytes a wave
  card.store64(queue + 160, scratch);       // scratch_backing_memory_location
  load_kernel(scratch_program, llvm::amdhsa::KERNEL_CODE_PROPERTY_ENABLE_SGPR_KERNARG_SEGMENT_PTR,
              1 | 2u << 1);
  activate();
  Packet packet = dispatch_packet(1, 1);
  packet[6] = 32;  // private_segment_size: as much as there is
  send(packet);
  ASSERT_TRUE(consumed());
  EXPECT_EQ(card.load32(data), 0x55u);
  EXPECT_EQ(card.load32(scratch), 0x55u);
  packet[6] = 33;
  send(packet);
  ASSERT_TRUE(eventually([&] { return !reasons().empty(); }));
  EXPECT_NE(reasons()[0].find("private_segment_size"), std::string::npos);
}

TEST_F(AqlTest, ProfilingWritesTimes) {
  card.store32(queue + 180, 1u << 3);  // AMD_QUEUE_PROPERTIES_ENABLE_PROFILING
  load_number_kernel();
  set_signal(0, 1);
  activate();
  send(dispatch_packet(32, 32, signal(0)));
  ASSERT_TRUE(consumed());
  EXPECT_GT(card.load64(signal(0) + 32), 0u);
  EXPECT_GE(card.load64(signal(0) + 40), card.load64(signal(0) + 32));
}

TEST_F(AqlTest, CompletionTellsWhoSleepsOnTheSignal) {
  InterruptRing interrupts(card);
  const std::uint64_t mailbox = data + 0x100;
  set_signal(0, 5);
  card.store64(signal(0) + 16, mailbox);  // event_mailbox_ptr
  card.store32(signal(0) + 24, 0x42);     // event_id
  activate();
  send(barrier(barrier_and, {}, signal(0)));
  ASSERT_TRUE(interrupts.wait_for(1));
  EXPECT_EQ(value_of(0), 4);
  EXPECT_EQ(card.load64(mailbox), 0x42u);
  EXPECT_EQ(interrupts.entry(0)[0] & 0xffff, 20u | 181u << 8);  // CP_EOP_INTERRUPT
  EXPECT_EQ(interrupts.entry(0)[4], 0x42u);
}

TEST_F(AqlTest, BarrierAndWaitsForAll) {
  for (std::uint32_t i = 0; i < 6; ++i) set_signal(i, 1);
  activate();
  send(barrier(barrier_and, {signal(0), 0, signal(1), signal(2), signal(3)}, signal(5)));
  ASSERT_TRUE(eventually([&] { return card.counter("aql_barrier_and") == 1; }));
  for (const std::uint32_t i : {3u, 0u, 1u}) {
    set_signal(i, 0);
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
    ASSERT_EQ(value_of(5), 1);
  }
  set_signal(2, 0);
  EXPECT_TRUE(eventually([&] { return value_of(5) == 0; }));
}

TEST_F(AqlTest, BarrierOrWaitsForOne) {
  for (std::uint32_t i = 0; i < 4; ++i) set_signal(i, 1);
  activate();
  send(barrier(barrier_or, {signal(0), signal(1), 0, 0, signal(2)}, signal(3)));
  ASSERT_TRUE(eventually([&] { return card.counter("aql_barrier_or") == 1; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(3));
  ASSERT_EQ(value_of(3), 1);
  set_signal(2, 0);
  EXPECT_TRUE(eventually([&] { return value_of(3) == 0; }));
}

// hsa_amd_barrier_value_packet_t: value & mask, compared with EQ, NE, LT and GTE.
TEST_F(AqlTest, BarrierOnAValue) {
  const struct {
    std::uint32_t condition;
    std::int64_t not_yet, now;
  } cases[] = {{0, 6, 5}, {1, 5, 6}, {2, 5, -1}, {3, -9, 5}};
  activate();
  for (const auto& [condition, not_yet, now] : cases) {
    set_signal(0, not_yet);
    set_signal(1, 1);
    Packet packet{};
    packet[0] = vendor | barrier_bit_and_system_scopes | 2u << 16;
    set64(packet, 2, signal(0));
    set64(packet, 4, 5);
    set64(packet, 6, ~0ull);
    packet[8] = condition;
    set64(packet, 14, signal(1));
    send(packet);
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
    ASSERT_EQ(value_of(1), 1) << condition;
    set_signal(0, now);
    ASSERT_TRUE(eventually([&] { return value_of(1) == 0; })) << condition;
  }
}

// As ROCm and tinygrad wrap PM4: an INDIRECT_BUFFER in dwords 1 to 4, 10 in dword 5.
TEST_F(AqlTest, VendorPacketRunsPm4) {
  const auto words = release(data, 0x77);
  card.put(buffer, words);
  set_signal(0, 1);
  activate();
  Packet packet{};
  packet[0] = vendor | barrier_bit_and_system_scopes | 1u << 16;
  packet[1] = 0xc0023f00;
  set64(packet, 2, buffer);
  packet[4] = static_cast<std::uint32_t>(words.size()) | 1u << 23;
  packet[5] = 10;
  set64(packet, 14, signal(0));
  send(packet);
  ASSERT_TRUE(consumed());
  EXPECT_EQ(card.load32(data), 0x77u);
  EXPECT_EQ(value_of(0), 0);
}

TEST_F(AqlTest, InvalidPacketIsWaitedFor) {
  activate();
  set_signal(0, 1);
  const std::uint64_t slot = ring;
  packets_ = 1;
  ring_bell();  // the write index is ahead of the packet, as with many producers
  std::this_thread::sleep_for(std::chrono::milliseconds(3));
  EXPECT_EQ(card.load64(queue + 128), 0u);
  EXPECT_TRUE(reasons().empty());
  const Packet packet = barrier(barrier_and, {}, signal(0));
  card.put(slot + 4, std::span(packet).subspan(1));
  card.store32(slot, packet[0]);
  EXPECT_TRUE(consumed());
  EXPECT_EQ(value_of(0), 0);
}

TEST_F(AqlTest, RingWraps) {
  activate();
  set_signal(0, 1000);
  for (std::uint32_t round = 0; round < 5; ++round) {
    for (std::uint32_t i = 0; i < slots - 3; ++i) write(barrier(barrier_and, {}, signal(0)));
    ring_bell();
    ASSERT_TRUE(consumed());
  }
  EXPECT_EQ(value_of(0), 1000 - 5 * static_cast<std::int64_t>(slots - 3));
}

// A doorbell alone tells the last packet where the queue names no memory for its write pointer.
TEST_F(AqlTest, DoorbellWithoutAWritePointerInMemory) {
  mqd_changes.push_back({0x8d, 0});
  mqd_changes.push_back({0x8e, 0});
  activate();
  set_signal(0, 2);
  write(barrier(barrier_and, {}, signal(0)));
  write(barrier(barrier_and, {}, signal(0)));
  card.state().ring_doorbell(doorbell, 0, 8);
  EXPECT_TRUE(eventually([&] { return value_of(0) == 1; })) << "the first, and only that";
  card.state().ring_doorbell(doorbell, 1, 8);
  EXPECT_TRUE(eventually([&] { return value_of(0) == 0; }));
}

TEST_F(AqlTest, WhatTheProcessorDoesNotHaveStopsTheQueue) {
  InterruptRing interrupts(card);
  activate();
  Packet packet{};
  packet[0] = agent;
  send(packet);
  ASSERT_TRUE(interrupts.wait_for(1));
  EXPECT_EQ(interrupts.entry(0)[0] & 0xffff, 20u | 180u << 8);
  EXPECT_EQ(gc::CP_HQD_ERROR.aql_error.of(card.read(gc::CP_HQD_ERROR)), 1u);
  ASSERT_TRUE(eventually([&] { return !reasons().empty(); }));
  EXPECT_NE(reasons()[0].find("format 4"), std::string::npos);
  reset_queue();
  EXPECT_TRUE(ends());
}

TEST_F(AqlTest, LimitsAreNamed) {
  load_number_kernel();
  const auto refusal = [&](auto change) {
    card.store64(queue + 56, 0);
    packets_ = 0;
    activate();
    Packet packet = dispatch_packet(32, 32);
    change(packet);
    send(packet);
    EXPECT_TRUE(eventually([&] { return !reasons().empty(); }));
    const std::string reason = reasons().empty() ? "" : reasons()[0];
    reset_queue();
    EXPECT_TRUE(ends());
    return reason;
  };
  EXPECT_NE(refusal([](Packet& p) { p[7] = 65537; }).find("64 KiB"), std::string::npos);
  EXPECT_NE(refusal([](Packet& p) { p[1] = 1025 | 1 << 16; }).find("1024"), std::string::npos);
  EXPECT_NE(refusal([](Packet& p) { p[3] = 0; }).find("empty"), std::string::npos);
  EXPECT_NE(refusal([](Packet& p) { p[8] += 4; }).find("aligned to 64"), std::string::npos);
  EXPECT_NE(refusal([](Packet& p) { p[6] = 4; }).find("scratch"), std::string::npos);
}

TEST_F(AqlTest, Wave64IsRefusedByName) {
  load_number_kernel();
  auto* const descriptor = reinterpret_cast<kernel_descriptor_t*>(card.at(kernel_object));
  descriptor->kernel_code_properties &=
      static_cast<std::uint16_t>(~llvm::amdhsa::KERNEL_CODE_PROPERTY_ENABLE_WAVEFRONT_SIZE32);
  activate();
  send(dispatch_packet(32, 32));
  ASSERT_TRUE(eventually([&] { return !reasons().empty(); }));
  EXPECT_NE(reasons()[0].find("64 lanes"), std::string::npos);
}

}  // namespace
}  // namespace redbolt::emulator::testing
