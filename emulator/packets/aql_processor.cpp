#include "packets/aql_processor.hpp"

#include <algorithm>
#include <atomic>

#include "packets/queue_error.hpp"

namespace redbolt::emulator {
namespace {

// Packet header: format in bits 7:0, barrier 8, acquire scope 10:9, release scope 12:11.
namespace field {
constexpr PacketField format{0, 0, 7};
constexpr PacketField fence_scopes{0, 9, 12};
constexpr PacketField vendor_format{0, 16, 23};
constexpr PacketField vendor_call_opcode{1, 8, 15};
constexpr PacketField dimensions{0, 16, 17};
constexpr PacketField workgroup_x{1, 0, 15};
constexpr PacketField workgroup_y{1, 16, 31};
constexpr PacketField workgroup_z{2, 0, 15};
constexpr std::size_t grid_dword = 3;
constexpr PacketField private_segment{6};
constexpr PacketField group_segment{7};
constexpr PacketField64 kernel_object{8};
constexpr PacketField64 kernarg{10};
constexpr PacketField64 completion_signal{14};

constexpr std::size_t first_dependency = 2;  // five signals of two dwords
constexpr std::size_t dependencies = 5;

constexpr PacketField64 value_signal{2};
constexpr PacketField64 value_reference{4};
constexpr PacketField64 value_mask{6};
constexpr PacketField value_condition{8};
}  // namespace field

// HSA_AMD_PACKET_TYPE_*
constexpr std::uint32_t vendor_pm4_buffer = 1;
constexpr std::uint32_t vendor_barrier_value = 2;
// The packet's dword 1 to 4 are an INDIRECT_BUFFER.
constexpr std::uint64_t buffer_call_at = 4, buffer_call_dwords = 4;

// HSA_SIGNAL_CONDITION_*
enum SignalCondition : std::uint32_t { condition_eq, condition_ne, condition_lt, condition_gte };

// amd_signal_t
constexpr std::uint64_t signal_value_at = 8, signal_mailbox_at = 16, signal_event_at = 24,
                        signal_start_at = 32, signal_end_at = 40;

constexpr std::uint32_t invalid_header = static_cast<std::uint32_t>(AqlPacketType::invalid);

bool holds(std::uint32_t condition, std::int64_t value, std::int64_t reference) {
  switch (condition) {
    case condition_eq:
      return value == reference;
    case condition_ne:
      return value != reference;
    case condition_lt:
      return value < reference;
    case condition_gte:
      return value >= reference;
    default:
      reject_packet("AQL barrier-value", "condition", condition);
  }
}

}  // namespace

bool AqlProcessor::step(PacketStream& ring) {
  if (stop_.stop_requested()) throw QueueError(QueueErrorKind::aborted, "the queue was reset");
  if (ring.available() < packet_dwords) return false;
  const std::uint64_t address = ring.address();
  const auto format = [&] { return memory().read32(address) & 0xff; };
  wait_until(host_, stop_, [&] { return format() != invalid_header; });

  Words packet{};
  std::ranges::copy(ring.peek(packet_dwords), packet.begin());
  host_.packet_begins(ring);
  const std::uint64_t began = host_.clock();
  execute(packet, address, ring.position() / packet_dwords);
  complete(packet, began);
  memory().write32(address, (packet[0] & 0xffff0000) | invalid_header);
  ring.advance(packet_dwords);
  return true;
}

void AqlProcessor::execute(const Words& packet, std::uint64_t address, std::uint64_t id) {
  const std::uint32_t format = field::format.of(packet);
  if (format <= static_cast<std::uint32_t>(AqlPacketType::barrier_or)) {
    host_.count_aql_packet(static_cast<AqlPacketType>(format));
  }
  if (field::fence_scopes.of(packet) != 0) host_.count_barrier();
  switch (static_cast<AqlPacketType>(format)) {
    case AqlPacketType::kernel_dispatch:
      return kernel_dispatch(packet, address, id);
    case AqlPacketType::barrier_and:
      return barrier(packet, true);
    case AqlPacketType::barrier_or:
      return barrier(packet, false);
    case AqlPacketType::vendor_specific:
      return vendor_specific(packet, address);
    default:
      reject_packet("AQL packet", "format", format);
  }
}

void AqlProcessor::kernel_dispatch(const Words& packet, std::uint64_t address, std::uint64_t id) {
  AqlKernelDispatch dispatch;
  dispatch.dimensions = field::dimensions.of(packet);
  if (dispatch.dimensions == 0) reject_packet("AQL kernel dispatch", "dimensions", 0);
  dispatch.workgroup_size = {field::workgroup_x.of(packet), field::workgroup_y.of(packet),
                             field::workgroup_z.of(packet)};
  for (std::size_t d = 0; d < 3; ++d) dispatch.grid_size[d] = packet[field::grid_dword + d];
  dispatch.private_segment_size = field::private_segment.of(packet);
  dispatch.group_segment_size = field::group_segment.of(packet);
  dispatch.kernel_object = field::kernel_object.of(packet);
  dispatch.kernarg_address = field::kernarg.of(packet);
  dispatch.packet_address = address;
  dispatch.id = id;
  host_.dispatch_kernel(dispatch, vmid_);
}

std::int64_t AqlProcessor::signal_value(std::uint64_t signal) {
  return static_cast<std::int64_t>(memory().read64(signal + signal_value_at));
}

// Null signals are left out; a packet without any does not wait.
void AqlProcessor::barrier(const Words& packet, bool all) {
  std::array<std::uint64_t, field::dependencies> signals{};
  std::size_t count = 0;
  for (std::size_t i = 0; i < field::dependencies; ++i) {
    const std::uint64_t signal = PacketField64{field::first_dependency + 2 * i}.of(packet);
    if (signal != 0) signals[count++] = signal;
  }
  if (count == 0) return;
  const auto is_zero = [&](std::uint64_t signal) { return signal_value(signal) == 0; };
  const auto end = signals.begin() + static_cast<std::ptrdiff_t>(count);
  wait_until(host_, stop_, [&] {
    return all ? std::all_of(signals.begin(), end, is_zero)
               : std::any_of(signals.begin(), end, is_zero);
  });
}

void AqlProcessor::vendor_specific(const Words& packet, std::uint64_t address) {
  const std::uint32_t format = field::vendor_format.of(packet);
  if (format == vendor_barrier_value) return barrier_value(packet);
  if (format != vendor_pm4_buffer) reject_packet("AQL vendor packet", "AMD format", format);
  PacketStream call = PacketStream::buffer(memory(), address + buffer_call_at, buffer_call_dwords);
  if (field::vendor_call_opcode.of(packet) !=
      static_cast<std::uint32_t>(pm4::Opcode::indirect_buffer)) {
    reject_packet("AQL PM4 packet", "opcode", field::vendor_call_opcode.of(packet));
  }
  pm4_.step(call);
}

void AqlProcessor::barrier_value(const Words& packet) {
  const std::uint64_t signal = field::value_signal.of(packet);
  const std::uint32_t condition = field::value_condition.of(packet);
  const auto mask = static_cast<std::int64_t>(field::value_mask.of(packet));
  const auto reference = static_cast<std::int64_t>(field::value_reference.of(packet));
  if (signal == 0) return;
  wait_until(host_, stop_,
             [&] { return holds(condition, signal_value(signal) & mask, reference); });
}

// Decrements the completion signal and tells who sleeps on it.
void AqlProcessor::complete(const Words& packet, std::uint64_t began) {
  const std::uint64_t signal = field::completion_signal.of(packet);
  if (signal == 0 || !host_.fence_passes()) return;
  if (signal % 64 != 0) {
    throw QueueError(QueueErrorKind::bad_packet, "AQL completion signal that is not aligned to 64",
                     signal);
  }
  if (host_.profiling()) {
    memory().write64(signal + signal_start_at, began);
    memory().write64(signal + signal_end_at, host_.clock());
  }
  const MemoryWindow value = memory().require(signal + signal_value_at, EngineAccess::atomic);
  std::atomic_ref<std::uint64_t>(*reinterpret_cast<std::uint64_t*>(value.host)).fetch_sub(1);
  host_.count_fence();
  const std::uint64_t mailbox = memory().read64(signal + signal_mailbox_at);
  if (mailbox == 0) return;
  const std::uint32_t event = memory().read32(signal + signal_event_at);
  memory().write64(mailbox & ~std::uint64_t{7}, event);
  host_.end_of_pipe_interrupt(event, vmid_);
}

}  // namespace redbolt::emulator
