// One function a layer: facts and target in, a judged layer out. The order is in diagnose.cpp.
#pragma once

#include "report/report.hpp"

namespace redbolt::probe {

// What the layers are about.
struct Subject {
  const MachineFacts& facts;
  const CardFacts* card = nullptr;  // null: none, or the daemon's own
  bool daemons_card = false;
};

Layer tunnel_layer(const Subject& subject);
Layer identity_layer(const Subject& subject);
Layer owner_layer(const Subject& subject);
Layer bars_layer(const Subject& subject);
Layer iommu_layer(const Subject& subject);
Layer discovery_layer(const Subject& subject);
Layer firmware_layer(const Subject& subject);
Layer test_layer(const Subject& subject);
Layer daemon_layer(const Subject& subject);

// Building blocks of the functions above.
Layer passed(std::string summary);
Layer skipped(std::string why);
Layer failed(std::string why, ExitCode code, std::string next_text, std::string next_command = "");

// "0000:03:00.0" as it is in the name of the daemon's card?
bool daemon_has(const DaemonFacts& daemon, const CardFacts& card);
std::string size_text(std::uint64_t bytes);  // "24.0 GiB"
std::string number_text(double value);       // "8", "2.5"

}  // namespace redbolt::probe
