#include "queues/pm4.hpp"

namespace redbolt::driver::pm4 {
namespace {

constexpr std::uint32_t kShRegisterBase = 0x2c00;

constexpr std::uint32_t low32(GpuAddress address) {
  return static_cast<std::uint32_t>(address.value());
}
constexpr std::uint32_t high32(GpuAddress address) {
  return static_cast<std::uint32_t>(address.value() >> 32);
}

void packet(Words& words, Opcode opcode, std::initializer_list<std::uint32_t> body) {
  words.push_back(header(opcode, body.size()));
  words.insert(words.end(), body);
}

}  // namespace

void set_sh_registers(Words& words, std::uint32_t first_register,
                      std::span<const std::uint32_t> values) {
  words.push_back(header(Opcode::set_sh_reg, values.size() + 1));
  words.push_back(first_register - kShRegisterBase);
  words.insert(words.end(), values.begin(), values.end());
}

void wait_for_waves(Words& words) {
  constexpr std::uint32_t kPartialFlush = 7;  // CS_PARTIAL_FLUSH
  constexpr std::uint32_t kPartialFlushIndex = 4;
  packet(words, Opcode::event_write, {kPartialFlush | kPartialFlushIndex << 8});
}

void acquire_memory(Words& words, std::uint32_t cache_operations) {
  constexpr std::uint32_t kAll = 0xffffffff;  // the whole address space
  packet(words, Opcode::acquire_mem, {0, kAll, kAll, 0, 0, 0, cache_operations});
}

void dispatch(Words& words, std::span<const std::uint32_t, 3> grid, std::uint32_t initiator) {
  packet(words, Opcode::dispatch_direct, {grid[0], grid[1], grid[2], initiator});
}

void write_data(Words& words, GpuAddress destination, std::uint32_t value, bool confirm) {
  constexpr std::uint32_t kMemory = 5u << 8;
  constexpr std::uint32_t kConfirm = 1u << 20;
  packet(words, Opcode::write_data,
         {kMemory | (confirm ? kConfirm : 0), low32(destination), high32(destination), value});
}

void indirect_buffer(Words& words, GpuAddress address, std::uint32_t dwords, unsigned vmid) {
  constexpr std::uint32_t kValid = 1u << 23;
  constexpr unsigned kVmidShift = 24;
  packet(words, Opcode::indirect_buffer,
         {low32(address), high32(address), dwords | kValid | vmid << kVmidShift});
}

void wait_memory_at_least(Words& words, GpuAddress address, std::uint32_t value) {
  constexpr std::uint32_t kGreaterOrEqual = 5;
  constexpr std::uint32_t kMemorySpace = 1u << 4;
  constexpr std::uint32_t kPollInterval = 4;
  packet(words, Opcode::wait_reg_mem,
         {kGreaterOrEqual | kMemorySpace, low32(address), high32(address), value, 0xffffffff,
          kPollInterval});
}

void request_and_wait(Words& words, std::uint32_t request_register, std::uint32_t done_register) {
  constexpr std::uint32_t kGreaterOrEqual = 5;
  constexpr std::uint32_t kWriteThenWait = 1u << 6;
  constexpr std::uint32_t kPollInterval = 4;
  packet(words, Opcode::wait_reg_mem,
         {kGreaterOrEqual | kWriteThenWait, request_register, done_register, 0xffffffff, 0xffffffff,
          kPollInterval});
}

void release(Words& words, GpuAddress destination, std::uint32_t value) {
  constexpr std::uint32_t kFlushAndInvalidate = 0x14;  // CACHE_FLUSH_AND_INV_TS_EVENT
  constexpr std::uint32_t kEndOfPipe = 5u << 8;
  constexpr std::uint32_t kMetadata = 1u << 12 | 1u << 13;  // write back, invalidate
  constexpr std::uint32_t kVectorInvalidate = 1u << 14;
  constexpr std::uint32_t kL1Invalidate = 1u << 15;
  constexpr std::uint32_t kL2 = 1u << 20 | 1u << 21;  // invalidate, write back
  constexpr std::uint32_t kSequential = 1u << 22;
  constexpr std::uint32_t kSend32Bits = 1u << 29;
  packet(words, Opcode::release_mem,
         {kFlushAndInvalidate | kEndOfPipe | kMetadata | kVectorInvalidate | kL1Invalidate | kL2 |
              kSequential,
          kSend32Bits, low32(destination), high32(destination), value, 0, 0});
}

}  // namespace redbolt::driver::pm4
