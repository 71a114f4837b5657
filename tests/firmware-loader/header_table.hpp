// amdgpu's firmware header structs as the reference table lists them: the tests' own source of
// where a field stands.
#pragma once

#include <cstddef>
#include <string>

namespace redbolt::firmware {

// Byte offset of a field such as ("imu_firmware_header_v1_0", "imu_dram_ucode_size_bytes");
// "(total)" is the struct's size. Matches the field's last component, so that nested structs
// ("v2_2.v2_1.v2_0.jt_offset") need no spelling out. Throws when there is none.
std::size_t header_field(const std::string& structure, const std::string& field);

}  // namespace redbolt::firmware
