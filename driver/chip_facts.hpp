// What is known of each chip and not told by the chip itself, as a table. A new chip is a new row.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "discovery.hpp"
#include "redbolt/firmware/firmware_set.hpp"

namespace redbolt::driver {

// A product built from a chip. Products of one chip share the PCI id; the memory size tells them
// apart.
struct Product {
  const char* marketing_name;
  Bytes vram;
  unsigned compute_units;  // active ones
};

struct ChipFacts {
  unsigned gc_major, gc_minor, gc_revision;  // version of the GC block
  const char* name;
  const char* gfx_target;
  firmware::ChipFirmwareNames (*firmware_names)();
  std::span<const Product> products;
  Bytes lds_per_workgroup;
  unsigned waves_per_compute_unit;  // wave32
  unsigned compute_doorbell;        // index of 64-bit doorbells: MEC ring 0, SDMA engine 0
  unsigned copy_doorbell;
  std::uint32_t doorbell_range_upper;  // CP_MEC_DOORBELL_RANGE_UPPER, in bytes
};

// Every chip this driver can boot.
std::span<const ChipFacts> all_chips();

// Throws DriverError::unsupported_card, which names the version found.
const ChipFacts& find_chip(const DiscoveryTable& discovery);

// The product with this memory size, or nullptr for none in the table.
const Product* find_product(const ChipFacts& chip, Bytes vram);

}  // namespace redbolt::driver
