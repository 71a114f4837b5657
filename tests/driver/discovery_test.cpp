// IP discovery: a table made by hand from the structure listing is read right; damaged and hostile
// ones end in a typed error.
#include "discovery.hpp"

#include <gtest/gtest.h>

#include <random>

#include "chip_facts.hpp"
#include "discovery_table.hpp"
#include "redbolt/driver/driver_error.hpp"

namespace redbolt::driver {
namespace {

using namespace redbolt::literals;
using test::HandmadeDiscovery;

DiscoveryTable parse(const std::vector<std::uint8_t>& bytes) {
  return parse_discovery(std::as_bytes(std::span(bytes)));
}

std::string refusal(const std::vector<std::uint8_t>& bytes) {
  try {
    parse(bytes);
    return "";
  } catch (const DriverError& error) {
    EXPECT_EQ(error.code(), DriverErrorCode::invalid_discovery);
    EXPECT_EQ(error.step(), "IP discovery");
    return error.what();
  }
}

TEST(Discovery, ReadsBlocksAndGraphicsCore) {
  const auto table = parse(HandmadeDiscovery::navi31().bytes());
  EXPECT_EQ(table.blocks.size(), 10u);
  const IpBlock* gc = table.find(HardwareId::gc);
  ASSERT_NE(gc, nullptr);
  EXPECT_EQ(gc->version(), "11.0.0");
  EXPECT_EQ(gc->bases, (std::vector<std::uint32_t>{0x1260, 0xa000, 0x1c000, 0x2402c00}));
  ASSERT_NE(table.find(HardwareId::nbif), nullptr);
  EXPECT_EQ(table.find(HardwareId::nbif)->bases.at(5), 0x4040000u);
  EXPECT_EQ(table.graphics.shader_engines, 6u);
  EXPECT_EQ(table.graphics.compute_units(), 96u);
  EXPECT_STREQ(find_chip(table).gfx_target, "gfx1100");
}

TEST(Discovery, TableAtTheStartOfALargerArea) {
  auto bytes = HandmadeDiscovery::navi31().bytes();
  bytes.resize(10 << 10, 0xee);
  EXPECT_EQ(parse(bytes).blocks.size(), 10u);
}

TEST(Discovery, HarvestedInstancesAreGone) {
  auto table = HandmadeDiscovery::navi31();
  table.harvested = {{12, 1}};
  const auto parsed = parse(table.bytes());
  EXPECT_EQ(parsed.blocks.size(), 9u);
  for (const IpBlock& block : parsed.blocks) {
    EXPECT_FALSE(block.hardware_id == 12 && block.instance == 1);
  }
}

TEST(Discovery, UnknownChipIsNamed) {
  auto table = HandmadeDiscovery::navi31();
  table.blocks[0].minor = 5;
  try {
    find_chip(parse(table.bytes()));
    FAIL();
  } catch (const DriverError& error) {
    EXPECT_EQ(error.code(), DriverErrorCode::unsupported_card);
    EXPECT_NE(std::string(error.what()).find("11.5.0"), std::string::npos);
  }
}

TEST(Discovery, DamageIsRefused) {
  const auto good = HandmadeDiscovery::navi31().bytes();
  EXPECT_EQ(refusal(good), "");
  EXPECT_NE(refusal({}), "");
  EXPECT_NE(refusal(std::vector<std::uint8_t>(59)), "");
  EXPECT_NE(refusal(std::vector<std::uint8_t>(10 << 10, 0xff)), "")
      << "a card that does not answer";

  // Each single flipped bit is noticed: by a checksum if by nothing else.
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    auto bytes = good;
    bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ 1u << (bit % 8));
    const bool is_free = bit / 8 >= 4 && bit / 8 < 8;  // the binary's version, outside the checksum
    EXPECT_EQ(refusal(bytes).empty(), is_free) << "byte " << bit / 8;
  }
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_NE(refusal({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)}), "");
  }
}

// Checksums that match what a hostile card says elsewhere.
TEST(Discovery, HostileTablesWithRightChecksums) {
  const auto good = HandmadeDiscovery::navi31().bytes();
  const std::size_t ip = 60, gc_info = 12 + 8;
  const auto ip_size = static_cast<std::size_t>(good[ip + 6] | good[ip + 7] << 8);
  const auto with = [&](std::size_t at, std::uint16_t value) {
    auto bytes = good;
    HandmadeDiscovery::set16(bytes, at, value);
    HandmadeDiscovery::table(bytes, 0, ip, ip_size);
    HandmadeDiscovery::seal(bytes);
    return refusal(bytes);
  };
  EXPECT_NE(with(ip + 12, 17), "") << "dies";
  EXPECT_NE(with(ip + 16, 0xffff), "") << "die offset";
  EXPECT_NE(with(ip + 80 + 2, 0xffff), "") << "number of blocks";
  EXPECT_NE(with(ip + 4, 9), "") << "version";
  auto bytes = good;
  HandmadeDiscovery::set16(bytes, gc_info, 0xfff0);
  HandmadeDiscovery::seal(bytes);
  EXPECT_NE(refusal(bytes), "") << "GC table outside";

  for (const auto member : {&HandmadeDiscovery::shader_engines, &HandmadeDiscovery::shader_arrays,
                            &HandmadeDiscovery::processors0}) {
    auto table = HandmadeDiscovery::navi31();
    table.*member = 0xffffffff;
    EXPECT_NE(refusal(table.bytes()), "");
  }
}

TEST(ChipFacts, TheMemorySizeTellsProductsApart) {
  const ChipFacts& chip = find_chip(parse(HandmadeDiscovery::navi31().bytes()));
  // What RCC_CONFIG_MEMSIZE says is 16 MiB short of what the board carries.
  EXPECT_STREQ(find_product(chip, 24_GiB - 16_MiB)->marketing_name, "Radeon RX 7900 XTX");
  EXPECT_STREQ(find_product(chip, 20_GiB - 16_MiB)->marketing_name, "Radeon RX 7900 XT");
  EXPECT_EQ(find_product(chip, 16_GiB), nullptr);
}

}  // namespace
}  // namespace redbolt::driver
