// What a PCI id stands for: the table tables/cards.csv.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace redbolt::probe {

inline constexpr int any_revision = -1;
inline constexpr std::uint16_t vendor_amd = 0x1002, vendor_nvidia = 0x10de, vendor_intel = 0x8086;

struct CardRow {
  std::uint16_t vendor_id;
  std::uint16_t device_id;
  int revision;  // or any_revision
  const char* name;
  const char* chip;
  const char* gfx_target;  // as LLVM's -mcpu takes it; empty where LLVM has none
  bool supported;
};

// Generated from the table.
extern const CardRow card_rows[];
extern const std::size_t card_row_count;

struct CardName {
  std::string name;  // "Radeon RX 7900 XTX"; for ids that are not in the table, what can be said
  std::string chip;  // "Navi31", or empty
  std::string gfx_target;  // or empty
  bool supported = false;
  std::string why_not;  // a sentence, when it is not supported
};

CardName name_card(std::uint16_t vendor_id, std::uint16_t device_id, std::uint8_t revision);

}  // namespace redbolt::probe
