// An RX 7900 XTX (or XT) in software, at register level: what a driver sees through a PciFunction.
//
// The card outlives its attachments. attach() is plugging a driver in: the PciFunction it returns
// is one way to reach the card, and a second attachment (after the first is gone, or beside it)
// finds registers, VRAM and firmware as the first left them. Host memory belongs to the attachment
// that allocated it and goes with it.
//
// Threads: every function may be called from any thread. The card's engines run on their own
// threads from construction to destruction. An attachment keeps the card
// alive.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "redbolt/base/quantity.hpp"
#include "redbolt/emulator/emulator_error.hpp"
#include "redbolt/emulator/fault_plan.hpp"
#include "redbolt/pci/pci_function.hpp"

namespace redbolt::emulator {

enum class Profile : std::uint8_t { rx7900xtx, rx7900xt };

// What the PSP does with the images it is given (docs/emulator.md).
enum class FirmwarePolicy : std::uint8_t {
  strict,      // magic, key, kind, chip, sizes and hash of the synthetic images are checked
  unverified,  // AMD's own signed images: only order and size are checked
  automatic,   // strict with images that carry the synthetic key, unverified with all others
};

struct CardOptions {
  Profile profile = Profile::rx7900xtx;
  Bytes vram{};            // 0: the profile's own size. A multiple of 16 MiB, 256 MiB to 32 GiB
  Bytes bar0{};            // size of BAR0 at power-on. 0: the largest that the card offers
  Bytes bar0_max{};        // the largest size the resizable-BAR capability offers. 0: as VRAM needs
  unsigned threads = 0;    // host threads that run waves. 0: one per core
  std::uint64_t seed = 1;  // for what is arbitrary on a real card: scattered pages, VRAM noise
  bool scatter_host_pages = false;  // neighbouring host pages get unrelated bus addresses
  bool strict_hdp = false;          // BAR0 writes reach the engines only after an HDP flush
  FirmwarePolicy firmware = FirmwarePolicy::strict;
  double latency_scale = 1.0;  // multiplies every mailbox latency; 0 answers at once
  FaultPlan faults;            // what goes wrong, in force from the construction of the card on
};

// "key=value,key=value" as it follows `--device emulated:`. Keys: profile, vram, bar0, bar0-max,
// threads, seed, scatter, hdp, firmware, latency, fault. Sizes take the suffixes K, M, G. An empty
// text gives the defaults. Throws EmulatorError whose text names the key.
CardOptions parse_card_options(std::string_view text);

// One line per key, for --help.
std::string_view card_options_help();

class CardState;

class Card {
 public:
  // Throws EmulatorError when options contradict each other or the host has no memory for the card.
  explicit Card(const CardOptions& options);
  ~Card();
  Card(const Card&) = delete;
  Card& operator=(const Card&) = delete;

  std::unique_ptr<pci::PciFunction> attach();

  const CardOptions& options() const;

  // Everything the card counts, by name (docs/emulator.md lists the names).
  std::map<std::string, std::uint64_t> counters() const;

  // Accesses to registers that the tables do not hold: "0x1234" -> how often.
  std::map<std::string, std::uint64_t> unknown_registers() const;

  // A card that is pulled: reads are all ones and writes are lost until it is plugged in again.
  // Plugging it in is a cold start: everything but the identity of the card is lost.
  void unplug();
  void plug_in();

  // The plan's clauses are in force from now on, beside those of the options.
  void inject(const FaultPlan& plan);

 private:
  std::shared_ptr<CardState> state_;
};

}  // namespace redbolt::emulator
