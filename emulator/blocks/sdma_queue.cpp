#include "blocks/sdma_queue.hpp"

#include "blocks/fence_faults.hpp"
#include "blocks/interrupt_ids.hpp"
#include "blocks/reference_clock.hpp"
#include "blocks/register_address.hpp"
#include "redbolt/registers/gc_11_0_0.hpp"

namespace redbolt::emulator {
namespace {

namespace gc = registers::gc;

// The tables hold ring 0 of both engines; ring 1 follows at the next block of registers.
constexpr RegisterAddress ring_stride = 0x58;
constexpr RegisterAddress engine_stride =
    address_of(gc::SDMA1_QUEUE0_RB_CNTL) - address_of(gc::SDMA0_QUEUE0_RB_CNTL);

constexpr std::uint64_t bytes_per_dword = 4;
constexpr std::uint32_t exception_memory = 1;

}  // namespace

RegisterAddress SdmaRing::engine_register(RegisterAddress of_engine0) const {
  return of_engine0 + engine * engine_stride;
}

RegisterAddress SdmaRing::ring_register(RegisterAddress of_ring0) const {
  return engine_register(of_ring0) + ring * ring_stride;
}

SdmaRingDescriptor SdmaRingDescriptor::read(const CardParts& card, SdmaRing place) {
  const auto value = [&](const registers::Register& object) {
    return card.registers.peek(place.ring_register(address_of(object)));
  };
  const auto wide = [&](const registers::Register& low, const registers::Register& high) {
    return value(low) | static_cast<std::uint64_t>(value(high)) << 32;
  };
  SdmaRingDescriptor ring;
  ring.place = place;
  const auto& fields = gc::SDMA0_QUEUE0_RB_CNTL;
  const std::uint32_t control = value(fields);
  ring.vmid = fields.rb_vmid.of(control);
  ring.ring_base = wide(gc::SDMA0_QUEUE0_RB_BASE, gc::SDMA0_QUEUE0_RB_BASE_HI) << 8;
  ring.ring_dwords = std::uint64_t{1} << fields.rb_size.of(control);
  ring.read_pointer = wide(gc::SDMA0_QUEUE0_RB_RPTR, gc::SDMA0_QUEUE0_RB_RPTR_HI) / bytes_per_dword;
  if (fields.rptr_writeback_enable.of(control) != 0) {
    ring.read_pointer_report =
        wide(gc::SDMA0_QUEUE0_RB_RPTR_ADDR_LO, gc::SDMA0_QUEUE0_RB_RPTR_ADDR_HI);
  }
  if ((fields.wptr_poll_enable.of(control) | fields.f32_wptr_poll_enable.of(control)) != 0) {
    ring.write_pointer_poll =
        wide(gc::SDMA0_QUEUE0_RB_WPTR_POLL_ADDR_LO, gc::SDMA0_QUEUE0_RB_WPTR_POLL_ADDR_HI);
  }

  HubEngineMemory memory(card.graphics_hub, ring.vmid,
                         place.engine == 0 ? HubClient::sdma0 : HubClient::sdma1);
  if (memory.require(ring.ring_base, EngineAccess::read).redirected) {
    throw QueueError(QueueErrorKind::bad_ring, "the ring (RB_BASE) is not mapped", ring.ring_base);
  }
  return ring;
}

SdmaQueue::SdmaQueue(const SdmaParts& parts, const SdmaRingDescriptor& descriptor,
                     RingQueue::Control& control)
    : parts_(parts),
      descriptor_(descriptor),
      control_(control),
      ring_(PacketStream::ring(memory(descriptor.vmid), descriptor.ring_base,
                               descriptor.ring_dwords, descriptor.read_pointer)),
      processor_(*this, descriptor.vmid, control.stop_token()) {}

std::uint64_t SdmaQueue::write_pointer(std::uint64_t doorbell) {
  std::uint64_t bytes = doorbell;
  if (descriptor_.write_pointer_poll != 0) {
    bytes = memory(descriptor_.vmid).read64(descriptor_.write_pointer_poll & ~7ull);
  }
  const SdmaRing& place = descriptor_.place;
  RegisterSpace& registers = parts_.card.registers;
  registers.poke(place.ring_register(address_of(gc::SDMA0_QUEUE0_RB_WPTR)),
                 static_cast<std::uint32_t>(bytes));
  registers.poke(place.ring_register(address_of(gc::SDMA0_QUEUE0_RB_WPTR_HI)),
                 static_cast<std::uint32_t>(bytes >> 32));
  return bytes / bytes_per_dword;
}

void SdmaQueue::store_read_pointer(std::uint64_t bytes) {
  constexpr RegisterAddress low = address_of(gc::SDMA0_QUEUE0_RB_RPTR);
  constexpr RegisterAddress high = address_of(gc::SDMA0_QUEUE0_RB_RPTR_HI);
  RegisterSpace& registers = parts_.card.registers;
  registers.poke(descriptor_.place.ring_register(low), static_cast<std::uint32_t>(bytes));
  registers.poke(descriptor_.place.ring_register(high), static_cast<std::uint32_t>(bytes >> 32));
}

void SdmaQueue::report(std::uint64_t read_pointer) {
  const std::uint64_t bytes = read_pointer * bytes_per_dword;
  store_read_pointer(bytes);
  if (descriptor_.read_pointer_report == 0) return;
  parts_.card.graphics_hub.write64(descriptor_.vmid, descriptor_.read_pointer_report & ~7ull, bytes,
                                   client());
}

void SdmaQueue::halted(const QueueError& error) {
  parts_.halts.add();
  const SdmaRing& place = descriptor_.place;
  RegisterSpace& registers = parts_.card.registers;
  const auto exception = gc::SDMA0_QUEUE0_CONTEXT_STATUS.exception(exception_memory);
  registers.update(place.ring_register(address_of(gc::SDMA0_QUEUE0_CONTEXT_STATUS)), exception.mask,
                   exception.bits);
  if (error.kind() == QueueErrorKind::poll_timeout) {
    raise(interrupt_id::sdma_poll_timeout, descriptor_.vmid, 0);
  }
  const std::uint32_t watchdog =
      registers.peek(place.engine_register(address_of(gc::SDMA0_WATCHDOG_CNTL)));
  if (gc::SDMA0_WATCHDOG_CNTL.queue_hang_count.of(watchdog) != 0) {
    raise(interrupt_id::sdma_queue_hang, descriptor_.vmid, 0);
  }
}

void SdmaQueue::disconnected(std::uint64_t) {}

HubClient SdmaQueue::client() const {
  return descriptor_.place.engine == 0 ? HubClient::sdma0 : HubClient::sdma1;
}

EngineMemory& SdmaQueue::memory(unsigned vmid) {
  auto& entry = memories_[vmid];
  if (!entry) entry = std::make_unique<HubEngineMemory>(parts_.card.graphics_hub, vmid, client());
  return *entry;
}

std::uint32_t SdmaQueue::read_register(std::uint32_t address) {
  return parts_.card.registers.engine_read(address, {});
}

void SdmaQueue::write_register(std::uint32_t address, std::uint32_t value) {
  parts_.card.registers.engine_write(address, value, {});
}

void SdmaQueue::trap(std::uint32_t context, unsigned vmid) {
  constexpr RegisterAddress control = address_of(gc::SDMA0_CNTL);
  const std::uint32_t value =
      parts_.card.registers.peek(descriptor_.place.engine_register(control));
  if (gc::SDMA0_CNTL.trap_enable.of(value) != 0) raise(interrupt_id::sdma_trap, vmid, context);
}

bool SdmaQueue::fence_passes() {
  return emulator::fence_passes(parts_.card.faults, fence_sdma, control_);
}

std::uint64_t SdmaQueue::clock() {
  return reference_clock();
}

bool SdmaQueue::indirect_buffers_enabled() {
  constexpr RegisterAddress control = address_of(gc::SDMA0_QUEUE0_IB_CNTL);
  const std::uint32_t value = parts_.card.registers.peek(descriptor_.place.ring_register(control));
  return gc::SDMA0_QUEUE0_IB_CNTL.ib_enable.of(value) != 0;
}

void SdmaQueue::wait_begins() {
  report(ring_.position());
  control_.wait_begins();
}

// SDMA's ring id: the engine in bits 7:4, the ring in 3:0.
void SdmaQueue::raise(std::uint8_t source, unsigned vmid, std::uint32_t context) {
  InterruptEntry entry;
  entry.client_id = interrupt_id::client_gfx;
  entry.source_id = source;
  entry.ring_id = static_cast<std::uint8_t>(descriptor_.place.engine << 4 | descriptor_.place.ring);
  entry.vmid = static_cast<std::uint8_t>(vmid);
  entry.context = {context, 0, 0, 0};
  parts_.card.interrupts.raise(entry);
}

}  // namespace redbolt::emulator
