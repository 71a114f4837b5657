#include "log.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <iterator>

namespace redbolt::daemon {
namespace {

// Indexed by LogPart and by LogLevel.
constexpr std::string_view part_names[] = {"boot",       "lease",  "memory",
                                           "submission", "device", "service"};
constexpr std::string_view level_names[] = {"off", "error", "warning", "info", "debug"};
// Of syslog (sd-daemon(3)).
constexpr int priorities[] = {0, 3, 4, 6, 7};
static_assert(std::size(part_names) == log_part_count);

template <std::size_t count>
std::string listed(const std::string_view (&names)[count]) {
  std::string text;
  for (const std::string_view name : names) text += (text.empty() ? "" : ", ") + std::string(name);
  return text;
}

template <class Value, std::size_t count>
Value find(const std::string_view (&names)[count], std::string_view name, const char* what) {
  const auto found = std::find(std::begin(names), std::end(names), name);
  if (found == std::end(names))
    throw std::invalid_argument("\"" + std::string(name) + "\" is no " + what + "; there are " +
                                listed(names));
  return static_cast<Value>(found - std::begin(names));
}

void write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // whoever read the log is gone
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

void LogLevels::apply(std::string_view text) {
  while (true) {
    const auto end = std::min(text.find(','), text.size());
    const std::string_view word = text.substr(0, end);
    const auto equals = word.find('=');
    if (equals == std::string_view::npos) {
      set(find<LogLevel>(level_names, word, "level"));
    } else {
      set(find<LogPart>(part_names, word.substr(0, equals), "part of the log"),
          find<LogLevel>(level_names, word.substr(equals + 1), "level"));
    }
    if (end == text.size()) return;
    text.remove_prefix(end + 1);
  }
}

LogStyle style_of_standard_error(const char* journal_stream) {
  struct stat status {};
  unsigned long long device = 0, inode = 0;
  const bool journal =
      journal_stream != nullptr && std::sscanf(journal_stream, "%llu:%llu", &device, &inode) == 2 &&
      ::fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device && status.st_ino == inode;
  return journal ? LogStyle::journal : LogStyle::plain;
}

std::string Log::formatted(LogPart part, LogLevel level, std::string_view line) const {
  std::string text = "redboltd: ";
  if (style_ == LogStyle::journal) {
    text = "<";
    text += std::to_string(priorities[static_cast<std::size_t>(level)]);
    text += '>';
  }
  if (level == LogLevel::debug)
    text += std::string(part_names[static_cast<std::size_t>(part)]) + ": ";
  text += line;
  return text + "\n";
}

void Log::write(LogPart part, LogLevel level, std::string_view text) const {
  if (!wants(part, level) || level == LogLevel::off) return;
  std::string lines;
  while (true) {
    const auto end = std::min(text.find('\n'), text.size());
    lines += formatted(part, level, text.substr(0, end));
    if (end == text.size()) break;
    text.remove_prefix(end + 1);
  }
  write_all(descriptor_, lines);
}

}  // namespace redbolt::daemon
