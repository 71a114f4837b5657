// The option string of an emulated card.
#include <gmock/gmock.h>

#include "test_card.hpp"

namespace redbolt::emulator::test {
namespace {

TEST(CardOptions, EmptyTextGivesTheDefaults) {
  const CardOptions options = parse_card_options("");
  EXPECT_EQ(options.profile, Profile::rx7900xtx);
  EXPECT_EQ(options.vram, Bytes{});
  EXPECT_EQ(options.firmware, FirmwarePolicy::strict);
}

TEST(CardOptions, EveryKeyIsUnderstood) {
  const CardOptions options = parse_card_options(
      "profile=rx7900xt,vram=8G,bar0=256M,bar0-max=8G,threads=3,seed=7,scatter=on,hdp=strict,"
      "firmware=unverified,latency=0.5");
  EXPECT_EQ(options.profile, Profile::rx7900xt);
  EXPECT_EQ(options.vram, Bytes(8ull << 30));
  EXPECT_EQ(options.bar0, Bytes(256u << 20));
  EXPECT_EQ(options.bar0_max, Bytes(8ull << 30));
  EXPECT_EQ(options.threads, 3u);
  EXPECT_EQ(options.seed, 7u);
  EXPECT_TRUE(options.scatter_host_pages);
  EXPECT_TRUE(options.strict_hdp);
  EXPECT_EQ(options.firmware, FirmwarePolicy::unverified);
  EXPECT_EQ(options.latency_scale, 0.5);
}

TEST(CardOptions, WhatCannotBeUsedIsRefusedByName) {
  const auto error_of = [](const char* text) -> std::string {
    try {
      parse_card_options(text);
    } catch (const EmulatorError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(error_of("colour=red"), ::testing::HasSubstr("colour"));
  EXPECT_THAT(error_of("vram=much"), ::testing::HasSubstr("vram"));
  EXPECT_THAT(error_of("vram=99999999999999999999G"), ::testing::HasSubstr("vram"));
  EXPECT_THAT(error_of("vram=99999999999G"), ::testing::HasSubstr("vram"));
  EXPECT_THAT(error_of("threads=-1"), ::testing::HasSubstr("threads"));
  EXPECT_THAT(error_of("latency=nan"), ::testing::HasSubstr("latency"));
  EXPECT_THAT(error_of("scatter"), ::testing::HasSubstr("scatter"));
  EXPECT_THAT(error_of("profile=rx9070"), ::testing::HasSubstr("profile"));
}

TEST(CardOptions, HelpNamesEveryKey) {
  for (const char* key : {"profile", "vram", "bar0", "bar0-max", "threads", "seed", "scatter",
                          "hdp", "firmware", "latency", "fault"}) {
    EXPECT_THAT(std::string(card_options_help()),
                ::testing::HasSubstr(std::string("  ") + key + "="))
        << key;
  }
}

TEST(CardOptions, ImpossibleCardsAreRefused) {
  const auto make = [](auto change) {
    CardOptions options = small_card();
    change(options);
    Card card(options);
  };
  EXPECT_THROW(make([](CardOptions& o) { o.vram = Bytes(100); }), EmulatorError);
  EXPECT_THROW(make([](CardOptions& o) { o.vram = Bytes(64ull << 30); }), EmulatorError);
  EXPECT_THROW(make([](CardOptions& o) { o.bar0 = Bytes(300u << 20); }), EmulatorError);
  EXPECT_THROW(
      make([](CardOptions& o) { o.bar0 = Bytes(1u << 30), o.bar0_max = Bytes(512u << 20); }),
      EmulatorError);
}

}  // namespace
}  // namespace redbolt::emulator::test
