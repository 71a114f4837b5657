#include "test/test_kernel.hpp"

#include <cstring>

namespace redbolt::probe {

std::vector<std::byte> test_kernel_image() {
  constexpr std::size_t image_size = 1024;
  std::vector<std::byte> image(image_size);
  const auto put = [&](std::size_t at, auto value) {
    std::memcpy(image.data() + at, &value, sizeof value);
  };
  put(8, static_cast<std::uint32_t>(test_kernel_arguments));
  put(16, static_cast<std::int64_t>(test_kernel_entry));
  // 8 VGPRs; float modes as LLVM sets them; IEEE mode off, DX10 clamp, WGP mode, ordered memory.
  put(48, std::uint32_t{0xc0u << 12 | 1u << 21 | 1u << 23 | 1u << 29 | 1u << 30});
  put(52, std::uint32_t{2u << 1 | 1u << 7});   // 2 user SGPRs, workgroup id x
  put(56, std::uint16_t{1u << 3 | 1u << 10});  // kernel argument pointer, wave32
  std::memcpy(image.data() + test_kernel_entry, test_kernel_code, sizeof test_kernel_code);
  return image;
}

}  // namespace redbolt::probe
