#include "main/device_factory.hpp"

#include <algorithm>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

#include "card_backend.hpp"
#include "main/emulated_firmware.hpp"
#include "main/options.hpp"
#include "redbolt/emulator/card.hpp"
#include "redbolt/firmware/firmware_set.hpp"

namespace redbolt::daemon {
namespace {

using AttachFunction = std::function<std::unique_ptr<pci::PciFunction>()>;

struct DeviceKind {
  std::string_view name;
  bool emulated;
  std::chrono::milliseconds hang_timeout;
  AttachFunction (*open)(std::string_view details);
  // Where firmware comes from when no folder is named.
  firmware::FirmwareSet (*default_firmware)(const firmware::ChipFirmwareNames& names);
};

AttachFunction open_emulated(std::string_view details) {
  emulator::CardOptions options;
  try {
    options = emulator::parse_card_options(details);
  } catch (const emulator::EmulatorError& error) {
    throw UsageError(std::string("--device emulated: ") + error.what());
  }
  return [card = std::make_shared<emulator::Card>(options)] { return card->attach(); };
}

constexpr DeviceKind kinds[] = {
    // Interpreted, it needs thousands of times as long as a card.
    {"emulated", true, std::chrono::seconds(300), open_emulated, emulated_firmware},
};

}  // namespace

DeviceChoice choose_device(const DeviceRequest& request) {
  const auto colon = std::min(request.spec.find(':'), request.spec.size());
  const auto name = request.spec.substr(0, colon);
  const auto details = request.spec.substr(std::min(colon + 1, request.spec.size()));
  const auto kind = std::find_if(std::begin(kinds), std::end(kinds),
                                 [&](const DeviceKind& k) { return k.name == name; });
  if (kind == std::end(kinds)) {
    throw UsageError("--device \"" + std::string(request.spec) +
                     "\" names no device; what there is: emulated");
  }
  driver::CardOptions card_options;
  card_options.on_step = request.on_step;
  CardBackendOptions backend_options;
  backend_options.data = request.arena;
  const auto load = [folders = request.firmware,
                     fallback = kind->default_firmware](const firmware::ChipFirmwareNames& names) {
    return folders.empty() ? fallback(names) : firmware::FirmwareSet::load(names, folders);
  };
  DeviceChoice choice;
  choice.emulated = kind->emulated;
  choice.hang_timeout = kind->hang_timeout;
  choice.attach = kind->open(details);
  choice.firmware = load;
  choice.factory = [attach = choice.attach, load, card_options, backend_options] {
    return std::make_unique<CardBackend>(attach(), load, card_options, backend_options);
  };
  return choice;
}

}  // namespace redbolt::daemon
