// PM4 packets that move data.
#include <algorithm>
#include <cstring>

#include "packets/atomic_operation.hpp"
#include "packets/comparison.hpp"
#include "packets/data_mover.hpp"
#include "packets/pm4_processor.hpp"
#include "packets/queue_error.hpp"

namespace redbolt::emulator {
namespace {

namespace field {
constexpr PacketField write_destination{1, 8, 11};
constexpr PacketField write_same_address{1, 16, 16};
constexpr PacketField64 write_address{2};

constexpr PacketField copy_source{1, 0, 3};
constexpr PacketField copy_destination{1, 8, 11};
constexpr PacketField copy_64_bits{1, 16, 16};
constexpr PacketField64 copy_source_address{2};
constexpr PacketField64 copy_destination_address{4};

constexpr PacketField cond_function{1, 0, 2};
constexpr PacketField cond_poll_space{1, 4, 4};
constexpr PacketField cond_write_space{1, 8, 9};
constexpr PacketField64 cond_poll_address{2};
constexpr PacketField cond_reference{4};
constexpr PacketField cond_mask{5};
constexpr PacketField64 cond_write_address{6};
constexpr PacketField cond_value{8};

constexpr PacketField atomic_operation{1, 0, 6};
constexpr PacketField atomic_command{1, 8, 11};
constexpr PacketField64 atomic_address{2};
constexpr PacketField64 atomic_source{4};
constexpr PacketField64 atomic_compare{6};

constexpr PacketField dma_destination{1, 20, 21};
constexpr PacketField dma_source{1, 29, 30};
constexpr PacketField64 dma_source_address{2};
constexpr PacketField dma_value{2};
constexpr PacketField64 dma_destination_address{4};
constexpr PacketField dma_bytes{6, 0, 25};
constexpr PacketField dma_source_is_register{6, 26, 26};
constexpr PacketField dma_destination_is_register{6, 27, 27};
constexpr PacketField dma_source_fixed{6, 28, 28};
constexpr PacketField dma_destination_fixed{6, 29, 29};
}  // namespace field

// WRITE_DATA.dst_sel
constexpr std::uint32_t write_to_register = 0;
constexpr std::uint32_t write_to_l2 = 2;
constexpr std::uint32_t write_to_memory = 5;
constexpr std::uint32_t write_to_persistent_register = 6;

// COPY_DATA.src_sel and dst_sel
enum CopySelect : std::uint32_t {
  copy_register = 0,
  copy_l2_obsolete = 1,
  copy_l2 = 2,
  copy_performance_counter = 4,
  copy_immediate = 5,  // as a source; as a destination the obsolete name of L2
  copy_atomic_result = 6,
  copy_gpu_clock = 9,
  copy_system_clock = 10,
};
constexpr std::uint32_t copy_to_l2_obsolete = 5;
constexpr std::uint32_t copy_to_register_dc = 6;

constexpr std::uint32_t atomic_loop_until_compare = 1;
constexpr std::uint32_t atomic_last_command = 3;

// DMA_DATA.src_sel and dst_sel
constexpr std::uint32_t dma_address = 0;
constexpr std::uint32_t dma_immediate = 2;
constexpr std::uint32_t dma_nowhere = 2;
constexpr std::uint32_t dma_l2 = 3;

}  // namespace

void Pm4Processor::write_data(Packet packet) {
  const std::uint32_t destination = field::write_destination.of(packet);
  const bool same_address = field::write_same_address.of(packet) != 0;
  const Packet values = packet.subspan(4);
  const std::uint64_t address = field::write_address.of(packet);
  if (destination == write_to_register || destination == write_to_persistent_register) {
    std::uint32_t target = static_cast<std::uint32_t>(address);
    for (const std::uint32_t value : values) {
      write_register(target, value);
      if (!same_address) ++target;
    }
    return;
  }
  if (destination != write_to_l2 && destination != write_to_memory) {
    reject_packet("WRITE_DATA", "dst_sel", destination);
  }
  std::uint64_t target = address & ~std::uint64_t{3};
  for (const std::uint32_t value : values) {
    memory().write32(target, value);
    if (!same_address) target += sizeof(value);
  }
}

void Pm4Processor::copy_data(Packet packet) {
  const bool wide = field::copy_64_bits.of(packet) != 0;
  const std::uint64_t low_bits = wide ? 7 : 3;
  const std::uint64_t source = field::copy_source_address.of(packet);
  const std::uint64_t target = field::copy_destination_address.of(packet);
  const auto read_registers = [&](std::uint32_t address) -> std::uint64_t {
    const std::uint64_t low = read_register(address);
    return wide ? low | static_cast<std::uint64_t>(read_register(address + 1)) << 32 : low;
  };

  std::uint64_t value = 0;
  const std::uint32_t from = field::copy_source.of(packet);
  switch (from) {
    case copy_register:
    case copy_performance_counter:
      value = read_registers(static_cast<std::uint32_t>(source));
      break;
    case copy_l2_obsolete:
    case copy_l2: {
      const std::uint64_t address = source & ~low_bits;
      value = wide ? memory().read64(address) : memory().read32(address);
      break;
    }
    case copy_immediate:
      value = source;
      break;
    case copy_atomic_result:
      value = atomic_result_;
      break;
    case copy_gpu_clock:
    case copy_system_clock:
      value = host_.clock();
      break;
    default:
      reject_packet("COPY_DATA", "src_sel", from);
  }

  const std::uint32_t to = field::copy_destination.of(packet);
  switch (to) {
    case copy_register:
    case copy_performance_counter:
    case copy_to_register_dc:
      write_register(static_cast<std::uint32_t>(target), static_cast<std::uint32_t>(value));
      if (wide) {
        write_register(static_cast<std::uint32_t>(target) + 1,
                       static_cast<std::uint32_t>(value >> 32));
      }
      break;
    case copy_l2:
    case copy_to_l2_obsolete:
      if (wide) {
        memory().write64(target & ~low_bits, value);
      } else {
        memory().write32(target & ~low_bits, static_cast<std::uint32_t>(value));
      }
      break;
    default:
      reject_packet("COPY_DATA", "dst_sel", to);
  }
}

void Pm4Processor::cond_write(Packet packet) {
  const std::uint32_t function = field::cond_function.of(packet);
  if (function >= comparison_count) reject_packet("COND_WRITE", "function", function);
  const std::uint64_t polled = field::cond_poll_address.of(packet);
  const std::uint32_t value = field::cond_poll_space.of(packet) != 0
                                  ? memory().read32(polled & ~std::uint64_t{3})
                                  : read_register(static_cast<std::uint32_t>(polled));
  const bool condition =
      holds(static_cast<Comparison>(function), value & field::cond_mask.of(packet),
            field::cond_reference.of(packet));
  const std::uint32_t space = field::cond_write_space.of(packet);
  if (space > 1) reject_packet("COND_WRITE", "write_space", space);
  if (!condition) return;
  const std::uint64_t target = field::cond_write_address.of(packet);
  if (space == 1) {
    memory().write32(target & ~std::uint64_t{3}, field::cond_value.of(packet));
  } else {
    write_register(static_cast<std::uint32_t>(target), field::cond_value.of(packet));
  }
}

void Pm4Processor::atomic_mem(Packet packet) {
  const std::uint32_t code = field::atomic_operation.of(packet);
  const auto operation = AtomicOperation::decode(code);
  if (!operation) reject_packet("ATOMIC_MEM", "operation", code);
  const std::uint32_t command = field::atomic_command.of(packet);
  if (command > atomic_last_command) reject_packet("ATOMIC_MEM", "command", command);

  const std::uint64_t address =
      field::atomic_address.of(packet) & ~std::uint64_t{operation->bytes() - 1};
  const AtomicOperands operands{field::atomic_source.of(packet), field::atomic_compare.of(packet)};
  const std::uint64_t expected =
      operation->bytes() == 8 ? operands.compare : operands.compare & 0xffffffffu;
  const auto perform = [&] {
    atomic_result_ =
        operation->apply(memory().require(address, EngineAccess::atomic).host, operands);
    return atomic_result_ == expected;
  };
  if (command == atomic_loop_until_compare && operation->is_compare_and_swap()) {
    wait_until(perform);
  } else {
    perform();
  }
}

void Pm4Processor::dma_data(Packet packet) {
  const std::uint32_t source = field::dma_source.of(packet);
  const std::uint32_t destination = field::dma_destination.of(packet);
  const std::uint64_t bytes = field::dma_bytes.of(packet);
  if (source != dma_address && source != dma_immediate && source != dma_l2) {
    reject_packet("DMA_DATA", "src_sel", source);
  }
  if (destination != dma_address && destination != dma_nowhere && destination != dma_l2) {
    reject_packet("DMA_DATA", "dst_sel", destination);
  }
  if (field::dma_source_is_register.of(packet) != 0 ||
      field::dma_destination_is_register.of(packet) != 0) {
    reject_packet("DMA_DATA", "address space", extract_bits(packet[6], 26, 27));
  }
  if (destination == dma_nowhere) return;

  // An address that does not move is read or written dword by dword: of what goes to it the last
  // stays.
  DataMover mover(memory(), stop_);
  constexpr std::uint64_t dword = sizeof(std::uint32_t);
  const std::uint64_t target = field::dma_destination_address.of(packet);
  const std::uint64_t from = field::dma_source_address.of(packet);
  const bool from_fixed = field::dma_source_fixed.of(packet) != 0;
  const bool to_fixed = field::dma_destination_fixed.of(packet) != 0;
  const std::uint64_t written = to_fixed ? std::min(bytes, dword) : bytes;
  if (source == dma_immediate) {
    mover.fill(target, field::dma_value.of(packet), dword, written);
  } else if (from_fixed) {
    mover.fill(target, memory().read32(from & ~std::uint64_t{3}), dword, written);
  } else {
    mover.copy(target, to_fixed ? from + (bytes - written) : from, written);
  }
}

}  // namespace redbolt::emulator
