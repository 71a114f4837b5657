#include "watch/frame.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "report/layers.hpp"
#include "watch/arena_cells.hpp"
#include "watch/canvas.hpp"

namespace redbolt::probe {
namespace {

using client::ArenaUse;
constexpr std::size_t label_width = 14, value_width = 12;
constexpr std::size_t least_bar = 10, longest_bar = 50;

struct UseLook {
  const char* name;
  const char* letter;  // without colours
  Ink ink;
};

// Indexed by client::ArenaUse.
constexpr std::array<UseLook, 6> looks{
    UseLook{"free", ".", Ink::dim},      UseLook{"buffers", "b", Ink::blue},
    UseLook{"modules", "m", Ink::cyan},  UseLook{"graphs", "g", Ink::magenta},
    UseLook{"weights", "w", Ink::green}, UseLook{"other", "o", Ink::yellow}};

const UseLook& look_of(ArenaUse use) {
  return looks[std::min(static_cast<std::size_t>(use), looks.size() - 1)];
}

std::string format(const char* pattern, double value) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), pattern, value);
  return text.data();
}

std::string duration_text(double seconds) {
  const auto s = static_cast<long long>(seconds);
  std::array<char, 48> text{};
  if (s < 60)
    std::snprintf(text.data(), text.size(), "%lld s", s);
  else if (s < 3600)
    std::snprintf(text.data(), text.size(), "%lld min %02lld s", s / 60, s % 60);
  else
    std::snprintf(text.data(), text.size(), "%lld h %02lld min", s / 3600, s / 60 % 60);
  return text.data();
}

Ink ink_of(double share) {
  return share < 0.6 ? Ink::green : share < 0.85 ? Ink::yellow : Ink::red;
}

class Frame {
 public:
  Frame(const Snapshot& snapshot, const History& speed, const FrameStyle& style)
      : snapshot_(snapshot), speed_(speed), style_(style) {}

  std::vector<std::string> draw() {
    title();
    if (!snapshot_.problem.empty()) {
      blank();
      line().add(snapshot_.problem, Ink::yellow);
      line().add("Looking again until it answers.", Ink::dim);
      return rendered();
    }
    blank();
    readings();
    blank();
    lease();
    blank();
    arena();
    return rendered();
  }

 private:
  Line& line() { return lines_.emplace_back(); }
  void blank() { lines_.emplace_back(); }
  const char* pick(const char* unicode, const char* ascii) const {
    return style_.unicode ? unicode : ascii;
  }

  void title() {
    const auto& card = snapshot_.card;
    line()
        .add("redbolt", Ink::bold)
        .add("  " + snapshot_.daemon_version, Ink::dim)
        .right("q quits", style_.columns, Ink::dim);
    if (card.name.empty()) return;
    const bool ready = snapshot_.status.state == "ready";
    line()
        .add(card.name, Ink::bold)
        .add(" (" + card.gfx_target + ", " + std::to_string(card.compute_units) + " CUs, " +
             size_text(card.vram.count()) + ")")
        .add("  " + card.bus_name, Ink::dim)
        .add(card.emulated ? "  figures are emulated" : "", Ink::yellow);
    line()
        .add(snapshot_.status.state, ready ? Ink::green : Ink::red)
        .add("  up " + duration_text(snapshot_.status.uptime_seconds), Ink::dim);
  }

  std::size_t bar_width() const {
    const std::size_t used = label_width + value_width + 2;
    return std::clamp(style_.columns > used ? style_.columns - used : 0, least_bar, longest_bar);
  }

  // share: 0 to 1 of a full bar, drawn in eighths of a character.
  void bar(Line& line, double share, Ink ink) const {
    static constexpr const char* parts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    const std::size_t width = bar_width();
    const double filled = std::clamp(share, 0.0, 1.0) * static_cast<double>(width);
    const auto whole = static_cast<std::size_t>(filled);
    std::string text;
    for (std::size_t i = 0; i < whole; ++i) text += pick("█", "#");
    if (style_.unicode && whole < width)
      text += parts[static_cast<std::size_t>((filled - std::floor(filled)) * 8)];
    const std::size_t drawn = characters(text);
    line.add(text, ink);
    std::string rest;
    for (std::size_t i = drawn; i < width; ++i) rest += pick("·", ".");
    line.add(rest, Ink::dim);
  }

