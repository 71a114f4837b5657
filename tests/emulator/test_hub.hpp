// A card with one of its hubs in hand: contexts and page tables by hand, translations asked
// directly.
#pragma once

#include <atomic>
#include <thread>

#include "boot_sequence.hpp"
#include "card_state.hpp"
#include "emulated_pci_function.hpp"
#include "test_card.hpp"

namespace redbolt::emulator::test {

// card/pte_bits_gfx11.csv
inline constexpr std::uint64_t valid = 1, system = 2, executable = 0x10, readable = 0x20,
                               writable = 0x40, huge = 1ull << 54,
                               rwx = readable | writable | executable, leaf = valid | rwx;

// The address that these table indices (root first) lead to.
constexpr std::uint64_t va(std::uint64_t root, std::uint64_t second, std::uint64_t third,
                           std::uint64_t page) {
  return root << 39 | second << 30 | third << 21 | page << 12;
}

// Dword addresses of one hub (card/registers_touched.csv; GCVM_* and MMVM_*).
struct HubAddresses {
  std::uint32_t l2_cntl2, fault_cntl, fault_status, fault_address, fault_default, l1_tlb_cntl,
      aperture_low, context_cntl, context_base, context_start, context_end, sem, req, ack, range;
};
inline constexpr HubAddresses graphics_addresses{0x281d, 0x2824, 0x2828, 0x2829, 0x282b,
                                                 0x28df, 0x28dd, 0x28e8, 0x2953, 0x2973,
                                                 0x2993, 0x28f9, 0x290b, 0x291d, 0x292f};
inline constexpr HubAddresses multimedia_addresses{0x1a701, 0x1a708, 0x1a70c, 0x1a70d, 0x1a70f,
                                                   0x1a8f3, 0x1a8f1, 0x1a740, 0x1a7ab, 0x1a7cb,
                                                   0x1a7eb, 0x1a751, 0x1a763, 0x1a775, 0x1a787};

struct TestContext {
  std::uint32_t depth = 3;
  std::uint64_t root = 0;
  std::uint64_t root_flags = valid;
  std::uint64_t first_page = 0;
  std::uint64_t last_page = 0xfffffffff;
  std::uint32_t flags = 1;  // CONTEXT_CNTL beside the depth; bit 0: enabled
};

class HubCard {
 public:
  explicit HubCard(MemoryHub::Kind kind)
      : state(std::make_shared<CardState>(small_card())),
        card(std::make_unique<EmulatedPciFunction>(state)),
        registers(kind == MemoryHub::Kind::graphics ? graphics_addresses : multimedia_addresses),
        hub_(kind == MemoryHub::Kind::graphics ? state->parts().graphics_hub
                                               : state->parts().multimedia_hub) {
    card.write_vram(0x10000, std::vector<std::byte>(0x30000));
    for (std::uint32_t engine = 0; engine < 18; ++engine) set_range(engine, 0x1fffffffffull);
  }

  MemoryHub& hub() { return hub_; }
  std::byte* vram(std::uint64_t offset) {
    return state->parts().memory.vram().at(VramOffset(offset));
  }
  std::uint64_t faults() { return card.counter("page_faults"); }

  void set_context(std::uint32_t vmid, const TestContext& context) {
    const auto pair = [&](std::uint32_t address, std::uint64_t value) {
      card.write(address + 2 * vmid, static_cast<std::uint32_t>(value));
      card.write(address + 2 * vmid + 1, static_cast<std::uint32_t>(value >> 32));
    };
    pair(registers.context_base, context.root | context.root_flags);
    pair(registers.context_start, context.first_page);
    pair(registers.context_end, context.last_page);
    card.write(registers.context_cntl + vmid, context.flags | context.depth << 1);
  }

  void write_entry(std::uint64_t table, std::uint64_t index, std::uint64_t entry) {
    card.write_vram64(table + index * 8, entry);
  }

  // Writes the path to one 4 KiB page; tables are made from 0x11000 on as they are needed.
  void map(std::uint32_t, std::uint64_t root, std::uint64_t address, std::uint64_t physical,
           std::uint64_t flags) {
    std::uint64_t table = root;
    for (const unsigned shift : {39u, 30u, 21u}) {
      const std::uint64_t index = address >> shift & 511;
      std::uint64_t entry = card.function->read64(pci::Bar::k0, pci::BarOffset(table + index * 8));
      if (!(entry & valid)) {
        entry = next_table_ | valid;
        next_table_ += 0x1000;
        write_entry(table, index, entry);
      }
      table = entry & ~0xfffull;
    }
    write_entry(table, address >> 12 & 511, physical | flags | valid);
  }

  std::optional<Translation> translate(unsigned vmid, std::uint64_t address, Access access,
                                       HubClient client = HubClient::shader_data) {
    return hub_.translate(vmid, address, access, client);
  }
  std::byte* host_of(unsigned vmid, std::uint64_t address) {
    const auto page = translate(vmid, address, Access::read);
    return page ? page->host + (address - page->base) : nullptr;
  }

  void set_range(std::uint32_t engine, std::uint64_t range) {
    card.write(registers.range + 2 * engine, static_cast<std::uint32_t>(range));
    card.write(registers.range + 2 * engine + 1, static_cast<std::uint32_t>(range >> 32));
  }
  void invalidate(std::uint32_t engine, std::uint32_t vmids) {
    card.write(registers.req + engine, 0xf80000 | vmids);
    EXPECT_TRUE(card.becomes(registers.ack + engine, vmids, 0xffff));
  }
  std::uint64_t fault_page() {
    return card.read(registers.fault_address) |
           static_cast<std::uint64_t>(card.read(registers.fault_address + 1)) << 32;
  }

  std::shared_ptr<CardState> state;
  TestFunction card;
  const HubAddresses registers;

 private:
  MemoryHub& hub_;
  std::uint64_t next_table_ = 0x11000;
};

}  // namespace redbolt::emulator::test
