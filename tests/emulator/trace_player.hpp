// Plays the reference trace against an emulated card, as the driver that made it would: where the
// driver waited for a value, the player waits; where the trace does not hold the bytes (firmware,
// command buffers, packets), it makes ones of the same meaning from the descriptions beside it
// (packets_dispatch_and_copy.md, psp_ring_structs.csv).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "boot_trace.hpp"
#include "test_card.hpp"

namespace redbolt::emulator::test {

class TracePlayer {
 public:
  explicit TracePlayer(TestFunction& card) : card_(card), events_(read_boot_trace()) {}

  // Plays events first..last (numbers of the reference trace); a difference is a test failure.
  void play(unsigned first, unsigned last);

  // The driver of the trace flushes HDP after its firmware, page tables and rings, but neither
  // after the security processor's frames nor after a queue descriptor, and relies on time there.
  // With this the player flushes in its stead.
  void flush_where_the_driver_does_not() { flush_ = true; }

  // The card has been through the session before: a register may also hold what the trace wrote to
  // it last.
  void expect_a_warm_card();

  // BAR0 is smaller than in the trace: what the driver read beyond it, which is the table of IP
  // blocks, it reads by MM_INDEX there, and the table is checked.
  void expect_a_small_bar0(Bytes size) { bar0_ = size; }
  unsigned reads_by_index() const { return reads_by_index_; }

  // Host memory by the trace's handle.
  pci::HostMemory& host_memory(unsigned handle) { return *host_memory_.at(handle); }

  // Register reads whose expected value was compared.
  unsigned compared_reads() const { return compared_; }

 private:
  void play(std::size_t index);
  void compare_register(const TraceEvent& event);
  void write_vram(std::size_t index);
  void compare_vram(const TraceEvent& event);
  void compare_table_of_ip_blocks(const TraceEvent& event);
  void write_host(const TraceEvent& event);
  void compare_host(const TraceEvent& event);
  void map_host(const TraceEvent& event);
  std::vector<std::byte> firmware_for(std::size_t index) const;
  std::vector<std::byte> command_for(std::size_t index) const;
  const TraceEvent& next_psp_command(std::size_t index) const;
  std::uint64_t with_our_page(std::uint64_t entry) const;

  TestFunction& card_;
  std::vector<TraceEvent> events_;
  std::map<unsigned, std::unique_ptr<pci::HostMemory>> host_memory_;
  // Bus pages: those that the mock of the trace gave out, and ours in their place.
  std::map<std::uint64_t, std::uint64_t> pages_;
  std::map<std::uint32_t, std::uint32_t> left_behind_;  // by the session before, by register
  unsigned compared_ = 0;
  std::optional<Bytes> bar0_;  // where it is not the trace's
  unsigned reads_by_index_ = 0;
  bool flush_ = false;
  std::size_t firmware_bytes_ = 0;  // of the image last written: commands name its real size
};

}  // namespace redbolt::emulator::test
