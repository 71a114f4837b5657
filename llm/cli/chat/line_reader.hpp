// Lines that somebody types: with editing and history on a terminal, or just read.
#pragma once

#include <filesystem>
#include <functional>
#include <istream>
#include <memory>
#include <string>

namespace redbolt::llm::cli {

struct Input {
  enum class Kind {
    line,
    end,          // Ctrl-D, or the input's end
    interrupted,  // a signal has come; what was typed so far is gone
  };
  Kind kind = Kind::end;
  std::string text = {};  // without the newline
};

class LineReader {
 public:
  LineReader() = default;
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;
  virtual ~LineReader() = default;

  virtual Input read(const std::string& prompt) = 0;
  // For going back to with the arrow keys, now and in later sessions.
  virtual void remember(const std::string& text) = 0;
};

// On the terminal that standard input and output are. `history`: a file, read now and written at
// each remember(); empty: none. Signals for which a handler without SA_RESTART is installed end a
// read as interrupted, and so does `idle`, asked every second that nothing is typed, when it says
// yes.
std::unique_ptr<LineReader> terminal_reader(const std::filesystem::path& history,
                                            std::function<bool()> idle = {});

// Without prompts. The stream must outlive the reader.
std::unique_ptr<LineReader> stream_reader(std::istream& stream);

// $XDG_STATE_HOME/redbolt/history, else ~/.local/state/redbolt/history.
std::filesystem::path history_file();

// What is said next: a line, or the lines between two """. Ends and interruptions as they come.
Input read_message(LineReader& reader);

}  // namespace redbolt::llm::cli
