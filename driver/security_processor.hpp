// The security processor (PSP): boots from its ROM through a mailbox, then, once its operating
// system runs, loads firmware into the other engines by commands on a ring in video memory.
#pragma once

#include <cstdint>
#include <span>

#include "memory/host_data_path.hpp"
#include "memory/memory_hub.hpp"
#include "memory/vram_window.hpp"
#include "redbolt/firmware/firmware_set.hpp"
#include "register_file.hpp"

namespace redbolt::driver {

class SecurityProcessor {
 public:
  SecurityProcessor(RegisterFile& registers, VramWindow& window, HostDataPath& host_data_path,
                    const Framebuffer& framebuffer);

  // Whether its operating system runs (an earlier run booted it).
  bool is_running();

  // Hands the boot chain to the boot loader, piece by piece. Throws DriverError: timeout,
  // firmware_refused.
  void boot(const firmware::FirmwareSet& firmware);

  // Makes the command ring known.
  void create_ring();

  // Loads everything else in order, sets up the trusted memory, starts the RLC's autoload. Returns
  // how many pieces were loaded.
  unsigned load_engines(const firmware::FirmwareSet& firmware);

 private:
  struct Command;
  void stage(std::span<const std::byte> data, const char* what);
  void boot_piece(std::uint32_t command, std::span<const std::byte> data, const char* what);
  void submit(Command& command, const char* what);
  void load_table_of_contents(std::span<const std::byte> data);
  void set_up_trusted_memory();
  void load_piece(std::uint32_t type, std::span<const std::byte> data, const char* what);
  void start_autoload();

  RegisterFile& registers_;
  VramWindow& window_;
  HostDataPath& host_data_path_;
  Framebuffer framebuffer_;
};

}  // namespace redbolt::driver
