#include "redbolt/emulator/fault_plan.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <span>

namespace redbolt::emulator {
namespace {

using std::chrono::nanoseconds;

constexpr std::size_t longest_plan = 4096;
constexpr std::size_t most_clauses = 64;
constexpr double longest_seconds = 86400;

struct Target {
  std::string_view name;
  std::uint32_t code;
};

constexpr Target fence_targets[] = {{"compute", fence_compute}, {"sdma", fence_sdma}};
constexpr Target mailbox_targets[] = {
    {"psp", mailbox_psp}, {"smu", mailbox_smu}, {"smu-debug", mailbox_smu_debug}};

// PSP_FW_TYPE_* for what the bootloader takes, 0x10000 | GFX_FW_TYPE_* for the rest
// (card/psp_ids.csv). A name may stand for several pieces.
constexpr std::uint32_t ring(std::uint32_t type) {
  return 0x10000 | type;
}
constexpr Target firmware_targets[] = {
    {"sos", 1},         {"sys", 2},        {"kdb", 3},        {"toc", 4},
    {"spl", 5},         {"soc", 7},        {"intf", 8},       {"dbg", 9},
    {"ras", 10},        {"ipkeymgr", 11},  {"smu", ring(18)}, {"sdma", ring(71)},
    {"sdma", ring(72)}, {"imu", ring(68)}, {"imu", ring(69)}, {"rlc", ring(7)},
    {"rlc", ring(8)},   {"rlc", ring(25)}, {"rlc", ring(26)}, {"rlc", ring(48)},
    {"pfp", ring(87)},  {"me", ring(88)},  {"mec", ring(89)}, {"mec-stack", ring(94)},
    {"mes", ring(76)},  {"mes", ring(78)},
};

enum class Duration : std::uint8_t { none, optional, needed };

struct KindRules {
  FaultKind kind;
  std::string_view name;
  std::span<const Target> targets;
  Duration duration;
};

constexpr KindRules rules[fault_kinds] = {
    {FaultKind::unplug, "unplug", {}, Duration::optional},
    {FaultKind::hang_wave, "hang-wave", {}, Duration::none},
    {FaultKind::drop_fence, "drop-fence", fence_targets, Duration::none},
    {FaultKind::delay_fence, "delay-fence", fence_targets, Duration::needed},
    {FaultKind::corrupt_interrupt, "corrupt-interrupt", {}, Duration::none},
    {FaultKind::refuse_firmware, "refuse-firmware", firmware_targets, Duration::none},
    {FaultKind::stall_mailbox, "stall-mailbox", mailbox_targets, Duration::optional},
};

std::string quoted(std::string_view text) {
  std::string result(1, '"');
  result.append(text);
  result += '"';
  return result;
}

// One clause while it is read: its text for messages, and what is left of it.
class ClauseReader {
 public:
  explicit ClauseReader(std::string_view clause) : clause_(clause), rest_(clause) {}

  FaultClause read();
  [[noreturn]] void refuse(const std::string& why) const {
    throw EmulatorError(EmulatorErrorCode::bad_option,
                        "fault plan: " + quoted(clause_) + ": " + why + ".");
  }

  // Up to the next of the characters, which stays.
  std::string_view take_until(std::string_view characters) {
    const auto end = std::min(rest_.find_first_of(characters), rest_.size());
    const std::string_view taken = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return taken;
  }
  bool take(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }

  std::uint64_t number(std::string_view text) const;

 private:
  double real(std::string_view text, const char* wanted) const;
  nanoseconds milliseconds(std::string_view text) const;
  nanoseconds duration(std::string_view text) const;
  void read_target(FaultClause& clause, const KindRules& kind);
  void read_when(FaultClause& clause);
  void read_setting(FaultClause& clause);
  void set_duration(FaultClause& clause, nanoseconds duration) const;
  void check(const FaultClause& clause, const KindRules& kind) const;

  std::string_view clause_;
  std::string_view rest_;
};

std::uint64_t ClauseReader::number(std::string_view text) const {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    refuse(quoted(text) + " is no number");
  }
  return value;
}

double ClauseReader::real(std::string_view text, const char* wanted) const {
  double value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    refuse(quoted(text) + " is not " + wanted);
  }
  return value;
}

nanoseconds ClauseReader::milliseconds(std::string_view text) const {
  const double value = real(text, "a number of milliseconds");
  if (value < 0 || value > longest_seconds * 1e3) refuse("a time must be from 0 to a day");
  return nanoseconds(static_cast<std::int64_t>(value * 1e6));
}

nanoseconds ClauseReader::duration(std::string_view text) const {
  static constexpr struct {
    std::string_view unit;
    double seconds;
  } units[] = {{"us", 1e-6}, {"ms", 1e-3}, {"s", 1}};
  for (const auto& [unit, seconds] : units) {
    if (!text.ends_with(unit)) continue;
    const double value = real(text.substr(0, text.size() - unit.size()), "a time such as 2.5s");
    if (value < 0 || value * seconds > longest_seconds) refuse("a time must be from 0 to a day");
    return nanoseconds(static_cast<std::int64_t>(value * seconds * 1e9));
  }
  refuse(quoted(text) + " is no time: expected a number with us, ms or s");
}

void ClauseReader::set_duration(FaultClause& clause, nanoseconds duration) const {
  if (clause.lasts) refuse("how long it lasts is given twice");
  clause.lasts = duration;
}

