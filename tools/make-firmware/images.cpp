// The six containers of a Navi31, each header field where amdgpu's header structs have it
// (firmware_headers.csv). Body sizes are those of real files, as seen in the reference boot.
#include <array>
#include <optional>
#include <span>

#include "little_endian.hpp"
#include "redbolt/tools/synthetic_firmware.hpp"

namespace redbolt::tools {
namespace {

constexpr std::size_t kEnvelope = 512;  // header and trailer of a payload
constexpr std::size_t kAlignment = 256;
constexpr std::uint32_t kVersion = 0x00040200;
constexpr std::uint32_t kLoadedBySecureOs = 0x10000;

// Where in the container's header the size and the file offset of a part are written.
struct Part {
  std::uint32_t kind;
  std::size_t size;  // of the whole payload
  std::size_t size_at;
  std::optional<std::size_t> offset_at;
  unsigned since_minor = 0;
};

struct HeaderShape {
  unsigned major, minor;
  std::size_t header_size;
  std::uint32_t ip_version;
};

class ImageBuilder {
 public:
  ImageBuilder(const HeaderShape& shape, std::uint64_t seed) : shape_(shape), seed_(seed) {
    content_.resize(shape.header_size);
    put(4, static_cast<std::uint32_t>(shape.header_size));
    put(8, shape.major | shape.minor << 16);
    put(12, shape.ip_version);
    put(16, kVersion);
  }

  void put(std::size_t offset, std::uint32_t value) { put_u32(content_, offset, value); }
  std::uint32_t size() const { return static_cast<std::uint32_t>(content_.size()); }

  void align() { content_.resize((content_.size() + kAlignment - 1) / kAlignment * kAlignment); }

  // Appends a payload of `size` bytes and returns where it begins.
  std::uint32_t append(std::uint32_t kind, std::size_t size, bool aligned = true) {
    if (aligned) align();
    const std::uint32_t begin = this->size();
    const auto payload = make_payload(kind, size - kEnvelope, kVersion, seed_);
    content_.insert(content_.end(), payload.begin(), payload.end());
    return begin;
  }

  void append_parts(std::span<const Part> parts) {
    for (const Part& part : parts) {
      if (part.since_minor > shape_.minor) continue;
      const std::uint32_t begin = append(kLoadedBySecureOs | part.kind, part.size);
      put(part.size_at, static_cast<std::uint32_t>(part.size));
      if (part.offset_at) put(*part.offset_at, begin);
    }
  }

  // The common header's own idea of the payload.
  void set_payload(std::uint32_t offset, std::uint32_t size) {
    put(20, size);
    put(24, offset);
  }

  SyntheticImage finish(std::string name) {
    put(0, size());
    return {std::move(name), std::move(content_)};
  }

