#include "discovery.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "redbolt/base/checked.hpp"
#include "redbolt/driver/driver_error.hpp"

namespace redbolt::driver {
namespace {

// Layouts: card/ip_discovery_structs.csv of the reference tables.
constexpr std::uint32_t kBinarySignature = 0x28211407;
constexpr std::uint32_t kDiscoverySignature = 0x53445049;  // "IPDS"
constexpr std::uint32_t kGcTableId = 0x00004347;           // "GC"
constexpr std::uint32_t kHarvestSignature = 0x56524148;    // "HARV"

constexpr std::uint64_t kBinaryHeaderSize = 60;
constexpr std::uint64_t kBinaryChecksumEnd = 10;  // the checksum covers what follows it
constexpr std::uint64_t kTableInfoSize = 8;
enum TableIndex : std::uint64_t { ip_discovery_table = 0, gc_table = 1, harvest_table = 2 };

constexpr std::uint64_t kDiscoveryHeaderSize = 80;
constexpr std::uint64_t kDieHeaderSize = 4;
constexpr unsigned kMaxDies = 16;
constexpr std::uint64_t kIpHeaderSize = 8;
constexpr std::uint64_t kHarvestTableSize = 136;
constexpr std::uint64_t kHarvestEntries = 32;

// Beyond these the table is damaged, not a card of the future.
constexpr std::size_t kMaxBlocks = 512;
constexpr unsigned kMaxShaderEngines = 32, kMaxArrays = 8, kMaxProcessors = 32;

[[noreturn]] void refuse(const std::string& problem) {
  throw DriverError(DriverErrorCode::invalid_discovery, "IP discovery", "", problem);
}

// Bounds-checked little-endian reads from untrusted bytes.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  template <class T>
  T get(std::uint64_t offset, const char* what) const {
    if (!range_fits(offset, sizeof(T), bytes_.size())) {
      refuse(std::string(what) + " lies outside the table");
    }
    T value{};
    std::memcpy(&value, bytes_.data() + offset, sizeof(T));
    return value;
  }
  std::uint8_t u8(std::uint64_t offset, const char* what) const {
    return get<std::uint8_t>(offset, what);
  }
  std::uint16_t u16(std::uint64_t offset, const char* what) const {
    return get<std::uint16_t>(offset, what);
  }
  std::uint32_t u32(std::uint64_t offset, const char* what) const {
    return get<std::uint32_t>(offset, what);
  }

  // 16-bit sum of the bytes in [offset, offset + size).
  std::uint16_t checksum(std::uint64_t offset, std::uint64_t size, const char* what) const {
    if (!range_fits(offset, size, bytes_.size()))
      refuse(std::string(what) + " lies outside the table");
    std::uint16_t sum = 0;
    for (const std::byte byte : bytes_.subspan(offset, size)) {
      sum = static_cast<std::uint16_t>(sum + std::to_integer<unsigned>(byte));
    }
    return sum;
  }

  std::uint64_t size() const { return bytes_.size(); }

