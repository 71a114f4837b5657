// From facts to a verdict, for what made-up machines and the emulated card do not show.
#include "report/diagnose.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace redbolt::probe {
namespace {

using testing::HasSubstr;
using State = DaemonFacts::State;
using Outcome = TestFacts::Outcome;

MachineFacts machine_with_card() {
  CardFacts card;
  card.address = "0000:05:00.0";
  card.vendor_id = vendor_amd;
  card.device_id = 0x744c;
  card.revision = 0xc8;
  card.name = name_card(card.vendor_id, card.device_id, card.revision);
  card.driver = "";
  card.bars = {{0, 1ull << 40, 32ull << 30}, {2, 2ull << 40, 256 << 20}, {5, 1 << 30, 1 << 20}};
  card.iommu_group = "3";
  card.discovery = Reading<DiscoveryFacts>::skipped("test");
  MachineFacts facts;
  facts.system = "linux";
  facts.cards.push_back(card);
  facts.daemon.socket = "/run/d.sock";
  return facts;
}

DaemonFacts ready_daemon() {
  DaemonFacts daemon;
  daemon.state = State::answers;
  daemon.version = "redboltd 0.1.0";
  daemon.card_name = "Radeon RX 7900 XTX";
  daemon.bus_name = "emulated:0000:03:00.0";
  daemon.emulated = true;
  daemon.card_state = "ready";
  return daemon;
}

const Layer& layer(const Report& report, const std::string& id) {
  for (const Layer& found : report.layers)
    if (found.id == id) return found;
  throw std::out_of_range(id);
}

TEST(Diagnose, LayersComeInTheOrderOfTheIssue) {
  const Report report = diagnose(machine_with_card());
  std::vector<std::string> ids;
  for (const Layer& found : report.layers) ids.push_back(found.id);
  EXPECT_EQ(ids, (std::vector<std::string>{"tunnel", "pci", "owner", "bars", "iommu", "discovery",
                                           "firmware", "test", "daemon"}));
  EXPECT_EQ(report.exit_code, ExitCode::ok);
}

TEST(Diagnose, EveryFailureHasACommandAndOnlyTheFirstIsTheNextStep) {
  MachineFacts facts = machine_with_card();
  facts.cards[0].driver = "amdgpu";
  facts.cards[0].bars.clear();
  facts.firmware.value.emplace().problem = "psp_13_0_0_sos.bin: not found";
  facts.daemon.state = State::silent;
  const Report report = diagnose(facts);
  unsigned failures = 0;
  for (const Layer& found : report.layers) {
    if (found.status != LayerStatus::failed) continue;
    ++failures;
    EXPECT_FALSE(found.next_command.empty()) << found.id;
    EXPECT_NE(found.exit_code, ExitCode::ok) << found.id;
  }
  EXPECT_EQ(failures, 4u);
  EXPECT_EQ(report.next_step->layer, "owner");
  EXPECT_EQ(report.exit_code, ExitCode::busy);
}

TEST(Diagnose, BarsThatCannotBeUsedFail) {
  MachineFacts facts = machine_with_card();
  facts.cards[0].bars[0].size_bytes = 32 << 20;
  Report report = diagnose(facts);
  ASSERT_TRUE(report.next_step);
  EXPECT_EQ(report.next_step->layer, "bars");
  EXPECT_THAT(layer(report, "bars").summary, HasSubstr("32 MiB"));
  facts = machine_with_card();
  facts.cards[0].bars[1].base = 0;
  report = diagnose(facts);
  ASSERT_TRUE(report.next_step);
  EXPECT_EQ(report.next_step->layer, "bars");
  EXPECT_THAT(layer(report, "bars").summary, HasSubstr("BAR2 (256 MiB) has no address"));
}

TEST(Diagnose, AnEnclosureThatMayNotConnectHidesItsCard) {
  MachineFacts facts;
  facts.system = "linux";
  facts.tunnels.emplace_back().authorised = false;
  EXPECT_THAT(layer(diagnose(facts), "pci").summary, HasSubstr("no graphics card"));
  facts.tunnels[0].authorised = true;
  EXPECT_THAT(layer(diagnose(facts), "pci").summary, HasSubstr("the enclosure is there"));
}

TEST(Diagnose, MissingFirmwareIsAMissingHelper) {
  MachineFacts facts = machine_with_card();
  facts.firmware.value.emplace().problem = "psp_13_0_0_sos.bin: not found";
  const Report report = diagnose(facts);
  EXPECT_EQ(report.exit_code, ExitCode::helper_missing);
  EXPECT_EQ(report.next_step->command, "sudo apt-get install firmware-amd-graphics");
}

struct DaemonCase {
  State state;
  const char* card_state;
  ExitCode code;
};

TEST(Diagnose, StatesOfTheDaemon) {
  for (const auto& [state, card_state, code] :
       {DaemonCase{State::absent, "", ExitCode::ok},
        DaemonCase{State::denied, "", ExitCode::permission},
        DaemonCase{State::silent, "", ExitCode::other},
        DaemonCase{State::incompatible, "", ExitCode::other},
        DaemonCase{State::answers, "ready", ExitCode::ok},
        DaemonCase{State::answers, "the copy engine hung", ExitCode::other}}) {
    MachineFacts facts = machine_with_card();
    facts.daemon.state = state;
    facts.daemon.card_state = card_state;
    EXPECT_EQ(diagnose(facts).exit_code, code) << static_cast<int>(state) << card_state;
  }
}

TEST(Diagnose, ACardLostBehindTheDaemonIsAsLostAsAnyOther) {
  MachineFacts facts;
  facts.system = "linux";
  facts.daemon = ready_daemon();
  facts.daemon.card_state = "the card at tinygpu no longer answers";
  facts.daemon.card_lost = true;
  const Report report = diagnose(facts);
  EXPECT_EQ(report.exit_code, ExitCode::card_lost);
  EXPECT_EQ(report.next_step->layer, "daemon");
  EXPECT_THAT(report.next_step->text, HasSubstr("cable"));
}

TEST(Diagnose, TheDaemonsOwnCardStandsInWhereTheMachineHasNone) {
  MachineFacts facts;
  facts.system = "linux";
  facts.daemon = ready_daemon();
  facts.daemon.holder = HolderFacts{42, 1000, "redbolt-llm run", 7, 1 << 30, 0};
  const Report report = diagnose(facts);
  EXPECT_TRUE(report.target_is_daemons);
  EXPECT_EQ(report.exit_code, ExitCode::ok) << "a lease that is held is no failure";
  EXPECT_THAT(layer(report, "daemon").summary,
              testing::AllOf(HasSubstr("redbolt-llm run"), HasSubstr("pid 42")));
}

TEST(Diagnose, TheDaemonOwnsTheCardItNames) {
  MachineFacts facts = machine_with_card();
  facts.cards[0].driver = "vfio-pci";
  facts.daemon = ready_daemon();
  facts.daemon.emulated = false;
  facts.daemon.bus_name = "vfio:0000:05:00.0";
  EXPECT_THAT(layer(diagnose(facts), "owner").summary, HasSubstr("redboltd"));
}

struct OutcomeCase {
  Outcome outcome;
  ExitCode code;
};

TEST(Diagnose, OutcomesOfTheTest) {
  for (const auto& [outcome, code] :
       {OutcomeCase{Outcome::passed, ExitCode::ok}, OutcomeCase{Outcome::failed, ExitCode::other},
        OutcomeCase{Outcome::busy, ExitCode::busy}, OutcomeCase{Outcome::lost, ExitCode::card_lost},
        OutcomeCase{Outcome::helper_missing, ExitCode::helper_missing}}) {
    MachineFacts facts = machine_with_card();
    facts.test_wanted = true;
    facts.test.emplace().outcome = outcome;
    EXPECT_EQ(diagnose(facts).exit_code, code) << static_cast<int>(outcome);
  }
}

TEST(Diagnose, AServerThatIsGone) {
  MachineFacts facts;
  facts.spec = "remote:unix:/run/card.sock";
  facts.way = Way::server;
  facts.attach_problem = "nobody listens on /run/card.sock";
  for (const auto& [problem, code] :
       {std::pair{AttachProblem::nobody_answers, ExitCode::helper_missing},
        std::pair{AttachProblem::busy, ExitCode::busy},
        std::pair{AttachProblem::no_card, ExitCode::no_card}}) {
    facts.attach = problem;
    const Report report = diagnose(facts);
    EXPECT_EQ(report.exit_code, code);
    EXPECT_THAT(report.next_step->command, HasSubstr("redbolt-"));
  }
  facts.attach = AttachProblem::none;
  facts.attach_problem.clear();
  facts.cards.emplace_back().answers = false;
  EXPECT_EQ(diagnose(facts).exit_code, ExitCode::card_lost);
}

TEST(Diagnose, AMacWithoutTheTinyGpuExtension) {
  MachineFacts facts;
  facts.system = "macos";
  facts.helper = "the TinyGPU extension is not installed";
  const Report report = diagnose(facts);
  EXPECT_EQ(report.exit_code, ExitCode::helper_missing);
  EXPECT_THAT(report.next_step->text, HasSubstr("TinyGPU"));
}

}  // namespace
}  // namespace redbolt::probe