void ClauseReader::read_target(FaultClause& clause, const KindRules& kind) {
  if (!take("=")) return;
  const std::string_view name = take_until("@:");
  for (const Target& target : kind.targets) {
    if (target.name == name) clause.targets.push_back(target.code);
  }
  if (!clause.targets.empty()) return;
  if (kind.targets.empty()) refuse(std::string(kind.name) + " takes no target");
  std::string known;
  for (const Target& target : kind.targets) {
    if (known.ends_with(target.name)) continue;
    known += (known.empty() ? "" : ", ") + std::string(target.name);
  }
  refuse(quoted(name) + " is none of " + known);
}

void ClauseReader::read_when(FaultClause& clause) {
  if (clause.after || clause.nth) refuse("it has two @");
  const std::string_view when = take_until("+@:");
  if (when == "boot") {
    clause.after = nanoseconds{0};
  } else if (when.starts_with("n=")) {
    clause.nth = number(when.substr(2));
    if (*clause.nth == 0) refuse("n counts from 1");
  } else {
    clause.after = duration(when);
  }
  if (take("+")) set_duration(clause, duration(take_until("@:")));
}

void ClauseReader::read_setting(FaultClause& clause) {
  const std::string_view key = take_until("=@:");
  if (!take("=")) refuse(quoted(key) + " needs a value");
  const std::string_view value = take_until("@:");
  if (key == "p") {
    clause.probability = real(value, "a probability");
    if (!(clause.probability > 0 && clause.probability <= 1)) refuse("p must be above 0, up to 1");
  } else if (key == "times") {
    clause.times = number(value);
  } else if (key == "for") {
    set_duration(clause, duration(value));
  } else if (key == "ms") {
    set_duration(clause, milliseconds(value));
  } else {
    refuse(quoted(key) + " is none of p, times, for, ms");
  }
}

void ClauseReader::check(const FaultClause& clause, const KindRules& kind) const {
  const std::string name(kind.name);
  if (clause.lasts && kind.duration == Duration::none) refuse(name + " has no duration");
  if (!clause.lasts && kind.duration == Duration::needed) {
    refuse(name + " needs a duration, as in " + name + ":ms=50");
  }
  const bool has_condition = clause.after || clause.nth || clause.probability < 1;
  if (clause.kind == FaultKind::unplug && !has_condition) {
    refuse("when? As in unplug@2.5s+1s, unplug@n=3 or unplug:p=0.001");
  }
  if (clause.nth && clause.probability < 1) refuse("@n and p exclude each other");
}

FaultClause ClauseReader::read() {
  const std::string_view name = take_until("=@:");
  const auto* const kind = std::find_if(std::begin(rules), std::end(rules),
                                        [&](const KindRules& rule) { return rule.name == name; });
  if (kind == std::end(rules)) {
    refuse("there is no fault \"" + std::string(name) + "\". Faults are:\n" +
           std::string(fault_plan_help()));
  }
  FaultClause clause;
  clause.kind = kind->kind;
  read_target(clause, *kind);
  while (!rest_.empty()) {
    if (take("@")) {
      read_when(clause);
    } else if (take(":")) {
      read_setting(clause);
    } else {
      refuse(quoted(rest_) + " is not understood");
    }
  }
  check(clause, *kind);
  if (!clause.times && (clause.after || clause.nth) && clause.probability == 1) clause.times = 1;
  return clause;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\n";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

}  // namespace

std::string_view fault_name(FaultKind kind) {
  return rules[static_cast<std::size_t>(kind)].name;
}

FaultPlan parse_fault_plan(std::string_view text) {
  FaultPlan plan;
  if (text.size() > longest_plan) {
    throw EmulatorError(EmulatorErrorCode::bad_option,
                        "fault plan: longer than " + std::to_string(longest_plan) + " characters.");
  }
  while (!text.empty()) {
    const auto end = std::min(text.find(';'), text.size());
    const std::string_view clause = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (clause.empty()) continue;
    ClauseReader reader(clause);
    if (reader.take("seed=")) {
      if (plan.seed) reader.refuse("the seed is given twice");
      plan.seed = reader.number(reader.take_until(""));
      continue;
    }
    if (plan.clauses.size() == most_clauses) reader.refuse("a plan has at most 64 clauses");
    plan.clauses.push_back(reader.read());
  }
  return plan;
}

std::string_view fault_plan_help() {
  return "  unplug                       the cable is pulled: reads are all ones; back after "
         "+TIME\n"
         "  hang-wave                    a wave of the dispatch never ends\n"
         "  drop-fence[=compute|sdma]    the fence's write and interrupt are lost\n"
         "  delay-fence[=compute|sdma]   the fence comes later by :ms=N or :for=TIME\n"
         "  corrupt-interrupt            an interrupt entry with some bits flipped\n"
         "  refuse-firmware[=NAME]       kdb, spl, sys, soc, intf, dbg, ras, ipkeymgr, sos, toc, "
         "smu,\n"
         "                               sdma, imu, rlc, pfp, me, mec, mec-stack or mes is "
         "refused\n"
         "  stall-mailbox[=psp|smu|smu-debug]  a command is not answered, or only after +TIME\n"
         "  when: @TIME, @boot or @n=N (each with +TIME), :p=PROBABILITY; also :times=N, "
         ":for=TIME,\n"
         "  seed=N as a clause. Clauses are separated by ';'.\n";
}

}  // namespace redbolt::emulator
