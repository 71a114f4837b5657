// What the probe found out, as plain values: collected by a PlatformInventory and a few readers,
// judged by diagnose(). Nothing here decides anything. Absent means: could not be known.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "facts/card_names.hpp"

namespace redbolt::probe {

// Something that may be known, may have gone wrong, or may not have been asked.
template <class Value>
struct Reading {
  std::optional<Value> value;
  std::string problem;   // why it failed; empty if it did not
  std::string not_read;  // why it was not tried; empty if it was

  static Reading failed(std::string why) { return {std::nullopt, std::move(why), {}}; }
  static Reading skipped(std::string why) { return {std::nullopt, {}, std::move(why)}; }
};

struct TunnelFacts {
  std::string id;      // "0-1", as the system names it
  std::string name;    // "Core X"
  std::string vendor;  // "Razer"
  std::string uuid;
  std::string security;                    // of its domain: "user", "secure", "none", ...
  std::optional<bool> authorised;          // by the user or by policy
  std::optional<unsigned> generation;      // 1 to 3: Thunderbolt, 4: USB4
  std::optional<double> speed_gbit_per_s;  // of one lane
  std::optional<unsigned> lanes;
  std::optional<bool> dma_protection;  // the system keeps the domain's DMA behind the IOMMU
};

struct BarFacts {
  unsigned index = 0;
  std::uint64_t base = 0;  // 0: the system has not placed it
  std::uint64_t size_bytes = 0;
};

struct LinkFacts {
  std::optional<unsigned> width_lanes, width_max_lanes;
  std::optional<double> speed_gt_per_s, speed_max_gt_per_s;
};

struct DiscoveryFacts {
  std::map<std::string, std::string> ip_versions;  // "GC" -> "11.0.0"
  std::optional<unsigned> shader_engines;
  std::optional<unsigned> compute_units;  // of the chip
};

// Whether this user may open what reaching the card needs.
struct AccessFacts {
  std::filesystem::path path;
  bool allowed = true;
};

struct CardFacts {
  std::string address;  // "0000:03:00.0", or the name that the way to the card gives it
  std::uint16_t vendor_id = 0, device_id = 0;
  std::uint16_t subsystem_vendor_id = 0, subsystem_id = 0;
  std::uint8_t revision = 0;
  std::uint32_t class_code = 0;  // 24 bits
  CardName name;
  bool answers = true;  // false: configuration space reads all ones
  std::optional<bool> removable;
  std::optional<bool> memory_decoding;
  std::optional<std::string> power_state;  // "D0", "D3hot", ...
  std::optional<std::string> driver;       // "" for nobody
  std::optional<AccessFacts> access;
  std::vector<BarFacts> bars;
  LinkFacts link;
  // The link that is narrowest on the way to the card (a card's own link often ends at a switch on
  // the card itself), and where it is.
  LinkFacts narrowest_link;
  std::string narrowest_link_at;
  std::optional<std::string> iommu_group;
  std::optional<std::string> iommu_type;  // "DMA", "DMA-FQ", "identity", ...
  std::optional<std::uint64_t> vram_bytes;
  Reading<DiscoveryFacts> discovery;
};

struct FirmwareFile {
  std::string name;
  std::optional<std::filesystem::path> path;  // where it was found
  std::optional<std::uint64_t> size_bytes;    // after decompression
};

struct FirmwareFacts {
  std::vector<std::filesystem::path> folders;  // looked in, best first
  std::vector<FirmwareFile> files;
  std::string problem;     // the first file's; empty: the set is whole and sound
  bool synthetic = false;  // made for the emulated card, not read from a folder
};

struct HolderFacts {
  std::int64_t pid = 0;
  std::uint32_t uid = 0;
  std::string command;
  double age_s = 0;
  std::uint64_t arena_bytes = 0;
  std::uint64_t shared_bytes = 0;
};

struct DaemonFacts {
  enum class State : std::uint8_t { absent, denied, silent, incompatible, answers };
  State state = State::absent;
  std::filesystem::path socket;
  std::string problem;
  std::string version;
  std::string card_name, gfx_target, bus_name;
  bool emulated = false;
  std::uint64_t vram_bytes = 0, arena_bytes = 0, arena_free_bytes = 0;
  unsigned compute_units = 0;
  std::map<std::string, std::string> ip_versions;
  std::string card_state;  // "ready", or what keeps it from working
  bool card_lost = false;  // and that is: it fell off the bus
  double uptime_s = 0;
  std::optional<HolderFacts> holder;
  std::vector<HolderFacts> waiting;
};

// What --test did.
struct TestFacts {
  enum class Outcome : std::uint8_t { passed, failed, busy, lost, helper_missing };
  Outcome outcome = Outcome::passed;
  std::string problem;
  bool through_daemon = false;
  std::optional<double> boot_s;
  std::string boot_kind;
  std::uint64_t vram_checked_bytes = 0;
  std::uint64_t copied_bytes = 0;
  double copy_s = 0;
  unsigned waves = 0;  // that stored what they should
};

// Why the card that --device names could not be reached.
enum class AttachProblem : std::uint8_t { none, nobody_answers, busy, no_card };

enum class Way : std::uint8_t { local, in_process, server };

struct MachineFacts {
  std::string system;               // "linux" or "macos"
  std::optional<std::string> spec;  // what --device named
  Way way = Way::local;             // how the cards below are reached
  bool tunnels_known = false;       // the system has a Thunderbolt or USB4 controller
  std::vector<TunnelFacts> tunnels;
  std::vector<CardFacts> cards;
  AttachProblem attach = AttachProblem::none;
  std::string attach_problem;         // the card that --device names could not be reached at all
  std::optional<std::string> helper;  // macOS: the TinyGPU extension's state; absent elsewhere
  Reading<FirmwareFacts> firmware;
  DaemonFacts daemon;
  bool test_wanted = false;
  std::optional<TestFacts> test;
};

}  // namespace redbolt::probe
