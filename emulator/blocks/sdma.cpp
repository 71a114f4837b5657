#include "blocks/sdma.hpp"

#include <utility>

#include "blocks/register_address.hpp"
#include "redbolt/registers/gc_11_0_0.hpp"

namespace redbolt::emulator {
namespace {

namespace gc = registers::gc;

constexpr RegisterAddress ring_control = address_of(gc::SDMA0_QUEUE0_RB_CNTL);
constexpr RegisterAddress write_pointer_low = address_of(gc::SDMA0_QUEUE0_RB_WPTR);
constexpr RegisterAddress write_pointer_high = address_of(gc::SDMA0_QUEUE0_RB_WPTR_HI);
constexpr RegisterAddress doorbell_control = address_of(gc::SDMA0_QUEUE0_DOORBELL);
constexpr RegisterAddress doorbell_offset = address_of(gc::SDMA0_QUEUE0_DOORBELL_OFFSET);
constexpr RegisterAddress context_status = address_of(gc::SDMA0_QUEUE0_CONTEXT_STATUS);
constexpr RegisterAddress ring_registers_first = ring_control;
constexpr std::uint32_t ring_registers_count =
    address_of(gc::SDMA0_QUEUE0_MIDCMD_CNTL) - ring_registers_first + 1;
constexpr RegisterAddress soft_reset = address_of(gc::GRBM_SOFT_RESET);

constexpr std::array<RegisterAddress, SdmaRing::engines> processor_control{
    address_of(gc::SDMA0_F32_CNTL), address_of(gc::SDMA1_F32_CNTL)};

constexpr std::size_t most_refusals_kept = 16;

// Ring 1 is not in the tables; these are the registers of it that a driver uses.
constexpr struct {
  RegisterAddress of_ring0;
  const char* names[SdmaRing::engines];
} ring1_names[] = {
    {ring_control, {"SDMA0_QUEUE1_RB_CNTL", "SDMA1_QUEUE1_RB_CNTL"}},
    {address_of(gc::SDMA0_QUEUE0_RB_BASE), {"SDMA0_QUEUE1_RB_BASE", "SDMA1_QUEUE1_RB_BASE"}},
    {address_of(gc::SDMA0_QUEUE0_RB_BASE_HI),
     {"SDMA0_QUEUE1_RB_BASE_HI", "SDMA1_QUEUE1_RB_BASE_HI"}},
    {address_of(gc::SDMA0_QUEUE0_RB_RPTR), {"SDMA0_QUEUE1_RB_RPTR", "SDMA1_QUEUE1_RB_RPTR"}},
    {address_of(gc::SDMA0_QUEUE0_RB_RPTR_HI),
     {"SDMA0_QUEUE1_RB_RPTR_HI", "SDMA1_QUEUE1_RB_RPTR_HI"}},
    {write_pointer_low, {"SDMA0_QUEUE1_RB_WPTR", "SDMA1_QUEUE1_RB_WPTR"}},
    {write_pointer_high, {"SDMA0_QUEUE1_RB_WPTR_HI", "SDMA1_QUEUE1_RB_WPTR_HI"}},
    {address_of(gc::SDMA0_QUEUE0_RB_RPTR_ADDR_LO),
     {"SDMA0_QUEUE1_RB_RPTR_ADDR_LO", "SDMA1_QUEUE1_RB_RPTR_ADDR_LO"}},
    {address_of(gc::SDMA0_QUEUE0_RB_RPTR_ADDR_HI),
     {"SDMA0_QUEUE1_RB_RPTR_ADDR_HI", "SDMA1_QUEUE1_RB_RPTR_ADDR_HI"}},
    {address_of(gc::SDMA0_QUEUE0_RB_WPTR_POLL_ADDR_LO),
     {"SDMA0_QUEUE1_RB_WPTR_POLL_ADDR_LO", "SDMA1_QUEUE1_RB_WPTR_POLL_ADDR_LO"}},
    {address_of(gc::SDMA0_QUEUE0_RB_WPTR_POLL_ADDR_HI),
     {"SDMA0_QUEUE1_RB_WPTR_POLL_ADDR_HI", "SDMA1_QUEUE1_RB_WPTR_POLL_ADDR_HI"}},
    {address_of(gc::SDMA0_QUEUE0_IB_CNTL), {"SDMA0_QUEUE1_IB_CNTL", "SDMA1_QUEUE1_IB_CNTL"}},
    {doorbell_control, {"SDMA0_QUEUE1_DOORBELL", "SDMA1_QUEUE1_DOORBELL"}},
    {doorbell_offset, {"SDMA0_QUEUE1_DOORBELL_OFFSET", "SDMA1_QUEUE1_DOORBELL_OFFSET"}},
    {address_of(gc::SDMA0_QUEUE0_MINOR_PTR_UPDATE),
     {"SDMA0_QUEUE1_MINOR_PTR_UPDATE", "SDMA1_QUEUE1_MINOR_PTR_UPDATE"}},
};

std::array<Counter*, 256> packet_counters(CounterRegistry& counters) {
  std::array<Counter*, 256> table{};
  for (std::size_t operation = 0; operation < table.size(); ++operation) {
    table[operation] = &counters.get("sdma_packets");
    if (const char* name = SdmaProcessor::packet_name(static_cast<std::uint8_t>(operation))) {
      table[operation] = &counters.get(std::string("sdma_") + name);
    }
  }
  return table;
}

std::string ring_name(SdmaRing place) {
  return "SDMA" + std::to_string(place.engine) + " ring " + std::to_string(place.ring);
}

template <class Action>
void for_each_ring(Action action) {
  for (unsigned engine = 0; engine < SdmaRing::engines; ++engine) {
    for (unsigned ring = 0; ring < SdmaRing::rings_per_engine; ++ring)
      action(SdmaRing{engine, ring});
  }
}

}  // namespace

Sdma::Sdma(const CardParts& parts, std::function<bool()> firmware_loaded)
    : parts_{parts, packet_counters(parts.counters), parts.counters.get("sdma_bytes"),
             parts.counters.get("sdma_fences"), parts.counters.get("sdma_queue_halts")},
      firmware_loaded_(std::move(firmware_loaded)),
      unclaimed_doorbells_(parts.counters.get("doorbells_unclaimed")) {
  connect_registers();
  parts.doorbells.connect(DoorbellTarget::sdma,
                          [this](const Doorbell& doorbell) { ring(doorbell); });
}

Sdma::~Sdma() {
  stop();
}

void Sdma::connect_registers() {
  RegisterSpace& registers = parts_.card.registers;
  for (unsigned engine = 0; engine < SdmaRing::engines; ++engine) {
    registers.on_write(processor_control[engine], 1,
                       [this, engine](const RegisterWrite&) { engine_changed(engine); });
    for (const auto& entry : ring1_names) {
      registers.define(SdmaRing{engine, 1}.ring_register(entry.of_ring0), entry.names[engine]);
    }
  }
  for_each_ring([this](SdmaRing place) { connect_ring(place); });
  registers.on_write(soft_reset, 1, [this](const RegisterWrite& write) {
    if (gc::GRBM_SOFT_RESET.soft_reset_sdma0.of(write.value) != 0) reset_engine(0);
    if (gc::GRBM_SOFT_RESET.soft_reset_sdma1.of(write.value) != 0) reset_engine(1);
  });
}

void Sdma::connect_ring(SdmaRing place) {
  RegisterSpace& registers = parts_.card.registers;
  registers.on_write(
      place.ring_register(ring_control), 1, [this, place](const RegisterWrite& write) {
        const bool enabled = gc::SDMA0_QUEUE0_RB_CNTL.rb_enable.of(write.value) != 0;
        const bool was_enabled = gc::SDMA0_QUEUE0_RB_CNTL.rb_enable.of(write.previous) != 0;
        if (enabled && !was_enabled) enable(place);
        if (!enabled) disable(place);
      });
  for (const RegisterAddress half : {write_pointer_low, write_pointer_high}) {
    registers.on_write(place.ring_register(half), 1,
                       [this, place](const RegisterWrite&) { write_pointer_written(place); });
  }
}

void Sdma::stop() {
  {
    decltype(slots_) ending;
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    ending = std::exchange(slots_, {});
  }
  queues_.clear();
}

void Sdma::reset() {
  {
    decltype(slots_) ending;
    const std::lock_guard lock(mutex_);
    ending = std::exchange(slots_, {});
    refused_.clear();
  }
  queues_.clear();
}

bool Sdma::busy() const {
  const std::lock_guard lock(mutex_);
  for (const auto& engine : slots_) {
    for (const Slot& ring : engine) {
      if (ring && ring->busy()) return true;
    }
  }
  return false;
}

std::vector<std::string> Sdma::halted_queues() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> lines = refused_;
  for_each_ring([&](SdmaRing place) {
    const Slot& slot = slots_[place.engine][place.ring];
    const std::string reason = slot ? slot->halt_reason() : "";
    if (!reason.empty()) lines.push_back(ring_name(place) + ": " + reason);
  });
  return lines;
}

