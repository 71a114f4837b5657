// A card brought as far as its queues need: graphics and multimedia hub with one address space
// whose page tables the test writes, engines' firmware said to be there, doorbells routed. What the
// boot order says a driver programs, without a driver.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <thread>
#include <vector>

#include "blocks/register_address.hpp"
#include "card_state.hpp"
#include "redbolt/registers/gc_11_0_0.hpp"
#include "redbolt/registers/mmhub_3_0_0.hpp"
#include "redbolt/registers/nbio_4_3_0.hpp"
#include "redbolt/registers/osssys_6_0_0.hpp"

namespace redbolt::emulator::testing {

namespace gc = registers::gc;
namespace mm = registers::mmhub;
namespace ih = registers::osssys;

// True as soon as the condition holds; false after ten seconds.
inline bool eventually(const std::function<bool()>& condition) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > limit) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(50));
  }
  return true;
}

class QueueCard {
 public:
  // Virtual addresses begin here, as in the reference boot; VRAM offset = address - va_base.
  static constexpr std::uint64_t va_base = 0x200000000000;
  static constexpr std::uint64_t tables = 0x100000;  // VRAM offset of the page tables
  static constexpr std::uint64_t default_page = 0x2000;
  static constexpr std::uint64_t mapped_from = 0x1000000;  // VRAM offsets that are mapped
  static constexpr std::uint64_t mapped_to = 0x4000000;

  // With this fault plan.
  explicit QueueCard(const char* faults = "") : state_(options(faults)) { program(); }

  // Everything a driver would have programmed; again after a reset.
  void program() {
    write_page_tables();
    program_hub(
        address_of(gc::GCVM_CONTEXT0_CNTL), address_of(gc::GCVM_CONTEXT0_PAGE_TABLE_BASE_ADDR_LO32),
        address_of(gc::GCVM_CONTEXT0_PAGE_TABLE_START_ADDR_LO32),
        address_of(gc::GCVM_CONTEXT0_PAGE_TABLE_END_ADDR_LO32),
        address_of(gc::GCMC_VM_MX_L1_TLB_CNTL), address_of(gc::GCMC_VM_SYSTEM_APERTURE_LOW_ADDR),
        address_of(gc::GCMC_VM_SYSTEM_APERTURE_HIGH_ADDR),
        address_of(gc::GCVM_L2_PROTECTION_FAULT_DEFAULT_ADDR_LO32));
    program_hub(
        address_of(mm::MMVM_CONTEXT0_CNTL), address_of(mm::MMVM_CONTEXT0_PAGE_TABLE_BASE_ADDR_LO32),
        address_of(mm::MMVM_CONTEXT0_PAGE_TABLE_START_ADDR_LO32),
        address_of(mm::MMVM_CONTEXT0_PAGE_TABLE_END_ADDR_LO32),
        address_of(mm::MMMC_VM_MX_L1_TLB_CNTL), address_of(mm::MMMC_VM_SYSTEM_APERTURE_LOW_ADDR),
        address_of(mm::MMMC_VM_SYSTEM_APERTURE_HIGH_ADDR),
        address_of(mm::MMVM_L2_PROTECTION_FAULT_DEFAULT_ADDR_LO32));
    const auto& boot = gc::RLC_RLCS_BOOTLOAD_STATUS;
    registers().poke(address_of(boot), boot.bootload_complete(1).bits);
    write(registers::nbio::RCC_DEV0_EPF0_RCC_DOORBELL_APER_EN, 1);
    registers().write(address_of(registers::nbio::S2A_DOORBELL_ENTRY_0_CTRL), 0x30000007);
    registers().write(address_of(registers::nbio::S2A_DOORBELL_ENTRY_3_CTRL), 0x3000000d);
    registers().write(address_of(registers::nbio::S2A_DOORBELL_ENTRY_2_CTRL), 0x3009001d);
  }

  CardState& state() { return state_; }
  RegisterSpace& registers() { return state_.registers(); }
  std::uint64_t counter(const char* name) { return state_.counters()[name]; }

  std::uint32_t read(const registers::Register& r) { return registers().read(address_of(r)); }
  void write(const registers::Register& r, std::uint32_t value) {
    registers().write(address_of(r), value);
  }

