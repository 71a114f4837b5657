#include "blocks/interrupt_handler.hpp"

#include <cstring>

#include "blocks/reference_clock.hpp"
#include "blocks/register_address.hpp"
#include "redbolt/registers/osssys_6_0_0.hpp"

namespace redbolt::emulator {
namespace {

namespace ih = registers::osssys;

constexpr std::uint32_t entry_bytes = 32;
constexpr std::uint32_t ring1_index_mask = 0x7;
// IH_RB_CNTL.mc_space: how the ring is reached.
constexpr std::uint32_t space_bus = 2;
// Ring sizes: the write pointer's offset field ends at bit 17.
constexpr std::uint32_t largest_ring_bytes = 1u << 18;

constexpr RegisterAddress vmid_lut = address_of(ih::IH_VMID_0_LUT);
constexpr RegisterAddress vmid_lut_mm = address_of(ih::IH_VMID_0_LUT_MM);

}  // namespace

struct InterruptHandler::Ring {
  RegisterAddress control;
  RegisterAddress base;
  RegisterAddress base_high;
  RegisterAddress read_pointer;
  RegisterAddress write_pointer;
  RegisterAddress doorbell;
  RegisterAddress write_back_low;  // 0: the ring has none
  RegisterAddress write_back_high;
  std::uint32_t full_status;
  std::uint32_t overflow_status;
};

const std::array<InterruptHandler::Ring, 2> InterruptHandler::rings{{
    {address_of(ih::IH_RB_CNTL), address_of(ih::IH_RB_BASE), address_of(ih::IH_RB_BASE_HI),
     address_of(ih::IH_RB_RPTR), address_of(ih::IH_RB_WPTR), address_of(ih::IH_DOORBELL_RPTR),
     address_of(ih::IH_RB_WPTR_ADDR_LO), address_of(ih::IH_RB_WPTR_ADDR_HI),
     ih::IH_RB_STATUS.rb_full.mask(), ih::IH_RB_STATUS.rb_overflow.mask()},
    {address_of(ih::IH_RB_CNTL_RING1), address_of(ih::IH_RB_BASE_RING1),
     address_of(ih::IH_RB_BASE_HI_RING1), address_of(ih::IH_RB_RPTR_RING1),
     address_of(ih::IH_RB_WPTR_RING1), address_of(ih::IH_DOORBELL_RPTR_RING1), 0, 0,
     ih::IH_RB_STATUS.rb1_full.mask(), ih::IH_RB_STATUS.rb1_overflow.mask()},
}};

bool InterruptHandler::ClientFilter::matches(const InterruptEntry& entry) const {
  const auto& fields = ih::IH_RING1_CLIENT_CFG_DATA;
  if (!used || fields.client_id.of(value) != entry.client_id) return false;
  return fields.source_id_match_enable.of(value) == 0 ||
         fields.source_id.of(value) == entry.source_id;
}

InterruptHandler::InterruptHandler(const CardParts& parts, InterruptQueue& queue)
    : parts_(parts),
      queue_(queue),
      written_(parts.counters.get("interrupt_entries_written")),
      lost_(parts.counters.get("interrupt_entries_lost")),
      overflows_(parts.counters.get("interrupt_ring_overflows")) {
  for (const Ring& ring : rings) {
    parts_.registers.on_write(ring.control, 1, [this, &ring](const RegisterWrite& write) {
      if (ih::IH_RB_CNTL.wptr_overflow_clear.of(write.value) == 0) return;
      const std::lock_guard lock(mutex_);
      parts_.registers.update(ring.write_pointer, ih::IH_RB_WPTR.rb_overflow.mask(), 0);
      parts_.registers.update(address_of(ih::IH_RB_STATUS), ring.overflow_status | ring.full_status,
                              0);
    });
  }
  parts_.registers.on_write(address_of(ih::IH_RING1_CLIENT_CFG_DATA), 1,
                            [this](const RegisterWrite& write) {
                              const std::uint32_t index =
                                  parts_.registers.peek(address_of(ih::IH_RING1_CLIENT_CFG_INDEX));
                              const std::lock_guard lock(mutex_);
                              filters_[index & ring1_index_mask] = {true, write.value};
                            });
  parts_.doorbells.connect(DoorbellTarget::interrupt_handler, [this](const Doorbell& doorbell) {
    for (const Ring& ring : rings) {
      const std::uint32_t control = parts_.registers.peek(ring.doorbell);
      if (ih::IH_DOORBELL_RPTR.enable.of(control) == 0) continue;
      if (ih::IH_DOORBELL_RPTR.offset.of(control) != doorbell.dword_index) continue;
      parts_.registers.poke(ring.read_pointer, static_cast<std::uint32_t>(doorbell.value));
    }
  });
}

InterruptHandler::~InterruptHandler() {
  stop();
}

void InterruptHandler::start() {
  thread_ = std::thread([this] { run(); });
}

void InterruptHandler::stop() {
  queue_.close();
  if (thread_.joinable()) thread_.join();
}

void InterruptHandler::reset() {
  queue_.clear();
  const std::lock_guard lock(mutex_);
  filters_ = {};
}

void InterruptHandler::run() {
  while (const auto entry = queue_.take()) deliver(*entry);
}

const InterruptHandler::Ring& InterruptHandler::ring_of(const InterruptEntry& entry) const {
  const bool ring1_enabled =
      ih::IH_RB_CNTL.rb_enable.of(parts_.registers.peek(rings[1].control)) != 0;
  if (!ring1_enabled) return rings[0];
  for (const ClientFilter& filter : filters_) {
    if (filter.matches(entry)) return rings[1];
  }
  return rings[0];
}

void InterruptHandler::deliver(const InterruptEntry& entry) {
  const std::lock_guard lock(mutex_);
  const Ring& ring = ring_of(entry);
  const std::uint32_t control = parts_.registers.peek(ring.control);
  const std::uint64_t size = std::uint64_t{4} << ih::IH_RB_CNTL.rb_size.of(control);
  if (ih::IH_RB_CNTL.rb_enable.of(control) == 0 || size < 2 * entry_bytes ||
      size > largest_ring_bytes) {
    lost_.add();
    return;
  }
  const std::uint32_t mask = static_cast<std::uint32_t>(size - 1) & ~(entry_bytes - 1);
  const std::uint32_t pointer = parts_.registers.peek(ring.write_pointer);
  const std::uint32_t place = pointer & mask;
  const std::uint32_t read = parts_.registers.peek(ring.read_pointer) & mask;
  const std::uint32_t used = (place - read) & mask;
  if (is_flooding(ring, entry, used, static_cast<std::uint32_t>(size))) {
    note_flood(entry);
    lost_.add();
    return;
  }
  const std::uint32_t next = (place + entry_bytes) & mask;
  std::uint32_t overflow = pointer & ih::IH_RB_WPTR.rb_overflow.mask();
  if (next == read) {
    const RegisterAddress status = address_of(ih::IH_RB_STATUS);
    if (ih::IH_RB_CNTL.wptr_overflow_enable.of(control) == 0) {
      parts_.registers.update(status, ring.full_status, ring.full_status);
      lost_.add();
      return;
    }
    overflow = ih::IH_RB_WPTR.rb_overflow.mask();
    parts_.registers.update(status, ring.overflow_status, ring.overflow_status);
    overflows_.add();
  }
  const std::uint64_t base = std::uint64_t{parts_.registers.peek(ring.base)} << 8 |
                             std::uint64_t{parts_.registers.peek(ring.base_high)} << 40;
  std::array<std::uint32_t, 8> words = encode(entry);
  if (const auto fault = parts_.faults.strikes(FaultKind::corrupt_interrupt)) {
    // Not the time: nobody reads that.
    static constexpr std::array<std::size_t, 6> victims{0, 3, 4, 5, 6, 7};
    words[victims[fault->random % victims.size()]] ^=
        static_cast<std::uint32_t>(fault->random >> 32) | 1;
  }
  if (!write(ring, base + place, std::as_bytes(std::span(words)))) {
    lost_.add();
    return;
  }
  written_.add();
  parts_.registers.poke(ring.write_pointer, next | overflow);
  write_back(ring, next | overflow);
}

bool InterruptHandler::is_flooding(const Ring& ring, const InterruptEntry& entry,
                                   std::uint32_t used, std::uint32_t size) const {
  if (&ring != &rings[0] || used < size / 2 || entry.client_id >= 32) return false;
  const std::uint32_t flood = parts_.registers.peek(address_of(ih::IH_INT_FLOOD_CNTL));
  if (ih::IH_INT_FLOOD_CNTL.flood_cntl_enable.of(flood) == 0) return false;
  // One bit per client, at the client's number.
  const std::uint32_t storm = parts_.registers.peek(address_of(ih::IH_STORM_CLIENT_LIST_CNTL));
  return (storm >> entry.client_id & 1) != 0;
}

void InterruptHandler::note_flood(const InterruptEntry& entry) {
  const auto& fields = ih::IH_INT_FLOOD_STATUS;
  const RegisterAddress address = address_of(fields);
  const std::uint32_t status = parts_.registers.peek(address);
  const std::uint32_t count = fields.int_drop_cnt.of(status);
  auto bits = fields.int_drop_cnt(count == 0xff ? count : count + 1) | fields.int_dropped(1);
  if (fields.int_dropped.of(status) == 0) {
    bits = bits | fields.first_drop_int_client_id(entry.client_id) |
           fields.first_drop_int_source_id(entry.source_id);
  }
  parts_.registers.poke(address, bits.applied_to(status));
}

std::array<std::uint32_t, 8> InterruptHandler::encode(const InterruptEntry& entry) const {
  const std::uint64_t time = reference_clock();
  const std::uint32_t vmid = entry.vmid & 0xfu;
  std::uint32_t pasid = entry.pasid;
  if (pasid == 0) {
    pasid = parts_.registers.peek((entry.graphics_hub ? vmid_lut : vmid_lut_mm) + vmid) & 0xffff;
  }
  const auto& source = ih::IH_COOKIE_0;
  const std::uint32_t first = (source.client_id(entry.client_id) |
                               source.source_id(entry.source_id) | source.ring_id(entry.ring_id) |
                               source.vm_id(vmid) | source.vmid_type(entry.graphics_hub ? 0 : 1))
                                  .applied_to(0);
  return {first,
          static_cast<std::uint32_t>(time),
          static_cast<std::uint32_t>(time >> 32) & 0xffff,
          pasid,
          entry.context[0],
          entry.context[1],
          entry.context[2],
          entry.context[3]};
}

bool InterruptHandler::write(const Ring& ring, std::uint64_t address,
                             std::span<const std::byte> bytes) {
  const std::uint32_t control = parts_.registers.peek(ring.control);
  if (ih::IH_RB_CNTL.mc_space.of(control) == space_bus) {
    std::byte* const page = parts_.memory.host().find_page(address);
    if (page == nullptr) return false;
    std::memcpy(page + address % HostPages::page_size, bytes.data(), bytes.size());
    return true;
  }
  return parts_.multimedia_hub.write(ih::IH_RB_CNTL.mc_vmid.of(control), address, bytes,
                                     HubClient::interrupt_handler);
}

void InterruptHandler::write_back(const Ring& ring, std::uint32_t write_pointer) {
  const std::uint32_t control = parts_.registers.peek(ring.control);
  if (ring.write_back_low == 0 || ih::IH_RB_CNTL.wptr_writeback_enable.of(control) == 0) return;
  const std::uint64_t address =
      std::uint64_t{parts_.registers.peek(ring.write_back_low)} |
      std::uint64_t{ih::IH_RB_WPTR_ADDR_HI.addr.of(parts_.registers.peek(ring.write_back_high))}
          << 32;
  write(ring, address & ~std::uint64_t{3}, std::as_bytes(std::span(&write_pointer, 1)));
}

}  // namespace redbolt::emulator
