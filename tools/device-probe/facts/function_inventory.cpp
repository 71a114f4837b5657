#include "facts/function_inventory.hpp"

#include <cstring>
#include <vector>

#include "facts/config_space.hpp"
#include "facts/discovery.hpp"
#include "redbolt/driver/inspection.hpp"

namespace redbolt::probe {
namespace {

constexpr unsigned config_size = 256;
constexpr unsigned bar_count = 6;
constexpr std::uint32_t all_ones = 0xffffffff;

std::vector<std::byte> config_bytes(pci::PciFunction& function) {
  std::vector<std::byte> bytes(config_size);
  for (unsigned offset = 0; offset < config_size; offset += 4) {
    const std::uint32_t word = function.read_config(pci::ConfigOffset(offset), 4);
    std::memcpy(bytes.data() + offset, &word, sizeof word);
  }
  return bytes;
}

}  // namespace

void FunctionInventory::read_bars(CardFacts& card) {
  for (unsigned index = 0; index < bar_count; ++index) {
    const pci::BarInfo bar = function_.bar(static_cast<pci::Bar>(index));
    if (bar.size.count() != 0) card.bars.push_back({index, bar.base.value(), bar.size.count()});
  }
}

void FunctionInventory::read_discovery(CardFacts& card) {
  using Discovery = Reading<DiscoveryFacts>;
  if (card.memory_decoding == false) {
    card.discovery = Discovery::skipped("the card does not decode memory accesses yet");
    return;
  }
  const std::uint32_t megabytes =
      function_.read32(pci::Bar::k5, pci::BarOffset(driver::kMemorySizeRegister));
  if (megabytes == all_ones) {
    card.discovery = Discovery::failed("the card does not answer on its register BAR");
    return;
  }
  const Bytes vram(std::uint64_t{megabytes} << 20);
  card.vram_bytes = vram.count();
  const Bytes visible = function_.bar(pci::Bar::k0).size;
  if (vram < driver::kDiscoveryTableFromEnd || visible < vram) {
    card.discovery = Discovery::skipped(
        "the table is at the end of the video memory, which BAR0 does not show; --test, which "
        "boots "
        "the card, reads it");
    return;
  }
  std::vector<std::byte> table(driver::kDiscoveryTableSize.count());
  function_.read_block(pci::Bar::k0,
                       pci::BarOffset((vram - driver::kDiscoveryTableFromEnd).count()), table);
  card.discovery = understand_discovery(table);
}

void FunctionInventory::collect(MachineFacts& facts) {
  facts.way = way_;
  CardFacts card;
  card.address = function_.name();
  try {
    read_config_space(config_bytes(function_), card);
    card.name = name_card(card.vendor_id, card.device_id, card.revision);
    if (card.answers) {
      read_bars(card);
      read_discovery(card);
    }
  } catch (const pci::PciError& error) {
    card.answers = error.code() != pci::PciErrorCode::transport_closed;
    card.discovery = Reading<DiscoveryFacts>::failed(error.what());
  }
  facts.cards.push_back(std::move(card));
}

}  // namespace redbolt::probe
