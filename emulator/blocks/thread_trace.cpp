#include "blocks/thread_trace.hpp"

#include "blocks/register_address.hpp"
#include "redbolt/registers/gc_11_0_0.hpp"

namespace redbolt::emulator {
namespace {

namespace gc = registers::gc;

// BUF0_BASE and BUF0_SIZE hold a page number; the write pointer counts 32 bytes, from address 0 on
// GFX11.0 (Mesa, ac_sqtt.c), not from the buffer's beginning.
constexpr unsigned page_shift = 12, pointer_shift = 5;

}  // namespace

ThreadTrace::ThreadTrace(RegisterSpace& registers) : registers_(registers) {
  registers_.on_write(address_of(gc::SQ_THREAD_TRACE_CTRL), 1, [this](const RegisterWrite& write) {
    if (gc::SQ_THREAD_TRACE_CTRL.mode.of(write.value) != 0) start();
  });
  registers_.on_read(address_of(gc::SQ_THREAD_TRACE_WPTR), 1, [this](RegisterAddress, Selection) {
    const std::uint32_t index = registers_.peek(address_of(gc::GRBM_GFX_INDEX));
    const bool all = gc::GRBM_GFX_INDEX.se_broadcast_writes.of(index) != 0;
    const std::size_t engine = all ? 0 : gc::GRBM_GFX_INDEX.se_index.of(index);
    return engine < shader_engines ? write_pointers_[engine].load(std::memory_order_relaxed) : 0;
  });
}

void ThreadTrace::reset() {
  for (auto& pointer : write_pointers_) pointer.store(0, std::memory_order_relaxed);
}

void ThreadTrace::start() {
  const std::uint64_t page = registers_.peek(address_of(gc::SQ_THREAD_TRACE_BUF0_BASE)) |
                             std::uint64_t{gc::SQ_THREAD_TRACE_BUF0_SIZE.base_hi.of(
                                 registers_.peek(address_of(gc::SQ_THREAD_TRACE_BUF0_SIZE)))}
                                 << 32;
  const std::uint32_t pointer = static_cast<std::uint32_t>(page << (page_shift - pointer_shift)) &
                                gc::SQ_THREAD_TRACE_WPTR.offset.mask();
  const std::uint32_t index = registers_.peek(address_of(gc::GRBM_GFX_INDEX));
  const bool all = gc::GRBM_GFX_INDEX.se_broadcast_writes.of(index) != 0;
  const std::size_t selected = gc::GRBM_GFX_INDEX.se_index.of(index);
  for (std::size_t engine = 0; engine < shader_engines; ++engine) {
    if (all || engine == selected) {
      write_pointers_[engine].store(pointer, std::memory_order_relaxed);
    }
  }
}

}  // namespace redbolt::emulator
