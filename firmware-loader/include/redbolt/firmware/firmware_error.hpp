// What can be wrong with firmware files, as one exception type.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace redbolt::firmware {

enum class FirmwareErrorCode : std::uint8_t {
  missing,              // no folder holds the file
  unreadable,           // the file is there but cannot be read or decompressed
  truncated,            // shorter than its own header says
  bad_header,           // sizes or offsets in the header contradict each other
  unsupported_version,  // a header version this loader has no table for
  overlap,              // two pieces claim the same bytes
  missing_piece,        // the file is sound but lacks a piece the chip needs
};

// The stable text form of a code, for logs and tests ("bad_header").
const char* to_string(FirmwareErrorCode code);

// what() is one sentence that names the file, the fault and what to do.
class FirmwareError : public std::runtime_error {
 public:
  FirmwareError(FirmwareErrorCode code, std::string file, const std::string& fault);
  FirmwareErrorCode code() const { return code_; }
  const std::string& file() const { return file_; }

 private:
  FirmwareErrorCode code_;
  std::string file_;
};

}  // namespace redbolt::firmware
