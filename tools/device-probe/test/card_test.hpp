// --test: write a pattern to video memory and read it back, copy it with the copy engine, compute
// something on the compute queue. Through a daemon, under its lease, or on a card that this process
// boots itself and shuts down again. Never throws: what goes wrong is the outcome.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "facts/facts.hpp"
#include "redbolt/driver/card.hpp"

namespace redbolt::probe {

TestFacts test_through_daemon(const std::filesystem::path& socket);

TestFacts test_by_booting(const std::function<std::unique_ptr<pci::PciFunction>()>& attach,
                          const driver::Card::FirmwareSource& firmware);

}  // namespace redbolt::probe
