#include "memory/host_data_path.hpp"

#include "redbolt/registers/nbio_4_3_0.hpp"

namespace redbolt::driver {
namespace nbio = registers::nbio;

// The register gives a byte address within the register BAR.
HostDataPath::HostDataPath(RegisterFile& registers)
    : registers_(registers),
      flush_dword_(registers.read(nbio::BIF_BX0_REMAP_HDP_MEM_FLUSH_CNTL) / 4) {
  if (flush_dword_ == 0) {
    throw registers.error(DriverErrorCode::unsupported_card,
                          &nbio::BIF_BX0_REMAP_HDP_MEM_FLUSH_CNTL,
                          "the card does not map the register that flushes host writes");
  }
}

}  // namespace redbolt::driver