 private:
  std::span<const std::byte> bytes_;
};

struct TableInfo {
  std::uint64_t offset;
  std::uint16_t checksum;
};

TableInfo table_info(const Reader& reader, TableIndex index) {
  const std::uint64_t at = 12 + index * kTableInfoSize;
  return {reader.u16(at, "table list"), reader.u16(at + 2, "table list")};
}

void verify(const Reader& reader, std::uint64_t offset, std::uint64_t size, std::uint16_t expected,
            const char* what) {
  if (reader.checksum(offset, size, what) != expected) {
    refuse(std::string("the checksum of the ") + what + " is wrong");
  }
}

// The part of `bytes` that the binary header claims, after checking that claim.
Reader checked_binary(std::span<const std::byte> bytes) {
  const Reader whole(bytes);
  if (whole.size() < kBinaryHeaderSize) refuse("the table is shorter than its header");
  if (whole.u32(0, "signature") != kBinarySignature) {
    refuse("no IP discovery table where it should be: wrong signature");
  }
  const std::uint64_t size = whole.u16(10, "size");
  if (size < kBinaryHeaderSize || size > whole.size()) refuse("the table's size is out of range");
  const Reader reader(bytes.first(size));
  verify(reader, kBinaryChecksumEnd, size - kBinaryChecksumEnd, whole.u16(8, "checksum"), "table");
  return reader;
}

IpBlock read_block(const Reader& reader, std::uint64_t& at, unsigned header_version,
                   bool wide_bases) {
  IpBlock block;
  block.hardware_id = reader.u16(at, "IP entry");
  block.instance = reader.u8(at + 2, "IP entry");
  const unsigned base_count = reader.u8(at + 3, "IP entry");
  block.major = reader.u8(at + 4, "IP entry");
  block.minor = reader.u8(at + 5, "IP entry");
  block.revision = reader.u8(at + 6, "IP entry");
  at += kIpHeaderSize;
  const bool is_wide = header_version >= 4 && wide_bases;
  for (unsigned i = 0; i < base_count; ++i) {
    block.bases.push_back(reader.u32(at, "IP base address"));
    at += is_wide ? 8 : 4;
  }
  return block;
}

std::vector<IpBlock> read_blocks(const Reader& reader) {
  const TableInfo info = table_info(reader, ip_discovery_table);
  if (info.offset == 0) refuse("there is no table of IP blocks");
  if (reader.u32(info.offset, "IP table") != kDiscoverySignature) {
    refuse("the table of IP blocks has a wrong signature");
  }
  const unsigned version = reader.u16(info.offset + 4, "IP table");
  if (version < 1 || version > 4) {
    refuse("the table of IP blocks has version " + std::to_string(version) +
           "; versions 1 to 4 are known");
  }
  const std::uint64_t size = reader.u16(info.offset + 6, "IP table");
  if (size < kDiscoveryHeaderSize) refuse("the table of IP blocks is shorter than its header");
  verify(reader, info.offset, size, info.checksum, "table of IP blocks");

  const unsigned dies = reader.u16(info.offset + 12, "IP table");
  if (dies > kMaxDies) refuse("too many dies: " + std::to_string(dies));
  const bool wide_bases = (reader.u8(info.offset + 78, "IP table") & 1) != 0;

  std::vector<IpBlock> blocks;
  for (unsigned die = 0; die < dies; ++die) {
    std::uint64_t at = reader.u16(info.offset + 14 + die * 4 + 2, "die list");
    const unsigned count = reader.u16(at + 2, "die header");
    at += kDieHeaderSize;
    for (unsigned i = 0; i < count; ++i) {
      if (blocks.size() == kMaxBlocks) refuse("too many IP blocks");
      blocks.push_back(read_block(reader, at, version, wide_bases));
    }
  }
  return blocks;
}

void remove_harvested(const Reader& reader, std::vector<IpBlock>& blocks) {
  const TableInfo info = table_info(reader, harvest_table);
  if (info.offset == 0) return;  // nothing is harvested
  if (reader.u32(info.offset, "harvest table") != kHarvestSignature) {
    refuse("the harvest table has a wrong signature");
  }
  verify(reader, info.offset, kHarvestTableSize, info.checksum, "harvest table");
  for (std::uint64_t i = 0; i < kHarvestEntries; ++i) {
    const std::uint64_t at = info.offset + 8 + i * 4;
    const unsigned hardware_id = reader.u16(at, "harvest entry");
    const unsigned instance = reader.u8(at + 2, "harvest entry");
    if (hardware_id == 0) break;
    std::erase_if(blocks, [&](const IpBlock& block) {
      return block.hardware_id == hardware_id && block.instance == instance;
    });
  }
}

unsigned bounded(const Reader& reader, std::uint64_t at, unsigned limit, const char* what) {
  const std::uint32_t value = reader.u32(at, what);
  if (value == 0 || value > limit) {
    refuse(std::string("the GC table's number of ") + what +
           " is out of range: " + std::to_string(value));
  }
  return value;
}

GraphicsCoreInfo read_graphics(const Reader& reader) {
  const TableInfo info = table_info(reader, gc_table);
  if (info.offset == 0) refuse("there is no table of the graphics core");
  if (reader.u32(info.offset, "GC table") != kGcTableId)
    refuse("the GC table has a wrong signature");
  const std::uint64_t size = reader.u32(info.offset + 8, "GC table");
  verify(reader, info.offset, size, info.checksum, "GC table");
  const unsigned major = reader.u16(info.offset + 4, "GC table");
  // Version 2 belongs to the CDNA chips, which this driver does not know.
  if (major != 1)
    refuse("the GC table has version " + std::to_string(major) + "; version 1 is known");
  if (size < 80) refuse("the GC table is too short");

  GraphicsCoreInfo graphics;
  graphics.shader_engines = bounded(reader, info.offset + 12, kMaxShaderEngines, "shader engines");
  // Two counts of workgroup processors: of the two halves of a shader array.
  const std::uint64_t processors =
      std::uint64_t{reader.u32(info.offset + 16, "workgroup processors")} +
      reader.u32(info.offset + 20, "workgroup processors");
  if (processors == 0 || processors > kMaxProcessors) {
    refuse("the GC table's number of workgroup processors is out of range: " +
           std::to_string(processors));
  }
  graphics.workgroup_processors_per_array = static_cast<unsigned>(processors);
  graphics.wave_size = bounded(reader, info.offset + 56, 64, "lanes per wave");
  graphics.waves_per_simd = bounded(reader, info.offset + 60, 64, "waves per SIMD");
  graphics.shader_arrays_per_engine =
      bounded(reader, info.offset + 76, kMaxArrays, "shader arrays");
  return graphics;
}

}  // namespace

std::string IpBlock::version() const {
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(revision);
}

const IpBlock* DiscoveryTable::find(HardwareId id) const {
  const IpBlock* found = nullptr;
  for (const IpBlock& block : blocks) {
    if (block.hardware_id != static_cast<std::uint16_t>(id)) continue;
    if (!found || block.instance < found->instance) found = &block;
  }
  return found;
}

DiscoveryTable parse_discovery(std::span<const std::byte> bytes) {
  const Reader reader = checked_binary(bytes);
  DiscoveryTable table;
  table.blocks = read_blocks(reader);
  remove_harvested(reader, table.blocks);
  table.graphics = read_graphics(reader);
  return table;
}

std::string_view block_name(std::uint16_t hardware_id) {
  struct Name {
    std::uint16_t id;
    std::string_view name;
  };
  static constexpr std::array names = {
      Name{1, "MP1"},    Name{3, "THM"},    Name{4, "SMUIO"},  Name{11, "GC"},
      Name{12, "VCN"},   Name{34, "MMHUB"}, Name{35, "ATHUB"}, Name{40, "OSSSYS"},
      Name{41, "HDP"},   Name{42, "SDMA0"}, Name{43, "SDMA1"}, Name{46, "DF"},
      Name{108, "NBIF"}, Name{150, "UMC"},  Name{255, "MP0"},  Name{271, "DMU"}};
  const auto found = std::ranges::find(names, hardware_id, &Name::id);
  return found == names.end() ? std::string_view() : found->name;
}

}  // namespace redbolt::driver
