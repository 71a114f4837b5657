#include "chip_facts.hpp"

#include <algorithm>
#include <array>

#include "redbolt/driver/driver_error.hpp"

namespace redbolt::driver {
namespace {

using namespace redbolt::literals;

// The memory size is what RCC_CONFIG_MEMSIZE says: what the board carries less what the firmware
// keeps for itself, so it is compared rounded up to whole GiB.
constexpr std::array navi31_products = {
    Product{"Radeon RX 7900 XTX", 24_GiB, 96},
    Product{"Radeon RX 7900 XT", 20_GiB, 84},
};

const std::array chips = {
    ChipFacts{11, 0, 0, "Navi31", "gfx1100", firmware::navi31_firmware_names, navi31_products,
              64_KiB, 32, 3, 256, 0xf8},
};

}  // namespace

std::span<const ChipFacts> all_chips() {
  return chips;
}

const ChipFacts& find_chip(const DiscoveryTable& discovery) {
  const IpBlock* gc = discovery.find(HardwareId::gc);
  if (!gc) {
    throw DriverError(DriverErrorCode::unsupported_card, "IP discovery", "",
                      "the card has no graphics core");
  }
  for (const ChipFacts& chip : chips) {
    if (gc->major == chip.gc_major && gc->minor == chip.gc_minor &&
        gc->revision == chip.gc_revision) {
      return chip;
    }
  }
  throw DriverError(DriverErrorCode::unsupported_card, "IP discovery", "",
                    "graphics core " + gc->version() +
                        " is not supported; Redbolt knows 11.0.0 (Radeon RX 7900 XT and XTX)");
}

const Product* find_product(const ChipFacts& chip, Bytes vram) {
  constexpr std::uint64_t gib = std::uint64_t{1} << 30;
  const Bytes rounded((vram.count() + gib - 1) / gib * gib);
  const auto found = std::ranges::find(chip.products, rounded, &Product::vram);
  return found == chip.products.end() ? nullptr : &*found;
}

}  // namespace redbolt::driver
