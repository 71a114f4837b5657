#include "interrupt_handler.hpp"

#include <bit>
#include <cstring>

#include "memory/vram_layout.hpp"
#include "redbolt/registers/osssys_6_0_0.hpp"

namespace redbolt::driver {
namespace {

namespace osssys = registers::osssys;

constexpr auto& kControl0 = osssys::IH_RB_CNTL;
constexpr auto& kControl1 = osssys::IH_RB_CNTL_RING1;

constexpr std::uint32_t kRingBytes =
    static_cast<std::uint32_t>(vram_layout::kInterruptRingSize.count());
constexpr std::uint32_t kRingSizeLog2Dwords = std::countr_zero(kRingBytes / 4);
constexpr std::uint32_t kPointerMask = kRingBytes - 1;
constexpr std::uint32_t kMemoryController = 4;  // mc_space: MC addresses

constexpr std::uint32_t low32(std::uint64_t value) {
  return static_cast<std::uint32_t>(value);
}
constexpr std::uint32_t high32(std::uint64_t value) {
  return static_cast<std::uint32_t>(value >> 32);
}

}  // namespace

InterruptHandler::InterruptHandler(RegisterFile& registers, VramWindow& window,
                                   const Framebuffer& framebuffer)
    : registers_(registers), window_(window), framebuffer_(framebuffer) {}

void InterruptHandler::start() {
  read_pointer_ = 0;
  window_.fill_zero(vram_layout::kInterruptWritePointer, Bytes(sizeof(std::uint32_t)));
  configure_ring0();
  configure_ring1();

  // The memory hubs' faults (client 18) can come in storms: let the handler hold them back.
  registers_.update(osssys::IH_STORM_CLIENT_LIST_CNTL,
                    osssys::IH_STORM_CLIENT_LIST_CNTL.client18_is_storm_client(1));
  registers_.update(osssys::IH_INT_FLOOD_CNTL, osssys::IH_INT_FLOOD_CNTL.flood_cntl_enable(1));
  registers_.update(osssys::IH_MSI_STORM_CTRL, osssys::IH_MSI_STORM_CTRL.delay(3));

  registers_.update(kControl0, kControl0.rb_enable(1) | kControl0.enable_intr(1));
  registers_.update(kControl1, kControl1.rb_enable(1));
}

void InterruptHandler::configure_ring0() {
  const std::uint64_t base = framebuffer_.address(vram_layout::kInterruptRing0).value();
  const std::uint64_t write_pointer =
      framebuffer_.address(vram_layout::kInterruptWritePointer).value();
  registers_.write(osssys::IH_RB_BASE, low32(base >> 8));
  registers_.write(osssys::IH_RB_BASE_HI, high32(base >> 8));
  registers_.write(kControl0, kControl0.rb_size(kRingSizeLog2Dwords) |
                                  kControl0.wptr_writeback_enable(1) |
                                  kControl0.wptr_overflow_enable(1) | kControl0.mc_snoop(1) |
                                  kControl0.rptr_rearm(1) | kControl0.mc_space(kMemoryController) |
                                  kControl0.wptr_overflow_clear(1));
  registers_.write(osssys::IH_RB_WPTR_ADDR_LO, low32(write_pointer));
  registers_.write(osssys::IH_RB_WPTR_ADDR_HI, high32(write_pointer));
  registers_.write(osssys::IH_RB_WPTR, 0);
  registers_.write(osssys::IH_RB_RPTR, 0);
  registers_.write(osssys::IH_DOORBELL_RPTR, 0);
}

void InterruptHandler::configure_ring1() {
  const std::uint64_t base = framebuffer_.address(vram_layout::kInterruptRing1).value();
  registers_.write(osssys::IH_RB_BASE_RING1, low32(base >> 8));
  registers_.write(osssys::IH_RB_BASE_HI_RING1, high32(base >> 8));
  registers_.write(kControl1, kControl1.rb_size(kRingSizeLog2Dwords) |
                                  kControl1.rb_full_drain_enable(1) | kControl1.mc_snoop(1) |
                                  kControl1.mc_space(kMemoryController) |
                                  kControl1.wptr_overflow_clear(1));
  registers_.write(osssys::IH_RB_WPTR_RING1, 0);
  registers_.write(osssys::IH_RB_RPTR_RING1, 0);
  registers_.write(osssys::IH_DOORBELL_RPTR_RING1, 0);
}

void InterruptHandler::handle_overflow() {
  overflowed_ = true;
  // The bit is a trigger: it has to be taken back for the next overflow to be seen.
  registers_.update(kControl0, kControl0.wptr_overflow_clear(1));
  registers_.update(kControl0, kControl0.wptr_overflow_clear(0));
}

bool InterruptHandler::pending() {
  const std::uint32_t raw = window_.read32(vram_layout::kInterruptWritePointer);
  return (osssys::IH_RB_WPTR.offset.of(raw) * 4 & kPointerMask) != read_pointer_ ||
         osssys::IH_RB_WPTR.rb_overflow.of(raw) != 0;
}

std::vector<Interrupt> InterruptHandler::drain() {
  std::vector<Interrupt> interrupts;
  const std::uint32_t raw = registers_.read(osssys::IH_RB_WPTR);
  if (raw == 0xffffffff) return interrupts;  // the card has gone
  const std::uint32_t write_pointer =
      osssys::IH_RB_WPTR.offset.of(raw) * 4 & kPointerMask & ~(kInterruptEntrySize - 1);
  if (osssys::IH_RB_WPTR.rb_overflow.of(raw) != 0) {
    handle_overflow();
    // What follows the write pointer is the oldest entry that was not overwritten.
    read_pointer_ = (write_pointer + kInterruptEntrySize) & kPointerMask;
  }
  if (write_pointer == read_pointer_) return interrupts;

  const auto count = ((write_pointer - read_pointer_) & kPointerMask) / kInterruptEntrySize;
  std::vector<std::byte> entries(count * kInterruptEntrySize);
  const std::uint32_t first = std::min<std::uint32_t>(static_cast<std::uint32_t>(entries.size()),
                                                      kRingBytes - read_pointer_);
  window_.read(vram_layout::kInterruptRing0 + Bytes(read_pointer_),
               std::span(entries).first(first));
  if (first < entries.size()) {
    window_.read(vram_layout::kInterruptRing0, std::span(entries).subspan(first));
  }
  for (std::size_t i = 0; i < count; ++i) {
    interrupts.push_back(decode_interrupt(
        std::span(entries).subspan(i * kInterruptEntrySize).first<kInterruptEntrySize>()));
  }
  read_pointer_ = write_pointer;
  registers_.write(osssys::IH_RB_RPTR, read_pointer_);
  return interrupts;
}

}  // namespace redbolt::driver
