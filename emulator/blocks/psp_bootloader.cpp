#include "blocks/psp_bootloader.hpp"

#include <array>
#include <iterator>
#include <vector>

#include "blocks/firmware_image.hpp"

namespace redbolt::emulator {
namespace {

// The components in the order in which the bootloader takes them (PSP_BL__LOAD_*, PSP_FW_TYPE_*).
// An optional one may be passed over; once passed it comes too late.
struct Component {
  std::uint32_t command;
  std::array<std::uint32_t, 2> kinds;
  bool optional;
};

constexpr std::uint32_t kdb = 3, spl = 5;
constexpr Component components[] = {
    {0x80000, {kdb, kdb}, false},  // key database
    {0x10000000,
     {spl, kdb},
     true},  // security patch level table; drivers send the KDB where there is none
    {0x10000, {2, 2}, false},   // SYS_DRV
    {0xb0000, {7, 7}, false},   // SOC_DRV
    {0xd0000, {8, 8}, false},   // INTF_DRV
    {0xc0000, {9, 9}, false},   // DBG_DRV
    {0xe0000, {10, 10}, true},  // RAS_DRV
    {0xf0000, {11, 11}, true},  // IPKEYMGR_DRV
    {0x20000, {1, 1}, false},   // sOS
};
constexpr std::size_t system_component = std::size(components) - 1;

std::uint16_t refusal(ImageVerdict verdict) {
  return static_cast<std::uint16_t>(static_cast<unsigned>(PspBootloader::Status::refused) +
                                    static_cast<unsigned>(verdict));
}

}  // namespace

std::uint16_t PspBootloader::load(std::uint32_t command, McAddress address) {
  std::size_t wanted = 0;
  while (wanted < std::size(components) && components[wanted].command != command) ++wanted;
  if (wanted == std::size(components)) return static_cast<std::uint16_t>(Status::unknown_command);
  bool in_order = !system_loaded_ && wanted >= next_;
  for (std::size_t passed = next_; passed < wanted; ++passed)
    in_order &= components[passed].optional;
  if (!in_order) return static_cast<std::uint16_t>(Status::out_of_order);
  const std::uint16_t status = check(address, wanted);
  if (status != 0) return status;
  next_ = wanted + 1;
  system_loaded_ = wanted == system_component;
  return 0;
}

std::uint16_t PspBootloader::check(McAddress address, std::size_t component) const {
  if (faults_.strikes(FaultKind::refuse_firmware, components[component].kinds[0]))
    return refusal(ImageVerdict::corrupted);
  std::vector<std::byte> image(image_header_bytes);
  if (!memory_.read(address, image)) return static_cast<std::uint16_t>(Status::no_image);
  if (!is_verified(policy_, image)) return 0;
  const std::size_t size = image_size(image);
  if (size == 0) return refusal(ImageVerdict::bad_header);
  if (size > largest_image_bytes) return refusal(ImageVerdict::too_large);
  if (size > image.size()) {
    image.resize(size);
    if (!memory_.read(address, image)) return static_cast<std::uint16_t>(Status::no_image);
  }
  const ImageVerdict verdict = check_image(image, components[component].kinds);
  return verdict == ImageVerdict::accepted ? std::uint16_t{0} : refusal(verdict);
}

void PspBootloader::reset() {
  next_ = 0;
  system_loaded_ = false;
}

}  // namespace redbolt::emulator
