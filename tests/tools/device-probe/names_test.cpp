// Names of cards (expected values: libdrm's amdgpu.ids and the PCI ID repository), configuration
// space (the PCI specifications), and the pattern of the memory test.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "facts/card_names.hpp"
#include "facts/config_space.hpp"
#include "test/pattern.hpp"

namespace redbolt::probe {
namespace {

using testing::HasSubstr;

struct Named {
  std::uint16_t vendor, device;
  std::uint8_t revision;
  const char* name;
  const char* gfx_target;
  bool supported;
};

TEST(CardNames, AreThoseOnTheBox) {
  for (const Named& card : {Named{0x1002, 0x744c, 0xc8, "Radeon RX 7900 XTX", "gfx1100", true},
                            Named{0x1002, 0x744c, 0xcc, "Radeon RX 7900 XT", "gfx1100", true},
                            Named{0x1002, 0x744c, 0xce, "Radeon RX 7900 GRE", "gfx1100", false},
                            Named{0x1002, 0x747e, 0xc8, "Radeon RX 7800 XT", "gfx1101", false},
                            Named{0x1002, 0x7550, 0xc0, "Radeon RX 9070 XT", "gfx1201", false},
                            Named{0x1002, 0x66af, 0xc1, "Radeon VII", "gfx906", false},
                            Named{0x10de, 0x2330, 0xa1, "NVIDIA H100 SXM5 80GB", "", false},
                            Named{0x8086, 0x56a0, 0x08, "Intel Arc A770", "", false}}) {
    const CardName name = name_card(card.vendor, card.device, card.revision);
    EXPECT_EQ(name.name, card.name);
    EXPECT_EQ(name.gfx_target, card.gfx_target) << card.name;
    EXPECT_EQ(name.supported, card.supported) << card.name;
    EXPECT_EQ(name.why_not.empty(), card.supported) << card.name;
  }
}

TEST(CardNames, WhatIsNotInTheTableIsStillNamed) {
  EXPECT_EQ(name_card(0x1002, 0xfffe, 0).name, "AMD card 1002:fffe");
  EXPECT_EQ(name_card(0x10de, 0xfffe, 0).name, "NVIDIA card 10de:fffe");
  EXPECT_EQ(name_card(0x1234, 0x5678, 0).name, "unknown card 1234:5678");
  EXPECT_THAT(name_card(0x1234, 0x5678, 0).why_not, HasSubstr("7900"));
}

std::vector<std::byte> config_space() {
  std::vector<std::byte> bytes(256);
  const auto put = [&](std::size_t at, unsigned value, unsigned width) {
    for (unsigned i = 0; i < width; ++i) bytes[at + i] = static_cast<std::byte>(value >> 8 * i);
  };
  put(0x00, 0x744c1002, 4);
  put(0x04, 0x00100006, 4);  // memory and bus mastering; a capability list
  put(0x08, 0x030000c8, 4);
  put(0x34, 0x50, 1);
  put(0x50, 0x6401, 2);  // power management, then the next
  put(0x54, 0x3, 2);     // D3hot
  put(0x64, 0x0010, 2);  // PCI Express
  put(0x70, 0x0104, 4);  // x16, 16 GT/s at most
  put(0x76, 0x0041, 2);  // x4, 2.5 GT/s now
  return bytes;
}

TEST(ConfigSpace, TellsIdentityLinkAndPowerState) {
  CardFacts card;
  read_config_space(config_space(), card);
  EXPECT_TRUE(card.answers);
  EXPECT_EQ(card.vendor_id, 0x1002);
  EXPECT_EQ(card.device_id, 0x744c);
  EXPECT_EQ(card.revision, 0xc8);
  EXPECT_EQ(card.class_code, 0x030000u);
  EXPECT_EQ(card.memory_decoding, true);
  EXPECT_EQ(card.link.width_lanes, 4u);
  EXPECT_EQ(card.link.width_max_lanes, 16u);
  EXPECT_EQ(card.link.speed_gt_per_s, 2.5);
  EXPECT_EQ(card.link.speed_max_gt_per_s, 16);
  EXPECT_EQ(card.power_state, "D3hot");
}

TEST(ConfigSpace, ShortAndCircularOnesEnd) {
  auto bytes = config_space();
  bytes[0x65] = std::byte{0x50};  // back to the first capability
  CardFacts card;
  read_config_space(bytes, card);
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    CardFacts cut;
    read_config_space(std::span(bytes).first(size), cut);
    EXPECT_TRUE(cut.answers);
  }
}

TEST(Pattern, DependsOnPlaceAndSeedAndShowsTheFirstDifference) {
  const auto pattern = make_pattern(4096, 1);
  EXPECT_NE(pattern, make_pattern(4096, 2));
  EXPECT_FALSE(first_difference(pattern, make_pattern(4096, 1)));
  auto damaged = pattern;
  damaged[1234] ^= std::byte{0x10};
  EXPECT_EQ(first_difference(damaged, pattern), 1234u);
}

}  // namespace
}  // namespace redbolt::probe
