#include "blocks/mec.hpp"

#include <utility>

#include "blocks/register_address.hpp"
#include "redbolt/registers/gc_11_0_0.hpp"

namespace redbolt::emulator {
namespace {

namespace gc = registers::gc;

constexpr RegisterAddress hqd_active = address_of(gc::CP_HQD_ACTIVE);
constexpr RegisterAddress hqd_dequeue_request = address_of(gc::CP_HQD_DEQUEUE_REQUEST);
constexpr RegisterAddress hqd_doorbell_control = address_of(gc::CP_HQD_PQ_DOORBELL_CONTROL);
constexpr RegisterAddress hqd_error = address_of(gc::CP_HQD_ERROR);
constexpr RegisterAddress mec_control = address_of(gc::CP_MEC_RS64_CNTL);
constexpr RegisterAddress doorbell_range_lower = address_of(gc::CP_MEC_DOORBELL_RANGE_LOWER);
constexpr RegisterAddress doorbell_range_upper = address_of(gc::CP_MEC_DOORBELL_RANGE_UPPER);
constexpr RegisterAddress queue_reset = address_of(gc::SPI_COMPUTE_QUEUE_RESET);
constexpr RegisterAddress soft_reset = address_of(gc::GRBM_SOFT_RESET);

// CP_HQD_DEQUEUE_REQUEST.dequeue_req. Waves could be saved only by a trap handler, which this card
// does not run: they are drained.
enum DequeueRequest : std::uint32_t {
  dequeue_none = 0,
  dequeue_drain,
  dequeue_reset,
  dequeue_save
};

constexpr std::size_t most_refusals_kept = 16;

std::array<Counter*, 256> packet_counters(CounterRegistry& counters) {
  std::array<Counter*, 256> table{};
  for (std::size_t opcode = 0; opcode < table.size(); ++opcode) {
    table[opcode] = &counters.get("pm4_packets");
    if (const char* name = Pm4Processor::packet_name(static_cast<std::uint8_t>(opcode))) {
      table[opcode] = &counters.get(std::string("pm4_") + name);
    }
  }
  return table;
}

std::array<Counter*, 6> aql_counters(CounterRegistry& counters) {
  return {&counters.get("aql_vendor_specific"), &counters.get("aql_invalid"),
          &counters.get("aql_kernel_dispatch"), &counters.get("aql_barrier_and"),
          &counters.get("aql_agent_dispatch"),  &counters.get("aql_barrier_or")};
}

std::string queue_name(Selection s) {
  return "ME" + std::to_string(s.me) + " pipe " + std::to_string(s.pipe) + " queue " +
         std::to_string(s.queue);
}

bool is_compute_queue(Selection s) {
  return s.me == Mec::me && s.pipe < Mec::pipes && s.queue < Mec::queues_per_pipe;
}

}  // namespace

Mec::Mec(const CardParts& parts, Dispatcher& dispatcher, Counters& shader_counters,
         std::function<bool()> firmware_loaded)
    : parts_{parts,
             dispatcher,
             shader_counters,
             packet_counters(parts.counters),
             aql_counters(parts.counters),
             parts.counters.get("dispatches"),
             parts.counters.get("cache_barriers"),
             parts.counters.get("compute_fences"),
             parts.counters.get("compute_queue_halts")},
      firmware_loaded_(std::move(firmware_loaded)),
      unclaimed_doorbells_(parts.counters.get("doorbells_unclaimed")) {
  connect_registers();
  parts.doorbells.connect(DoorbellTarget::compute,
                          [this](const Doorbell& doorbell) { ring(doorbell); });
}

Mec::~Mec() {
  stop();
}

void Mec::connect_registers() {
  RegisterSpace& registers = parts_.card.registers;
  registers.on_write(hqd_active, 1, [this](const RegisterWrite& write) {
    if (!is_compute_queue(write.selection)) return;
    if (gc::CP_HQD_ACTIVE.active.of(write.value) != 0) {
      activate(write.selection);
    } else if (const Slot queue = find(write.selection)) {
      queue->abort();
    }
  });
  registers.on_write(hqd_dequeue_request, 1, [this](const RegisterWrite& write) {
    dequeue(write.selection, gc::CP_HQD_DEQUEUE_REQUEST.dequeue_req.of(write.value));
  });
  registers.on_write(queue_reset, 1, [this](const RegisterWrite& write) {
    if (gc::SPI_COMPUTE_QUEUE_RESET.reset.of(write.value) != 0) {
      kill_waves(write.selection);
    }
  });
  registers.on_write(mec_control, 1, [this](const RegisterWrite& write) {
    if (gc::CP_MEC_RS64_CNTL.mec_invalidate_icache.of(write.value) != 0) {
      parts_.dispatcher.invalidate_instruction_cache();
    }
    control_changed(write.value);
  });
  registers.on_write(soft_reset, 1, [this](const RegisterWrite& write) {
    const auto& fields = gc::GRBM_SOFT_RESET;
    if ((fields.soft_reset_cp.of(write.value) | fields.soft_reset_cpc.of(write.value) |
         fields.soft_reset_gfx.of(write.value)) != 0) {
      abort_all();
      await_all();
    }
  });
}

void Mec::stop() {
  // All are told before any is waited for: one may wait for another's dispatch.
  abort_all();
  {
    decltype(slots_) ending;
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    ending = std::exchange(slots_, {});
  }
  queues_.clear();
}

void Mec::reset() {
  abort_all();
  {
    decltype(slots_) ending;
    const std::lock_guard lock(mutex_);
    ending = std::exchange(slots_, {});
    refused_.clear();
  }
  queues_.clear();
}

bool Mec::busy() const {
  const std::lock_guard lock(mutex_);
  for (const auto& pipe : slots_) {
    for (const Slot& queue : pipe) {
      if (queue && queue->busy()) return true;
    }
  }
  return false;
}

std::vector<std::string> Mec::halted_queues() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> lines = refused_;
  for (unsigned pipe = 0; pipe < pipes; ++pipe) {
    for (unsigned queue = 0; queue < queues_per_pipe; ++queue) {
      const Slot& slot = slots_[pipe][queue];
      if (!slot) continue;
      const std::string reason = slot->halt_reason();
      const Selection selection{.me = me,
                                .pipe = static_cast<std::uint8_t>(pipe),
                                .queue = static_cast<std::uint8_t>(queue)};
      if (!reason.empty()) lines.push_back(queue_name(selection) + ": " + reason);
    }
  }
  return lines;
}

