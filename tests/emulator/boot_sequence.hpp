// The steps of a boot that tests take one by one, with the register addresses of the reference
// (card/boot_order_gfx1100.md).
#pragma once

#include <cstdint>
#include <vector>

#include "firmware_payload.hpp"
#include "test_card.hpp"

namespace redbolt::emulator::test {

inline constexpr std::uint64_t mc_base = 0x8000000000;  // FB_LOCATION_BASE << 24

// PSP_BL__LOAD_* and PSP_FW_TYPE_* in the order of the boot.
struct BootComponent {
  std::uint32_t command;
  std::uint32_t kind;
};
inline constexpr BootComponent boot_components[] = {{0x80000, 3},  {0x10000000, 5}, {0x10000, 2},
                                                    {0xb0000, 7},  {0xd0000, 8},    {0xc0000, 9},
                                                    {0xe0000, 10}, {0x20000, 1}};

class BootSequence {
 public:
  explicit BootSequence(TestFunction& card) : card_(card) {}

  static constexpr std::uint32_t bootloader = 0x16063, message_address = 0x16064,
                                 system_mailbox = 0x16080, ring_wptr = 0x16083, ring_low = 0x16085,
                                 ring_high = 0x16086, ring_size = 0x16087, sign_of_life = 0x16091;
  static constexpr std::uint64_t image_at = 0x100000, command_at = 0x85000, fence_at = 0x86000,
                                 ring_at = 0x87000, tmr_at = 0x200000;
  static constexpr std::uint32_t tmr_bytes = 0x1300000;

  // Gives an image to the bootloader; returns C2PMSG_35 when it is ready again.
  std::uint32_t load_component(std::uint32_t command, const std::vector<std::byte>& image) {
    card_.write_vram(image_at, image);
    card_.write(message_address, static_cast<std::uint32_t>((mc_base + image_at) >> 20));
    card_.write(bootloader, command);
    EXPECT_TRUE(card_.becomes(bootloader, 1u << 31, 1u << 31));
    return card_.read(bootloader);
  }

  void start_system() {
    for (const BootComponent& component : boot_components) {
      ASSERT_EQ(load_component(component.command, make_payload({.kind = component.kind})),
                1u << 31);
    }
    ASSERT_TRUE(eventually([&] { return card_.read(sign_of_life) != 0; }));
  }

  std::uint32_t control(std::uint32_t command) {
    card_.write(system_mailbox, command);
    EXPECT_TRUE(card_.becomes(system_mailbox, 1u << 31, 1u << 31));
    return card_.read(system_mailbox);
  }

  void create_ring(std::uint32_t size = 0x10000) {
    card_.write(ring_low, static_cast<std::uint32_t>(mc_base + ring_at));
    card_.write(ring_high, static_cast<std::uint32_t>((mc_base + ring_at) >> 32));
    card_.write(ring_size, size);
    ASSERT_EQ(control(0x20000), 1u << 31);
    write_pointer_ = 0;
    ring_dwords_ = size / 4;
  }

  // Runs a command with these argument words (from byte 28); returns the response's status.
  std::uint32_t command(std::uint32_t id, const std::vector<std::uint32_t>& arguments) {
    std::vector<std::byte> command(1024), frame(64);
    put_word(command, 8, id);
    for (std::size_t i = 0; i < arguments.size(); ++i) put_word(command, 28 + 4 * i, arguments[i]);
    put_word(command, 864, 0x5a5a5a5a);
    card_.write_vram(command_at, command);
    const std::uint64_t command_mc = mc_base + command_at, fence_mc = mc_base + fence_at;
    std::memcpy(frame.data(), &command_mc, 8);
    put_word(frame, 8, 1024);
    std::memcpy(frame.data() + 12, &fence_mc, 8);
    put_word(frame, 20, ++fence_);
    card_.write_vram(ring_at + std::uint64_t{write_pointer_} * 4, frame);
    write_pointer_ = (write_pointer_ + 16) % ring_dwords_;
    card_.write(ring_wptr, write_pointer_);
    EXPECT_TRUE(eventually([&] { return card_.read_vram32(fence_at) == fence_; }));
    return card_.read_vram32(command_at + 864);
  }

  static std::vector<std::uint32_t> mc_arguments(std::uint64_t offset, std::uint32_t size,
                                                 std::uint32_t type = 0) {
    return {static_cast<std::uint32_t>(mc_base + offset),
            static_cast<std::uint32_t>((mc_base + offset) >> 32), size, type};
  }

  std::uint32_t load_image(std::uint32_t type, const std::vector<std::byte>& image) {
    card_.write_vram(image_at, image);
    return command(6, mc_arguments(image_at, static_cast<std::uint32_t>(image.size()), type));
  }
  std::uint32_t load_firmware(std::uint32_t type) {
    return load_image(type, make_payload({.kind = 0x10000 | type}));
  }

  std::uint32_t load_toc() {
    const auto image = make_payload({.kind = 4});
    card_.write_vram(image_at, image);
    return command(0x20, mc_arguments(image_at, static_cast<std::uint32_t>(image.size())));
  }
  std::uint32_t set_up_tmr() { return command(5, mc_arguments(tmr_at, tmr_bytes)); }

  // Everything up to and with AUTOLOAD_RLC.
  void load_everything() {
    start_system();
    create_ring();
    ASSERT_EQ(load_toc(), 0u);
    ASSERT_EQ(load_firmware(18), 0u);
    ASSERT_EQ(set_up_tmr(), 0u);
    for (const std::uint32_t type : {72u, 71u, 89u, 94u, 68u, 69u, 26u, 48u, 25u, 7u, 8u}) {
      ASSERT_EQ(load_firmware(type), 0u) << type;
    }
    ASSERT_EQ(command(33, {}), 0u);
  }

 private:
  TestFunction& card_;
  std::uint32_t write_pointer_ = 0;
  std::uint32_t ring_dwords_ = 0;
  std::uint32_t fence_ = 100;
};

// SMU mailbox: argument C2PMSG_82, message C2PMSG_66, response C2PMSG_90.
struct SmuReply {
  std::uint32_t result;
  std::uint32_t argument;
};
inline SmuReply smu_message(TestFunction& card, std::uint32_t id, std::uint32_t argument) {
  card.write(0x1629a, 0);
  card.write(0x16292, argument);
  card.write(0x16282, id);
  EXPECT_TRUE(eventually([&] { return card.read(0x1629a) != 0; }));
  return {card.read(0x1629a), card.read(0x16292)};
}

}  // namespace redbolt::emulator::test
