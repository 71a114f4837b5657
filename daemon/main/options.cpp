#include "main/options.hpp"

#include <algorithm>
#include <charconv>
#include <exception>
#include <limits>

#include "log.hpp"
#include "main/device_factory.hpp"
#include "redbolt/base/checked.hpp"
#include "redbolt/emulator/card.hpp"
#include "redbolt/protocol/socket_io.hpp"

namespace redbolt::daemon {
namespace {

std::uint64_t parse_number(std::string_view text, std::string_view what) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) {
    throw UsageError(std::string(what) + " wants a number, not \"" + std::string(text) + "\"");
  }
  return value;
}

int parse_descriptor(std::string_view text, std::string_view what) {
  const std::uint64_t value = parse_number(text, what);
  if (value > static_cast<std::uint64_t>(std::numeric_limits<int>::max())) {
    throw UsageError(std::string(what) + " wants the number of an open file descriptor");
  }
  return static_cast<int>(value);
}

std::chrono::milliseconds parse_seconds(std::string_view text, std::string_view what) {
  const std::uint64_t seconds = parse_number(text, what);
  if (seconds == 0 || seconds > 86400)
    throw UsageError(std::string(what) + " wants 1 to 86400 seconds");
  return std::chrono::seconds(seconds);
}

bool parse_switch(std::string_view text, std::string_view what) {
  if (text.empty() || text == "1") return true;
  if (text == "0") return false;
  throw UsageError(std::string(what) + " wants 0 or 1, not \"" + std::string(text) + "\"");
}

// Less holds nothing: memory is given out by pages.
Bytes parse_arena(std::string_view text, std::string_view what) {
  constexpr Bytes least{4096};
  const Bytes size = parse_size(text, what);
  if (size < least) throw UsageError(std::string(what) + " wants at least 4K");
  return size;
}

