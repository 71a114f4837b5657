// The layers of the card itself: BARs and link, IOMMU, IP discovery, firmware.
#include <algorithm>

#include "report/layers.hpp"

namespace redbolt::probe {
namespace {

constexpr std::uint64_t mib = std::uint64_t{1} << 20;
constexpr std::uint64_t least_bar0 = 64 * mib;  // what the driver's boot needs to see
constexpr unsigned needed_bars[] = {0, 2, 5};   // video memory, doorbells, registers

// Why there is nothing to say of the card's inside, if so.
std::optional<Layer> unreachable(const Subject& subject) {
  if (subject.daemons_card) return std::nullopt;
  if (subject.card == nullptr) return skipped("no card");
  if (!subject.card->answers) return skipped("the card does not answer");
  if (!subject.card->name.supported) return skipped("not a card for Redbolt");
  return std::nullopt;
}

const BarFacts* find_bar(const CardFacts& card, unsigned index) {
  for (const BarFacts& bar : card.bars)
    if (bar.index == index) return &bar;
  return nullptr;
}

std::string link_text(const LinkFacts& link) {
  const auto lanes = [](std::optional<unsigned> n) { return n ? std::to_string(*n) : "?"; };
  const auto speed = [](std::optional<double> n) { return n ? number_text(*n) : "?"; };
  std::string text = "x";
  text += lanes(link.width_lanes) + " of x" + lanes(link.width_max_lanes) + " at ";
  return text + speed(link.speed_gt_per_s) + " of " + speed(link.speed_max_gt_per_s) + " GT/s";
}

// One lane of the slowest generation: what a bad cable or slot leaves.
bool is_crawling(const LinkFacts& link) {
  return link.width_lanes && link.speed_gt_per_s && *link.width_lanes * *link.speed_gt_per_s < 5;
}

void note_link(const CardFacts& card, Layer& layer) {
  if (card.narrowest_link_at != card.address && !card.narrowest_link_at.empty())
    layer.notes.push_back("the narrowest link on the way is " + card.narrowest_link_at + ": " +
                          link_text(card.narrowest_link));
  const LinkFacts& narrowest = card.narrowest_link_at.empty() ? card.link : card.narrowest_link;
  if (is_crawling(narrowest))
    layer.notes.push_back(
        "the link runs at a small part of what it can: loading a model will be slow; try another "
        "cable or port (an idle link may also be resting)");
}

// As Debian and Ubuntu keep the kernel's command line.
std::string kernel_option(const std::string& option) {
  return "sudo sed -i 's/^GRUB_CMDLINE_LINUX=\"/&" + option +
         " /' /etc/default/grub && sudo update-grub && sudo reboot";
}

Layer bars_unplaced(const std::string& what) {
  return failed(
      what, ExitCode::other,
      "Turn on \"Above 4G decoding\" in the firmware's setup, let Linux make room for the "
      "card, and start the machine again:",
      kernel_option("pci=realloc,hpmmioprefsize=64G"));
}

// A machine may run like that, so that this is no failure: there is no protection to look at.
Layer unprotected(const std::string& why) {
  Layer layer = skipped(why +
                        ": the card could reach all of this machine's memory, and VFIO does "
                        "not work");
  layer.notes.push_back(
      "to protect it, turn on VT-d or AMD-Vi in the firmware's setup and in Linux, and start the "
      "machine again: " +
      kernel_option("intel_iommu=on iommu.passthrough=0"));
  return layer;
}

std::string versions_text(const std::map<std::string, std::string>& versions) {
  std::string text;
  for (const char* name : {"GC", "MMHUB", "MP0", "MP1", "SDMA0", "NBIF", "HDP", "OSSSYS"}) {
    const auto found = versions.find(name);
    if (found != versions.end())
      text += (text.empty() ? "" : ", ") + found->first + " " + found->second;
  }
  return text;
}

}  // namespace

Layer bars_layer(const Subject& subject) {
  if (auto none = unreachable(subject)) return *none;
  if (subject.daemons_card) return skipped("redboltd uses them and does not tell");
  const CardFacts& card = *subject.card;
  if (subject.facts.system == "macos" && subject.facts.way == Way::local) {
    Layer layer = passed("link " + link_text(card.link) + "; only TinyGPU sees the BARs");
    note_link(card, layer);
    return layer;
  }
  std::string text;
  for (const unsigned index : needed_bars) {
    const BarFacts* bar = find_bar(card, index);
    const std::string name = "BAR" + std::to_string(index);
    if (bar == nullptr) return bars_unplaced(name + " has no size");
    if (bar->base == 0 && subject.facts.way == Way::local)
      return bars_unplaced(name + " (" + size_text(bar->size_bytes) + ") has no address");
    text += (text.empty() ? "" : ", ") + name + " " + size_text(bar->size_bytes);
  }
  const BarFacts& vram = *find_bar(card, 0);
  if (vram.size_bytes < least_bar0)
    return bars_unplaced("BAR0 shows " + size_text(vram.size_bytes) + ", and booting needs " +
                         size_text(least_bar0));
  Layer layer = passed(text + "; link " + link_text(card.link));
  if (card.vram_bytes && vram.size_bytes < *card.vram_bytes)
    layer.notes.push_back("BAR0 shows " + size_text(vram.size_bytes) + " of " +
                          size_text(*card.vram_bytes) +
                          ": it works; the rest is reached by the copy engine");
  else if (!card.vram_bytes && vram.size_bytes <= 256 * mib)
    layer.notes.push_back(
        "BAR0 is small (no resizable BAR): it works; what it does not show is "
        "reached by the copy engine");
  note_link(card, layer);
  return layer;
}

Layer iommu_layer(const Subject& subject) {
  if (auto none = unreachable(subject)) return *none;
  if (subject.facts.way == Way::in_process)
    return skipped("an emulated card reaches only what is given to it");
  if (subject.daemons_card || subject.facts.way == Way::server)
    return skipped("a matter of the machine that has the card");
  if (subject.facts.system == "macos")
    return skipped("macOS always puts such cards behind its DART");
  const CardFacts& card = *subject.card;
  if (!card.iommu_group) return unprotected("the card is in no IOMMU group");
  if (card.iommu_type == "identity") return unprotected("the IOMMU passes the card's accesses on");
  Layer layer =
      passed("group " + *card.iommu_group +
             (card.iommu_type ? ", addresses are translated (" + *card.iommu_type + ")" : ""));
  for (const TunnelFacts& tunnel : subject.facts.tunnels)
    if (tunnel.dma_protection == false)
      layer.notes.push_back("the firmware does not ask for DMA protection on the tunnel's domain");
  return layer;
}

Layer discovery_layer(const Subject& subject) {
  if (auto none = unreachable(subject)) return *none;
  if (subject.daemons_card)
    return passed(versions_text(subject.facts.daemon.ip_versions) + " (as redboltd read them)");
  const auto& discovery = subject.card->discovery;
  if (discovery.value) {
    Layer layer = passed(versions_text(discovery.value->ip_versions));
    if (subject.card->vram_bytes)
      layer.summary += "; " + size_text(*subject.card->vram_bytes) + " of video memory";
    return layer;
  }
  if (discovery.problem.empty())
    return skipped(discovery.not_read.empty() ? "not read" : discovery.not_read);
  return failed(discovery.problem, ExitCode::other,
                "Switch the enclosure off for ten seconds and on again, so that the card starts "
                "afresh, and look again:",
                "redbolt-device-probe");
}

Layer firmware_layer(const Subject& subject) {
  if (auto none = unreachable(subject)) return *none;
  if (subject.daemons_card) return passed("loaded by redboltd when it booted the card");
  const auto& firmware = subject.facts.firmware;
  if (!firmware.value)
    return skipped(firmware.not_read.empty() ? "the card's chip is not known" : firmware.not_read);
  const FirmwareFacts& facts = *firmware.value;
  if (!facts.problem.empty())
    return failed(facts.problem, ExitCode::helper_missing,
                  subject.facts.system == "macos"
                      ? "Put AMD's images (linux-firmware, folder amdgpu) into this folder:"
                      : "Install AMD's firmware (Debian: section non-free-firmware):",
                  subject.facts.system == "macos" ? "mkdir -p ~/.local/share/redbolt/firmware"
                                                  : "sudo apt-get install firmware-amd-graphics");
  if (facts.synthetic) return passed("synthetic images, made for the emulated card");
  const std::string folder = facts.files.front().path->parent_path().string();
  return passed(std::to_string(facts.files.size()) + " images, whole and sound, in " + folder);
}

}  // namespace redbolt::probe
