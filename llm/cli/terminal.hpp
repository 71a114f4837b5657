// What the commands print beside their result: notes and progress on standard error, progress only
// where somebody watches.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace redbolt::llm::cli {

// A line on standard error. Starts on a line of its own where both streams go to the same place and
// standard output's text has not ended its line.
void note(const std::string& line);
// The same for what went wrong.
void note_error(const std::string& message);

// A line on standard error that is rewritten as work goes on; silent when standard error is not a
// terminal. Gone when the object ends.
class ProgressLine {
 public:
  explicit ProgressLine(std::string title);
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine();

  // `text` says what is done, such as "120 MiB of 1.2 GiB".
  void update(std::uint64_t done, std::uint64_t of, std::string_view text);

 private:
  std::string title_;
  bool visible_;
  int last_percent_ = -1;
};

// All of standard input, as it is. Says on a terminal how to end it.
std::string read_standard_input();

// Writes to standard output and flushes. Throws LlmError{io} when it cannot be written.
void write_output(std::string_view text);

// "12.3" with the given number of digits behind the point.
std::string fixed(double value, int digits);

}  // namespace redbolt::llm::cli
