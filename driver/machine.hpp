// The parts of a booted card, and the boot: a list of steps, read from top to bottom in
// machine_boot.cpp. Private; the public face is card.hpp.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "chip_facts.hpp"
#include "copy_engine.hpp"
#include "discovery.hpp"
#include "graphics_core.hpp"
#include "interrupt_handler.hpp"
#include "link.hpp"
#include "link_counters.hpp"
#include "memory/address_space.hpp"
#include "memory/context_tables.hpp"
#include "memory/memory_hub.hpp"
#include "memory/range_allocator.hpp"
#include "memory/vram_window.hpp"
#include "power_controller.hpp"
#include "queues/mec_queue.hpp"
#include "queues/sdma_queue.hpp"
#include "queues/submission_ring.hpp"
#include "redbolt/driver/card.hpp"
#include "register_file.hpp"
#include "security_processor.hpp"

namespace redbolt::driver {

class Machine {
 public:
  Machine(std::unique_ptr<pci::PciFunction> function, const Card::FirmwareSource& firmware,
          CardOptions options);
  ~Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  const CardInfo& info() const { return info_; }
  const BootReport& report() const { return report_; }
  const LinkCounters& link_counters() const { return function_.link_counters(); }
  pci::PciFunction& function() { return function_; }

  Bytes vram_free() const { return Bytes(vram_->free_total()); }
  Bytes vram_largest_free() const;
  VramBlock allocate_vram(Bytes size, VramUse use);
  HostBlock allocate_host(Bytes size);
  void release_vram(GpuAddress address) noexcept;
  void release_host(GpuAddress address, Bytes size) noexcept;

  void write_vram(const VramBlock& block, Bytes offset, std::span<const std::byte> data);
  void read_vram(const VramBlock& block, Bytes offset, std::span<std::byte> data);

  Recovery recover();

  VmContext create_context();
  ContextTables& contexts() { return *contexts_; }
  void release_context(Vmid vmid) noexcept;

  DispatchLimits dispatch_limits() const;
  ComputeQueue& compute() { return *compute_; }
  bool maps_host_memory() const { return compute_control_.memory().data() != nullptr; }
  CopyQueue& copies() { return *copies_; }
  Metrics metrics() { return power_->metrics(); }
  std::vector<Interrupt> drain_interrupts();
  bool interrupts_pending() { return interrupts_->pending(); }

 private:
  struct Step;

  // The boot; machine_boot.cpp.
  void boot(const Card::FirmwareSource& firmware);
  void run_steps(bool warm);
  void run(const char* name, void (Machine::*action)());
  void choose_start();
  void forget_parts();
  void probe();
  void find_card();
  void read_discovery();
  void describe();
  void reset_card();
  void load_firmware_files();
  void enable_bus_master();
  void quiet_engines();
  void set_up_memory();
  void start_interrupts();
  void boot_security_processor();
  void load_engine_firmware();
  void start_power_controller();
  void start_graphics();
  void start_copy_engine();
  void raise_clocks();
  void mark();
  void create_queues();
  void release_queues();
  void shut_down();
  void wait_for_reset();

  // What stops and restarts the engines; machine_recovery.cpp.
  void reset_queues();
  void reset_engines();
  void check_queues();
  void settle();
  void abandon() noexcept;
  void load_check();

  struct VramRange {
    VramOffset offset;
    std::uint64_t size;
  };
  VramRange range_of(const VramBlock& block, Bytes offset, std::size_t size) const;

  CountingFunction function_;
  CardOptions options_;
  RegisterFile registers_;
  CardInfo info_;
  BootReport report_;
  std::string detail_;  // of the step that is running

  // In boot order; each is there from its step on.
  std::optional<Link> link_;
  std::optional<VramWindow> window_;
  DiscoveryTable discovery_;
  const ChipFacts* chip_ = nullptr;
  Bytes vram_size_;
  Framebuffer framebuffer_;
  std::optional<firmware::FirmwareSet> firmware_;
  const Card::FirmwareSource* firmware_source_ = nullptr;
  std::optional<HostDataPath> host_data_path_;
  std::optional<RangeAllocator> vram_;
  std::optional<AddressSpace> address_space_;
  std::optional<MemoryHub> multimedia_hub_;
  std::optional<MemoryHub> graphics_hub_;
  std::optional<ContextTables> contexts_;
  std::optional<InterruptHandler> interrupts_;
  std::optional<SecurityProcessor> security_;
  std::optional<PowerController> power_;
  std::optional<GraphicsCore> graphics_;
  std::optional<CopyEngine> copy_engine_;
  std::map<GpuAddress, VramRange> blocks_;
  VramBlock scratch_;
  HostBlock staging_;  // for video memory that BAR0 does not show
  VramBlock end_of_pipe_;
  VramBlock check_;  // a kernel and the packets that run it, to see whether the queues work
  IndirectBuffer check_packets_;
  HostBlock compute_ring_memory_, compute_control_;
  HostBlock copy_ring_memory_, copy_control_;
  std::unique_ptr<SubmissionRing> compute_ring_;
  std::unique_ptr<SubmissionRing> copy_ring_;
  std::unique_ptr<MecQueue> compute_;
  std::unique_ptr<SdmaQueue> copies_;

  bool is_warm_ = false;     // this boot finds the firmware running
  bool is_running_ = false;  // booted: there is something to shut down
  bool had_error_ = false;   // the card reported one: the next run has to reset it
};

}  // namespace redbolt::driver
