#include "decompress.hpp"

#include <lzma.h>
#include <zstd.h>

#include <fstream>
#include <memory>
#include <string>

#include "redbolt/firmware/firmware_error.hpp"

namespace redbolt::firmware {
namespace {

[[noreturn]] void unreadable(const std::filesystem::path& path, const std::string& fault) {
  throw FirmwareError(FirmwareErrorCode::unreadable, path.string(), fault);
}

std::vector<std::byte> read_plain(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) unreadable(path, "cannot be opened; check its permissions");
  const auto size = static_cast<std::streamoff>(file.tellg());
  if (size < 0 || static_cast<std::size_t>(size) > kLargestImage) {
    unreadable(path, "is larger than any firmware image");
  }
  std::vector<std::byte> content(static_cast<std::size_t>(size));
  file.seekg(0);
  if (!file.read(reinterpret_cast<char*>(content.data()), size)) unreadable(path, "cannot be read");
  return content;
}

// Grows `output` for a decompressor that wants more room, up to the limit.
bool grow(std::vector<std::byte>& output) {
  if (output.size() >= kLargestImage) return false;
  output.resize(std::min(kLargestImage, std::max<std::size_t>(output.size() * 2, 1 << 16)));
  return true;
}

std::vector<std::byte> unpack_zstd(const std::filesystem::path& path,
                                   const std::vector<std::byte>& packed) {
  const std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> stream(ZSTD_createDStream(),
                                                                          &ZSTD_freeDStream);
  if (!stream) unreadable(path, "cannot be unpacked: out of memory");
  std::vector<std::byte> output;
  ZSTD_inBuffer in{packed.data(), packed.size(), 0};
  std::size_t written = 0;
  for (;;) {
    if (written == output.size() && !grow(output))
      unreadable(path, "unpacks to more than any image");
    ZSTD_outBuffer out{output.data(), output.size(), written};
    const std::size_t left = ZSTD_decompressStream(stream.get(), &out, &in);
    if (ZSTD_isError(left)) unreadable(path, "is not a sound zstd file");
    written = out.pos;
    if (left == 0 && in.pos == in.size) break;
    if (in.pos == in.size && out.pos < out.size)
      unreadable(path, "ends in the middle of zstd data");
  }
  output.resize(written);
  return output;
}

std::vector<std::byte> unpack_xz(const std::filesystem::path& path,
                                 const std::vector<std::byte>& packed) {
  lzma_stream stream = LZMA_STREAM_INIT;
  const std::unique_ptr<lzma_stream, decltype(&lzma_end)> owner(&stream, &lzma_end);
  constexpr std::uint64_t kDecoderMemory = std::uint64_t{128} << 20;
  if (lzma_stream_decoder(&stream, kDecoderMemory, LZMA_CONCATENATED) != LZMA_OK) {
    unreadable(path, "cannot be unpacked: out of memory");
  }
  std::vector<std::byte> output;
  std::size_t written = 0;
  stream.next_in = reinterpret_cast<const std::uint8_t*>(packed.data());
  stream.avail_in = packed.size();
  for (;;) {
    if (written == output.size() && !grow(output))
      unreadable(path, "unpacks to more than any image");
    stream.next_out = reinterpret_cast<std::uint8_t*>(output.data() + written);
    stream.avail_out = output.size() - written;
    const lzma_ret result = lzma_code(&stream, LZMA_FINISH);
    written = output.size() - stream.avail_out;
    if (result == LZMA_STREAM_END) break;
    if (result == LZMA_BUF_ERROR && stream.avail_out == 0) continue;
    if (result != LZMA_OK) unreadable(path, "is not a sound xz file");
  }
  output.resize(written);
  return output;
}

}  // namespace

std::vector<std::byte> read_image(const FoundFile& file) {
  auto content = read_plain(file.path);
  switch (file.compression) {
    case Compression::zstd:
      return unpack_zstd(file.path, content);
    case Compression::xz:
      return unpack_xz(file.path, content);
    case Compression::none:
      break;
  }
  return content;
}

}  // namespace redbolt::firmware