Mec::Slot Mec::find(Selection selection) const {
  if (!is_compute_queue(selection)) return nullptr;
  const std::lock_guard lock(mutex_);
  return slots_[selection.pipe][selection.queue];
}

void Mec::activate(Selection selection) {
  selection.vmid = 0;
  if (const Slot old = find(selection); old && !old->finished()) {
    if (!old->ending()) return;
    forget(selection);
  }
  queues_.clear();
  RegisterSpace& registers = parts_.card.registers;
  registers.poke(hqd_active, gc::CP_HQD_ACTIVE.active.mask(), selection);
  try {
    const auto descriptor = HardwareQueueDescriptor::read(parts_.card, selection);
    Slot queue = queues_.start([&](RingQueue::Control& control) {
      return std::make_unique<ComputeQueue>(parts_, descriptor, control);
    });
    {
      const std::lock_guard lock(mutex_);
      if (stopped_) return;
      slots_[selection.pipe][selection.queue].swap(queue);
    }
    control_changed(registers.peek(mec_control));
    start_work(descriptor);
  } catch (const QueueError& error) {
    refuse(selection, error);
  }
}

// Work that was there before the queue: left between its pointers, or announced by a doorbell.
void Mec::start_work(const HardwareQueueDescriptor& descriptor) {
  const auto& hit = gc::CP_HQD_PQ_DOORBELL_CONTROL.doorbell_hit;
  RegisterSpace& registers = parts_.card.registers;
  const std::uint32_t control =
      registers.update(hqd_doorbell_control, hit.mask(), 0, descriptor.selection);
  if (hit.of(control) == 0 && descriptor.write_pointer == descriptor.read_pointer) return;
  const std::uint64_t pointer = descriptor.write_pointer / descriptor.pointer_dwords;
  if (const Slot queue = find(descriptor.selection)) {
    queue->ring(descriptor.aql ? pointer - 1 : pointer);
  }
}

// Lets go of a queue that has been told to end, and waits for it.
void Mec::forget(Selection selection) {
  Slot ending;
  const std::lock_guard lock(mutex_);
  ending.swap(slots_[selection.pipe][selection.queue]);
}

void Mec::refuse(Selection selection, const QueueError& error) {
  RegisterSpace& registers = parts_.card.registers;
  const std::uint32_t bit = gc::CP_HQD_ERROR.pq_utcl1_error.mask();
  registers.update(hqd_error, bit, bit, selection);
  registers.poke(hqd_active, 0, selection);
  parts_.halts.add();
  const std::lock_guard lock(mutex_);
  if (refused_.size() < most_refusals_kept) {
    refused_.push_back(queue_name(selection) + " was not activated: " + error.what());
  }
}

