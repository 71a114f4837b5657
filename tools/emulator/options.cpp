#include "options.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

namespace redbolt::emulator {
namespace {

// What is collected before it becomes the options of a card, whose own parser knows the values.
struct Collected {
  ProgramOptions program;
  // Drivers of all kinds come with AMD's images; those of ours are checked all the same.
  std::string card = "firmware=automatic";
  bool bar0 = false, bar0_max = false;
};

void add_card_key(Collected& collected, std::string_view key, std::string_view value) {
  if (value.find(',') != std::string_view::npos)
    throw UsageError("\"" + std::string(value) + "\" has a comma in it");
  if (!collected.card.empty()) collected.card += ',';
  collected.card += std::string(key) + "=" + std::string(value);
}

std::uint64_t parse_number(std::string_view text, std::string_view what, std::uint64_t largest) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > largest) {
    throw UsageError(std::string(what) + " wants a number up to " + std::to_string(largest) +
                     ", not \"" + std::string(text) + "\"");
  }
  return value;
}

bool parse_switch(std::string_view text, std::string_view what) {
  if (text.empty() || text == "1" || text == "on") return true;
  if (text == "0" || text == "off") return false;
  throw UsageError(std::string(what) + " wants 0 or 1, not \"" + std::string(text) + "\"");
}

struct Flag {
  const char* name;
  const char* argument;     // nullptr: a switch
  const char* environment;  // nullptr: none
  const char* help;
  void (*apply)(Collected& collected, std::string_view value, std::string_view what);
};

constexpr std::uint64_t largest_int = std::numeric_limits<int>::max();

constexpr Flag flags[] = {
    {"--listen", "ADDRESS", "REDBOLT_EMULATOR_LISTEN",
     "unix:PATH (the file is for this user alone), or tcp:HOST:PORT (HOST may\n"
     "be left out: this machine only; PORT 0: one that is free). May be given\n"
     "several times.",
     [](Collected& c, std::string_view v, std::string_view) {
       c.program.listen.push_back(parse_listen_address(v));
     }},
    {"--profile", "BOARD", "REDBOLT_EMULATOR_PROFILE",
     "rx7900xtx (24 GiB, the default) or rx7900xt (20 GiB).",
     [](Collected& c, std::string_view v, std::string_view) { add_card_key(c, "profile", v); }},
    {"--vram", "SIZE", "REDBOLT_EMULATOR_VRAM",
     "Memory fitted, 256M to 32G. Else the board's. Only what is used costs\n"
     "memory here.",
     [](Collected& c, std::string_view v, std::string_view) { add_card_key(c, "vram", v); }},
    {"--bar0", "SIZE", "REDBOLT_EMULATOR_BAR0",
     "Size of BAR0, a power of two from 256M, as the machine's window for it\n"
     "allows: it cannot be resized beyond, unless --bar0-max says so. Else as\n"
     "large as the memory needs.",
     [](Collected& c, std::string_view v, std::string_view) {
       add_card_key(c, "bar0", v);
       c.bar0 = true;
     }},
    {"--bar0-max", "SIZE", "REDBOLT_EMULATOR_BAR0_MAX", "What RESIZE_BAR makes of BAR0.",
     [](Collected& c, std::string_view v, std::string_view) {
       add_card_key(c, "bar0-max", v);
       c.bar0_max = true;
     }},
    {"--scatter", nullptr, "REDBOLT_EMULATOR_SCATTER",
     "Neighbouring pages of host memory get unrelated bus addresses.",
     [](Collected& c, std::string_view v, std::string_view w) {
       c.program.card.scatter_host_pages = parse_switch(v, w);
     }},
    {"--fault", "PLAN", "REDBOLT_EMULATOR_FAULT",
     "What goes wrong and when, such as \"hang-wave@n=5;unplug@2s+1s\" (below).",
     [](Collected& c, std::string_view v, std::string_view) {
       c.program.card.faults = parse_fault_plan(v);
     }},
    {"--card", "KEY=VALUE,...", "REDBOLT_EMULATOR_CARD", "More of the card (below).",
     [](Collected& c, std::string_view v, std::string_view) {
       if (!c.card.empty()) c.card += ',';
       c.card += v;
     }},
    {"--counters", "FILE", "REDBOLT_EMULATOR_COUNTERS",
     "Writes all counters there as JSON: every second, on SIGUSR1, at the end.",
     [](Collected& c, std::string_view v, std::string_view) { c.program.counters = v; }},
    {"--trace", "FILE", "REDBOLT_EMULATOR_TRACE",
     "Writes every access of every client there, one JSON object a line.",
     [](Collected& c, std::string_view v, std::string_view) { c.program.trace = v; }},
    {"--patience", "SECONDS", "REDBOLT_EMULATOR_PATIENCE",
     "How long a client may take over the rest of a message, or leave replies\n"
     "unread, before it is dropped. Else 30.",
     [](Collected& c, std::string_view v, std::string_view w) {
       c.program.limits.patience = std::chrono::seconds(parse_number(v, w, 86400));
     }},
    {"--ready-fd", "N", "REDBOLT_EMULATOR_READY_FD",
     "Writes \"ready\" to descriptor N when clients are served, and closes it.",
     [](Collected& c, std::string_view v, std::string_view w) {
       c.program.ready_fd = static_cast<int>(parse_number(v, w, largest_int));
     }},
    {"--quiet", nullptr, "REDBOLT_EMULATOR_QUIET", "Prints errors and warnings only.",
     [](Collected& c, std::string_view v, std::string_view w) {
       c.program.quiet = parse_switch(v, w);
     }},
    {"--help", nullptr, nullptr, "This text.",
     [](Collected& c, std::string_view, std::string_view) { c.program.help = true; }},
    {"--version", nullptr, nullptr, "The version.",
     [](Collected& c, std::string_view, std::string_view) { c.program.version = true; }},
};

