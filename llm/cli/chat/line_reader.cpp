#include "cli/chat/line_reader.hpp"

#include <histedit.h>
#include <langinfo.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <cwchar>
#include <string_view>

#include "cli/interrupt.hpp"
#include "cli/private_file.hpp"
#include "redbolt/llm/error.hpp"

namespace redbolt::llm::cli {
namespace {

constexpr int kHistorySize = 1000;
constexpr const char* kPrompt = ">>> ";
constexpr const char* kMorePrompt = "... ";
constexpr std::string_view kQuotes = "\"\"\"";

// Characters are taken to be UTF-8 where the locale does not say.
void choose_locale() {
  std::setlocale(LC_CTYPE, "");
  if (std::string_view(nl_langinfo(CODESET)) != "UTF-8") std::setlocale(LC_CTYPE, "C.UTF-8");
}

struct EndEditing {
  void operator()(EditLine* editor) const { el_end(editor); }
};
struct EndHistory {
  void operator()(History* history) const { history_end(history); }
};

class TerminalReader : public LineReader {
 public:
  TerminalReader(const std::filesystem::path& file, std::function<bool()> idle)
      : file_(file), idle_(std::move(idle)) {
    choose_locale();
    editor_.reset(el_init("redbolt-llm", stdin, stdout, stderr));
    history_.reset(history_init());
    if (!editor_ || !history_) throw LlmError(ErrorCode::io, "cannot edit lines on this terminal");
    el_set(editor_.get(), EL_CLIENTDATA, this);
    el_set(editor_.get(), EL_PROMPT, prompt_of);
    el_set(editor_.get(), EL_EDITOR, "emacs");
    el_set(editor_.get(), EL_HIST, history, history_.get());
    el_set(editor_.get(), EL_GETCFN, next_character);
    el_set(editor_.get(), EL_SIGNAL, 0);
    el_source(editor_.get(), nullptr);  // the user's own keys, ~/.editrc
    ask(H_SETSIZE, kHistorySize);
    ask(H_SETUNIQUE, 1);
    if (!file_.empty()) ask(H_LOAD, file_.c_str());
  }

  Input read(const std::string& prompt) override {
    prompt_ = prompt;
    interrupted_ = false;
    // Keys that follow the prompt at once are keys already, and a Ctrl-D no end of a file.
    el_set(editor_.get(), EL_PREP_TERM, 1);
    int count = 0;
    const char* const line = el_gets(editor_.get(), &count);
    if (interrupted_) {
      std::fputs("\n", stdout);
      std::fflush(stdout);
      return {Input::Kind::interrupted, {}};
    }
    if (line == nullptr || count <= 0) return {Input::Kind::end, {}};
    std::string text(line, static_cast<std::size_t>(count));
    while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
    return {Input::Kind::line, std::move(text)};
  }

  void remember(const std::string& text) override {
    ask(H_ENTER, text.c_str());
    if (file_.empty()) return;
    try {
      make_folder_of(file_);
    } catch (const LlmError&) {
      return;  // a history that cannot be kept is no reason to stop
    }
    const mode_t before = umask(077);
    ask(H_SAVE, file_.c_str());
    umask(before);
  }

 private:
  template <class... Arguments>
  void ask(int operation, Arguments... arguments) {
    HistEvent event{};
    history(history_.get(), &event, operation, arguments...);
  }

  static TerminalReader* self(EditLine* editor) {
    void* data = nullptr;
    el_get(editor, EL_CLIENTDATA, &data);
    return static_cast<TerminalReader*>(data);
  }

  static char* prompt_of(EditLine* editor) { return self(editor)->prompt_.data(); }

  // False: interrupted. A signal may have been handled just before, or in another thread: its
  // descriptor tells.
  bool wait_for_key() {
    constexpr int kIdleMilliseconds = 1000;
    while (true) {
      std::array<pollfd, 2> waited{{{STDIN_FILENO, POLLIN, 0}, {signal_descriptor(), POLLIN, 0}}};
      const int ready = poll(waited.data(), waited.size(), kIdleMilliseconds);
      if (ready < 0 && errno != EINTR) return false;
      if (ready < 0) continue;
      interrupted_ = ready == 0 ? idle_ && idle_() : waited[1].revents != 0;
      if (interrupted_) return false;
      if (waited[0].revents != 0) return true;
    }
  }

  // libedit's own goes on reading after a signal.
  static int next_character(EditLine* editor, wchar_t* character) {
    std::mbstate_t state{};
    while (true) {
      if (!self(editor)->wait_for_key()) return -1;
      char byte = 0;
      const ssize_t got = ::read(STDIN_FILENO, &byte, 1);
      if (got == 0) return 0;
      if (got < 0) {
        self(editor)->interrupted_ = errno == EINTR;
        return -1;
      }
      const std::size_t used = std::mbrtowc(character, &byte, 1, &state);
      if (used <= 1) return 1;
      constexpr auto kIncomplete = static_cast<std::size_t>(-2);
      if (used != kIncomplete) state = {};  // not a character: left out
    }
  }

  std::filesystem::path file_;
  std::function<bool()> idle_;
  std::string prompt_;
  bool interrupted_ = false;
  std::unique_ptr<History, EndHistory> history_;
  std::unique_ptr<EditLine, EndEditing> editor_;  // ends first
};

class StreamReader : public LineReader {
 public:
  explicit StreamReader(std::istream& stream) : stream_(stream) {}

  Input read(const std::string&) override {
    std::string text;
    if (!std::getline(stream_, text)) return {Input::Kind::end, {}};
    if (text.ends_with('\r')) text.pop_back();
    return {Input::Kind::line, std::move(text)};
  }
  void remember(const std::string&) override {}

 private:
  std::istream& stream_;
};

}  // namespace

std::unique_ptr<LineReader> terminal_reader(const std::filesystem::path& history,
                                            std::function<bool()> idle) {
  return std::make_unique<TerminalReader>(history, std::move(idle));
}

std::unique_ptr<LineReader> stream_reader(std::istream& stream) {
  return std::make_unique<StreamReader>(stream);
}

std::filesystem::path history_file() {
  const char* const state = std::getenv("XDG_STATE_HOME");
  if (state != nullptr && *state != '\0')
    return std::filesystem::path(state) / "redbolt" / "history";
  const char* const home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') return {};
  return std::filesystem::path(home) / ".local" / "state" / "redbolt" / "history";
}

Input read_message(LineReader& reader) {
  Input input = reader.read(kPrompt);
  if (input.kind != Input::Kind::line || !input.text.starts_with(kQuotes)) return input;
  std::string text = input.text.substr(kQuotes.size());
  while (!text.ends_with(kQuotes)) {
    Input more = reader.read(kMorePrompt);
    if (more.kind == Input::Kind::interrupted) return more;
    // A text that is never closed ends with the input.
    if (more.kind == Input::Kind::end) return {Input::Kind::line, std::move(text)};
    text += "\n" + more.text;
  }
  text.resize(text.size() - kQuotes.size());
  if (text.starts_with('\n')) text.erase(0, 1);
  if (text.ends_with('\n')) text.pop_back();
  return {Input::Kind::line, std::move(text)};
}

}  // namespace redbolt::llm::cli
