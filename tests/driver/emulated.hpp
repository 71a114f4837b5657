// A card for the integration tests of the driver: the emulated one, and firmware for it.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "redbolt/driver/card.hpp"
#include "redbolt/emulator/card.hpp"
#include "redbolt/emulator/server.hpp"
#include "redbolt/firmware/firmware_set.hpp"
#include "temporary_folder.hpp"

namespace redbolt::driver::test {

// Synthetic firmware.
Card::FirmwareSource firmware_source();

// Options of a small, quick card; `text` is appended ("bar0=256M").
emulator::CardOptions emulated_options(std::string_view text = "");

// The emulated card; where the run of the tests wants served cards (served_card.hpp), one that is
// reached through a server and a Unix socket.
class EmulatedCard : public emulator::Card {
 public:
  explicit EmulatedCard(const emulator::CardOptions& options);
  std::unique_ptr<pci::PciFunction> attach();

 private:
  redbolt::test::TemporaryFolder folder_;
  std::optional<emulator::Server> server_;
};

// Boots the emulated card with a timeout that fits a test.
std::unique_ptr<Card> boot(EmulatedCard& emulated, CardOptions options = {});
std::unique_ptr<Card> boot(std::unique_ptr<pci::PciFunction> function, CardOptions options = {});

// 0, 1, 2, ... of a mixed pattern.
std::vector<std::byte> pattern(std::size_t size, unsigned seed);

}  // namespace redbolt::driver::test