Sdma::Slot Sdma::find(SdmaRing place) const {
  const std::lock_guard lock(mutex_);
  return slots_[place.engine][place.ring];
}

void Sdma::enable(SdmaRing place) {
  RegisterSpace& registers = parts_.card.registers;
  try {
    end(place);
    const auto descriptor = SdmaRingDescriptor::read(parts_.card, place);
    registers.poke(place.ring_register(context_status), 0);
    Slot queue = queues_.start([&](RingQueue::Control& control) {
      return std::make_unique<SdmaQueue>(parts_, descriptor, control);
    });
    {
      // What was there is let go of, and waited for, after the lock.
      const std::lock_guard lock(mutex_);
      if (stopped_) return;
      slots_[place.engine][place.ring].swap(queue);
    }
    engine_changed(place.engine);
  } catch (const QueueError& error) {
    const auto exception = gc::SDMA0_QUEUE0_CONTEXT_STATUS.exception(1);
    registers.update(place.ring_register(context_status), exception.mask, exception.bits);
    parts_.halts.add();
    const std::lock_guard lock(mutex_);
    if (refused_.size() < most_refusals_kept) {
      refused_.push_back(ring_name(place) + " did not start: " + error.what());
    }
  }
}

void Sdma::disable(SdmaRing place) {
  if (const Slot queue = find(place)) {
    if (queue->halt_reason().empty()) {
      queue->drain();
    } else {
      queue->abort();
    }
  }
}

