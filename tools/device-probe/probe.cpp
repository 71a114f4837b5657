#include "probe.hpp"

#include <memory>
#include <string_view>

#include "facts/daemon.hpp"
#include "facts/firmware.hpp"
#include "facts/function_inventory.hpp"
#include "main/device_factory.hpp"
#include "main/options.hpp"
#include "redbolt/driver/inspection.hpp"
#include "report/diagnose.hpp"
#include "report/layers.hpp"
#include "test/card_test.hpp"
#ifdef __APPLE__
#include "macos/mac_inventory.hpp"
#else
#include "linux/linux_inventory.hpp"
#endif

namespace redbolt::probe {
namespace {

constexpr std::chrono::seconds daemon_patience{5};
constexpr std::string_view pci_prefix = "pci:";

bool is_local(const Options& options) {
  return options.device.empty() || options.device.starts_with(pci_prefix);
}

std::unique_ptr<PlatformInventory> local_inventory([[maybe_unused]] const Options& options) {
#ifdef __APPLE__
  return std::make_unique<MacInventory>(system_io_registry());
#else
  return std::make_unique<LinuxInventory>(options.sysfs, options.devices);
#endif
}

const char* system_name() {
#ifdef __APPLE__
  return "macos";
#else
  return "linux";
#endif
}

// Leaves the one card that was named.
void keep_named_card(const std::string& address, std::vector<CardFacts>& cards) {
  std::erase_if(cards, [&](const CardFacts& card) { return card.address != address; });
  if (cards.empty())
    throw UsageError(
        "--device pci:" + address +
        " names no display or compute card of this machine (lspci -D shows addresses)");
}

void collect_local(const Options& options, MachineFacts& facts) {
  local_inventory(options)->collect(facts);
  if (!options.device.empty())
    keep_named_card(options.device.substr(pci_prefix.size()), facts.cards);
}

daemon::DeviceChoice choose(const Options& options) try {
  return daemon::choose_device({options.device, options.firmware, Bytes(0), {}});
} catch (const daemon::UsageError& error) {
  throw UsageError(error.what());
}

AttachProblem attach_problem(pci::PciErrorCode code) {
  if (code == pci::PciErrorCode::busy) return AttachProblem::busy;
  if (code == pci::PciErrorCode::no_card) return AttachProblem::no_card;
  return AttachProblem::nobody_answers;
}

void collect_named(const daemon::DeviceChoice& choice, MachineFacts& facts) {
  facts.system = system_name();
  facts.way =
      choice.emulated && facts.spec->starts_with("emulated") ? Way::in_process : Way::server;
  try {
    const auto function = choice.attach();
    FunctionInventory(*function, facts.way).collect(facts);
  } catch (const pci::PciError& error) {
    facts.attach_problem = error.what();
    facts.attach = attach_problem(error.code());
  } catch (const std::exception& error) {
    facts.attach_problem = error.what();
    facts.attach = AttachProblem::nobody_answers;
  }
}

std::string gc_version(const CardFacts& card) {
  if (card.discovery.value) {
    const auto found = card.discovery.value->ip_versions.find("GC");
    if (found != card.discovery.value->ip_versions.end()) return found->second;
  }
  // All supported cards so far are Navi31s, whose graphics core is this one.
  return card.name.supported && card.name.chip == "Navi31" ? "11.0.0" : "";
}

void collect_firmware(const Options& options, const CardFacts& card, MachineFacts& facts) {
  if (!card.name.supported || !card.answers) return;
  const auto chip = driver::known_chip(gc_version(card));
  if (!chip) {
    facts.firmware = Reading<FirmwareFacts>::skipped("the card's chip is not one Redbolt boots");
    return;
  }
  if (facts.way == Way::in_process && options.firmware.empty()) {
    facts.firmware.value.emplace().synthetic = true;
    return;
  }
  const auto folders = options.firmware.empty() ? firmware::default_folders() : options.firmware;
  facts.firmware.value = find_firmware(chip->firmware, folders);
}

bool all_passable(const Report& report) {
  for (const Layer& layer : report.layers)
    if (layer.status == LayerStatus::failed && layer.id != "daemon" && layer.id != "test" &&
        layer.id != "iommu")
      return false;
  return true;
}

// nullopt: there is nothing to test it on.
std::optional<TestFacts> test(const Options& options, const Report& report,
                              const daemon::DeviceChoice* choice) {
  if (!all_passable(report)) return std::nullopt;
  if (choice != nullptr) return test_by_booting(choice->attach, choice->firmware);
  const bool daemons =
      report.target_is_daemons ||
      (report.target && daemon_has(report.facts.daemon, report.facts.cards[*report.target]));
  if (daemons) return test_through_daemon(options.socket);
  TestFacts facts;
  facts.outcome = TestFacts::Outcome::helper_missing;
  facts.problem =
      "this version cannot boot a card of this machine by itself: the way through sysfs or VFIO is "
      "not built yet";
  return facts;
}

}  // namespace

Report run_probe(const Options& options) {
  MachineFacts facts;
  facts.test_wanted = options.test;
  std::optional<daemon::DeviceChoice> choice;
  if (!options.device.empty()) facts.spec = options.device;
  if (is_local(options)) {
    collect_local(options, facts);
  } else {
    choice = choose(options);
    collect_named(*choice, facts);
  }
  facts.daemon = ask_daemon(options.socket, daemon_patience);
  Report report = diagnose(facts);
  if (report.target) {
    collect_firmware(options, facts.cards[*report.target], facts);
    report = diagnose(facts);
  }
  if (options.test) {
    facts.test = test(options, report, choice ? &*choice : nullptr);
    if (facts.test) report = diagnose(std::move(facts));
  }
  return report;
}

}  // namespace redbolt::probe
