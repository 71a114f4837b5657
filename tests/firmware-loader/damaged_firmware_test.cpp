// Files that are missing, cut off, contradictory or altered at random: a FirmwareError that names
// the file, never a crash and never a piece outside the file.
#include <gtest/gtest.h>

#include <random>

#include "firmware_folder.hpp"
#include "header_table.hpp"

namespace redbolt::firmware {
namespace {

const std::vector<std::string> kFiles{"psp_13_0_0_sos.bin", "smu_13_0_0.bin",
                                      "sdma_6_0_0.bin",     "gc_11_0_0_mec.bin",
                                      "gc_11_0_0_imu.bin",  "gc_11_0_0_rlc.bin"};

TEST(DamagedFirmware, AMissingFileIsNamedWithTheFoldersLookedIn) {
  for (const auto& name : kFiles) {
    const FirmwareFolder folder;
    std::filesystem::remove(folder.path() / name);
    try {
      folder.load();
      FAIL() << name;
    } catch (const FirmwareError& error) {
      EXPECT_EQ(error.code(), FirmwareErrorCode::missing);
      EXPECT_NE(std::string(error.what()).find(name), std::string::npos);
      EXPECT_NE(std::string(error.what()).find(folder.path().string()), std::string::npos);
    }
  }
}

TEST(DamagedFirmware, EveryTruncationIsRefused) {
  for (const auto& name : kFiles) {
    const FirmwareFolder folder;
    const auto whole = folder.read(name);
    std::vector<std::size_t> lengths{0, 1, 31, 32, 60, 255, whole.size() / 2, whole.size() - 1};
    for (const std::size_t length : lengths) {
      folder.write(name, {whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)});
      EXPECT_EQ(folder.load_error(), FirmwareErrorCode::truncated) << name << " cut to " << length;
    }
  }
}

TEST(DamagedFirmware, TrailingBytesAreRefused) {
  const FirmwareFolder folder;
  auto content = folder.read("smu_13_0_0.bin");
  content.resize(content.size() + 4096);
  folder.write("smu_13_0_0.bin", content);
  EXPECT_EQ(folder.load_error(), FirmwareErrorCode::bad_header);
}

TEST(DamagedFirmware, UnknownHeaderVersionsAreNamed) {
  for (const auto& name : kFiles) {
    const FirmwareFolder folder;
    folder.put_u32(name, 8, 9 | 7 << 16);
    EXPECT_EQ(folder.load_error(), FirmwareErrorCode::unsupported_version) << name;
  }
}

TEST(DamagedFirmware, SizesThatWrapAroundAreRefused) {
  const FirmwareFolder folder;
  const auto size_at = header_field("rlc_firmware_header_v2_3", "rlc_iram_ucode_size_bytes");
  const auto offset_at = header_field("rlc_firmware_header_v2_3", "rlc_iram_ucode_offset_bytes");
  folder.put_u32("gc_11_0_0_rlc.bin", size_at, 0xffffff00);
  folder.put_u32("gc_11_0_0_rlc.bin", offset_at, 0x00000100);
  EXPECT_EQ(folder.load_error(), FirmwareErrorCode::truncated);
}

TEST(DamagedFirmware, OverlappingPiecesAreRefused) {
  const FirmwareFolder folder;
  const auto p_at = header_field("rlc_firmware_header_v2_3", "rlcp_ucode_offset_bytes");
  const auto v_at = header_field("rlc_firmware_header_v2_3", "rlcv_ucode_offset_bytes");
  const auto content = folder.read("gc_11_0_0_rlc.bin");
  std::uint32_t p_begin = 0;
  for (unsigned i = 0; i < 4; ++i) {
    p_begin |= std::to_integer<std::uint32_t>(content.at(p_at + i)) << (8 * i);
  }
  // RLC_V is the smaller of the two: inside RLC_P, and reaching into it from before.
  folder.put_u32("gc_11_0_0_rlc.bin", v_at, p_begin + 16);
  EXPECT_EQ(folder.load_error(), FirmwareErrorCode::overlap);
  folder.put_u32("gc_11_0_0_rlc.bin", v_at, p_begin - 16);
  EXPECT_EQ(folder.load_error(), FirmwareErrorCode::overlap);
}

TEST(DamagedFirmware, PiecesInsideTheHeaderAreRefused) {
  const FirmwareFolder folder;
  folder.put_u32("gc_11_0_0_rlc.bin",
                 header_field("rlc_firmware_header_v2_3", "rlcp_ucode_offset_bytes"), 16);
  EXPECT_EQ(folder.load_error(), FirmwareErrorCode::bad_header);
}

TEST(DamagedFirmware, AHugeListOfBinariesIsRefused) {
  const FirmwareFolder folder;
  folder.put_u32("psp_13_0_0_sos.bin", header_field("psp_firmware_header_v2_0", "psp_fw_bin_count"),
                 0x10000000);
  EXPECT_EQ(folder.load_error(), FirmwareErrorCode::bad_header);
}

TEST(DamagedFirmware, APieceThatIsNotThereIsNamed) {
  const FirmwareFolder folder;
  folder.put_u32("gc_11_0_0_mec.bin", header_field("gfx_firmware_header_v2_0", "data_size_bytes"),
                 0);
  try {
    folder.load();
    FAIL();
  } catch (const FirmwareError& error) {
    EXPECT_EQ(error.code(), FirmwareErrorCode::missing_piece);
    EXPECT_NE(std::string(error.what()).find("mec_stack"), std::string::npos);
  }
}

TEST(DamagedFirmware, UnreadableFilesAreSaidSo) {
  const FirmwareFolder folder;
  std::filesystem::resize_file(folder.path() / "smu_13_0_0.bin", std::uintmax_t{40} << 20);
  EXPECT_EQ(folder.load_error(), FirmwareErrorCode::unreadable);
}

// Bits of the headers flipped at random: an error, or pieces that lie inside their file.
TEST(DamagedFirmware, FlippedHeaderBitsNeverLeadOutsideTheFile) {
  const FirmwareFolder folder({.psp_minor = 1, .rlc_minor = 4});
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  unsigned refused = 0;
  for (unsigned round = 0; round < 400; ++round) {
    const auto& name = kFiles[round % kFiles.size()];
    const auto sound = folder.read(name);
    auto content = sound;
    for (auto flips = 1 + random() % 3; flips > 0; --flips) {
      content[random() % 256] ^= std::byte(1U << (random() % 8 & 7U));
    }
    folder.write(name, content);
    try {
      const FirmwareSet set = folder.load();
      unsigned sum = 0;
      for (const auto& piece : set.in_loading_order()) {
        for (const std::byte b : piece.data) sum += std::to_integer<unsigned>(b);
      }
      EXPECT_NE(sum, 0U);
    } catch (const FirmwareError&) {
      ++refused;
    }
    folder.write(name, sound);
  }
  EXPECT_GT(refused, 100U);
}

}  // namespace
}  // namespace redbolt::firmware