void parse_folders(std::string_view text, Options& options) {
  while (!text.empty()) {
    const auto end = std::min(text.find(':'), text.size());
    if (end > 0) options.firmware.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

// Checked at once, kept as text: the service's command line repeats it.
void add_log_levels(std::string_view text, std::string_view what, Options& options) {
  try {
    LogLevels().apply(text);
  } catch (const std::invalid_argument& error) {
    throw UsageError(std::string(what) + ": " + error.what());
  }
  if (!options.log.empty()) options.log += ',';
  options.log += text;
}

void choose_manager(std::string_view text, std::string_view what, Options& options) {
  if (text == "systemd") {
    options.service_manager = ServiceManager::systemd;
  } else if (text == "launchd") {
    options.service_manager = ServiceManager::launchd;
  } else {
    throw UsageError(std::string(what) + " wants systemd or launchd");
  }
}

struct Flag {
  const char* name;
  const char* argument;     // nullptr: a switch
  const char* environment;  // nullptr: none, the flag only asks for information
  const char* help;         // nullptr: not shown
  void (*apply)(Options& options, std::string_view value, std::string_view what);
  // Where the variable is read otherwise: as a list.
  void (*apply_variable)(Options& options, std::string_view value, std::string_view what) = nullptr;
};

constexpr Flag flags[] = {
    {"--device", "SPEC", "REDBOLT_DEVICE", "The card, and how it is reached (below).",
     [](Options& o, std::string_view v, std::string_view) { o.device = v; }},
    {"--socket", "PATH", "REDBOLT_SOCKET",
     "Where clients connect. The file is for this user alone (0600).",
     [](Options& o, std::string_view v, std::string_view) { o.socket = v; }},
    {"--firmware", "DIR", "REDBOLT_FIRMWARE",
     "A folder with firmware images; may be given several times (in the\n"
     "environment: separated by colons). Else the emulated card gets\n"
     "synthetic images.",
     [](Options& o, std::string_view v, std::string_view) { o.firmware.emplace_back(v); },
     [](Options& o, std::string_view v, std::string_view) { parse_folders(v, o); }},
    {"--arena", "BYTES", "REDBOLT_ARENA",
     "Video memory for clients, with suffix K, M or G. Else all there is.",
     [](Options& o, std::string_view v, std::string_view w) { o.arena = parse_arena(v, w); }},
    {"--hang-timeout", "SECONDS", "REDBOLT_HANG_TIMEOUT",
     "How long work on the card may make no progress before it counts as\n"
     "hung. Else 2 (emulated card, which interprets: 20).",
     [](Options& o, std::string_view v, std::string_view w) {
       o.hang_timeout = parse_seconds(v, w);
     }},
    {"--ready-fd", "N", "REDBOLT_READY_FD",
     "Writes \"ready\" to descriptor N when clients are served, and closes it.",
     [](Options& o, std::string_view v, std::string_view w) {
       o.ready_fd = parse_descriptor(v, w);
     }},
    {"--exit-with-fd", "N", "REDBOLT_EXIT_WITH_FD",
     "Ends when the other end of descriptor N (a pipe) is closed.",
     [](Options& o, std::string_view v, std::string_view w) {
       o.exit_with_fd = parse_descriptor(v, w);
     }},
    {"--log", "LEVEL|PART=LEVEL,...", "REDBOLT_LOG",
     "What is logged: off, error, warning, info (unless told otherwise) or\n"
     "debug; of all, or of boot, lease, memory, submission, device, service.",
     [](Options& o, std::string_view v, std::string_view w) { add_log_levels(v, w, o); }},
    {"--install-service", nullptr, nullptr,
     "Makes redboltd start at login, with the flags given here: systemd user\n"
     "units, or a launchd agent.",
     [](Options& o, std::string_view, std::string_view) { o.service = ServiceChange::install; }},
    {"--uninstall-service", nullptr, nullptr, "Stops it and undoes that.",
     [](Options& o, std::string_view, std::string_view) { o.service = ServiceChange::uninstall; }},
    {"--print", nullptr, nullptr, "Shows the service's files instead of installing them.",
     [](Options& o, std::string_view, std::string_view) { o.print = true; }},
    {"--dry-run", nullptr, nullptr, "The same as --print.",
     [](Options& o, std::string_view, std::string_view) { o.print = true; }},
    // For tests: the files of the other kind of system.
    {"--service-manager", "NAME", nullptr, nullptr,
     [](Options& o, std::string_view v, std::string_view w) { choose_manager(v, w, o); }},
    {"--quiet", nullptr, "REDBOLT_QUIET", "Prints errors only.",
     [](Options& o, std::string_view v, std::string_view w) { o.quiet = parse_switch(v, w); }},
    {"--help", nullptr, nullptr, "This text.",
     [](Options& o, std::string_view, std::string_view) { o.help = true; }},
    {"--version", nullptr, nullptr, "The version.",
     [](Options& o, std::string_view, std::string_view) { o.version = true; }},
};

const Flag& find_flag(std::string_view name) {
  const auto flag = std::find_if(std::begin(flags), std::end(flags),
                                 [&](const Flag& f) { return name == f.name; });
  if (flag == std::end(flags))
    throw UsageError("there is no flag " + std::string(name) + "; see redboltd --help");
  return *flag;
}

void apply_environment(Options& options,
                       const std::function<const char*(const char*)>& environment) {
  for (const Flag& flag : flags) {
    const char* value = flag.environment == nullptr ? nullptr : environment(flag.environment);
    if (value == nullptr || *value == '\0') continue;
    const auto apply = flag.apply_variable == nullptr ? flag.apply : flag.apply_variable;
    apply(options, value, flag.environment);
  }
}

// Applies the argument at `position`, and returns the position of the next.
std::size_t apply_argument(std::span<const char* const> arguments, std::size_t position,
                           Options& options) {
  const std::string_view argument = arguments[position];
  if (!argument.starts_with("--")) {
    throw UsageError("\"" + std::string(argument) + "\" is not a flag; see redboltd --help");
  }
  const auto equals = argument.find('=');
  const Flag& flag = find_flag(argument.substr(0, equals));
  if (flag.argument == nullptr) {
    if (equals != std::string_view::npos)
      throw UsageError(std::string(flag.name) + " takes no value");
    flag.apply(options, "", flag.name);
    return position + 1;
  }
  if (equals != std::string_view::npos) {
    flag.apply(options, argument.substr(equals + 1), flag.name);
    return position + 1;
  }
  if (position + 1 >= arguments.size()) {
    throw UsageError(std::string(flag.name) + " wants " + flag.argument + " after it");
  }
  flag.apply(options, arguments[position + 1], flag.name);
  return position + 2;
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

Bytes parse_size(std::string_view text, std::string_view what) {
  constexpr std::string_view suffixes = "KMG";
  unsigned shift = 0;
  if (!text.empty()) {
    const auto suffix = suffixes.find(text.back());
    if (suffix != std::string_view::npos) {
      shift = 10 * static_cast<unsigned>(suffix + 1);
      text.remove_suffix(1);
    }
  }
  const auto size =
      checked_multiply<std::uint64_t>(parse_number(text, what), std::uint64_t{1} << shift);
  if (!size || *size == 0)
    throw UsageError(std::string(what) + " wants a size of at least one byte that fits 64 bits");
  return Bytes(*size);
}

Options parse_options(std::span<const char* const> arguments,
                      const std::function<const char*(const char*)>& environment) {
  Options options;
  std::exception_ptr problem;  // of the environment: it does not keep anybody from reading the help
  try {
    apply_environment(options, environment);
  } catch (const UsageError&) {
    problem = std::current_exception();
  }
  Options given;  // flags that add up start from nothing, so that they replace the environment
  std::swap(given.firmware, options.firmware);
  for (std::size_t position = 0; position < arguments.size();) {
    position = apply_argument(arguments, position, options);
  }
  if (problem && !options.help && !options.version) std::rethrow_exception(problem);
  if (options.firmware.empty()) options.firmware = std::move(given.firmware);
  if (options.socket.empty()) options.socket = protocol::default_socket_path();
  if (options.print && options.service == ServiceChange::none)
    throw UsageError("--print goes with --install-service");
  if (options.device.empty() && !options.help && !options.version &&
      options.service != ServiceChange::uninstall) {
    throw UsageError("which card? For the emulated one: redboltd --device emulated");
  }
  return options;
}

std::string help_text() {
  constexpr std::size_t column = 26;
  std::string text =
      "redboltd: the process that owns the card. Boots it, and serves programs of this user over "
      "a\n"
      "Unix socket until it is told to stop (SIGTERM, SIGINT).\n\n"
      "usage: redboltd --device SPEC [--socket PATH] [--firmware DIR] [--arena BYTES]\n"
      "       redboltd --install-service --device SPEC ... | --uninstall-service\n\n";
  for (const Flag& flag : flags) {
    if (flag.help == nullptr) continue;
    std::string line = std::string("  ") + flag.name;
    if (flag.argument != nullptr) line += std::string(" ") + flag.argument;
    if (line.size() + 2 > column) {
      line += "\n" + std::string(column, ' ');
    } else {
      line.resize(column, ' ');
    }
    line += indented(flag.help, column);
    if (flag.environment != nullptr)
      line += "\n" + std::string(column, ' ') + "[$" + flag.environment + "]";
    text += line + "\n";
  }
  text += "\nDevices:\n" + device_help();
  text += "\nKeys of the emulated card:\n" + std::string(emulator::card_options_help());
  text +=
      "\nExit codes: 0 stopped when asked to, 1 failed (the reason is on standard error), 2 wrong "
      "usage.\n";
  return text;
}

}  // namespace redbolt::daemon
