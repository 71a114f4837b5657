// The discovery binary, read by a parser of its own. Layouts: card/ip_discovery_structs.csv; what
// it must say: the table of Navi31's bases and the card's public facts.
#include <fstream>
#include <map>
#include <numeric>
#include <sstream>

#include "test_card.hpp"

namespace redbolt::emulator::test {
namespace {

class Binary {
 public:
  explicit Binary(std::vector<std::byte> data) : data_(std::move(data)) {}
  std::uint32_t read(std::size_t at, unsigned width) const {
    std::uint32_t value = 0;
    for (unsigned i = 0; i < width; ++i)
      value |= std::to_integer<std::uint32_t>(data_.at(at + i)) << 8 * i;
    return value;
  }
  std::uint16_t sum(std::size_t at, std::size_t size) const {
    std::uint32_t total = 0;
    for (std::size_t i = 0; i < size; ++i) total += read(at + i, 1);
    return static_cast<std::uint16_t>(total);
  }

 private:
  std::vector<std::byte> data_;
};

Binary read_discovery(TestCard& card) {
  const std::uint64_t vram = std::uint64_t{card.read(0xde3)} << 20;
  return Binary(card.read_vram(vram - (64 << 10), 10 << 10));
}

struct Ip {
  std::uint32_t major, minor, revision;
  std::vector<std::uint32_t> bases;
};

std::map<std::pair<std::uint32_t, std::uint32_t>, Ip> read_ips(const Binary& binary) {
  std::map<std::pair<std::uint32_t, std::uint32_t>, Ip> ips;
  const std::size_t table = binary.read(12, 2);
  const std::size_t die = binary.read(table + 14 + 2, 2);
  std::size_t at = die + 4;
  for (std::uint32_t left = binary.read(die + 2, 2); left > 0; --left) {
    Ip ip{binary.read(at + 4, 1), binary.read(at + 5, 1), binary.read(at + 6, 1), {}};
    const std::uint32_t count = binary.read(at + 3, 1);
    for (std::uint32_t i = 0; i < count; ++i) ip.bases.push_back(binary.read(at + 8 + 4 * i, 4));
    ips[{binary.read(at, 2), binary.read(at + 2, 1)}] = ip;
    at += 8 + 4 * count;
  }
  return ips;
}

TEST(Discovery, SignaturesSizesAndChecksumsAreRight) {
  TestCard card;
  const Binary binary = read_discovery(card);
  EXPECT_EQ(binary.read(0, 4), 0x28211407u);
  const std::size_t size = binary.read(10, 2);
  ASSERT_LE(size, 10u << 10);
  EXPECT_EQ(binary.read(8, 2), binary.sum(10, size - 10));
  for (std::size_t table = 0; table < 3; ++table) {
    const std::size_t entry = 12 + 8 * table;
    const std::size_t at = binary.read(entry, 2), table_size = binary.read(entry + 4, 2);
    ASSERT_LE(at + table_size, size);
    EXPECT_EQ(binary.read(entry + 2, 2), binary.sum(at, table_size)) << "table " << table;
  }
  const std::size_t table = binary.read(12, 2);
  EXPECT_EQ(binary.read(table, 4), 0x53445049u);
  EXPECT_EQ(binary.read(table + 4, 2), 3u);
  EXPECT_EQ(binary.read(table + 6, 2), binary.read(12 + 4, 2));
  EXPECT_EQ(binary.read(table + 12, 2), 1u);  // one die
}

TEST(Discovery, ListsTheBlocksWithTheirVersions) {
  TestCard card;
  const auto ips = read_ips(read_discovery(card));
  // Hardware id (hw_ids.csv) and the version of the register tables.
  const std::map<std::uint32_t, std::array<std::uint32_t, 3>> expected = {
      {11, {11, 0, 0}},  {34, {3, 0, 0}}, {40, {6, 0, 0}}, {41, {6, 0, 0}}, {108, {4, 3, 0}},
      {255, {13, 0, 0}}, {1, {13, 0, 0}}, {42, {6, 0, 0}}, {43, {6, 0, 0}}};
  for (const auto& [id, version] : expected) {
    ASSERT_TRUE(ips.count({id, 0})) << id;
    const Ip& ip = ips.at({id, 0});
    EXPECT_EQ((std::array{ip.major, ip.minor, ip.revision}), version) << id;
  }
  // And these, and no others, of the memory controllers.
  EXPECT_TRUE(ips.count({150, 5}));
}

TEST(Discovery, BasesAreThoseOfTheReferenceCard) {
  TestCard card;
  const auto ips = read_ips(read_discovery(card));
  const std::map<std::string, std::uint32_t> ids = {{"GC", 11},  {"MMHUB", 34}, {"OSSSYS", 40},
                                                    {"HDP", 41}, {"NBIO", 108}, {"MP0", 255},
                                                    {"MP1", 1},  {"SDMA0", 42}};
  std::ifstream file(REDBOLT_SOURCE_DIR "/driver/registers/tables/navi31_ip_bases_nonzero.csv");
  ASSERT_TRUE(file);
  std::string line;
  std::getline(file, line);
  unsigned compared = 0;
  while (std::getline(file, line)) {
    std::istringstream cells(line);
    std::string block, instance, segment, base;
    std::getline(cells, block, ',');
    std::getline(cells, instance, ',');
    std::getline(cells, segment, ',');
    std::getline(cells, base, ',');
    if (!ids.count(block)) continue;
    const Ip& ip = ips.at({ids.at(block), static_cast<std::uint32_t>(std::stoul(instance))});
    EXPECT_EQ(ip.bases.at(std::stoul(segment)), std::stoul(base, nullptr, 0)) << line;
    ++compared;
  }
  EXPECT_GT(compared, 25u);
}

TEST(Discovery, GraphicsTableDescribesNinetySixComputeUnits) {
  TestCard card;
  const Binary binary = read_discovery(card);
  const std::size_t gc = binary.read(12 + 8, 2);
  EXPECT_EQ(binary.read(gc, 4), 0x4347u);
  EXPECT_EQ(binary.read(gc + 4, 2), 1u);
  EXPECT_EQ(binary.read(gc + 6, 2), 2u);
  EXPECT_EQ(binary.read(gc + 8, 4), 132u);
  const std::uint32_t engines = binary.read(gc + 12, 4),
                      wgps = binary.read(gc + 16, 4) + binary.read(gc + 20, 4),
                      arrays = binary.read(gc + 76, 4);
  EXPECT_EQ(engines * arrays * wgps * 2, 96u);
  EXPECT_EQ(binary.read(gc + 56, 4), 32u);  // wave size
  EXPECT_EQ(binary.read(gc + 68, 4), 64u);  // KiB of LDS
}

TEST(Discovery, TheSmallerBoardMissesAMemoryChiplet) {
  CardOptions options = small_card();
  options.profile = Profile::rx7900xt;
  TestCard card(options);
  const Binary binary = read_discovery(card);
  const std::size_t harvest = binary.read(12 + 16, 2);
  EXPECT_EQ(binary.read(harvest, 4), 0x56524148u);
  EXPECT_EQ(binary.read(harvest + 8, 2), 150u);
  EXPECT_EQ(binary.read(harvest + 12, 2), 0u);
}

TEST(Discovery, ReportsTheMemoryOfEachBoard) {
  TestCard xtx{CardOptions{}};
  EXPECT_EQ(xtx.read(0xde3), 24560u);
  // MC addresses: 0x8000 << 24 and on, in units of 16 MiB.
  EXPECT_EQ(xtx.read(0x1a8ec), 0x8000u);
  EXPECT_EQ(xtx.read(0x1a8ed), 0x85feu);
  CardOptions options;
  options.profile = Profile::rx7900xt;
  TestCard xt(options);
  EXPECT_EQ(xt.read(0xde3), 20u * 1024 - 16);
}

}  // namespace
}  // namespace redbolt::emulator::test
