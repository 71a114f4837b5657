// PM4 packets that order work: cache maintenance, end-of-pipe writes, waits.

#include "packets/comparison.hpp"
#include "packets/pm4_processor.hpp"
#include "packets/queue_error.hpp"

namespace redbolt::emulator {
namespace {

namespace field {
constexpr PacketField release_cache_actions{1, 12, 23};
constexpr PacketField release_destination{2, 16, 17};
constexpr PacketField release_interrupt{2, 24, 26};
constexpr PacketField release_data{2, 29, 31};
constexpr PacketField64 release_address{3};
constexpr PacketField64 release_value{5};
constexpr PacketField release_context_id{7};

constexpr PacketField event_index{1, 8, 11};

constexpr PacketField wait_function{1, 0, 2};
constexpr PacketField wait_space{1, 4, 5};
constexpr PacketField wait_operation{1, 6, 7};
constexpr PacketField64 wait_address{2};
constexpr PacketField wait_register{2};
constexpr PacketField wait_register2{3};
constexpr PacketField wait_reference{4};
constexpr PacketField wait_mask{5};
constexpr PacketField64 wait64_reference{4};
constexpr PacketField64 wait64_mask{6};
}  // namespace field

enum ReleaseData : std::uint32_t {
  data_none = 0,
  data_32_bits,
  data_64_bits,
  data_gpu_clock,
  data_system_clock,
};

enum ReleaseInterrupt : std::uint32_t {
  interrupt_none = 0,
  interrupt_only,
  interrupt_after_write,
  data_after_write,  // confirms the write, sends nothing
  interrupt_always,
  interrupt_if_32_bit_compare,
  interrupt_if_64_bit_compare,
};

enum WaitOperation : std::uint32_t { wait = 0, write_wait_write = 1, wait_preemptable = 3 };

constexpr std::uint32_t destination_last_memory = 1;  // memory controller, L2
constexpr std::uint32_t space_memory = 1;
constexpr std::uint32_t index_sample_pipeline_statistics = 2;

Comparison comparison_of(const char* packet, std::uint32_t function) {
  if (function >= comparison_count) reject_packet(packet, "function", function);
  return static_cast<Comparison>(function);
}

}  // namespace

// Memory of the emulated card has no caches that could hold stale data between packets; what is
// left of the packet is that the driver sent it.
void Pm4Processor::acquire_mem(Packet) {
  host_.count_barrier();
}

void Pm4Processor::event_write(Packet packet) {
  // Dispatches have ended before the next packet is read, so that a partial flush finds nothing.
  const std::uint32_t index = field::event_index.of(packet);
  if (index == index_sample_pipeline_statistics) reject_packet("EVENT_WRITE", "event_index", index);
}

void Pm4Processor::release_mem(Packet packet) {
  if (field::release_cache_actions.of(packet) != 0) host_.count_barrier();
  const std::uint32_t destination = field::release_destination.of(packet);
  if (destination > destination_last_memory) reject_packet("RELEASE_MEM", "dst_sel", destination);

  const std::uint32_t data = field::release_data.of(packet);
  const std::uint64_t address = field::release_address.of(packet) &
                                ~(data == data_32_bits ? std::uint64_t{3} : std::uint64_t{7});
  const std::uint64_t value = field::release_value.of(packet);
  if (data != data_none && !host_.fence_passes()) return;
  switch (data) {
    case data_none:
      break;
    case data_32_bits:
      memory().write32(address, static_cast<std::uint32_t>(value));
      break;
    case data_64_bits:
      memory().write64(address, value);
      break;
    case data_gpu_clock:
    case data_system_clock:
      memory().write64(address, host_.clock());
      break;
    default:
      reject_packet("RELEASE_MEM", "data_sel", data);
  }
  if (data != data_none) host_.count_fence();
  interrupt_after_release(packet, address);
}

void Pm4Processor::interrupt_after_release(Packet packet, std::uint64_t address) {
  const std::uint32_t select = field::release_interrupt.of(packet);
  const std::uint64_t compare = field::release_value.of(packet);
  bool send = false;
  switch (select) {
    case interrupt_none:
    case data_after_write:
      break;
    case interrupt_only:
    case interrupt_after_write:
    case interrupt_always:
      send = true;
      break;
    case interrupt_if_32_bit_compare:
      send = memory().read32(address) == static_cast<std::uint32_t>(compare);
      break;
    case interrupt_if_64_bit_compare:
      send = memory().read64(address) == compare;
      break;
    default:
      reject_packet("RELEASE_MEM", "int_sel", select);
  }
  if (send) host_.end_of_pipe_interrupt(field::release_context_id.of(packet), vmid_);
}

void Pm4Processor::wait_reg_mem(Packet packet) {
  const Comparison comparison = comparison_of("WAIT_REG_MEM", field::wait_function.of(packet));
  const std::uint32_t operation = field::wait_operation.of(packet);
  const std::uint32_t reference = field::wait_reference.of(packet);
  const std::uint32_t mask = field::wait_mask.of(packet);
  const std::uint32_t space = field::wait_space.of(packet);
  if (space > space_memory) reject_packet("WAIT_REG_MEM", "mem_space", space);

  if (operation == write_wait_write) {
    if (space == space_memory) reject_packet("WAIT_REG_MEM", "operation on memory", operation);
    write_register(field::wait_register.of(packet), reference);
    const std::uint32_t polled = field::wait_register2.of(packet);
    wait_until([&] { return holds(comparison, read_register(polled) & mask, reference); });
    return;
  }
  if (operation != wait && operation != wait_preemptable) {
    reject_packet("WAIT_REG_MEM", "operation", operation);
  }
  if (space == space_memory) {
    const std::uint64_t address = field::wait_address.of(packet) & ~std::uint64_t{3};
    wait_until([&] { return holds(comparison, memory().read32(address) & mask, reference); });
  } else {
    const std::uint32_t polled = field::wait_register.of(packet);
    wait_until([&] { return holds(comparison, read_register(polled) & mask, reference); });
  }
}

void Pm4Processor::wait_reg_mem64(Packet packet) {
  const Comparison comparison = comparison_of("WAIT_REG_MEM64", field::wait_function.of(packet));
  const std::uint32_t space = field::wait_space.of(packet);
  if (space > space_memory) reject_packet("WAIT_REG_MEM64", "mem_space", space);
  const std::uint64_t reference = field::wait64_reference.of(packet);
  const std::uint64_t mask = field::wait64_mask.of(packet);
  if (space == space_memory) {
    const std::uint64_t address = field::wait_address.of(packet) & ~std::uint64_t{7};
    wait_until([&] { return holds(comparison, memory().read64(address) & mask, reference); });
    return;
  }
  const std::uint32_t polled = field::wait_register.of(packet);
  wait_until([&] {
    const std::uint64_t value =
        read_register(polled) | static_cast<std::uint64_t>(read_register(polled + 1)) << 32;
    return holds(comparison, value & mask, reference);
  });
}

}  // namespace redbolt::emulator
