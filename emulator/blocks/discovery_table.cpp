#include "blocks/discovery_table.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>

#include "redbolt/registers/navi31_bases.hpp"

namespace redbolt::emulator {
namespace {

constexpr std::uint32_t binary_signature = 0x28211407;
constexpr std::uint32_t discovery_signature = 0x53445049;  // "IPDS"
constexpr std::uint32_t graphics_table_id = 0x4347;        // "GC"
constexpr std::uint32_t harvest_signature = 0x56524148;    // "HARV"
constexpr std::uint16_t discovery_version = 3;

// One IP block of the chip, by the name it has in the table of bases.
struct Block {
  std::string_view name;
  std::uint16_t hardware_id;
  std::uint8_t instances, major, minor, revision;
};

constexpr std::uint16_t memory_controller_id = 150;

// Hardware ids are AMD's (card/hw_ids.csv). The versions of GC, MMHUB, OSSSYS, HDP, NBIF, MP0, MP1
// and SDMA are those of the register tables; the others are what this chip is known to have.
constexpr Block blocks[] = {
    {"GC", 11, 1, 11, 0, 0},    {"MMHUB", 34, 1, 3, 0, 0},
    {"OSSSYS", 40, 1, 6, 0, 0}, {"HDP", 41, 1, 6, 0, 0},
    {"NBIO", 108, 1, 4, 3, 0},  {"MP0", 255, 1, 13, 0, 0},
    {"MP1", 1, 1, 13, 0, 0},    {"SDMA0", 42, 1, 6, 0, 0},
    {"SDMA1", 43, 1, 6, 0, 0},  {"ATHUB", 35, 1, 3, 0, 0},
    {"DF", 46, 1, 4, 3, 0},     {"THM", 3, 1, 13, 0, 0},
    {"SMUIO", 4, 1, 13, 0, 6},  {"FUSE", 5, 1, 11, 0, 0},
    {"CLK", 6, 7, 9, 0, 0},     {"VCN", 12, 2, 4, 0, 0},
    {"DCN", 271, 1, 3, 2, 0},   {"PCIE0", 70, 1, 6, 1, 0},
    {"USB0", 170, 1, 4, 8, 0},  {"UMC", memory_controller_id, 6, 8, 10, 0},
};

class Writer {
 public:
  template <class... Values>
  void words16(Values... values) {
    (put(static_cast<std::uint64_t>(values), 2), ...);
  }
  template <class... Values>
  void words32(Values... values) {
    (put(static_cast<std::uint64_t>(values), 4), ...);
  }
  template <class... Values>
  void bytes(Values... values) {
    (put(static_cast<std::uint64_t>(values), 1), ...);
  }
  void pad_to(std::size_t size) { data_.resize(std::max(size, data_.size())); }
  std::size_t size() const { return data_.size(); }
  void set16(std::size_t at, std::size_t value) {
    data_[at] = static_cast<std::byte>(value);
    data_[at + 1] = static_cast<std::byte>(value >> 8);
  }
  void append(std::span<const std::byte> other) {
    data_.insert(data_.end(), other.begin(), other.end());
  }
  const std::vector<std::byte>& data() const { return data_; }

