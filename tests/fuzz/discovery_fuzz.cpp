// Arbitrary bytes as an IP discovery table. Half the inputs get their outer checksum put right, so
// that what lies behind it is reached too.
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "discovery.hpp"
#include "discovery_table.hpp"
#include "redbolt/driver/driver_error.hpp"

using redbolt::driver::test::HandmadeDiscovery;

std::vector<std::vector<std::uint8_t>> fuzz_samples() {
  auto harvested = HandmadeDiscovery::navi31();
  harvested.harvested = {{12, 1}};
  auto wide = HandmadeDiscovery::navi31();
  wide.version = 4;
  return {HandmadeDiscovery::navi31().bytes(), harvested.bytes(), wide.bytes()};
}

namespace {

void parse(std::span<const std::uint8_t> bytes) {
  try {
    redbolt::driver::parse_discovery(std::as_bytes(bytes));
  } catch (const redbolt::driver::DriverError&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  parse({data, size});
  if (size < 60) return 0;
  std::vector<std::uint8_t> sealed(data, data + size);
  sealed.resize(std::min<std::size_t>(size, 0xffff));
  HandmadeDiscovery::set32(sealed, 0, 0x28211407);
  HandmadeDiscovery::set16(sealed, 10, static_cast<std::uint16_t>(sealed.size()));
  for (std::size_t index = 0; index < 3; ++index) {
    const auto offset =
        static_cast<std::size_t>(sealed[12 + index * 8] | sealed[13 + index * 8] << 8);
    if (offset + 136 > sealed.size()) continue;
    const std::size_t table_size =
        index == 0   ? static_cast<std::size_t>(sealed[offset + 6] | sealed[offset + 7] << 8)
        : index == 1 ? static_cast<std::size_t>(sealed[offset + 8] | sealed[offset + 9] << 8)
                     : 136;
    if (table_size <= sealed.size() - offset) {
      HandmadeDiscovery::table(sealed, index, offset, table_size);
    }
  }
  HandmadeDiscovery::seal(sealed);
  parse(sealed);
  return 0;
}
