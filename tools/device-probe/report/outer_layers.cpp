// The layers outside the card: tunnel, identity, owner.
#include <algorithm>

#include "report/layers.hpp"

namespace redbolt::probe {
namespace {

std::string tunnel_text(const TunnelFacts& tunnel) {
  std::string text;
  if (tunnel.generation)
    text = *tunnel.generation >= 4 ? "USB4" : "Thunderbolt " + std::to_string(*tunnel.generation);
  else
    text = "Thunderbolt or USB4";
  text += ", \"" + tunnel.name + "\"";
  if (!tunnel.vendor.empty()) text += " by " + tunnel.vendor;
  if (tunnel.speed_gbit_per_s) {
    text += ", " + number_text(*tunnel.speed_gbit_per_s) + " Gb/s";
    if (tunnel.lanes) text += " × " + std::to_string(*tunnel.lanes) + " lanes";
  }
  return text + " (" + tunnel.id + ")";
}

Layer unauthorised(const TunnelFacts& tunnel) {
  return failed(tunnel_text(tunnel) + " is not authorised, so nothing in it is on the PCI bus" +
                    (tunnel.security.empty() ? "" : " (security level " + tunnel.security + ")"),
                ExitCode::permission, "Authorise the enclosure:",
                tunnel.uuid.empty()
                    ? "echo 1 | sudo tee /sys/bus/thunderbolt/devices/" + tunnel.id + "/authorized"
                    : "sudo boltctl enroll " + tunnel.uuid);
}

const char* no_tunnel(Way way) {
  return way == Way::in_process ? "an emulated card sits in no enclosure"
                                : "the card is behind a server, which does not tell";
}

Layer no_enclosure(const MachineFacts& facts) {
  if (!facts.tunnels_known) return skipped("this machine shows no Thunderbolt or USB4 controller");
  if (!facts.cards.empty()) return skipped("no enclosure is connected");
  return failed("no enclosure is connected to the Thunderbolt or USB4 ports", ExitCode::no_card,
                "Plug the enclosure's cable in, switch the enclosure on, and look again:",
                "redbolt-device-probe");
}

std::string hex(std::uint32_t value, int digits) {
  char text[16];
  std::snprintf(text, sizeof text, "%0*x", digits, value);
  return text;
}

std::string identity_text(const CardFacts& card) {
  std::string text = card.name.name;
  if (!card.name.gfx_target.empty())
    text += " (" + card.name.chip + ", " + card.name.gfx_target + ")";
  return text + ", " + hex(card.vendor_id, 4) + ":" + hex(card.device_id, 4) + " revision " +
         hex(card.revision, 2) + " at " + card.address;
}

Layer lost(const CardFacts& card, Way way) {
  if (way == Way::server)
    return failed("the card at " + card.address + " is gone: " +
                      (card.discovery.problem.empty() ? "configuration space reads all ones"
                                                      : card.discovery.problem),
                  ExitCode::card_lost,
                  "Check the card's cable and power, start its server again, and look again:",
                  "redbolt-device-probe");
  const std::string device = "/sys/bus/pci/devices/" + card.address;
  return failed((card.name.name.empty() ? "the card" : card.name.name) + " at " + card.address +
                    " fell off the bus: its configuration space reads all ones",
                ExitCode::card_lost,
                "Check cable and power, switch the enclosure off and on, then let Linux find the "
                "card anew:",
                "echo 1 | sudo tee " + device + "/remove && echo 1 | sudo tee /sys/bus/pci/rescan");
}

// remote:ADDRESS is what the emulated card's server can listen on; tinygpu is an application.
Layer no_server(const MachineFacts& facts) {
  constexpr std::string_view remote = "remote:";
  const std::string& spec = *facts.spec;
  if (facts.attach == AttachProblem::no_card)
    return failed(facts.attach_problem, ExitCode::no_card,
                  "Plug the card in where the server runs, and look again:",
                  "redbolt-device-probe --device " + spec);
  if (facts.attach == AttachProblem::busy)
    return failed(facts.attach_problem, ExitCode::busy,
                  "If redboltd has it, look through redboltd; else end the program that has it:",
                  "redbolt-device-probe");
  if (spec.starts_with(remote))
    return failed(facts.attach_problem, ExitCode::helper_missing,
                  "Start the server that has the card; for an emulated one:",
                  "redbolt-emulator --listen " + spec.substr(remote.size()));
  return failed(facts.attach_problem, ExitCode::helper_missing,
                "Start TinyGPU, which has the card:", "open -a TinyGPU");
}

Layer no_card(const MachineFacts& facts) {
  if (facts.attach != AttachProblem::none) return no_server(facts);
  if (facts.helper)
    return failed("no card is visible: " + *facts.helper, ExitCode::helper_missing,
                  "Install TinyGPU, allow its extension in System Settings, and start it:",
                  "open -a TinyGPU");
  const bool enclosure = std::any_of(facts.tunnels.begin(), facts.tunnels.end(),
                                     [](const TunnelFacts& t) { return t.authorised != false; });
  if (enclosure)
    return failed("the enclosure is there, and no card in it is on the PCI bus", ExitCode::no_card,
                  "Check that the card sits firmly and has its power cables, then search the bus:",
                  "echo 1 | sudo tee /sys/bus/pci/rescan");
  return failed("no graphics card is on the PCI bus", ExitCode::no_card,
                "Without a card, Redbolt runs on the emulated one:",
                "redbolt-device-probe --device emulated");
}

Layer wrong_card(const CardFacts& card) {
  return failed(
      identity_text(card) + ": " + card.name.why_not, ExitCode::no_card,
      "Put in a Radeon RX 7900 XT or XTX; without one, Redbolt runs on the emulated card:",
      "redbolt-device-probe --device emulated");
}

Layer owned_by_driver(const CardFacts& card) {
  const std::string& driver = *card.driver;
  return failed("the kernel driver " + driver + " has the card", ExitCode::busy,
                "Take it away from " + driver + " (end what displays or computes on it first):",
                "echo " + card.address + " | sudo tee /sys/bus/pci/drivers/" + driver + "/unbind");
}

Layer no_access(const CardFacts& card) {
  const std::string path = card.access->path.string();
  if (card.driver == "vfio-pci")
    return failed("vfio-pci has the card, and this user may not open " + path, ExitCode::permission,
                  "Give the VFIO group to your user:", "sudo chown \"$USER\" " + path);
  return failed("nobody has the card, and this user may not open " + path, ExitCode::permission,
                "Look as root, who may:", "sudo redbolt-device-probe");
}

// On a Mac only TinyGPU's driver extension can hand the card out.
Layer mac_owner(const MachineFacts& facts, const CardFacts& card) {
  if (card.driver == "TinyGPU") return passed("the TinyGPU driver extension");
  if (!card.driver->empty())
    return failed("the driver " + *card.driver + " has the card", ExitCode::busy,
                  "Start TinyGPU, which takes it:", "open -a TinyGPU");
  return failed(
      "nobody has the card: " + facts.helper.value_or("TinyGPU does not run"),
      ExitCode::helper_missing,
      "Install TinyGPU, allow its extension in System Settings, and start it:", "open -a TinyGPU");
}

}  // namespace

Layer tunnel_layer(const Subject& subject) {
  const MachineFacts& facts = subject.facts;
  if (facts.way != Way::local) return skipped(no_tunnel(facts.way));
  if (subject.daemons_card) return skipped("the card is redboltd's own: " + facts.daemon.bus_name);
  const bool usable = subject.card != nullptr && subject.card->name.supported;
  const auto closed =
      std::find_if(facts.tunnels.begin(), facts.tunnels.end(),
                   [](const TunnelFacts& tunnel) { return tunnel.authorised == false; });
  if (closed != facts.tunnels.end() && !usable) return unauthorised(*closed);
  if (subject.card != nullptr && subject.card->removable == false)
    return skipped("the card sits in this machine, not in an enclosure");
  const auto open =
      std::find_if(facts.tunnels.begin(), facts.tunnels.end(),
                   [](const TunnelFacts& tunnel) { return tunnel.authorised != false; });
  if (open == facts.tunnels.end()) return no_enclosure(facts);
  Layer layer = passed(tunnel_text(*open) + ", authorised");
  if (closed != facts.tunnels.end())
    layer.notes.push_back(tunnel_text(*closed) + " is not authorised");
  return layer;
}

Layer identity_layer(const Subject& subject) {
  const MachineFacts& facts = subject.facts;
  if (subject.daemons_card)
    return passed(facts.daemon.card_name + " (" + facts.daemon.gfx_target + ") at " +
                  facts.daemon.bus_name);
  if (subject.card == nullptr) return no_card(facts);
  const CardFacts& card = *subject.card;
  if (!card.answers) return lost(card, facts.way);
  if (!card.name.supported) return wrong_card(card);
  Layer layer = passed(identity_text(card));
  for (const CardFacts& other : facts.cards) {
    if (&other == &card) continue;
    layer.notes.push_back(
        "also here: " + identity_text(other) +
        (other.name.supported ? "; look at it with --device pci:" + other.address : ""));
  }
  return layer;
}

Layer owner_layer(const Subject& subject) {
  const MachineFacts& facts = subject.facts;
  if (subject.daemons_card) return passed("redboltd, " + facts.daemon.version);
  if (subject.card == nullptr || !subject.card->answers) return skipped("no card to own");
  if (!subject.card->name.supported) return skipped("not a card for Redbolt");
  const CardFacts& card = *subject.card;
  if (facts.way == Way::in_process) return passed("this process, which emulates it");
  if (facts.way == Way::server) return passed("the server at " + facts.spec.value_or(card.address));
  if (daemon_has(facts.daemon, card)) return passed("redboltd, " + facts.daemon.version);
  if (!card.driver) return skipped("the system does not tell");
  if (facts.system == "macos") return mac_owner(facts, card);
  if (*card.driver != "" && *card.driver != "vfio-pci" && *card.driver != "pci-stub")
    return owned_by_driver(card);
  if (card.access && !card.access->allowed) return no_access(card);
  return passed(*card.driver == "" ? "nobody" : *card.driver + ", for programs in user space");
}

}  // namespace redbolt::probe
