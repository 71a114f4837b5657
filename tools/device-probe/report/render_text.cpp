#include <algorithm>
#include <array>

#include "report/render.hpp"

namespace redbolt::probe {
namespace {

struct Style {
  const char* mark;
  const char* colour;
};
// Indexed by LayerStatus.
constexpr std::array<Style, 3> styles{Style{"ok", "\x1b[32m"}, Style{"FAILED", "\x1b[1;31m"},
                                      Style{"skipped", "\x1b[2m"}};
constexpr const char* plain = "\x1b[0m";

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(text.size() + 1, width), ' ');
  return text;
}

}  // namespace

std::string render_text(const Report& report, bool colour) {
  constexpr std::size_t status_width = 9, title_width = 22;
  std::string text;
  for (const Layer& layer : report.layers) {
    const Style& style = styles[static_cast<std::size_t>(layer.status)];
    const std::string mark = padded(style.mark, status_width);
    text += (colour ? style.colour + mark + plain : mark) + padded(layer.title, title_width) +
            layer.summary + "\n";
    for (const std::string& note : layer.notes)
      text += std::string(status_width + title_width, ' ') + "note: " + note + "\n";
  }
  if (!report.next_step) return text + "\nNothing is wrong.\n";
  text += "\nnext: " + report.next_step->text + "\n";
  if (!report.next_step->command.empty()) text += "  " + report.next_step->command + "\n";
  return text;
}

}  // namespace redbolt::probe