const Flag& find_flag(std::string_view name) {
  const auto* const flag = std::find_if(std::begin(flags), std::end(flags),
                                        [&](const Flag& f) { return name == f.name; });
  if (flag == std::end(flags))
    throw UsageError("there is no flag " + std::string(name) + "; see redbolt-emulator --help");
  return *flag;
}

// Applies the argument at `position`, and returns the position of the next.
std::size_t apply_argument(std::span<const char* const> arguments, std::size_t position,
                           Collected& collected) {
  const std::string_view argument = arguments[position];
  if (!argument.starts_with("--")) {
    throw UsageError("\"" + std::string(argument) +
                     "\" is not a flag; see redbolt-emulator --help");
  }
  const auto equals = argument.find('=');
  const Flag& flag = find_flag(argument.substr(0, equals));
  if (equals != std::string_view::npos) {
    if (flag.argument == nullptr) throw UsageError(std::string(flag.name) + " takes no value");
    flag.apply(collected, argument.substr(equals + 1), flag.name);
    return position + 1;
  }
  if (flag.argument == nullptr) {
    flag.apply(collected, "", flag.name);
    return position + 1;
  }
  if (position + 1 >= arguments.size())
    throw UsageError(std::string(flag.name) + " wants " + flag.argument + " after it");
  flag.apply(collected, arguments[position + 1], flag.name);
  return position + 2;
}

// The command line's addresses replace those of the environment, and its other flags override.
Collected collect(std::span<const char* const> arguments,
                  const std::function<const char*(const char*)>& environment) {
  Collected collected;
  for (const Flag& flag : flags) {
    const char* const value = flag.environment == nullptr ? nullptr : environment(flag.environment);
    if (value != nullptr && *value != '\0') flag.apply(collected, value, flag.environment);
  }
  std::vector<ListenAddress> from_environment;
  std::swap(from_environment, collected.program.listen);
  for (std::size_t position = 0; position < arguments.size();)
    position = apply_argument(arguments, position, collected);
  if (collected.program.listen.empty()) collected.program.listen = std::move(from_environment);
  return collected;
}

std::string indented(std::string_view text, std::size_t width) {
  std::string result;
  for (const char c : text) {
    result += c;
    if (c == '\n') result.append(width, ' ');
  }
  return result;
}

}  // namespace

ProgramOptions parse_program_options(
    std::span<const char* const> arguments,
    const std::function<const char*(const char*)>& environment) try {
  Collected collected = collect(arguments, environment);
  ProgramOptions& options = collected.program;
  const CardOptions direct = options.card;
  options.card = parse_card_options(collected.card);
  options.card.scatter_host_pages = options.card.scatter_host_pages || direct.scatter_host_pages;
  if (!direct.faults.clauses.empty()) options.card.faults = direct.faults;
  options.bar0_is_fixed = collected.bar0 && !collected.bar0_max;
  if (options.listen.empty() && !options.help && !options.version) {
    throw UsageError(
        "where to listen? For instance: redbolt-emulator --listen unix:/tmp/card.sock");
  }
  return options;
} catch (const EmulatorError& error) {
  throw UsageError(error.what());
} catch (const ServerError& error) {
  throw UsageError(error.what());
}

std::string program_help() {
  constexpr std::size_t column = 26;
  std::string text =
      "redbolt-emulator: a Radeon RX 7900 XTX in software, for any client of the remote-PCI "
      "protocol\n"
      "(tinygrad, TinyGPU, redboltd). What clients leave on the card stays until this program "
      "ends.\n\n"
      "usage: redbolt-emulator --listen unix:PATH | tcp:HOST:PORT [--profile BOARD] [--vram SIZE]\n"
      "       [--bar0 SIZE] [--scatter] [--fault PLAN] [--counters FILE] [--trace FILE]\n\n";
  for (const Flag& flag : flags) {
    std::string line = std::string("  ") + flag.name;
    if (flag.argument != nullptr) line += std::string(" ") + flag.argument;
    line.resize(std::max(line.size() + 2, column), ' ');
    line += indented(flag.help, column);
    if (flag.environment != nullptr)
      line += "\n" + std::string(column, ' ') + "[$" + flag.environment + "]";
    text += line + "\n";
  }
  text += "\nKeys of --card:\n" + std::string(card_options_help());
  text += "\nFaults (kind[=target][@when][:key=value]; ...):\n" + std::string(fault_plan_help());
  text +=
      "\nWhoever can reach the address has the card, and nothing else: over TCP nobody is asked "
      "who\n"
      "they are. Exit codes: 0 stopped when asked to (SIGTERM, SIGINT), 1 failed, 2 wrong usage.\n";
  return text;
}

}  // namespace redbolt::emulator
