#include "redbolt/emulator/card.hpp"

#include "card_state.hpp"
#include "emulated_pci_function.hpp"

namespace redbolt::emulator {

Card::Card(const CardOptions& options) : state_(std::make_shared<CardState>(options)) {}

Card::~Card() = default;

std::unique_ptr<pci::PciFunction> Card::attach() {
  return std::make_unique<EmulatedPciFunction>(state_);
}

const CardOptions& Card::options() const {
  return state_->options();
}

std::map<std::string, std::uint64_t> Card::counters() const {
  return state_->counters();
}

std::map<std::string, std::uint64_t> Card::unknown_registers() const {
  return state_->registers().unknown_registers();
}

void Card::unplug() {
  state_->unplug();
}

void Card::plug_in() {
  state_->plug_in();
}

void Card::inject(const FaultPlan& plan) {
  state_->faults().add(plan, state_->options().seed);
}

}  // namespace redbolt::emulator
