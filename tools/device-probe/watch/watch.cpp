#include "watch/watch.hpp"

#include <langinfo.h>
#include <unistd.h>

#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "watch/frame.hpp"
#include "watch/poller.hpp"
#include "watch/terminal.hpp"

namespace redbolt::probe {
namespace {

using tools::ExitCode;
constexpr std::chrono::milliseconds first_patience{5000};
constexpr std::chrono::milliseconds look_interval{50};

FrameStyle style_of_terminal() {
  FrameStyle style;
  const char* no_colour = std::getenv("NO_COLOR");
  style.colour = no_colour == nullptr || *no_colour == '\0';
  std::setlocale(LC_CTYPE, "");
  style.unicode = std::string_view(::nl_langinfo(CODESET)) == "UTF-8";
  return style;
}

ExitCode draw_until_quit(Poller& poller, Snapshot snapshot) {
  SignalEvents events;
  const Terminal terminal;
  FrameStyle style = style_of_terminal();
  History speed;
  for (bool changed = true;;) {
    const TerminalSize size = Terminal::size();
    changed = changed || size.columns != style.columns || size.rows != style.rows;
    style.columns = size.columns;
    style.rows = size.rows;
    if (changed) terminal.show(draw_frame(snapshot, speed, style));
    changed = false;
    const Wake wake = events.wait(STDIN_FILENO, look_interval);
    if (wake == Wake::quit) return ExitCode::ok;
    if (wake == Wake::resized) changed = true;
    if (auto next = poller.next(std::chrono::milliseconds(0))) {
      snapshot = std::move(*next);
      if (const auto now = gauge(snapshot, speed_gauge)) speed.add(*now);
      changed = true;
    }
  }
}

ExitCode print_until_quit(Poller& poller, Snapshot snapshot) {
  SignalEvents events;
  std::signal(SIGPIPE, SIG_IGN);
  for (std::optional<Snapshot> next = std::move(snapshot);;) {
    if (next && (std::puts(plain_line(*next).c_str()) < 0 || std::fflush(stdout) != 0))
      return ExitCode::ok;  // nobody reads any more
    if (events.wait(-1, look_interval) == Wake::quit) return ExitCode::ok;
    next = poller.next(std::chrono::milliseconds(0));
  }
}

}  // namespace

ExitCode watch(const Options& options) {
  const auto interval =
      std::chrono::milliseconds(static_cast<long long>(options.interval_s * 1000));
  Poller poller(options.socket, interval);
  const auto first = poller.next(first_patience);
  if (!first || !first->problem.empty()) {
    std::fprintf(stderr, "redbolt-device-probe: nothing to watch: %s\n",
                 first ? first->problem.c_str() : "redboltd does not answer");
    return first ? ExitCode::helper_missing : ExitCode::other;
  }
  const bool live = ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1;
  return live ? draw_until_quit(poller, *first) : print_until_quit(poller, *first);
}

}  // namespace redbolt::probe
