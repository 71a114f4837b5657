#include "blocks/aql_dispatch.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "blocks/register_address.hpp"
#include "packets/queue_error.hpp"
#include "redbolt/registers/gc_11_0_0.hpp"

namespace redbolt::emulator {
namespace {

namespace gc = registers::gc;

// amd_queue_t, from its beginning.
namespace queue_field {
constexpr std::uint64_t read_index = 128, own_offset = 136, scratch_ring_size = 140,
                        scratch_descriptor = 144, scratch_base = 160, properties = 180;
}  // namespace queue_field
constexpr std::uint32_t property_profiling = 1u << 3;  // AMD_QUEUE_PROPERTIES_ENABLE_PROFILING

// The kernel descriptor, 64 bytes (llvm/Support/AMDHSAKernelDescriptor.h).
namespace descriptor_field {
constexpr std::uint64_t entry_offset = 16, rsrc3 = 44, rsrc1 = 48, rsrc2 = 52, properties = 56;
}  // namespace descriptor_field
constexpr std::uint64_t descriptor_bytes = 64;

// KERNEL_CODE_PROPERTIES: what the kernel wants in its user SGPRs, in this order.
constexpr std::uint32_t want_scratch_descriptor = 1u << 0, want_packet = 1u << 1,
                        want_queue = 1u << 2, want_kernarg = 1u << 3, want_id = 1u << 4,
                        want_flat_scratch = 1u << 5, want_private_size = 1u << 6, wave32 = 1u << 10;

constexpr std::uint32_t rsrc2_scratch_enable = 1u << 0;
constexpr unsigned rsrc2_lds_size_at = 15;
constexpr std::uint32_t rsrc2_lds_size_mask = 0x1ffu << rsrc2_lds_size_at;
constexpr std::uint32_t lds_unit = 512, largest_lds = 64 * 1024;
constexpr std::uint32_t scratch_unit = 256, wave_lanes = 32;
constexpr std::size_t user_registers = 16;

constexpr std::uint32_t sh(const registers::Register& object) {
  return address_of(object) - pm4::sh_registers_first;
}

std::uint32_t low(std::uint64_t value) {
  return static_cast<std::uint32_t>(value);
}
std::uint32_t high(std::uint64_t value) {
  return static_cast<std::uint32_t>(value >> 32);
}

[[noreturn]] void refuse(const std::string& why, std::uint64_t address = 0) {
  throw QueueError(QueueErrorKind::dispatch_refused, "AQL kernel dispatch: " + why, address);
}

std::vector<std::uint32_t> user_data(const AqlKernelDispatch& dispatch, const AqlQueueMemory& queue,
                                     std::uint32_t wanted) {
  std::vector<std::uint32_t> data;
  const auto add64 = [&](std::uint64_t value) {
    data.push_back(low(value));
    data.push_back(high(value));
  };
  if ((wanted & want_scratch_descriptor) != 0) {
    for (const std::uint32_t word : queue.scratch_descriptor()) data.push_back(word);
  }
  if ((wanted & want_packet) != 0) add64(dispatch.packet_address);
  if ((wanted & want_queue) != 0) add64(queue.address());
  if ((wanted & want_kernarg) != 0) add64(dispatch.kernarg_address);
  if ((wanted & want_id) != 0) add64(dispatch.id);
  if ((wanted & want_flat_scratch) != 0) add64(queue.scratch_base());
  if ((wanted & want_private_size) != 0) data.push_back(dispatch.private_segment_size);
  if (data.size() > user_registers) refuse("the kernel asks for more than 16 user SGPRs");
  return data;
}

void set_up_scratch(const AqlKernelDispatch& dispatch, const AqlQueueMemory& queue,
                    ShRegisters& registers) {
  const std::uint32_t size = queue.scratch_ring_size();
  const std::uint64_t base = queue.scratch_base();
  const std::uint64_t lane_bytes =
      std::uint64_t{gc::COMPUTE_TMPRING_SIZE.wavesize.of(size)} * scratch_unit / wave_lanes;
  if (dispatch.private_segment_size > lane_bytes) {
    refuse("private_segment_size is " + std::to_string(dispatch.private_segment_size) +
           " bytes and the queue has scratch of " + std::to_string(lane_bytes) +
           " for a work-item");
  }
  registers[sh(gc::COMPUTE_TMPRING_SIZE)] = size;
  registers[sh(gc::COMPUTE_DISPATCH_SCRATCH_BASE_LO)] = low(base >> 8);
  registers[sh(gc::COMPUTE_DISPATCH_SCRATCH_BASE_HI)] = high(base >> 8);
}

}  // namespace

std::uint64_t AqlQueueMemory::address() const {
  if (read_index_ == 0) return 0;
  return read_index_ -
         memory_.read32(read_index_ + (queue_field::own_offset - queue_field::read_index));
}

bool AqlQueueMemory::profiling() const {
  const std::uint64_t queue = address();
  return queue != 0 && (memory_.read32(queue + queue_field::properties) & property_profiling) != 0;
}

std::uint32_t AqlQueueMemory::scratch_ring_size() const {
  const std::uint64_t queue = address();
  return queue == 0 ? 0 : memory_.read32(queue + queue_field::scratch_ring_size);
}

std::uint64_t AqlQueueMemory::scratch_base() const {
  const std::uint64_t queue = address();
  return queue == 0 ? 0 : memory_.read64(queue + queue_field::scratch_base);
}

std::array<std::uint32_t, 4> AqlQueueMemory::scratch_descriptor() const {
  std::array<std::uint32_t, 4> words{};
  const std::uint64_t queue = address();
  if (queue != 0) {
    memory_.read(queue + queue_field::scratch_descriptor, std::as_writable_bytes(std::span(words)));
  }
  return words;
}

AqlDispatchRegisters set_up_aql_dispatch(const AqlKernelDispatch& dispatch, EngineMemory& memory,
                                         const AqlQueueMemory& queue, ShRegisters& registers) {
  const std::uint64_t kernel = dispatch.kernel_object;
  if (kernel == 0 || kernel % descriptor_bytes != 0) {
    refuse("the kernel descriptor is not aligned to 64 bytes", kernel);
  }
  if (dispatch.group_segment_size > largest_lds) {
    refuse("group_segment_size is " + std::to_string(dispatch.group_segment_size) +
           " and a workgroup has 64 KiB of LDS");
  }
  const std::uint64_t entry = kernel + memory.read64(kernel + descriptor_field::entry_offset);
  const std::uint32_t properties = memory.read32(kernel + descriptor_field::properties) & 0xffff;
  std::uint32_t rsrc2 = memory.read32(kernel + descriptor_field::rsrc2);
  if ((rsrc2 & rsrc2_scratch_enable) != 0) {
    set_up_scratch(dispatch, queue, registers);
  } else if (dispatch.private_segment_size != 0) {
    refuse("private_segment_size of a kernel that has not enabled scratch");
  }
  const std::uint32_t lds_units = (dispatch.group_segment_size + lds_unit - 1) / lds_unit;
  rsrc2 = (rsrc2 & ~rsrc2_lds_size_mask) | lds_units << rsrc2_lds_size_at;

  registers[sh(gc::COMPUTE_PGM_LO)] = low(entry >> 8);
  registers[sh(gc::COMPUTE_PGM_HI)] = high(entry >> 8);
  registers[sh(gc::COMPUTE_PGM_RSRC1)] = memory.read32(kernel + descriptor_field::rsrc1);
  registers[sh(gc::COMPUTE_PGM_RSRC2)] = rsrc2;
  registers[sh(gc::COMPUTE_PGM_RSRC3)] = memory.read32(kernel + descriptor_field::rsrc3);
  const std::uint32_t start = sh(gc::COMPUTE_START_X), threads = sh(gc::COMPUTE_NUM_THREAD_X);
  AqlDispatchRegisters result;
  for (std::uint32_t d = 0; d < 3; ++d) {
    const bool used = d < dispatch.dimensions;
    registers[start + d] = 0;
    registers[threads + d] = used ? dispatch.workgroup_size[d] : 1;
    result.dimensions[d] = used ? dispatch.grid_size[d] : 1;
  }
  const auto data = user_data(dispatch, queue, properties);
  std::ranges::copy(data, registers.begin() + sh(gc::COMPUTE_USER_DATA_0));

  const auto& initiator = gc::COMPUTE_DISPATCH_INITIATOR;
  result.initiator =
      (initiator.compute_shader_en(1) | initiator.force_start_at_000(1) |
       initiator.use_thread_dimensions(1) | initiator.cs_w32_en((properties & wave32) != 0 ? 1 : 0))
          .bits;
  return result;
}

}  // namespace redbolt::emulator