 private:
  HeaderShape shape_;
  std::uint64_t seed_;
  std::vector<std::byte> content_;
};

struct PspBinary {
  std::uint32_t type;  // PSP_FW_TYPE_*
  std::size_t size;
};
constexpr std::array kPspBinaries{PspBinary{3, 4096},   PspBinary{5, 2048},   PspBinary{2, 65536},
                                  PspBinary{7, 40960},  PspBinary{8, 32768},  PspBinary{9, 24576},
                                  PspBinary{10, 16384}, PspBinary{1, 262144}, PspBinary{4, 8192}};

SyntheticImage make_psp(unsigned minor, std::uint64_t seed) {
  const std::size_t table = minor == 1 ? 40 : 36;
  constexpr std::size_t kDescriptorSize = 16;
  // The header struct declares one descriptor; the others follow it.
  ImageBuilder image({2, minor, table + kDescriptorSize * kPspBinaries.size(), 13}, seed);
  image.align();
  const std::uint32_t payload = image.size();
  image.put(32, kPspBinaries.size());
  for (std::size_t i = 0; i < kPspBinaries.size(); ++i) {
    const auto& binary = kPspBinaries[i];
    const std::size_t at = table + i * kDescriptorSize;
    const std::uint32_t begin = image.append(binary.type, binary.size);
    image.put(at, binary.type);
    image.put(at + 4, kVersion);
    image.put(at + 8, begin - payload);
    image.put(at + 12, static_cast<std::uint32_t>(binary.size));
  }
  image.set_payload(payload, image.size() - payload);
  return image.finish("psp_13_0_0_sos.bin");
}

SyntheticImage make_smu(unsigned minor, std::uint64_t seed) {
  ImageBuilder image({2, minor, 44, 13}, seed);
  constexpr std::size_t kSize = 239552;
  const std::uint32_t begin = image.append(kLoadedBySecureOs | 18, kSize);
  image.set_payload(begin, kSize);
  // 2.0: no soft power-play table; 2.1: an empty list of them.
  image.put(36, 0);
  image.put(40, 0);
  return image.finish("smu_13_0_0.bin");
}

SyntheticImage make_sdma(std::uint64_t seed) {
  ImageBuilder image({2, 0, 64, 6}, seed);
  constexpr std::array kParts{Part{71, 17024, 36, 24}, Part{72, 15808, 52, 48}};
  image.append_parts(kParts);
  image.put(20, 17024);
  return image.finish("sdma_6_0_0.bin");
}

SyntheticImage make_mec(std::uint64_t seed) {
  ImageBuilder image({2, 0, 60, 11}, seed);
  constexpr std::array kParts{Part{89, 400000, 36, 24}, Part{94, 86016, 44, 48}};
  image.append_parts(kParts);
  image.put(20, 400000);
  image.put(40, kAlignment);  // ucode_offset_bytes
  constexpr std::uint64_t kStart = 0x0000'0000'0000'3000;
  image.put(52, static_cast<std::uint32_t>(kStart));
  image.put(56, static_cast<std::uint32_t>(kStart >> 32));
  return image.finish("gc_11_0_0_mec.bin");
}

SyntheticImage make_imu(std::uint64_t seed) {
  ImageBuilder image({1, 0, 48, 11}, seed);
  constexpr std::size_t kInstructions = 32768;
  constexpr std::size_t kData = 17408;
  const std::uint32_t begin = image.append(kLoadedBySecureOs | 68, kInstructions);
  image.append(kLoadedBySecureOs | 69, kData, /*aligned=*/false);
  image.put(32, kInstructions);
  image.put(36, begin);
  image.put(40, kData);
  image.put(44, static_cast<std::uint32_t>(begin + kInstructions));
  image.set_payload(begin, kInstructions + kData);
  return image.finish("gc_11_0_0_imu.bin");
}

SyntheticImage make_rlc(unsigned minor, std::uint64_t seed) {
  constexpr std::array<std::size_t, 5> kHeaderSizes{104, 156, 172, 204, 244};
  ImageBuilder image({2, minor, kHeaderSizes.at(minor), 11}, seed);
  constexpr std::array kParts{
      Part{8, 39520, 20, 24},       Part{22, 2048, 116, 120, 1},  Part{20, 4096, 132, 136, 1},
      Part{21, 4096, 148, 152, 1},  Part{26, 24576, 156, 160, 2}, Part{48, 15360, 164, 168, 2},
      Part{25, 22528, 180, 184, 3}, Part{7, 7424, 196, 200, 3},   Part{27, 1024, 204, 208, 4},
      Part{28, 1024, 212, 216, 4},  Part{29, 1024, 220, 224, 4},  Part{65, 1024, 228, 232, 4},
      Part{66, 1024, 236, 240, 4}};
  image.append_parts(kParts);
  return image.finish("gc_11_0_0_rlc.bin");
}

}  // namespace

std::vector<SyntheticImage> make_navi31_images(const SyntheticVersions& versions,
                                               std::uint64_t seed) {
  return {make_psp(versions.psp_minor, seed),
          make_smu(versions.smc_minor, seed),
          make_sdma(seed),
          make_mec(seed),
          make_imu(seed),
          make_rlc(versions.rlc_minor, seed)};
}

}  // namespace redbolt::tools
