// The probe's verdict: layer by layer, with one next step. Made by diagnose(), printed by the
// renderers. docs/device-probe.md describes the JSON form, which is stable.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "facts/facts.hpp"
#include "redbolt/tools/exit_code.hpp"

namespace redbolt::probe {

using tools::ExitCode;

enum class LayerStatus : std::uint8_t { ok, failed, skipped };

const char* to_string(LayerStatus status);  // "ok"
const char* to_string(ExitCode code);       // "card_lost"

struct NextStep {
  std::string layer;
  std::string text;     // a sentence
  std::string command;  // to be typed; empty where hands are needed
};

struct Layer {
  std::string id;     // "owner": stable
  std::string title;  // "who owns it"
  LayerStatus status = LayerStatus::skipped;
  std::string summary;                  // what was found; with skipped and failed: why
  std::vector<std::string> notes;       // worth knowing, no failure
  ExitCode exit_code = ExitCode::ok;    // with failed
  std::string next_text, next_command;  // with failed
};

struct Report {
  MachineFacts facts;
  // The card that the layers are about: an index into facts.cards, or the daemon's own card.
  std::optional<std::size_t> target;
  bool target_is_daemons = false;
  std::vector<Layer> layers;
  std::optional<NextStep> next_step;
  ExitCode exit_code = ExitCode::ok;
};

}  // namespace redbolt::probe
