// Every register of the card, by absolute dword address (byte offset in BAR5 / 4; RSMU_INDEX / 4
// beyond BAR5). Raw 32-bit storage, to which blocks attach behaviour.
//
// A write stores the value and then calls the handlers of blocks (in the order in which they were
// registered), on the writer's thread; a handler may poke() another value over it. A read calls the
// block's handler, if there is one, for the value. No lock is held meanwhile: handlers run
// concurrently, guard their own state, do not block, and may access other registers.
//
// Banked registers exist once per queue, pipe or VMID. Host accesses go to the instance that
// GRBM_GFX_CNTL selects; engines name theirs.
//
// Threads: define_bank, on_write, on_read, name and set_reset_value only while the card is built;
// everything else from any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "counters.hpp"

namespace redbolt::emulator {

using RegisterAddress = std::uint32_t;

// What GRBM_GFX_CNTL selects.
struct Selection {
  std::uint8_t me = 0;     // 0..3
  std::uint8_t pipe = 0;   // 0..3
  std::uint8_t queue = 0;  // 0..7
  std::uint8_t vmid = 0;   // 0..15
  bool operator==(const Selection&) const = default;

  static Selection decode(std::uint32_t grbm_gfx_cntl);
};

enum class Banking : std::uint8_t { none, per_queue, per_pipe, per_vmid };

struct RegisterWrite {
  RegisterAddress address = 0;
  std::uint32_t value = 0;
  std::uint32_t previous = 0;
  Selection selection{};
};

class RegisterSpace {
 public:
  using WriteHandler = std::function<void(const RegisterWrite&)>;
  using ReadHandler = std::function<std::uint32_t(RegisterAddress, Selection)>;
  static constexpr RegisterAddress address_limit = 0x8000000;

  explicit RegisterSpace(CounterRegistry& counters);
  ~RegisterSpace();
  RegisterSpace(const RegisterSpace&) = delete;
  RegisterSpace& operator=(const RegisterSpace&) = delete;

  void define_bank(RegisterAddress first, std::uint32_t count, Banking banking);
  void on_write(RegisterAddress first, std::uint32_t count, WriteHandler handler);
  void on_read(RegisterAddress first, std::uint32_t count, ReadHandler handler);
  // What the register holds at power-on and after a reset (0 where not set).
  void set_reset_value(RegisterAddress address, std::uint32_t value);
  // Makes a register known that the tables do not hold.
  void define(RegisterAddress address, const char* name);

  // Host view: side effects, and counted. Unknown registers read 0 until written.
  std::uint32_t read(RegisterAddress address);
  void write(RegisterAddress address, std::uint32_t value);

  // The same with side effects, but by an engine of the card (PM4 register packets, SDMA): not
  // counted as host accesses, and banked registers go to the instance named.
  std::uint32_t engine_read(RegisterAddress address, Selection selection);
  void engine_write(RegisterAddress address, std::uint32_t value, Selection selection);

  // Storage only: no handlers, no counting.
  std::uint32_t peek(RegisterAddress address, Selection selection = {}) const;
  void poke(RegisterAddress address, std::uint32_t value, Selection selection = {});
  // Replaces the bits in mask, atomically; returns the value before.
  std::uint32_t update(RegisterAddress address, std::uint32_t mask, std::uint32_t bits,
                       Selection selection = {});

  Selection selection() const;

  // Puts every register back to its reset value. Calls no handler.
  void reset();

  std::string name(RegisterAddress address) const;
  std::map<std::string, std::uint64_t> unknown_registers() const;

 private:
  struct Page;
  struct Bank;
  Page* page(RegisterAddress address) const;
  Page& make_page(RegisterAddress address);
  std::atomic<std::uint32_t>* cell(RegisterAddress address, Selection selection) const;
  void note_unknown(RegisterAddress address);
  std::uint32_t read_with_effects(RegisterAddress address, Selection selection);
  void write_with_effects(RegisterAddress address, std::uint32_t value, Selection selection);

  std::vector<std::atomic<Page*>> pages_;
  mutable std::mutex grow_mutex_;  // guards owned_ and unknown_
  std::vector<std::unique_ptr<Page>> owned_;
  std::map<RegisterAddress, std::uint64_t> unknown_;
  // Fixed once the card is built.
  std::vector<std::unique_ptr<Bank>> banks_;
  std::unordered_map<RegisterAddress, std::vector<std::shared_ptr<const WriteHandler>>>
      write_handlers_;
  std::unordered_map<RegisterAddress, std::shared_ptr<const ReadHandler>> read_handlers_;
  std::unordered_map<RegisterAddress, const char*> names_;
  std::unordered_map<RegisterAddress, std::uint32_t> reset_values_;
  Counter& reads_;
  Counter& writes_;
  Counter& unknown_accesses_;
};

}  // namespace redbolt::emulator
