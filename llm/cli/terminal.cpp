#include "cli/terminal.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <iterator>

#include "redbolt/llm/error.hpp"

namespace redbolt::llm::cli {

namespace {

// Whether what was written to standard output last stands in the middle of a line.
bool in_line = false;

// Whether both streams go to one place: the terminal, or a file or pipe that both were given.
bool streams_meet() {
  struct stat output {
  }, errors{};
  if (fstat(STDOUT_FILENO, &output) != 0 || fstat(STDERR_FILENO, &errors) != 0) return false;
  if (isatty(STDOUT_FILENO) == 1 && isatty(STDERR_FILENO) == 1) return true;
  return output.st_dev == errors.st_dev && output.st_ino == errors.st_ino;
}

}  // namespace

void note(const std::string& line) {
  // By standard error, so that standard output stays the text alone.
  if (in_line && streams_meet()) std::cerr << '\n';
  in_line = false;
  std::cerr << line << '\n';
}

void note_error(const std::string& message) {
  note("redbolt-llm: " + message);
}

ProgressLine::ProgressLine(std::string title)
    : title_(std::move(title)), visible_(isatty(STDERR_FILENO) == 1) {}

ProgressLine::~ProgressLine() {
  if (visible_ && last_percent_ >= 0) std::cerr << "\r\x1b[K" << std::flush;
}

void ProgressLine::update(std::uint64_t done, std::uint64_t of, std::string_view text) {
  if (!visible_ || of == 0) return;
  const int percent = static_cast<int>(100 * static_cast<double>(done) / static_cast<double>(of));
  if (percent == last_percent_) return;
  last_percent_ = percent;
  std::cerr << "\r\x1b[K" << title_ << " " << percent << " % (" << text << ")" << std::flush;
}

std::string read_standard_input() {
  if (isatty(STDIN_FILENO) == 1) note("Type the text, then end it with Ctrl-D on an empty line.");
  std::string text((std::istreambuf_iterator<char>(std::cin)), std::istreambuf_iterator<char>());
  if (std::cin.bad()) throw LlmError(ErrorCode::io, "cannot read standard input");
  return text;
}

void write_output(std::string_view text) {
  if (text.empty()) return;
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    throw LlmError(ErrorCode::io,
                   std::string("cannot write to standard output: ") + std::strerror(errno));
  }
  in_line = !text.ends_with('\n');
}

std::string fixed(double value, int digits) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  return text.data();
}

}  // namespace redbolt::llm::cli