 private:
  void put(std::uint64_t value, unsigned width) {
    for (unsigned i = 0; i < width; ++i) data_.push_back(static_cast<std::byte>(value >> 8 * i));
  }
  std::vector<std::byte> data_;
};

std::uint16_t checksum(std::span<const std::byte> data) {
  std::uint32_t sum = 0;
  for (const std::byte byte : data) sum += std::to_integer<std::uint32_t>(byte);
  return static_cast<std::uint16_t>(sum);
}

// Bases of an instance by segment, up to the last that is not zero.
std::vector<std::uint32_t> bases_of(std::string_view name, unsigned instance) {
  std::vector<std::uint32_t> bases;
  for (const registers::IpBase& base : registers::kNavi31Bases) {
    if (base.block != name || base.instance != instance) continue;
    bases.resize(std::max<std::size_t>(bases.size(), base.segment + 1u));
    bases[base.segment] = base.dword_address;
  }
  return bases;
}

// ip_discovery_header, one die_header and its ip_v3 entries. Offsets in it count from the start of
// the whole binary.
std::vector<std::byte> build_ip_table(std::size_t offset_in_binary) {
  constexpr std::size_t header_size = 80;
  Writer table;
  table.words32(discovery_signature);
  table.words16(discovery_version, 0 /* size: below */);
  table.words32(0x7900'0001);
  table.words16(1);
  table.words16(0, offset_in_binary + header_size);
  table.pad_to(header_size);
  std::size_t count = 0;
  table.words16(0, 0 /* number of IPs: below */);
  for (const Block& block : blocks) {
    for (unsigned instance = 0; instance < block.instances; ++instance) {
      const auto bases = bases_of(block.name, instance);
      table.words16(block.hardware_id);
      table.bytes(instance, bases.size(), block.major, block.minor, block.revision, 0);
      for (const std::uint32_t base : bases) table.words32(base);
      ++count;
    }
  }
  table.set16(header_size + 2, count);
  table.set16(6, table.size());
  return table.data();
}

// gc_info_v1_2.
std::vector<std::byte> build_graphics_table(const ProfileFacts& facts) {
  constexpr std::uint32_t size = 132;
  const std::uint32_t l2_channels = facts.memory_chiplets * 4;
  Writer table;
  table.words32(graphics_table_id);
  table.words16(1, 2);
  table.words32(size);
  table.words32(facts.shader_engines, facts.wgp_per_array, 0 /* WGP1 per array */,
                4 /* RBs per engine */, l2_channels, 1024 /* VGPRs */, 32 /* GS threads */, 32,
                1792, 1024, 1 /* off-chip LDS */, 32 /* wave size */, 16 /* waves per SIMD */,
                32 /* scratch slots per CU */, 64 /* KiB of LDS */, 1 /* SC per engine */,
                2 /* arrays per engine */, 4 /* packers */, 4 /* GL2A */);
  table.words32(2 * facts.wgp_per_array /* TCP per array */, 8,
                2 * 2 * facts.wgp_per_array * facts.shader_engines);
  table.words32(2 /* TCP per WGP */, 32 /* KiB of TCP */, 1 /* SQC per WGP */,
                32 /* KiB of instructions */, 16 /* KiB of scalar data */, 1, 256 /* KiB of GL1 */,
                l2_channels);
  return table.data();
}

std::vector<std::byte> build_harvest_table(const ProfileFacts& facts) {
  Writer table;
  table.words32(harvest_signature, 0);
  for (unsigned chiplet = facts.memory_chiplets; chiplet < 6; ++chiplet) {
    table.words16(memory_controller_id);
    table.bytes(chiplet, 0);
  }
  table.pad_to(136);
  return table.data();
}

}  // namespace

std::vector<std::byte> build_discovery_table(const ProfileFacts& facts) {
  constexpr std::size_t header_size = 60, first_table = 64;
  const auto align = [](std::size_t n) { return (n + 15) & ~std::size_t{15}; };
  const auto ip = build_ip_table(first_table);
  const auto graphics = build_graphics_table(facts);
  const auto harvest = build_harvest_table(facts);
  const std::size_t graphics_at = align(first_table + ip.size());
  const std::size_t harvest_at = align(graphics_at + graphics.size());
  const std::size_t total = harvest_at + harvest.size();

  Writer binary;
  binary.words32(binary_signature);
  binary.words16(1, 0, 0 /* checksum: below */, total);
  binary.words16(first_table, checksum(ip), ip.size(), 0);
  binary.words16(graphics_at, checksum(graphics), graphics.size(), 0);
  binary.words16(harvest_at, checksum(harvest), harvest.size(), 0);
  binary.pad_to(header_size);
  binary.pad_to(first_table);
  binary.append(ip);
  binary.pad_to(graphics_at);
  binary.append(graphics);
  binary.pad_to(harvest_at);
  binary.append(harvest);
  constexpr std::size_t checksum_at = 8;
  binary.set16(checksum_at, checksum(std::span(binary.data()).subspan(checksum_at + 2)));
  return binary.data();
}

}  // namespace redbolt::emulator