void Sdma::engine_changed(unsigned engine) {
  const std::uint32_t control = parts_.card.registers.peek(processor_control[engine]);
  const bool runs = gc::SDMA0_F32_CNTL.halt.of(control) == 0 &&
                    gc::SDMA0_F32_CNTL.th0_reset.of(control) == 0 && firmware_loaded_();
  const std::lock_guard lock(mutex_);
  for (const Slot& queue : slots_[engine]) {
    if (queue) queue->set_runnable(runs);
  }
}

// Nothing of what was there comes after this, unless it is called by a packet.
void Sdma::end(SdmaRing place) {
  Slot ending;
  {
    const std::lock_guard lock(mutex_);
    ending.swap(slots_[place.engine][place.ring]);
  }
  if (ending) {
    ending->abort();
    ending->await_end();
  }
  queues_.clear();
}

void Sdma::reset_engine(unsigned engine) {
  for (unsigned ring = 0; ring < SdmaRing::rings_per_engine; ++ring) {
    const SdmaRing place{engine, ring};
    end(place);
    const RegisterAddress first = place.ring_register(ring_registers_first);
    for (std::uint32_t i = 0; i < ring_registers_count; ++i)
      parts_.card.registers.poke(first + i, 0);
  }
}

void Sdma::write_pointer_written(SdmaRing place) {
  const Slot queue = find(place);
  if (!queue) return;
  RegisterSpace& registers = parts_.card.registers;
  const std::uint64_t low = registers.peek(place.ring_register(write_pointer_low));
  const std::uint64_t high = registers.peek(place.ring_register(write_pointer_high));
  queue->ring(low | high << 32);
}

void Sdma::ring(const Doorbell& doorbell) {
  RegisterSpace& registers = parts_.card.registers;
  bool claimed = false;
  for_each_ring([&](SdmaRing place) {
    const std::uint32_t control = registers.peek(place.ring_register(doorbell_control));
    const std::uint32_t offset = registers.peek(place.ring_register(doorbell_offset));
    if (gc::SDMA0_QUEUE0_DOORBELL.enable.of(control) == 0) return;
    if (gc::SDMA0_QUEUE0_DOORBELL_OFFSET.offset.of(offset) != doorbell.dword_index) return;
    if (const Slot queue = find(place)) {
      queue->ring(doorbell.value);
      claimed = true;
    }
  });
  if (!claimed) unclaimed_doorbells_.add();
}

}  // namespace redbolt::emulator
