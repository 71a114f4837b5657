// redboltd's log: lines with a part and a level, written to standard error in one piece each. What
// is written is decided per part. Passed by reference to whoever has something to say.
//
// Threads: write() may be called from any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace redbolt::daemon {

enum class LogPart : std::uint8_t { boot, lease, memory, submission, device, service };
inline constexpr std::size_t log_part_count = 6;

// Each includes those before it.
enum class LogLevel : std::uint8_t { off, error, warning, info, debug };

class LogLevels {
 public:
  explicit LogLevels(LogLevel all = LogLevel::info) { set(all); }
  LogLevel of(LogPart part) const { return levels_[static_cast<std::size_t>(part)]; }
  void set(LogLevel all) { levels_.fill(all); }
  void set(LogPart part, LogLevel level) { levels_[static_cast<std::size_t>(part)] = level; }

  // "debug", or "lease=debug,boot=warning", or both: "warning,lease=debug"; later words win. Throws
  // std::invalid_argument, which says what there is.
  void apply(std::string_view text);

 private:
  std::array<LogLevel, log_part_count> levels_{};
};

enum class LogStyle : std::uint8_t {
  plain,    // "redboltd: text"
  journal,  // "<6>text": the journal knows the program, and takes the level from the number
};

// How lines are to be written on this process's standard error: for the journal if it goes there
// (JOURNAL_STREAM, as systemd.exec(5) describes it).
LogStyle style_of_standard_error(const char* journal_stream);

class Log {
 public:
  // descriptor: where to write; stays open.
  Log(LogLevels levels, LogStyle style, int descriptor)
      : levels_(levels), style_(style), descriptor_(descriptor) {}

  bool wants(LogPart part, LogLevel level) const { return level <= levels_.of(part); }
  // A text of several lines becomes several lines of the log.
  void write(LogPart part, LogLevel level, std::string_view text) const;

  void error(LogPart part, std::string_view text) const { write(part, LogLevel::error, text); }
  void warning(LogPart part, std::string_view text) const { write(part, LogLevel::warning, text); }
  void info(LogPart part, std::string_view text) const { write(part, LogLevel::info, text); }
  void debug(LogPart part, std::string_view text) const { write(part, LogLevel::debug, text); }

 private:
  std::string formatted(LogPart part, LogLevel level, std::string_view line) const;

  LogLevels levels_;
  LogStyle style_;
  int descriptor_;
};

}  // namespace redbolt::daemon
