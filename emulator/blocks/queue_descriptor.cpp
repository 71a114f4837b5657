#include "blocks/queue_descriptor.hpp"

#include <algorithm>

#include "blocks/hub_engine_memory.hpp"
#include "blocks/register_address.hpp"
#include "packets/aql_processor.hpp"
#include "packets/queue_error.hpp"
#include "redbolt/registers/gc_11_0_0.hpp"

namespace redbolt::emulator {
namespace {

namespace gc = registers::gc;

// MQD dwords 1 to 80 are the compute registers from COMPUTE_DISPATCH_INITIATOR on, in order
// (v11_compute_mqd.csv).
constexpr std::uint32_t mqd_registers_first = 1;
constexpr std::uint32_t mqd_registers_last = 80;
constexpr std::uint32_t mqd_sh_offset =
    address_of(gc::COMPUTE_DISPATCH_INITIATOR) - pm4::sh_registers_first;

std::uint64_t wide(std::uint32_t low, std::uint32_t high) {
  return low | static_cast<std::uint64_t>(high) << 32;
}

}  // namespace

HardwareQueueDescriptor HardwareQueueDescriptor::read(const CardParts& card, Selection selection) {
  const auto value = [&](const registers::Register& object) {
    return card.registers.peek(address_of(object), selection);
  };
  HardwareQueueDescriptor hqd;
  hqd.selection = selection;
  hqd.vmid = gc::CP_HQD_VMID.vmid.of(value(gc::CP_HQD_VMID));
  hqd.ring_base = wide(value(gc::CP_HQD_PQ_BASE), value(gc::CP_HQD_PQ_BASE_HI) & 0xff) << 8;
  // 2^(queue_size + 1) dwords.
  const std::uint32_t size = gc::CP_HQD_PQ_CONTROL.queue_size.of(value(gc::CP_HQD_PQ_CONTROL));
  hqd.ring_dwords = std::uint64_t{2} << std::min(size, 31u);
  hqd.aql = gc::CP_HQD_AQL_CONTROL.control0.of(value(gc::CP_HQD_AQL_CONTROL)) != 0;
  if (hqd.aql) hqd.pointer_dwords = AqlProcessor::packet_dwords;
  const std::uint64_t write_pointer =
      wide(value(gc::CP_HQD_PQ_WPTR_LO), value(gc::CP_HQD_PQ_WPTR_HI));
  // The register holds the low half; the pointer is the last one of that half not beyond the write
  // pointer.
  std::uint64_t read_pointer = (write_pointer & ~0xffffffffull) | value(gc::CP_HQD_PQ_RPTR);
  if (read_pointer > write_pointer && read_pointer >= 1ull << 32) read_pointer -= 1ull << 32;
  hqd.read_pointer = read_pointer * hqd.pointer_dwords;
  hqd.write_pointer = write_pointer * hqd.pointer_dwords;
  // The firmware itself keeps an AQL queue's read index; the bit then stops the hardware alone.
  const bool silent =
      gc::CP_HQD_PQ_CONTROL.no_update_rptr.of(value(gc::CP_HQD_PQ_CONTROL)) != 0 && !hqd.aql;
  if (!silent) {
    hqd.read_pointer_report = wide(value(gc::CP_HQD_PQ_RPTR_REPORT_ADDR),
                                   value(gc::CP_HQD_PQ_RPTR_REPORT_ADDR_HI) & 0xffff);
  }
  hqd.write_pointer_poll =
      wide(value(gc::CP_HQD_PQ_WPTR_POLL_ADDR), value(gc::CP_HQD_PQ_WPTR_POLL_ADDR_HI) & 0xffff);

  HubEngineMemory ring(card.graphics_hub, hqd.vmid, HubClient::command_processor);
  if (ring.require(hqd.ring_base, EngineAccess::read).redirected) {
    throw QueueError(QueueErrorKind::bad_ring, "the queue's ring (CP_HQD_PQ_BASE) is not mapped",
                     hqd.ring_base);
  }

  const std::uint32_t state = value(gc::CP_HQD_PERSISTENT_STATE);
  if (gc::CP_HQD_PERSISTENT_STATE.preload_req.of(state) != 0) {
    const std::uint64_t mqd =
        wide(value(gc::CP_MQD_BASE_ADDR), value(gc::CP_MQD_BASE_ADDR_HI) & 0xffff) & ~3ull;
    const std::uint32_t vmid = gc::CP_MQD_CONTROL.vmid.of(value(gc::CP_MQD_CONTROL));
    HubEngineMemory memory(card.graphics_hub, vmid, HubClient::command_processor);
    if (memory.require(mqd, EngineAccess::read).redirected) {
      throw QueueError(QueueErrorKind::bad_ring, "the queue's MQD (CP_MQD_BASE_ADDR) is not mapped",
                       mqd);
    }
    const std::uint32_t last =
        std::min(mqd_registers_last, gc::CP_HQD_PERSISTENT_STATE.preload_size.of(state));
    if (last >= mqd_registers_first) {
      const auto target =
          std::span(hqd.sh_registers).subspan(mqd_sh_offset, last - mqd_registers_first + 1);
      memory.read(mqd + mqd_registers_first * sizeof(std::uint32_t),
                  std::as_writable_bytes(target));
    }
  }
  return hqd;
}

}  // namespace redbolt::emulator
