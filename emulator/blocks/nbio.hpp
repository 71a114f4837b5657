// The bus interface: memory size, indirect access to VRAM (MM_INDEX) and to registers beyond BAR5
// (RSMU, PCIE_INDEX2), HDP flushes by register.
#pragma once

#include "blocks/host_data_path.hpp"
#include "blocks/register_space.hpp"

namespace redbolt::emulator {

class Nbio {
 public:
  Nbio(RegisterSpace& registers, HostDataPath& hdp, Bytes vram);

  // Whether a host write to this register is the (remapped) HDP flush; if so, flushes.
  bool flush_by_remapped_register(RegisterAddress address);

 private:
  std::uint32_t read_through(RegisterAddress target, Selection selection);
  void write_through(RegisterAddress target, const RegisterWrite& write);
  void connect_vram_window();
  void connect_register_window(RegisterAddress index, RegisterAddress index_high,
                               RegisterAddress data);
  void connect_flush_registers();

  RegisterSpace& registers_;
  HostDataPath& hdp_;
};

}  // namespace redbolt::emulator
