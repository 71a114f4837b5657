// The commands that the security processor's system takes from its ring: loading the images of the
// other controllers, and handing over to the RLC.
//
// Threads: the worker's only, except the loaded_*() questions, which any thread may ask.
#pragma once

#include <atomic>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <span>

#include "blocks/host_data_path.hpp"
#include "faults/fault_injector.hpp"
#include "memory/memory_hub.hpp"
#include "redbolt/emulator/card.hpp"

namespace redbolt::emulator {

// Status words of responses, as GlobalPlatform's TEE API numbers them.
enum class PspStatus : std::uint32_t {
  success = 0,
  access_denied = 0xffff0001,
  bad_format = 0xffff0005,
  bad_parameters = 0xffff0006,
  bad_state = 0xffff0007,
  not_supported = 0xffff000a,
  out_of_memory = 0xffff000c,
  security = 0xffff000f,
};

// psp_gfx_cmd_resp: what a command buffer holds.
inline constexpr std::size_t psp_command_bytes = 1024;

class PspCommands {
 public:
  PspCommands(MemoryHub& hub, PhysicalMemory& memory, HostDataPath& hdp, FirmwarePolicy policy,
              FaultInjector& faults)
      : hub_(hub), memory_(memory), hdp_(hdp), policy_(policy), faults_(faults) {}

  // Carries out the command and fills in the response part of the same buffer.
  void run(std::span<std::byte> command);

  // True once the AUTOLOAD_RLC command has been accepted.
  bool autoload_requested() const { return autoload_requested_; }
  bool power_controller_loaded() const {
    return power_controller_loaded_.load(std::memory_order_acquire);
  }
  void reset();

 private:
  PspStatus load_toc(std::span<std::byte> command);
  PspStatus set_up_tmr(std::span<std::byte> command);
  PspStatus destroy_tmr(std::span<std::byte> command);
  PspStatus load_firmware(std::span<std::byte> command);
  PspStatus autoload(std::span<std::byte> command);
  PspStatus boot_configuration(std::span<std::byte> command);
  PspStatus check_payload(std::uint64_t address, std::uint32_t size, std::uint32_t kind);

  MemoryHub& hub_;
  PhysicalMemory& memory_;
  HostDataPath& hdp_;
  const FirmwarePolicy policy_;
  FaultInjector& faults_;
  bool toc_loaded_ = false;
  bool tmr_set_up_ = false;
  bool autoload_requested_ = false;
  std::bitset<256> loaded_;  // by GFX_FW_TYPE_*
  std::atomic<bool> power_controller_loaded_{false};
};

}  // namespace redbolt::emulator
