// Sound files: every piece is found where the reference's header table says it is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <lzma.h>
#include <zstd.h>

#include <cstring>

#include "firmware_folder.hpp"
#include "header_table.hpp"

namespace redbolt::firmware {
namespace {

std::uint32_t u32(const std::vector<std::byte>& bytes, std::size_t offset) {
  std::uint32_t value = 0;
  std::memcpy(&value, &bytes.at(offset), 4);
  return value;
}

// The piece's bytes as the fields `size_field` and `offset_field` of the file's header give them.
void expect_piece_at(const FirmwareFolder& folder, const FirmwareSet& set, Piece piece,
                     const std::string& file, const std::string& structure,
                     const std::string& size_field, const std::string& offset_field) {
  SCOPED_TRACE(std::string(to_string(piece)));
  const auto content = folder.read(file);
  const auto offset = u32(content, header_field(structure, offset_field));
  const auto size = u32(content, header_field(structure, size_field));
  const FirmwarePiece* found = set.find(piece);
  ASSERT_NE(found, nullptr);
  ASSERT_EQ(found->data.size(), size);
  EXPECT_GT(size, 0U);
  EXPECT_EQ(std::memcmp(found->data.data(), &content.at(offset), size), 0);
}

TEST(FirmwareSet, LoadingOrderIsTheReferenceBoots) {
  const FirmwareFolder folder;
  const FirmwareSet set = folder.load();
  std::vector<std::string> order;
  for (const auto& piece : set.in_loading_order()) order.emplace_back(to_string(piece.piece));
  // boot_order_gfx1100.md, steps 7 and 9.
  EXPECT_THAT(order, testing::ElementsAre(
                         "psp_key_database", "psp_security_patch_level", "psp_system_driver",
                         "psp_soc_driver", "psp_interface_driver", "psp_debug_driver",
                         "psp_ras_driver", "psp_secure_os", "psp_table_of_contents", "smu",
                         "sdma_thread1", "sdma_thread0", "mec", "mec_stack", "imu_instructions",
                         "imu_data", "rlc_iram", "rlc_dram_boot", "rlc_p", "rlc_v", "rlc_g"));
  EXPECT_EQ(set.files().size(), 6U);
}

TEST(FirmwareSet, EnginePiecesAreWhereTheHeaderSays) {
  const FirmwareFolder folder({.rlc_minor = 4});
  const FirmwareSet set = folder.load();
  const auto expect = [&](Piece piece, const char* file, const char* structure, const char* size,
                          const char* offset) {
    expect_piece_at(folder, set, piece, file, structure, size, offset);
  };
  const char* rlc = "gc_11_0_0_rlc.bin";
  const char* rlc4 = "rlc_firmware_header_v2_4";
  expect(Piece::rlc_g, rlc, "common_firmware_header", "ucode_size_bytes",
         "ucode_array_offset_bytes");
  expect(Piece::rlc_iram, rlc, rlc4, "rlc_iram_ucode_size_bytes", "rlc_iram_ucode_offset_bytes");
  expect(Piece::rlc_dram_boot, rlc, rlc4, "rlc_dram_ucode_size_bytes",
         "rlc_dram_ucode_offset_bytes");
  expect(Piece::rlc_p, rlc, rlc4, "rlcp_ucode_size_bytes", "rlcp_ucode_offset_bytes");
  expect(Piece::rlc_v, rlc, rlc4, "rlcv_ucode_size_bytes", "rlcv_ucode_offset_bytes");
  expect(Piece::rlc_restore_list_control, rlc, rlc4, "save_restore_list_cntl_size_bytes",
         "save_restore_list_cntl_offset_bytes");
  expect(Piece::rlc_restore_list_gpm, rlc, rlc4, "save_restore_list_gpm_size_bytes",
         "save_restore_list_gpm_offset_bytes");
  expect(Piece::rlc_restore_list_srm, rlc, rlc4, "save_restore_list_srm_size_bytes",
         "save_restore_list_srm_offset_bytes");
  expect(Piece::rlc_global_tap_delays, rlc, rlc4, "global_tap_delays_ucode_size_bytes",
         "global_tap_delays_ucode_offset_bytes");
  expect(Piece::rlc_se3_tap_delays, rlc, rlc4, "se3_tap_delays_ucode_size_bytes",
         "se3_tap_delays_ucode_offset_bytes");
  expect(Piece::smu, "smu_13_0_0.bin", "common_firmware_header", "ucode_size_bytes",
         "ucode_array_offset_bytes");
  expect(Piece::sdma_thread0, "sdma_6_0_0.bin", "sdma_firmware_header_v2_0", "ctx_ucode_size_bytes",
         "header.ucode_array_offset_bytes");
  expect(Piece::sdma_thread1, "sdma_6_0_0.bin", "sdma_firmware_header_v2_0", "ctl_ucode_size_bytes",
         "ctl_ucode_offset");
  expect(Piece::mec_stack, "gc_11_0_0_mec.bin", "gfx_firmware_header_v2_0", "data_size_bytes",
         "data_offset_bytes");
  expect(Piece::imu_data, "gc_11_0_0_imu.bin", "imu_firmware_header_v1_0",
         "imu_dram_ucode_size_bytes", "imu_dram_ucode_offset_bytes");
}

TEST(FirmwareSet, MecSaysWhereItStarts) {
  const FirmwareFolder folder;
  const auto content = folder.read("gc_11_0_0_mec.bin");
  const std::uint64_t low =
      u32(content, header_field("gfx_firmware_header_v2_0", "ucode_start_addr_lo"));
  const std::uint64_t high =
      u32(content, header_field("gfx_firmware_header_v2_0", "ucode_start_addr_hi"));
  EXPECT_EQ(folder.load().find(Piece::mec)->start_address, low | high << 32);
  EXPECT_NE(low, 0U);
}

TEST(FirmwareSet, PspBinariesAreCountedFromThePayload) {
  for (const unsigned minor : {0U, 1U}) {
    const FirmwareFolder folder({.psp_minor = minor});
    const FirmwareSet set = folder.load();
    const auto content = folder.read("psp_13_0_0_sos.bin");
    const std::string structure = "psp_firmware_header_v2_" + std::to_string(minor);
    const std::size_t table = header_field(structure, "psp_fw_bin");
    const auto payload =
        u32(content, header_field("common_firmware_header", "ucode_array_offset_bytes"));
    // First descriptor: the key database (PSP_FW_TYPE_PSP_KDB = 3).
    ASSERT_EQ(u32(content, table), 3U);
    const auto& piece = *set.find(Piece::psp_key_database);
    EXPECT_EQ(std::memcmp(piece.data.data(), &content.at(payload + u32(content, table + 8)),
                          piece.data.size()),
              0);
    EXPECT_EQ(piece.data.size(), u32(content, table + 12));
  }
}

TEST(FirmwareSet, BinariesOfTheOtherBoardVariantAreLeftOut) {
  const FirmwareFolder folder({.psp_minor = 1});
  folder.put_u32("psp_13_0_0_sos.bin", 36, 8);  // the ninth binary (the TOC) belongs to the variant
  EXPECT_EQ(folder.load_error(), FirmwareErrorCode::missing_piece);
}

TEST(FirmwareSet, OlderRlcHeadersCarryFewerPieces) {
  for (unsigned minor = 0; minor <= 4; ++minor) {
    const FirmwareFolder folder({.rlc_minor = minor});
    const FirmwareSet set = folder.load();
    EXPECT_NE(set.find(Piece::rlc_g), nullptr);
    EXPECT_EQ(set.find(Piece::rlc_restore_list_gpm) != nullptr, minor >= 1) << minor;
    EXPECT_EQ(set.find(Piece::rlc_iram) != nullptr, minor >= 2) << minor;
    EXPECT_EQ(set.find(Piece::rlc_p) != nullptr, minor >= 3) << minor;
    EXPECT_EQ(set.find(Piece::rlc_se0_tap_delays) != nullptr, minor >= 4) << minor;
  }
}

TEST(FirmwareSet, SurvivesBeingMoved) {
  const FirmwareFolder folder;
  FirmwareSet first = folder.load();
  const auto* data = first.find(Piece::smu)->data.data();
  const FirmwareSet second = std::move(first);
  EXPECT_EQ(second.find(Piece::smu)->data.data(), data);
  EXPECT_EQ(second.find(Piece::smu)->data[0x10], std::byte{'$'});
}

TEST(SearchPath, TheFirstFolderWins) {
  const FirmwareFolder first({.rlc_minor = 2});
  const FirmwareFolder second({.rlc_minor = 4});
  const auto set =
      FirmwareSet::load(navi31_firmware_names(), std::vector{first.path(), second.path()});
  EXPECT_EQ(set.find(Piece::rlc_p), nullptr);
}

TEST(SearchPath, FilesMayBeSpreadOverFolders) {
  const FirmwareFolder first;
  const FirmwareFolder second;
  std::filesystem::remove(first.path() / "smu_13_0_0.bin");
  const auto set =
      FirmwareSet::load(navi31_firmware_names(), std::vector{first.path(), second.path()});
  EXPECT_EQ(set.files()[1].path, second.path() / "smu_13_0_0.bin");
}

std::vector<std::byte> packed_with_zstd(const std::vector<std::byte>& content) {
  std::vector<std::byte> packed(ZSTD_compressBound(content.size()));
  packed.resize(ZSTD_compress(packed.data(), packed.size(), content.data(), content.size(), 3));
  return packed;
}

std::vector<std::byte> packed_with_xz(const std::vector<std::byte>& content) {
  std::vector<std::byte> packed(lzma_stream_buffer_bound(content.size()));
  std::size_t size = 0;
  EXPECT_EQ(
      lzma_easy_buffer_encode(6, LZMA_CHECK_CRC32, nullptr,
                              reinterpret_cast<const std::uint8_t*>(content.data()), content.size(),
                              reinterpret_cast<std::uint8_t*>(packed.data()), &size, packed.size()),
      LZMA_OK);
  packed.resize(size);
  return packed;
}

TEST(Compression, PackedFilesGiveTheSamePieces) {
  const FirmwareFolder folder;
  const FirmwareSet plain = folder.load();
  const auto mec = folder.read("gc_11_0_0_mec.bin");
  const auto smu = folder.read("smu_13_0_0.bin");
  std::filesystem::remove(folder.path() / "gc_11_0_0_mec.bin");
  std::filesystem::remove(folder.path() / "smu_13_0_0.bin");
  folder.write("gc_11_0_0_mec.bin.zst", packed_with_zstd(mec));
  folder.write("smu_13_0_0.bin.xz", packed_with_xz(smu));
  const FirmwareSet packed = folder.load();
  for (const Piece piece : {Piece::mec, Piece::mec_stack, Piece::smu}) {
    EXPECT_TRUE(std::ranges::equal(plain.find(piece)->data, packed.find(piece)->data));
  }
}

TEST(Compression, DamageAndBombsAreRefused) {
  for (const bool zstd : {true, false}) {
    const FirmwareFolder folder;
    const auto smu = folder.read("smu_13_0_0.bin");
    std::filesystem::remove(folder.path() / "smu_13_0_0.bin");
    const std::string name = zstd ? "smu_13_0_0.bin.zst" : "smu_13_0_0.bin.xz";
    auto packed = zstd ? packed_with_zstd(smu) : packed_with_xz(smu);
    packed.resize(packed.size() / 2);
    folder.write(name, packed);
    EXPECT_EQ(folder.load_error(), FirmwareErrorCode::unreadable);
    const std::vector<std::byte> zeros(std::size_t{64} << 20);
    folder.write(name, zstd ? packed_with_zstd(zeros) : packed_with_xz(zeros));
    EXPECT_EQ(folder.load_error(), FirmwareErrorCode::unreadable);
    folder.write(name, std::vector<std::byte>(100, std::byte{0x5a}));
    EXPECT_EQ(folder.load_error(), FirmwareErrorCode::unreadable);
  }
}

}  // namespace
}  // namespace redbolt::firmware
