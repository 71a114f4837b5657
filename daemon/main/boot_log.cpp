#include "main/boot_log.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace redbolt::daemon {
namespace {

std::string seconds_text(double seconds) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%7.3f s", seconds);
  return text.data();
}

std::string trimmed(const std::string& text) {
  return text.substr(text.find_first_not_of(' '));
}

}  // namespace

std::string readable(Bytes size) {
  constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(size.count());
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < units.size(); ++unit) value /= 1024;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
  return text.data();
}

std::string card_text(const driver::CardInfo& card) {
  return card.marketing_name + " (" + card.gfx_target + ", " + std::to_string(card.compute_units) +
         " CUs, " + readable(card.vram) + ") at " + card.location;
}

void BootLog::step(const driver::BootStep& step) const {
  constexpr std::size_t column = 28;  // the longest step's name, and a space
  std::string name = step.name;
  name.resize(std::max(name.size(), column), ' ');
  log_.info(LogPart::boot, "  " + name + seconds_text(step.seconds) +
                               (step.detail.empty() ? "" : "  " + step.detail));
}

void BootLog::summary(const BootSummary& summary) const {
  const bool taken_over = summary.report.kind == driver::BootReport::Kind::taken_over;
  log_.info(LogPart::boot, card_text(summary.card) + ": " + driver::to_string(summary.report.kind) +
                               (taken_over ? " in " : " boot in ") +
                               trimmed(seconds_text(summary.report.seconds)) + ", arena " +
                               readable(summary.arena));
}

}  // namespace redbolt::daemon
