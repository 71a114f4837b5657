// Makes firmware images in AMD's container formats whose content is invented: enough for the
// emulated card, which checks what a card's security processor would check, and nothing a real card
// would run. AMD's own files are not needed to build, test or demonstrate Redbolt.
//
// Each piece is a payload the emulated security processor accepts in place of a signed one:
// a 256-byte header ("$PS1", sizes, key name, kind, chip), a body, and a 256-byte trailer that
// holds an FNV-1a hash where AMD's files hold a signature (docs/emulator.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace redbolt::tools {

// Which version of each header family to write; the pieces an older header cannot carry are absent.
struct SyntheticVersions {
  unsigned psp_minor = 0;  // 2.0 or 2.1
  unsigned smc_minor = 0;  // 2.0 or 2.1
  unsigned rlc_minor = 3;  // 2.0 to 2.4
};

struct SyntheticImage {
  std::string name;  // psp_13_0_0_sos.bin
  std::vector<std::byte> content;
};

// The six images of a Navi31. The same seed gives the same bytes.
std::vector<SyntheticImage> make_navi31_images(const SyntheticVersions& versions = {},
                                               std::uint64_t seed = 1);

// One payload: what the card receives. `kind` is a PSP_FW_TYPE for the boot chain and the table of
// contents, 0x10000 | GFX_FW_TYPE for everything the running security processor loads.
std::vector<std::byte> make_payload(std::uint32_t kind, std::size_t body_size,
                                    std::uint32_t version, std::uint64_t seed);

}  // namespace redbolt::tools