void Mec::dequeue(Selection selection, std::uint32_t request) {
  if (request == dequeue_none) return;
  const Slot queue = find(selection);
  if (!queue || queue->finished()) {
    parts_.card.registers.poke(hqd_dequeue_request, 0, selection);
  } else if (request == dequeue_drain || request == dequeue_save) {
    queue->drain();
  } else {
    queue->abort();
  }
}

void Mec::kill_waves(Selection selection) {
  if (const Slot queue = find(selection)) queue->abort();
  parts_.card.registers.poke(queue_reset, 0);
}

bool Mec::pipe_runs(unsigned pipe, std::uint32_t control) const {
  const std::uint32_t in_reset = gc::CP_MEC_RS64_CNTL.mec_pipe0_reset.mask() << pipe;
  const std::uint32_t active = gc::CP_MEC_RS64_CNTL.mec_pipe0_active.mask() << pipe;
  return (control & in_reset) == 0 && (control & active) != 0 &&
         gc::CP_MEC_RS64_CNTL.mec_halt.of(control) == 0 && firmware_loaded_();
}

void Mec::control_changed(std::uint32_t control) {
  std::array<bool, pipes> runs{};
  for (unsigned pipe = 0; pipe < pipes; ++pipe) runs[pipe] = pipe_runs(pipe, control);
  std::vector<Slot> ending;
  {
    const std::lock_guard lock(mutex_);
    for (unsigned pipe = 0; pipe < pipes; ++pipe) {
      const bool in_reset = (control & gc::CP_MEC_RS64_CNTL.mec_pipe0_reset.mask() << pipe) != 0;
      for (const Slot& queue : slots_[pipe]) {
        if (!queue) continue;
        if (in_reset) {
          queue->abort();
          ending.push_back(queue);
        } else {
          queue->set_runnable(runs[pipe]);
        }
      }
    }
  }
  for (const Slot& queue : ending) queue->await_end();
}

void Mec::abort_all() {
  const std::lock_guard lock(mutex_);
  for (const auto& pipe : slots_) {
    for (const Slot& queue : pipe) {
      if (queue) queue->abort();
    }
  }
}

// What a queue does at its end (its pointers, CP_HQD_ACTIVE) must not come after a reset.
void Mec::await_all() {
  std::vector<Slot> ending;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& pipe : slots_) {
      for (const Slot& queue : pipe) {
        if (queue) ending.push_back(queue);
      }
    }
  }
  for (const Slot& queue : ending) queue->await_end();
  queues_.clear();
}

void Mec::ring(const Doorbell& doorbell) {
  RegisterSpace& registers = parts_.card.registers;
  const auto& range = gc::CP_MEC_DOORBELL_RANGE_LOWER;
  const std::uint32_t lowest = range.doorbell_range_lower.of(registers.peek(doorbell_range_lower));
  const std::uint32_t highest =
      gc::CP_MEC_DOORBELL_RANGE_UPPER.doorbell_range_upper.of(registers.peek(doorbell_range_upper));
  bool claimed = false;
  if (doorbell.dword_index >= lowest && doorbell.dword_index <= highest) {
    const auto& fields = gc::CP_HQD_PQ_DOORBELL_CONTROL;
    const std::lock_guard lock(mutex_);
    for (unsigned pipe = 0; pipe < pipes; ++pipe) {
      for (unsigned queue = 0; queue < queues_per_pipe; ++queue) {
        const Selection selection{.me = me,
                                  .pipe = static_cast<std::uint8_t>(pipe),
                                  .queue = static_cast<std::uint8_t>(queue)};
        const std::uint32_t control = registers.peek(hqd_doorbell_control, selection);
        if (fields.doorbell_en.of(control) == 0) continue;
        if (fields.doorbell_offset.of(control) != doorbell.dword_index) continue;
        const Slot& slot = slots_[pipe][queue];
        if (slot && !slot->ending()) {
          slot->ring(doorbell.value);
          claimed = true;
        } else {
          // Remembered until the queue is activated.
          registers.update(hqd_doorbell_control, fields.doorbell_hit.mask(),
                           fields.doorbell_hit.mask(), selection);
        }
      }
    }
  }
  if (!claimed) unclaimed_doorbells_.add();
}

}  // namespace redbolt::emulator
