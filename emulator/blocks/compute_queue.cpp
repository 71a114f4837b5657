#include "blocks/compute_queue.hpp"

#include <sstream>

#include "blocks/aql_dispatch.hpp"
#include "blocks/dispatch_setup.hpp"
#include "blocks/fence_faults.hpp"
#include "blocks/hub_memory_port.hpp"
#include "blocks/interrupt_ids.hpp"
#include "blocks/reference_clock.hpp"
#include "blocks/register_address.hpp"
#include "redbolt/base/checked.hpp"
#include "redbolt/registers/gc_11_0_0.hpp"

namespace redbolt::emulator {
namespace {

namespace gc = registers::gc;

constexpr RegisterAddress hqd_active = address_of(gc::CP_HQD_ACTIVE);
constexpr RegisterAddress hqd_error = address_of(gc::CP_HQD_ERROR);
constexpr RegisterAddress hqd_read_pointer = address_of(gc::CP_HQD_PQ_RPTR);
constexpr RegisterAddress hqd_indirect_base = address_of(gc::CP_HQD_IB_BASE_ADDR);
constexpr RegisterAddress hqd_indirect_base_high = address_of(gc::CP_HQD_IB_BASE_ADDR_HI);
constexpr RegisterAddress hqd_indirect_read_pointer = address_of(gc::CP_HQD_IB_RPTR);
constexpr RegisterAddress hqd_indirect_control = address_of(gc::CP_HQD_IB_CONTROL);
constexpr RegisterAddress hqd_dequeue_request = address_of(gc::CP_HQD_DEQUEUE_REQUEST);
constexpr RegisterAddress hqd_write_pointer_low = address_of(gc::CP_HQD_PQ_WPTR_LO);
constexpr RegisterAddress hqd_write_pointer_high = address_of(gc::CP_HQD_PQ_WPTR_HI);

// SQ_INTERRUPT_WORD_ERROR: type in bits 24:21 of context 0, encoding "error" in bits 7:6 of
// context 1.
constexpr std::uint32_t wave_error_illegal_instruction = 1u << 21;
constexpr std::uint32_t wave_error_memory_violation = 2u << 21;
constexpr std::uint32_t wave_error_encoding = 2u << 6;
// SQ_INTERRUPT_WORD_WAVE: what s_sendmsg sent in bits 23:0 of context 0. Which wave it was (bits
// 31:25 and 5:0) is not modelled and reads 0.
constexpr std::uint32_t wave_message_encoding = 1u << 6;

// Which bit of CP_HQD_ERROR an error sets, if any.
std::uint32_t error_bits(QueueErrorKind kind) {
  switch (kind) {
    case QueueErrorKind::memory_fault:
      return gc::CP_HQD_ERROR.tc_utcl1_error.mask();
    case QueueErrorKind::bad_ring:
      return gc::CP_HQD_ERROR.pq_utcl1_error.mask();
    default:
      return 0;
  }
}

}  // namespace

ComputeQueue::ComputeQueue(const ComputeParts& parts, const HardwareQueueDescriptor& descriptor,
                           RingQueue::Control& control)
    : parts_(parts),
      descriptor_(descriptor),
      control_(control),
      ring_(PacketStream::ring(memory(descriptor.vmid), descriptor.ring_base,
                               descriptor.ring_dwords, descriptor.read_pointer)),
      processor_(*this, descriptor.vmid, control.stop_token()),
      aql_(*this, processor_, descriptor.vmid, control.stop_token()) {
  processor_.sh_registers() = descriptor.sh_registers;
}

bool ComputeQueue::step() {
  return descriptor_.aql ? aql_.step(ring_) : processor_.step(ring_);
}

std::uint64_t ComputeQueue::write_pointer(std::uint64_t doorbell) {
  // An AQL queue's doorbell tells the last packet, and not the one behind it.
  std::uint64_t pointer = descriptor_.aql ? doorbell + 1 : doorbell;
  if (descriptor_.write_pointer_poll != 0) {
    pointer = memory(descriptor_.vmid).read64(descriptor_.write_pointer_poll & ~7ull);
  }
  RegisterSpace& registers = parts_.card.registers;
  registers.poke(hqd_write_pointer_low, static_cast<std::uint32_t>(pointer), descriptor_.selection);
  registers.poke(hqd_write_pointer_high, static_cast<std::uint32_t>(pointer >> 32),
                 descriptor_.selection);
  const auto dwords = checked_multiply(pointer, descriptor_.pointer_dwords);
  if (!dwords) throw QueueError(QueueErrorKind::bad_ring, "the write pointer cannot be one");
  return *dwords;
}

void ComputeQueue::store_read_pointer(std::uint64_t dwords) {
  parts_.card.registers.poke(hqd_read_pointer,
                             static_cast<std::uint32_t>(dwords / descriptor_.pointer_dwords),
                             descriptor_.selection);
}

void ComputeQueue::report(std::uint64_t read_pointer) {
  store_read_pointer(read_pointer);
  if (descriptor_.read_pointer_report == 0) return;
  parts_.card.graphics_hub.write64(descriptor_.vmid, descriptor_.read_pointer_report & ~7ull,
                                   read_pointer / descriptor_.pointer_dwords,
                                   HubClient::command_processor);
}

// CP_HQD_PQ_RPTR and CP_HQD_IB_* follow the packets.
void ComputeQueue::packet_begins(const PacketStream& stream) {
  RegisterSpace& registers = parts_.card.registers;
  const Selection& here = descriptor_.selection;
  const auto processing = gc::CP_HQD_IB_CONTROL.processing_ib(stream.is_ring() ? 0 : 1);
  if (stream.is_ring()) {
    store_read_pointer(stream.position());
    if (!in_indirect_buffer_) return;
  } else {
    registers.poke(hqd_indirect_base, static_cast<std::uint32_t>(stream.base()), here);
    registers.poke(hqd_indirect_base_high, static_cast<std::uint32_t>(stream.base() >> 32), here);
    registers.poke(hqd_indirect_read_pointer, static_cast<std::uint32_t>(stream.position()), here);
    const auto size =
        gc::CP_HQD_IB_CONTROL.ib_size(static_cast<std::uint32_t>(stream.capacity()) & 0xfffff);
    registers.update(hqd_indirect_control, size.mask, size.bits, here);
  }
  registers.update(hqd_indirect_control, processing.mask, processing.bits, here);
  in_indirect_buffer_ = !stream.is_ring();
}

void ComputeQueue::halted(const QueueError& error) {
  parts_.halts.add();
  const unsigned vmid = processor_.vmid();
  std::uint32_t bits = error_bits(error.kind());
  if (descriptor_.aql && error.kind() == QueueErrorKind::bad_packet) {
    bits |= gc::CP_HQD_ERROR.aql_error.mask();
  }
  parts_.card.registers.update(hqd_error, bits, bits, descriptor_.selection);
  switch (error.kind()) {
    case QueueErrorKind::bad_opcode:
      raise(interrupt_id::cp_bad_opcode, vmid);
      break;
    case QueueErrorKind::bad_packet:
      raise(interrupt_id::cp_reserved_bit_error, vmid);
      break;
    case QueueErrorKind::privileged_register:
      raise(interrupt_id::cp_privileged_register, vmid);
      break;
    case QueueErrorKind::illegal_instruction:
      raise(interrupt_id::sq_interrupt, vmid,
            {wave_error_illegal_instruction, wave_error_encoding, 0, 0});
      break;
    case QueueErrorKind::wave_fault:
      raise(interrupt_id::sq_interrupt, vmid,
            {wave_error_memory_violation, wave_error_encoding, 0, 0});
      break;
    default:
      break;  // a fault has been reported by the hub; the rest just stands still
  }
}

void ComputeQueue::disconnected(std::uint64_t read_pointer) {
  RegisterSpace& registers = parts_.card.registers;
  store_read_pointer(read_pointer);
  registers.poke(hqd_dequeue_request, 0, descriptor_.selection);
  registers.poke(hqd_active, 0, descriptor_.selection);
}

EngineMemory& ComputeQueue::memory(unsigned vmid) {
  auto& entry = memories_[vmid];
  if (!entry) {
    entry = std::make_unique<HubEngineMemory>(parts_.card.graphics_hub, vmid,
                                              HubClient::command_processor);
  }
  return *entry;
}

std::uint32_t ComputeQueue::read_register(std::uint32_t address) {
  return parts_.card.registers.engine_read(address, descriptor_.selection);
}

void ComputeQueue::write_register(std::uint32_t address, std::uint32_t value) {
  parts_.card.registers.engine_write(address, value, descriptor_.selection);
}

void ComputeQueue::dispatch(const ShRegisters& registers, std::array<std::uint32_t, 3> dimensions,
                            std::uint32_t initiator, unsigned vmid) {
  if (gc::COMPUTE_DISPATCH_INITIATOR.compute_shader_en.of(initiator) == 0) return;
  Dispatch dispatch =
      set_up_dispatch(registers, dimensions, initiator, vmid, parts_.card.registers);
  dispatch.interrupted = [this, vmid](std::uint32_t data) {
    raise(interrupt_id::sq_interrupt, vmid, {data, wave_message_encoding, 0, 0});
  };
  parts_.dispatches.add();
  HubMemoryPort port(parts_.card.graphics_hub, vmid);
  const DispatchResult result =
      parts_.dispatcher.run(dispatch, port, parts_.shader_counters, control_.stop_token());
  using Kind = DispatchResult::Kind;
  switch (result.kind) {
    case Kind::completed:
      break;
    case Kind::memory_fault:
      throw QueueError(QueueErrorKind::wave_fault, result.message, result.address);
    case Kind::illegal_instruction:
    case Kind::not_modelled:  // the message says so; to the driver the wave has halted either way
      throw QueueError(QueueErrorKind::illegal_instruction, result.message, result.address);
    case Kind::refused:
      throw QueueError(QueueErrorKind::dispatch_refused, result.message);
    case Kind::aborted:
      throw QueueError(QueueErrorKind::aborted, "the queue was reset in a dispatch");
  }
  if (parts_.card.faults.strikes(FaultKind::hang_wave)) control_.hang();
}

void ComputeQueue::dispatch_kernel(const AqlKernelDispatch& kernel, unsigned vmid) {
  ShRegisters& registers = processor_.sh_registers();
  const AqlQueueMemory queue(memory(vmid), descriptor_.read_pointer_report);
  const AqlDispatchRegisters set_up = set_up_aql_dispatch(kernel, memory(vmid), queue, registers);
  dispatch(registers, set_up.dimensions, set_up.initiator, vmid);
}

bool ComputeQueue::profiling() {
  return AqlQueueMemory(memory(descriptor_.vmid), descriptor_.read_pointer_report).profiling();
}

void ComputeQueue::end_of_pipe_interrupt(std::uint32_t context_id, unsigned vmid) {
  raise(interrupt_id::cp_end_of_pipe, vmid, {context_id, 0, 0, 0});
}

bool ComputeQueue::fence_passes() {
  return emulator::fence_passes(parts_.card.faults, fence_compute, control_);
}

std::uint64_t ComputeQueue::clock() {
  return reference_clock();
}

void ComputeQueue::wait_begins() {
  report(ring_.position());
  control_.wait_begins();
}

// The command processors' ring id: pipe in bits 1:0, micro engine in 3:2, queue in 6:4.
std::uint8_t ComputeQueue::ring_id() const {
  const Selection& s = descriptor_.selection;
  return static_cast<std::uint8_t>(s.pipe | s.me << 2 | s.queue << 4);
}

void ComputeQueue::raise(std::uint8_t source, unsigned vmid, std::array<std::uint32_t, 4> context) {
  InterruptEntry entry;
  entry.client_id = interrupt_id::client_grbm_cp;
  entry.source_id = source;
  entry.ring_id = ring_id();
  entry.vmid = static_cast<std::uint8_t>(vmid);
  entry.context = context;
  parts_.card.interrupts.raise(entry);
}

}  // namespace redbolt::emulator