  // full: the value at which the bar is full. Only what is better low turns red.
  void reading(const char* label, const std::optional<double>& value, double full,
               const char* pattern, bool better_low, const std::string& more = "") {
    Line& at = line();
    at.add(label).to(label_width);
    if (!value) {
      at.add("not told by the card", Ink::dim);
      return;
    }
    bar(at, *value / full, better_low ? ink_of(*value / full) : Ink::cyan);
    at.right(format(pattern, *value), label_width + bar_width() + value_width, Ink::bold)
        .add(more, Ink::dim);
  }

  void readings() {
    const auto metrics = snapshot_.status.metrics.value_or(client::Metrics{});
    std::string more;
    if (metrics.hotspot_celsius) more += format("  hotspot %.0f", *metrics.hotspot_celsius);
    if (metrics.memory_celsius) more += format("  memory %.0f", *metrics.memory_celsius);
    // Full bars: where an RX 7900 XTX begins to slow down, its board power, and round clocks above
    // those it reaches.
    reading("temperature", metrics.temperature_celsius, 110, pick("%.0f °C", "%.0f C"), true, more);
    reading("power", metrics.power_watts, 355, "%.0f W", true);
    reading("graphics", metrics.gfx_clock_mhz, 3000, "%.0f MHz", false);
    reading("memory", metrics.memory_clock_mhz, 1300, "%.0f MHz", false);
    reading("busy", metrics.activity_percent, 100, "%.0f %%", false);
    speed();
  }

  void speed() {
    Line& at = line();
    at.add("tokens/s").to(label_width);
    const auto now = gauge(snapshot_, speed_gauge);
    if (!now) {
      at.add("nobody generates", Ink::dim);
      return;
    }
    sparkline(at);
    at.right(format("%.1f", *now), label_width + bar_width() + value_width, Ink::bold);
  }

