// The host data path (HDP): host writes to video memory pass through its buffer, and the card's
// engines see them only after a flush.
#pragma once

#include <cstdint>

#include "register_file.hpp"

namespace redbolt::driver {

class HostDataPath {
 public:
  // Reads once where the flush register is mapped.
  explicit HostDataPath(RegisterFile& registers);

  // All host writes to video memory before are visible to work started after. One posted write.
  void flush() { registers_.write_at(flush_dword_, 0); }

 private:
  RegisterFile& registers_;
  std::uint32_t flush_dword_;
};

}  // namespace redbolt::driver
