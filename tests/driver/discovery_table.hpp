// An IP discovery table put together by hand, field by field, from card/ip_discovery_structs.csv.
#pragma once

#include <cstdint>
#include <vector>

namespace redbolt::driver::test {

struct HandmadeBlock {
  std::uint16_t hardware_id;
  std::uint8_t instance, major, minor, revision;
  std::vector<std::uint32_t> bases;
};

class HandmadeDiscovery {
 public:
  std::vector<HandmadeBlock> blocks;
  std::vector<std::pair<std::uint16_t, std::uint8_t>> harvested;  // hardware id, instance
  std::uint16_t version = 3;
  std::uint32_t shader_engines = 6, shader_arrays = 2, processors0 = 3, processors1 = 1;

  // The blocks a Navi31 must have.
  static HandmadeDiscovery navi31() {
    HandmadeDiscovery table;
    table.blocks = {{11, 0, 11, 0, 0, {0x1260, 0xa000, 0x1c000, 0x2402c00}},
                    {34, 0, 3, 0, 0, {0x1a000, 0x2408800}},
                    {255, 0, 13, 0, 0, {0x16000, 0xdc0000, 0xe00000, 0xe40000, 0x243fc00}},
                    {1, 0, 13, 0, 0, {0x16000, 0xdc0000, 0xe00000, 0xe40000, 0x243fc00}},
                    {108, 0, 4, 3, 0, {0x0, 0x14, 0xd20, 0x10400, 0x241b000, 0x4040000}},
                    {41, 0, 6, 0, 0, {0xf20, 0x240a400}},
                    {40, 0, 6, 0, 0, {0x10a0, 0x240a000}},
                    {42, 0, 6, 0, 0, {0x1260}},
                    {12, 0, 4, 0, 0, {0x7800}},
                    {12, 1, 4, 0, 0, {0x7b00}}};
    return table;
  }

  std::vector<std::uint8_t> bytes() const {
    std::vector<std::uint8_t> out(60);
    const std::size_t ip = out.size();
    out.resize(ip + 80);
    const std::size_t die = out.size();
    put16(out, 0);
    put16(out, static_cast<std::uint16_t>(blocks.size()));
    for (const HandmadeBlock& block : blocks) {
      put16(out, block.hardware_id);
      out.insert(out.end(), {block.instance, static_cast<std::uint8_t>(block.bases.size()),
                             block.major, block.minor, block.revision, 0});
      for (const std::uint32_t base : block.bases) put32(out, base);
    }
    const auto ip_size = static_cast<std::uint16_t>(out.size() - ip);
    set32(out, ip, 0x53445049);
    set16(out, ip + 4, version);
    set16(out, ip + 6, ip_size);
    set16(out, ip + 12, 1);
    set16(out, ip + 14 + 2, static_cast<std::uint16_t>(die));

    const std::size_t gc = out.size();
    out.resize(gc + 132);
    set32(out, gc, 0x4347);
    set16(out, gc + 4, 1);
    set16(out, gc + 6, 2);
    set32(out, gc + 8, 132);
    set32(out, gc + 12, shader_engines);
    set32(out, gc + 16, processors0);
    set32(out, gc + 20, processors1);
    set32(out, gc + 56, 32);
    set32(out, gc + 60, 16);
    set32(out, gc + 76, shader_arrays);

    const std::size_t harvest = out.size();
    out.resize(harvest + 136);
    set32(out, harvest, 0x56524148);
    for (std::size_t i = 0; i < harvested.size(); ++i) {
      set16(out, harvest + 8 + i * 4, harvested[i].first);
      out[harvest + 8 + i * 4 + 2] = harvested[i].second;
    }

    set32(out, 0, 0x28211407);
    set16(out, 4, 1);
    set16(out, 10, static_cast<std::uint16_t>(out.size()));
    table(out, 0, ip, ip_size);
    table(out, 1, gc, 132);
    table(out, 2, harvest, 136);
    seal(out);
    return out;
  }

  // Puts the outer checksum right again after a change.
  static void seal(std::vector<std::uint8_t>& out) { set16(out, 8, sum(out, 10, out.size() - 10)); }

  static void set16(std::vector<std::uint8_t>& out, std::size_t at, std::uint16_t value) {
    out[at] = static_cast<std::uint8_t>(value);
    out[at + 1] = static_cast<std::uint8_t>(value >> 8);
  }
  static void set32(std::vector<std::uint8_t>& out, std::size_t at, std::uint32_t value) {
    set16(out, at, static_cast<std::uint16_t>(value));
    set16(out, at + 2, static_cast<std::uint16_t>(value >> 16));
  }
  // Puts table `index`'s checksum right, over `size` bytes from its offset.
  static void table(std::vector<std::uint8_t>& out, std::size_t index, std::size_t offset,
                    std::size_t size) {
    set16(out, 12 + index * 8, static_cast<std::uint16_t>(offset));
    set16(out, 14 + index * 8, sum(out, offset, size));
    set16(out, 16 + index * 8, static_cast<std::uint16_t>(size));
  }

 private:
  static void put16(std::vector<std::uint8_t>& out, std::uint16_t value) {
    out.resize(out.size() + 2);
    set16(out, out.size() - 2, value);
  }
  static void put32(std::vector<std::uint8_t>& out, std::uint32_t value) {
    out.resize(out.size() + 4);
    set32(out, out.size() - 4, value);
  }
  static std::uint16_t sum(const std::vector<std::uint8_t>& out, std::size_t at, std::size_t size) {
    unsigned total = 0;
    for (std::size_t i = 0; i < size; ++i) total += out[at + i];
    return static_cast<std::uint16_t>(total);
  }
};

}  // namespace redbolt::driver::test
