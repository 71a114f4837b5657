#include "blocks/nbio.hpp"

#include "blocks/register_address.hpp"
#include "redbolt/registers/nbio_4_3_0.hpp"

namespace redbolt::emulator {
namespace {

namespace nbio = registers::nbio;

// Registers that drivers use and the tables do not hold (card/registers_touched.csv).
constexpr RegisterAddress mm_index = 0x0, mm_data = 0x1, mm_index_high = 0x6;
constexpr RegisterAddress config_memory_size = 0xde3;
constexpr std::uint32_t mm_index_is_vram = 1u << 31;

constexpr RegisterAddress remap = address_of(nbio::BIF_BX0_REMAP_HDP_MEM_FLUSH_CNTL);

bool is_window(RegisterAddress address) {
  return address == mm_data || address == address_of(nbio::BIF_BX_PF0_RSMU_DATA) ||
         address == address_of(nbio::BIF_BX0_PCIE_DATA2);
}

}  // namespace

Nbio::Nbio(RegisterSpace& registers, HostDataPath& hdp, Bytes vram)
    : registers_(registers), hdp_(hdp) {
  registers_.define(config_memory_size, "RCC_CONFIG_MEMSIZE");
  registers_.set_reset_value(config_memory_size, static_cast<std::uint32_t>(vram.count() >> 20));
  registers_.on_write(config_memory_size, 1,
                      [this](const RegisterWrite& w) { registers_.poke(w.address, w.previous); });
  // A strap that drivers clear: the power-on value has it set.
  registers_.set_reset_value(address_of(nbio::RCC_DEV0_EPF2_STRAP2),
                             nbio::RCC_DEV0_EPF2_STRAP2.strap_no_soft_reset_dev0_f2(1).bits);
  connect_vram_window();
  connect_register_window(address_of(nbio::BIF_BX_PF0_RSMU_INDEX),
                          address_of(nbio::BIF_BX_PF0_RSMU_INDEX_HI),
                          address_of(nbio::BIF_BX_PF0_RSMU_DATA));
  connect_register_window(address_of(nbio::BIF_BX0_PCIE_INDEX2),
                          address_of(nbio::BIF_BX0_PCIE_INDEX2_HI),
                          address_of(nbio::BIF_BX0_PCIE_DATA2));
  connect_flush_registers();
}

// Register accesses through a window (byte address / 4). A window that shows a window shows
// nothing.
std::uint32_t Nbio::read_through(RegisterAddress target, Selection selection) {
  return is_window(target) ? 0 : registers_.engine_read(target, selection);
}

void Nbio::write_through(RegisterAddress target, const RegisterWrite& write) {
  if (!is_window(target)) registers_.engine_write(target, write.value, write.selection);
}

void Nbio::connect_vram_window() {
  registers_.define(mm_index, "MM_INDEX");
  registers_.define(mm_data, "MM_DATA");
  registers_.define(mm_index_high, "MM_INDEX_HI");
  const auto address = [this] {
    return static_cast<std::uint64_t>(registers_.peek(mm_index_high)) << 31 |
           (registers_.peek(mm_index) & ~(mm_index_is_vram | 3u));
  };
  const auto is_vram = [this] { return (registers_.peek(mm_index) & mm_index_is_vram) != 0; };
  registers_.on_read(mm_data, 1, [this, address, is_vram](RegisterAddress, Selection selection) {
    if (!is_vram()) return read_through(static_cast<RegisterAddress>(address() / 4), selection);
    std::uint32_t value = 0;
    hdp_.read(VramOffset(address()), std::as_writable_bytes(std::span(&value, 1)));
    return value;
  });
  registers_.on_write(mm_data, 1, [this, address, is_vram](const RegisterWrite& w) {
    if (!is_vram()) return write_through(static_cast<RegisterAddress>(address() / 4), w);
    hdp_.write(VramOffset(address()), std::as_bytes(std::span(&w.value, 1)));
  });
}

void Nbio::connect_register_window(RegisterAddress index, RegisterAddress index_high,
                                   RegisterAddress data) {
  const auto target = [this, index, index_high] {
    return registers_.peek(index) >> 2 | registers_.peek(index_high) << 30;
  };
  registers_.on_read(data, 1, [this, target](RegisterAddress, Selection selection) {
    return read_through(target(), selection);
  });
  registers_.on_write(data, 1,
                      [this, target](const RegisterWrite& w) { write_through(target(), w); });
}

void Nbio::connect_flush_registers() {
  registers_.set_reset_value(remap, 0x385c);
  struct Pair {
    RegisterAddress request, done;
  };
  constexpr Pair pairs[] = {{address_of(nbio::BIF_BX_PF0_GPU_HDP_FLUSH_REQ),
                             address_of(nbio::BIF_BX_PF0_GPU_HDP_FLUSH_DONE)},
                            {address_of(nbio::BIF_BX_PF1_GPU_HDP_FLUSH_REQ),
                             address_of(nbio::BIF_BX_PF1_GPU_HDP_FLUSH_DONE)}};
  for (const auto [request, done] : pairs) {
    registers_.on_write(request, 1, [this, done = done](const RegisterWrite& w) {
      hdp_.flush();
      registers_.poke(done, w.value);
    });
  }
}

bool Nbio::flush_by_remapped_register(RegisterAddress address) {
  if (address !=
      (registers_.peek(remap) & nbio::BIF_BX0_REMAP_HDP_MEM_FLUSH_CNTL.address.mask()) / 4)
    return false;
  hdp_.flush();
  return true;
}

}  // namespace redbolt::emulator
