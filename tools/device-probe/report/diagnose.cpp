#include "report/diagnose.hpp"

#include <array>
#include <cstdio>

#include "report/layers.hpp"

namespace redbolt::probe {
namespace {

struct LayerKind {
  const char* id;
  const char* title;
  Layer (*judge)(const Subject& subject);
};

constexpr LayerKind kinds[] = {
    {"tunnel", "tunnel and enclosure", tunnel_layer},
    {"pci", "PCI identity", identity_layer},
    {"owner", "who owns it", owner_layer},
    {"bars", "BARs and link", bars_layer},
    {"iommu", "IOMMU protection", iommu_layer},
    {"discovery", "IP discovery", discovery_layer},
    {"firmware", "firmware images", firmware_layer},
    {"test", "VRAM and queue test", test_layer},
    {"daemon", "daemon and lease", daemon_layer},
};

constexpr const char* status_names[] = {"ok", "failed", "skipped"};

struct CodeName {
  ExitCode code;
  const char* name;
};
constexpr CodeName code_names[] = {
    {ExitCode::ok, "ok"},
    {ExitCode::usage, "usage"},
    {ExitCode::permission, "permission"},
    {ExitCode::no_card, "no_card"},
    {ExitCode::helper_missing, "helper_missing"},
    {ExitCode::card_lost, "card_lost"},
    {ExitCode::busy, "busy"},
    {ExitCode::other, "other"},
};

// How near a card is to one that can be used: a card that works, one that has stopped to answer,
// one of AMD's, any.
int rank(const CardFacts& card) {
  if (card.name.supported) return card.answers ? 4 : 3;
  if (!card.answers) return 2;
  return card.vendor_id == vendor_amd ? 1 : 0;
}

std::optional<std::size_t> best_card(const std::vector<CardFacts>& cards) {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < cards.size(); ++i)
    if (!best || rank(cards[i]) > rank(cards[*best])) best = i;
  return best;
}

void choose_target(Report& report) {
  const MachineFacts& facts = report.facts;
  report.target = best_card(facts.cards);
  const bool usable = report.target && facts.cards[*report.target].name.supported;
  if (usable || facts.spec || facts.daemon.state != DaemonFacts::State::answers) return;
  // No card of this machine, but the daemon has one: emulated, or behind a server.
  report.target.reset();
  report.target_is_daemons = true;
}

}  // namespace

const char* to_string(LayerStatus status) {
  return status_names[static_cast<std::size_t>(status)];
}

const char* to_string(ExitCode code) {
  for (const CodeName& entry : code_names)
    if (entry.code == code) return entry.name;
  return "other";
}

Report diagnose(MachineFacts facts) {
  Report report;
  report.facts = std::move(facts);
  choose_target(report);
  const Subject subject{report.facts, report.target ? &report.facts.cards[*report.target] : nullptr,
                        report.target_is_daemons};
  for (const LayerKind& kind : kinds) {
    Layer layer = kind.judge(subject);
    layer.id = kind.id;
    layer.title = kind.title;
    if (layer.status == LayerStatus::failed && !report.next_step) {
      report.next_step = NextStep{layer.id, layer.next_text, layer.next_command};
      report.exit_code = layer.exit_code;
    }
    report.layers.push_back(std::move(layer));
  }
  return report;
}

Layer passed(std::string summary) {
  Layer layer;
  layer.status = LayerStatus::ok;
  layer.summary = std::move(summary);
  return layer;
}

Layer skipped(std::string why) {
  Layer layer;
  layer.summary = std::move(why);
  return layer;
}

Layer failed(std::string why, ExitCode code, std::string next_text, std::string next_command) {
  Layer layer;
  layer.status = LayerStatus::failed;
  layer.summary = std::move(why);
  layer.exit_code = code;
  layer.next_text = std::move(next_text);
  layer.next_command = std::move(next_command);
  return layer;
}

bool daemon_has(const DaemonFacts& daemon, const CardFacts& card) {
  return daemon.state == DaemonFacts::State::answers && !daemon.emulated &&
         daemon.bus_name.find(card.address) != std::string::npos;
}

std::string size_text(std::uint64_t bytes) {
  constexpr std::array units{"bytes", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < units.size(); ++unit) value /= 1024;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), unit < 3 ? "%.0f %s" : "%.1f %s", value, units[unit]);
  return text.data();
}

std::string number_text(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.4g", value);
  return text.data();
}

}  // namespace redbolt::probe
