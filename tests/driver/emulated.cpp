#include "emulated.hpp"

#include "firmware_files.hpp"
#include "redbolt/pci/remote.hpp"
#include "served_card.hpp"

namespace redbolt::driver::test {

Card::FirmwareSource firmware_source() {
  return [](const firmware::ChipFirmwareNames&) { return FirmwareFiles().take(); };
}

emulator::CardOptions emulated_options(std::string_view text) {
  std::string options = "latency=0.1,hdp=strict,scatter=1";
  if (!text.empty()) options.append(",").append(text);
  return emulator::parse_card_options(options);
}

EmulatedCard::EmulatedCard(const emulator::CardOptions& options) : emulator::Card(options) {
  if (!redbolt::test::served_cards_wanted()) return;
  const emulator::UnixAddress address{folder_.path() / "card.sock"};
  server_.emplace(*this, std::vector<emulator::ListenAddress>{address}, emulator::ServerOptions{});
}

std::unique_ptr<pci::PciFunction> EmulatedCard::attach() {
  if (!server_) return emulator::Card::attach();
  return pci::connect_remote(
      pci::parse_remote_endpoint("unix:" + (folder_.path() / "card.sock").string()));
}

std::unique_ptr<Card> boot(EmulatedCard& emulated, CardOptions options) {
  return boot(emulated.attach(), std::move(options));
}

std::unique_ptr<Card> boot(std::unique_ptr<pci::PciFunction> function, CardOptions options) {
  return std::make_unique<Card>(std::move(function), firmware_source(), std::move(options));
}

std::vector<std::byte> pattern(std::size_t size, unsigned seed) {
  std::vector<std::byte> bytes(size);
  std::uint32_t state = seed * 2654435761u + 1;
  for (std::byte& byte : bytes) {
    state = state * 1664525u + 1013904223u;
    byte = std::byte(state >> 24);
  }
  return bytes;
}

}  // namespace redbolt::driver::test