  void sparkline(Line& at) const {
    static constexpr const char* heights[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static constexpr const char* letters[] = {" ", ".", ".", ":", ":", "-", "=", "#", "#"};
    const auto& values = speed_.values();
    const std::size_t width = bar_width();
    const double most = values.empty() ? 1 : *std::max_element(values.begin(), values.end());
    std::string text;
    for (std::size_t i = values.size() > width ? values.size() - width : 0; i < values.size();
         ++i) {
      const auto height = static_cast<std::size_t>(
          std::lround(most > 0 ? std::clamp(values[i] / most, 0.0, 1.0) * 8 : 0));
      text += pick(heights[height], letters[height]);
    }
    at.add(text, Ink::cyan).to(label_width + width);
  }

  void client_line(const std::string& label, const client::LeaseHolder& holder) {
    Line& at = line();
    at.add(label).to(label_width);
    at.add(holder.command, Ink::bold)
        .add(" (pid " + std::to_string(holder.pid) + ") for " + duration_text(holder.age_seconds));
    const Bytes memory = holder.arena_bytes + holder.resident_bytes + holder.module_bytes;
    if (memory.count() != 0) at.add(", " + size_text(memory.count()) + " of video memory");
    if (holder.release_requested) at.add("  asked to let go", Ink::yellow);
  }

  void lease() {
    const auto& status = snapshot_.status;
    if (status.holder)
      client_line("lease", *status.holder);
    else
      line().add("lease").to(label_width).add("nobody holds the card", Ink::dim);
    for (std::size_t i = 0; i < status.waiting.size() && i < 3; ++i)
      client_line("  waits " + std::to_string(i + 1), status.waiting[i]);
    if (status.waiting.size() > 3)
      line()
          .add("")
          .to(label_width)
          .add("and " + std::to_string(status.waiting.size() - 3) + " more wait", Ink::dim);
  }

  void arena() {
    const auto& arena = snapshot_.status.arena;
    line()
        .add("video memory", Ink::bold)
        .add("  " + size_text((arena.size - arena.free).count()) + " of " +
             size_text(arena.size.count()) + " taken, largest free piece " +
             size_text(arena.largest_free.count()));
    if (!snapshot_.status.arena_map) return;
    const std::size_t left = style_.rows > lines_.size() + 2 ? style_.rows - lines_.size() - 2 : 1;
    map_rows(arena_cells(*snapshot_.status.arena_map, false,
                         style_.columns * std::clamp<std::size_t>(left, 1, 6)));
    legend();
  }

  void map_rows(const std::vector<ArenaUse>& cells) {
    for (std::size_t start = 0; start < cells.size(); start += style_.columns) {
      Line& at = line();
      const std::size_t end = std::min(start + style_.columns, cells.size());
      for (std::size_t i = start; i < end;) {
        std::size_t run = i;
        std::string text;
        for (; run < end && cells[run] == cells[i]; ++run) text += symbol(cells[i]);
        at.add(text, look_of(cells[i]).ink);
        i = run;
      }
    }
  }

  // Colours tell uses apart; without them letters have to.
  std::string symbol(ArenaUse use) const {
    if (!style_.colour || !style_.unicode) return look_of(use).letter;
    return use == ArenaUse::free ? "·" : "█";
  }

  void legend() {
    Line& at = line();
    for (const ArenaUse use :
         {ArenaUse::resident, ArenaUse::buffer, ArenaUse::graph, ArenaUse::free})
      at.add(symbol(use), look_of(use).ink).add(std::string(" ") + look_of(use).name + "   ");
  }

  std::vector<std::string> rendered() const {
    std::vector<std::string> text;
    for (const Line& each : lines_) {
      if (text.size() == style_.rows) break;
      text.push_back(each.render(style_.columns, style_.colour));
    }
    return text;
  }

  const Snapshot& snapshot_;
  const History& speed_;
  const FrameStyle& style_;
  std::vector<Line> lines_;
};

void add_value(std::string& text, const char* key, const std::optional<double>& value,
               const char* pattern) {
  if (!value) return;
  text += text.empty() ? "" : " ";
  text += key;
  text += '=';
  text += format(pattern, *value);
}

}  // namespace

std::optional<double> gauge(const Snapshot& snapshot, const std::string& name) {
  for (const client::Gauge& gauge : snapshot.status.gauges)
    if (gauge.name == name) return gauge.value;
  return std::nullopt;
}

std::vector<std::string> draw_frame(const Snapshot& snapshot, const History& speed,
                                    const FrameStyle& style) {
  return Frame(snapshot, speed, style).draw();
}

std::string plain_line(const Snapshot& snapshot) {
  if (!snapshot.problem.empty()) return "problem: " + snapshot.problem;
  const auto& status = snapshot.status;
  const auto metrics = status.metrics.value_or(client::Metrics{});
  std::string text;
  add_value(text, "temperature_celsius", metrics.temperature_celsius, "%.1f");
  add_value(text, "power_watts", metrics.power_watts, "%.1f");
  add_value(text, "gfx_clock_mhz", metrics.gfx_clock_mhz, "%.0f");
  add_value(text, "memory_clock_mhz", metrics.memory_clock_mhz, "%.0f");
  add_value(text, "activity_percent", metrics.activity_percent, "%.0f");
  add_value(text, "arena_used_bytes",
            static_cast<double>((status.arena.size - status.arena.free).count()), "%.0f");
  add_value(text, "arena_bytes", static_cast<double>(status.arena.size.count()), "%.0f");
  add_value(text, "tokens_per_second", gauge(snapshot, speed_gauge), "%.2f");
  add_value(text, "waiting", static_cast<double>(status.waiting.size()), "%.0f");
  if (status.holder) text += " holder_pid=" + std::to_string(status.holder->pid);
  return text;
}

}  // namespace redbolt::probe
