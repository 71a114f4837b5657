#include "queues/mec_queue.hpp"

#include "memory/vram_layout.hpp"
#include "redbolt/driver/driver_error.hpp"
#include "redbolt/registers/gc_11_0_0.hpp"
#include "redbolt/registers/nbio_4_3_0.hpp"

namespace redbolt::driver {
namespace {

namespace gc = registers::gc;
namespace nbio = registers::nbio;

constexpr std::uint32_t kMaxBufferDwords = (1u << 20) - 1;

void check(const IndirectBuffer& buffer) {
  if (buffer.dwords == 0 || buffer.dwords > kMaxBufferDwords || buffer.address.value() % 4 != 0 ||
      buffer.address < kVmStart || buffer.address > kVmLast || buffer.vmid.value() >= kVmContexts) {
    throw DriverError(DriverErrorCode::invalid_argument, "submit to the compute queue", "",
                      "an indirect buffer is empty, too long, misaligned or outside the VM");
  }
}

}  // namespace

MecQueue::MecQueue(RegisterFile& registers, VramWindow& window, HostDataPath& host_data_path,
                   const Framebuffer& framebuffer, SubmissionRing& ring, GpuAddress end_of_pipe,
                   unsigned doorbell)
    : registers_(registers),
      window_(window),
      host_data_path_(host_data_path),
      ring_(ring),
      descriptor_({.descriptor = framebuffer.address(vram_layout::kComputeMqd),
                   .ring = ring.ring_address(),
                   .ring_dwords_log2 = ring.dwords_log2(),
                   .read_pointer = ring.read_pointer_address(),
                   .write_pointer = ring.write_pointer_address(),
                   .end_of_pipe = end_of_pipe,
                   .doorbell = doorbell}),
      flush_request_(registers.address(nbio::BIF_BX_PF0_GPU_HDP_FLUSH_REQ)),
      flush_done_(registers.address(nbio::BIF_BX_PF0_GPU_HDP_FLUSH_DONE)) {
  activate();
}

void MecQueue::restart() {
  ring_.restart();
  activate();
}

// The image includes CP_HQD_ACTIVE = 0, so the queue is off while its registers change.
void MecQueue::activate() {
  window_.write(vram_layout::kComputeMqd, std::as_bytes(descriptor_.words()));
  host_data_path_.flush();
  {
    const GraphicsSelection selection(registers_, {.micro_engine = kComputeMicroEngine});
    const auto values = descriptor_.registers();
    for (unsigned i = 0; i < values.size(); ++i)
      registers_.write_nth(gc::CP_MQD_BASE_ADDR, i, values[i]);
    registers_.write(gc::CP_HQD_ACTIVE, gc::CP_HQD_ACTIVE.active(1));
  }
  host_data_path_.flush();
}

FenceValue MecQueue::submit(std::span<const IndirectBuffer> buffers,
                            std::span<const Dependency> after) {
  for (const IndirectBuffer& buffer : buffers) check(buffer);
  const FenceValue fence = ring_.begin();

  // Other engines' work, then what the host wrote, then what is in the caches above memory.
  words_.clear();
  for (const Dependency& dependency : after) {
    pm4::wait_memory_at_least(words_, dependency.location,
                              static_cast<std::uint32_t>(dependency.value.value()));
  }
  pm4::request_and_wait(words_, flush_request_, flush_done_);
  pm4::wait_for_waves(words_);
  pm4::acquire_memory(words_, pm4::gcr::kEverything);
  ring_.put(words_);

  for (std::size_t i = 0; i < buffers.size(); ++i) {
    words_.clear();
    if (i != 0) {
      pm4::wait_for_waves(words_);
      pm4::acquire_memory(words_, pm4::gcr::kBetweenDispatches);
    }
    pm4::indirect_buffer(words_, buffers[i].address, buffers[i].dwords,
                         static_cast<unsigned>(buffers[i].vmid.value()));
    ring_.put(words_);
  }

  words_.clear();
  pm4::wait_for_waves(words_);
  pm4::release(words_, ring_.fence_address(), static_cast<std::uint32_t>(fence.value()));
  ring_.put(words_);
  ring_.commit();
  return fence;
}

}  // namespace redbolt::driver
