// The layers of use: the test that --test makes, and the daemon.
#include "report/layers.hpp"

namespace redbolt::probe {
namespace {

std::string holder_text(const HolderFacts& holder) {
  return holder.command + " (pid " + std::to_string(holder.pid) + ", for " +
         std::to_string(static_cast<long long>(holder.age_s)) + " s, " +
         size_text(holder.arena_bytes) + " of video memory)";
}

Layer test_failed(const TestFacts& test) {
  using Outcome = TestFacts::Outcome;
  if (test.outcome == Outcome::busy)
    return failed(test.problem, ExitCode::busy,
                  "Wait for the holder, or ask it to let go:", "redbolt-lock-reset --wait 30");
  if (test.outcome == Outcome::lost)
    return failed(test.problem, ExitCode::card_lost,
                  "Check cable and power, switch the enclosure off and on, and test again:",
                  "redbolt-device-probe --test");
  if (test.outcome == Outcome::helper_missing)
    return failed(test.problem, ExitCode::helper_missing,
                  "See the state of this in docs/hardware.md; until then, look without --test:",
                  "redbolt-device-probe");
  return failed(test.problem, ExitCode::other,
                test.through_daemon ? "Let redboltd reset the card, and test again:"
                                    : "Switch the card off and on, and test again:",
                test.through_daemon ? "redbolt-lock-reset --force && redbolt-device-probe --test"
                                    : "redbolt-device-probe --test");
}

bool is_emulated(const MachineFacts& facts) {
  return facts.way == Way::in_process || (facts.test->through_daemon && facts.daemon.emulated);
}

std::string test_text(const TestFacts& test, bool emulated) {
  std::string text;
  if (test.boot_s)
    text = test.boot_kind + " boot in " + number_text(*test.boot_s) + " s; ";
  else if (test.through_daemon)
    text = "through redboltd: ";
  text += size_text(test.vram_checked_bytes) + " of pattern written and read back, " +
          size_text(test.copied_bytes) + " copied";
  if (test.copy_s > 0)
    text += " at " + number_text(static_cast<double>(test.copied_bytes) / test.copy_s / 1e9) +
            (emulated ? " GB/s (emulated)" : " GB/s");
  return text + ", " + std::to_string(test.waves) + " waves computed what they should";
}

Layer no_daemon(const MachineFacts& facts, const Subject& subject) {
  Layer layer = skipped("no daemon on " + facts.daemon.socket.string());
  if (facts.way == Way::local && subject.card != nullptr && subject.card->name.supported &&
      facts.system == "linux")
    layer.notes.push_back(
        "this version of redboltd cannot reach a card through Linux's sysfs or VFIO yet "
        "(docs/hardware.md)");
  return layer;
}

}  // namespace

Layer test_layer(const Subject& subject) {
  const MachineFacts& facts = subject.facts;
  if (facts.test)
    return facts.test->outcome == TestFacts::Outcome::passed
               ? passed(test_text(*facts.test, is_emulated(facts)))
               : test_failed(*facts.test);
  if (facts.test_wanted) return skipped("a layer before it failed");
  return skipped("changes the card: only with --test");
}

Layer daemon_layer(const Subject& subject) {
  using State = DaemonFacts::State;
  const DaemonFacts& daemon = subject.facts.daemon;
  if (daemon.state == State::absent) return no_daemon(subject.facts, subject);
  if (daemon.state == State::denied)
    return failed(daemon.problem, ExitCode::permission,
                  "Ask as the user whose daemon it is, or look at your own daemon's socket:",
                  "redbolt-device-probe --socket \"$XDG_RUNTIME_DIR/redbolt/redboltd.sock\"");
  if (daemon.state == State::incompatible)
    return failed(daemon.problem, ExitCode::other,
                  "Start the daemon of this version:", "systemctl --user restart redboltd");
  if (daemon.state == State::silent)
    return failed(daemon.problem, ExitCode::other, "See what it is doing, and start it anew:",
                  "journalctl --user -u redboltd -n 50; systemctl --user restart redboltd");
  if (daemon.card_lost)
    return failed(
        daemon.version + ": " + daemon.card_state, ExitCode::card_lost,
        "Check cable and power, switch the enclosure off and on, and look again; redboltd "
        "starts the card when it is back:",
        "redbolt-device-probe");
  if (daemon.card_state != "ready")
    return failed(daemon.version + ": the card is not usable: " + daemon.card_state,
                  ExitCode::other, "Let redboltd reset it:", "redbolt-lock-reset --force");
  Layer layer = passed(
      daemon.version + " with " + daemon.bus_name + ", " + size_text(daemon.arena_free_bytes) +
      " of " + size_text(daemon.arena_bytes) + " free; " +
      (daemon.holder ? "held by " + holder_text(*daemon.holder) : "nobody holds the card"));
  for (const HolderFacts& waiting : daemon.waiting)
    layer.notes.push_back("waiting: " + holder_text(waiting));
  return layer;
}

}  // namespace redbolt::probe
