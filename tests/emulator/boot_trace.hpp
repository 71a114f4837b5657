// The reference trace of a driver that boots real cards (tests/data/card/boot_trace_gfx1100.csv):
// cold boot, page tables, one copy in, one dispatch, one copy out, teardown. What it wrote is real;
// what it read back came from a mock card.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace redbolt::emulator::test {

struct TraceEvent {
  unsigned number;  // in the reference trace
  std::string op;   // RD, WR, VRAM_RD, VRAM_WR, SYS_RD, SYS_WR, DOORBELL, MAP_SYSMEM, PSP_*, ...
  std::string address;  // 0x...; for SYS_*: handle:0x...
  std::uint64_t size;
  std::string value;  // 0x...; "zero"; "sha:..." where the trace does not hold the bytes

  std::uint64_t number_of(const std::string& text) const { return std::stoull(text, nullptr, 0); }
  std::uint64_t address_value() const { return number_of(address.substr(address.find(':') + 1)); }
  unsigned handle() const { return static_cast<unsigned>(std::stoul(address)); }
  bool has_value() const { return value.rfind("0x", 0) == 0; }
  std::uint64_t value_number() const { return number_of(value); }
};

std::vector<TraceEvent> read_boot_trace();

}  // namespace redbolt::emulator::test
