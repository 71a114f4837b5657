#include "register_file.hpp"

#include <sstream>
#include <thread>

namespace redbolt::driver {
namespace {

// Dword addresses of the window to registers beyond the BAR (nbio 4.3: BIF_BX_PF0_RSMU_INDEX and
// _DATA). Fixed: needed before discovery has given any base.
constexpr std::uint32_t kRsmuIndex = 0x14;
constexpr std::uint32_t kRsmuData = 0x15;

// A register that reads all ones may mean that the card has left the bus.
constexpr std::uint32_t kAllOnes = 0xffffffff;

// How often a wait polls without sleeping: mailboxes mostly answer within microseconds.
constexpr int kBusyPolls = 200;
constexpr std::chrono::microseconds kPollInterval{50};

// After how many slow polls a wait asks whether the card is still there at all.
constexpr int kPresenceInterval = 200;

std::string hexadecimal(std::uint64_t value) {
  std::ostringstream text;
  text << "0x" << std::hex << value;
  return text.str();
}

}  // namespace

void RegisterBases::set(registers::HardwareBlock block, unsigned index, std::uint32_t base) {
  if (index < registers::kBaseIndexCount) bases_[static_cast<std::size_t>(block)][index] = base;
}

std::optional<std::uint32_t> RegisterBases::address(
    const registers::RegisterDefinition& definition) const {
  const auto base = bases_[static_cast<std::size_t>(definition.block)][definition.base_index];
  if (!base) return std::nullopt;
  return *base + definition.offset;
}

RegisterFile::RegisterFile(pci::PciFunction& function, pci::Bar bar,
                           std::chrono::milliseconds timeout)
    : function_(function),
      bar_(bar),
      direct_dwords_(function.bar(bar).size.count() / sizeof(std::uint32_t)),
      timeout_(timeout) {}

std::uint32_t RegisterFile::address(const registers::Register& reg) const {
  const auto dword = bases_.address(reg.definition);
  if (!dword) {
    throw error(DriverErrorCode::invalid_discovery, &reg,
                "the card's IP discovery table does not say where this register is");
  }
  return *dword;
}

void RegisterFile::select_indirect(std::uint32_t dword) {
  function_.write32(bar_, pci::BarOffset(kRsmuIndex * 4), dword * 4);
}

std::uint32_t RegisterFile::read_at(std::uint32_t dword) {
  if (is_direct(dword)) return function_.read32(bar_, pci::BarOffset(std::uint64_t{dword} * 4));
  select_indirect(dword);
  return function_.read32(bar_, pci::BarOffset(kRsmuData * 4));
}

void RegisterFile::write_at(std::uint32_t dword, std::uint32_t value) {
  if (is_direct(dword)) {
    function_.write32(bar_, pci::BarOffset(std::uint64_t{dword} * 4), value);
    return;
  }
  select_indirect(dword);
  function_.write32(bar_, pci::BarOffset(kRsmuData * 4), value);
}

std::uint32_t RegisterFile::wait(const registers::Register& reg, std::uint32_t mask,
                                 std::uint32_t value) {
  std::uint32_t last = 0;
  try {
    wait_until(reg.definition.name, [&] {
      last = read(reg);
      return (last & mask) == value && (last != kAllOnes || mask == kAllOnes);
    });
  } catch (const DriverError& failure) {
    if (failure.code() != DriverErrorCode::timeout) throw;
    throw error(DriverErrorCode::timeout, &reg,
                "no answer within " + std::to_string(timeout_.count()) + " ms: bits " +
                    hexadecimal(mask) + " should be " + hexadecimal(value) +
                    ", the register holds " + hexadecimal(last));
  }
  return last;
}

void RegisterFile::wait_until(const std::string& subject, const std::function<bool()>& done) {
  const auto deadline = std::chrono::steady_clock::now() + timeout_;
  for (int polls = 0; !done(); ++polls) {
    if (polls < kBusyPolls) continue;
    const bool is_late = std::chrono::steady_clock::now() >= deadline;
    if ((is_late || polls % kPresenceInterval == 0) && !function_.is_present()) {
      throw DriverError(DriverErrorCode::link_lost, step_, subject,
                        "the card no longer answers on the bus: check cable and power");
    }
    if (is_late) {
      throw DriverError(DriverErrorCode::timeout, step_, subject,
                        "no answer within " + std::to_string(timeout_.count()) + " ms");
    }
    std::this_thread::sleep_for(kPollInterval);
  }
}

DriverError RegisterFile::error(DriverErrorCode code, const registers::Register* reg,
                                const std::string& problem) const {
  return DriverError(code, step_, reg ? reg->definition.name : "", problem);
}

}  // namespace redbolt::driver
