// The card's registers by name: typed reads, writes and updates over the register BAR, directly
// where the BAR reaches and through the RSMU index/data pair where it does not. Where a register
// lies follows from the bases that IP discovery gave.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "redbolt/driver/driver_error.hpp"
#include "redbolt/pci/pci_function.hpp"
#include "redbolt/registers/register.hpp"

namespace redbolt::driver {

// Bases of the hardware blocks of one card, in dwords.
class RegisterBases {
 public:
  void set(registers::HardwareBlock block, unsigned index, std::uint32_t base);
  // Absolute dword address, or nothing if the card's discovery does not give that base.
  std::optional<std::uint32_t> address(const registers::RegisterDefinition& definition) const;

 private:
  static constexpr std::size_t kBlocks = 7;
  std::array<std::array<std::optional<std::uint32_t>, registers::kBaseIndexCount>, kBlocks>
      bases_{};
};

class RegisterFile {
 public:
  // `timeout` limits each wait().
  RegisterFile(pci::PciFunction& function, pci::Bar bar, std::chrono::milliseconds timeout);

  void set_bases(const RegisterBases& bases) { bases_ = bases; }

  // What the driver is doing now; every error names it.
  void set_step(std::string step) { step_ = std::move(step); }
  const std::string& step() const { return step_; }
  std::chrono::milliseconds timeout() const { return timeout_; }

  // Limits each wait() to at most `timeout` until the end of the scope: where another way is tried
  // when the card does not answer.
  class ShorterWaits {
   public:
    ShorterWaits(RegisterFile& registers, std::chrono::milliseconds timeout)
        : registers_(registers), before_(registers.timeout_) {
      registers_.timeout_ = std::min(before_, timeout);
    }
    ~ShorterWaits() { registers_.timeout_ = before_; }
    ShorterWaits(const ShorterWaits&) = delete;
    ShorterWaits& operator=(const ShorterWaits&) = delete;

   private:
    RegisterFile& registers_;
    std::chrono::milliseconds before_;
  };

  std::uint32_t read(const registers::Register& reg) { return read_at(address(reg)); }
  void write(const registers::Register& reg, std::uint32_t value) { write_at(address(reg), value); }

  // The n-th of an array of registers that starts at `reg`.
  void write_nth(const registers::Register& reg, unsigned n, std::uint32_t value) {
    write_at(address(reg) + n, value);
  }

  // Writes the whole register: the given fields, all others 0.
  template <class R>
  void write(const R& reg, registers::FieldValue<R> value) {
    write(reg, value.bits);
  }

  // Changes the given fields only. Returns what was written.
  template <class R>
  std::uint32_t update(const R& reg, registers::FieldValue<R> value) {
    const std::uint32_t result = value.applied_to(read(reg));
    write(reg, result);
    return result;
  }

  // Waits until (register & mask) == value; throws DriverError (timeout, or link_lost when the card
  // has gone). Returns the whole value read.
  std::uint32_t wait(const registers::Register& reg, std::uint32_t mask, std::uint32_t value);

  // As wait(), for any condition: `done` reads what it needs and says whether it holds. `subject`
  // is what the error names in place of a register.
  void wait_until(const std::string& subject, const std::function<bool()>& done);

  // By absolute dword address.
  std::uint32_t read_at(std::uint32_t dword);
  void write_at(std::uint32_t dword, std::uint32_t value);

  // Throws DriverError::invalid_discovery if the card does not say where the register is.
  std::uint32_t address(const registers::Register& reg) const;

  DriverError error(DriverErrorCode code, const registers::Register* reg,
                    const std::string& problem) const;

 private:
  bool is_direct(std::uint32_t dword) const { return dword < direct_dwords_; }
  void select_indirect(std::uint32_t dword);

  pci::PciFunction& function_;
  pci::Bar bar_;
  std::uint64_t direct_dwords_;  // how many the BAR shows
  std::chrono::milliseconds timeout_;
  RegisterBases bases_;
  std::string step_;
};

}  // namespace redbolt::driver