  // VRAM as the card's engines see it, by virtual address.
  std::byte* at(std::uint64_t address) {
    return state_.parts().memory.vram().at(VramOffset(address - va_base));
  }
  std::uint32_t load32(std::uint64_t address) {
    return __atomic_load_n(reinterpret_cast<std::uint32_t*>(at(address)), __ATOMIC_ACQUIRE);
  }
  std::uint64_t load64(std::uint64_t address) {
    return __atomic_load_n(reinterpret_cast<std::uint64_t*>(at(address)), __ATOMIC_ACQUIRE);
  }
  void store32(std::uint64_t address, std::uint32_t value) {
    __atomic_store_n(reinterpret_cast<std::uint32_t*>(at(address)), value, __ATOMIC_RELEASE);
  }
  void store64(std::uint64_t address, std::uint64_t value) {
    __atomic_store_n(reinterpret_cast<std::uint64_t*>(at(address)), value, __ATOMIC_RELEASE);
  }
  void put(std::uint64_t address, std::span<const std::uint32_t> words) {
    for (const std::uint32_t word : words) {
      store32(address, word);
      address += 4;
    }
  }
  void clear(std::uint64_t address, std::uint64_t bytes) {
    for (std::uint64_t i = 0; i < bytes; i += 8) store64(address + i, 0);
  }

 private:
  static CardOptions options(const char* faults) {
    CardOptions options;
    options.vram = Bytes(256 << 20);
    options.threads = 2;
    options.latency_scale = 0;
    options.faults = parse_fault_plan(faults);
    return options;
  }

  // Four levels; the last but one holds leaves of 2 MiB.
  void write_page_tables() {
    constexpr std::uint64_t page = 4096;
    constexpr std::uint64_t table_entry = 1;  // valid
    constexpr std::uint64_t leaf_entry = 1ull << 54 | 0x71;
    const auto entry = [&](std::uint64_t table, std::uint64_t index) {
      return va_base + tables + table * page + index * 8;
    };
    clear(va_base + tables, 3 * page);
    clear(va_base + default_page, page);
    store64(entry(0, 0), (tables + page) | table_entry);
    store64(entry(1, 0), (tables + 2 * page) | table_entry);
    for (std::uint64_t offset = mapped_from; offset < mapped_to; offset += 2 << 20) {
      store64(entry(2, offset >> 21), offset | leaf_entry);
    }
  }

  void program_hub(RegisterAddress control, RegisterAddress base, RegisterAddress start,
                   RegisterAddress end, RegisterAddress tlb, RegisterAddress aperture_low,
                   RegisterAddress aperture_high, RegisterAddress fault_page) {
    RegisterSpace& r = registers();
    const auto framebuffer = state_.parts().memory.framebuffer_base().value();
    const auto framebuffer_end = state_.parts().memory.framebuffer_end().value();
    r.write(aperture_low, static_cast<std::uint32_t>(framebuffer >> 18));
    r.write(aperture_high, static_cast<std::uint32_t>((framebuffer_end - 1) >> 18));
    r.write(fault_page, default_page >> 12);
    r.write(tlb, 0x1859);
    r.write(start, 0);
    r.write(start + 1, 0x2);
    r.write(end, 0xffffffff);
    r.write(end + 1, 0x7);
    r.write(base, static_cast<std::uint32_t>(tables) | 1);
    r.write(base + 1, 0);
    r.write(control, 0x1fffe07);
  }

  CardState state_;
};

// Interrupt ring 0, enabled as in the reference boot but in VRAM of the test's choice.
class InterruptRing {
 public:
  static constexpr std::uint64_t offset = 0x3000;  // in VRAM

  // `log2_dwords`: IH_RB_CNTL.rb_size.
  explicit InterruptRing(QueueCard& card, std::uint32_t log2_dwords = 16, bool overflow = true)
      : card_(card) {
    const std::uint64_t base = card.state().parts().memory.framebuffer_base().value() + offset;
    card.write(ih::IH_RB_BASE, static_cast<std::uint32_t>(base >> 8));
    card.write(ih::IH_RB_BASE_HI, static_cast<std::uint32_t>(base >> 40));
    card.write(ih::IH_RB_WPTR, 0);
    card.write(ih::IH_RB_RPTR, 0);
    const auto& control = ih::IH_RB_CNTL;
    card.write(control, (control.rb_enable(1) | control.rb_size(log2_dwords) | control.mc_space(4) |
                         control.wptr_overflow_enable(overflow ? 1 : 0))
                            .applied_to(0));
  }

  std::uint32_t write_pointer() { return card_.read(ih::IH_RB_WPTR); }
  std::array<std::uint32_t, 8> entry(std::uint32_t index) {
    std::array<std::uint32_t, 8> words{};
    for (std::uint32_t i = 0; i < 8; ++i) {
      words[i] = card_.load32(QueueCard::va_base + offset + index * 32 + i * 4);
    }
    return words;
  }
  bool wait_for(std::uint32_t entries) {
    return eventually([&] { return write_pointer() >= entries * 32; });
  }

 private:
  QueueCard& card_;
};

}  // namespace redbolt::emulator::testing
