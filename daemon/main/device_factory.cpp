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
#include "redbolt/pci/remote.hpp"

namespace redbolt::daemon {
namespace {

using AttachFunction = std::function<std::unique_ptr<pci::PciFunction>()>;

struct DeviceKind {
  std::string_view name;
  std::string_view details;  // what may follow the name, for --help
  std::string_view help;
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

AttachFunction open_endpoint(pci::RemoteEndpoint endpoint) {
  return [endpoint = std::move(endpoint)] { return pci::connect_remote(endpoint); };
}

AttachFunction open_remote(std::string_view details) {
  try {
    return open_endpoint(pci::parse_remote_endpoint(details));
  } catch (const pci::RemoteSpecError& error) {
    throw UsageError(std::string("--device remote: ") + error.what());
  }
}

AttachFunction open_tinygpu(std::string_view details) {
  try {
    return open_endpoint(pci::tinygpu_endpoint(details));
  } catch (const pci::RemoteSpecError& error) {
    throw UsageError(std::string("--device tinygpu: ") + error.what());
  }
}

firmware::FirmwareSet installed_firmware(const firmware::ChipFirmwareNames& names) {
  return firmware::FirmwareSet::load(names, firmware::default_folders());
}

constexpr DeviceKind kinds[] = {
    // Interpreted, it shows progress by whole workgroups (CardBackend::progress), and a large one
    // takes a second; sanitizers and a busy machine make that ten.
    {"emulated", "[:KEY=VALUE,...]", "a card in software, in this process (keys below)", true,
     std::chrono::seconds(20), open_emulated, emulated_firmware},
    {"remote", ":unix:PATH, remote:tcp:HOST:PORT",
     "a card behind a server of the remote-PCI protocol", false, std::chrono::seconds(2),
     open_remote, installed_firmware},
    {"tinygpu", "[:PATH]",
     "a card behind the TinyGPU app of macOS, whose server is started if none answers", false,
     std::chrono::seconds(2), open_tinygpu, installed_firmware},
};

std::string device_names() {
  std::string names;
  for (const DeviceKind& kind : kinds) {
    names.append(names.empty() ? "" : ", ").append(kind.name).append(kind.details);
  }
  return names;
}

}  // namespace

std::string device_help() {
  std::string text;
  for (const DeviceKind& kind : kinds) {
    text.append("  ").append(kind.name).append(kind.details).append("\n      ");
    text.append(kind.help).append("\n");
  }
  return text;
}

DeviceChoice choose_device(const DeviceRequest& request) {
  const auto colon = std::min(request.spec.find(':'), request.spec.size());
  const auto name = request.spec.substr(0, colon);
  const auto details = request.spec.substr(std::min(colon + 1, request.spec.size()));
  const auto kind = std::find_if(std::begin(kinds), std::end(kinds),
                                 [&](const DeviceKind& k) { return k.name == name; });
  if (kind == std::end(kinds)) {
    throw UsageError("--device \"" + std::string(request.spec) +
                     "\" names no device; what there is: " + device_names());
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
  choice.factory = [attach = choice.attach, load, is_given = !request.firmware.empty(),
                    card_options, backend_options] {
    auto function = attach();
    // A server may say that its card is emulated: that one takes synthetic images.
    const bool is_emulated = function->name().find("(emulated:") != std::string::npos;
    const auto source = is_emulated && !is_given ? driver::Card::FirmwareSource(emulated_firmware)
                                                 : driver::Card::FirmwareSource(load);
    return std::make_unique<CardBackend>(std::move(function), source, card_options,
                                         backend_options);
  };
  return choice;
}

}  // namespace redbolt::daemon
