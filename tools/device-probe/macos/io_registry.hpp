// The part of macOS's I/O registry that the probe looks at, as plain values: so that what is made
// of it can be tested anywhere, and only one file calls IOKit.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace redbolt::probe {

struct IoEntry {
  std::string name;                              // "display@0"
  std::map<std::string, std::uint64_t> numbers;  // numbers, booleans, and data of 1 to 8 bytes
  std::map<std::string, std::string> texts;
  std::vector<std::string> driver_bundles;  // bundle identifiers of what matched below it
};

class IoRegistry {
 public:
  virtual ~IoRegistry() = default;
  // All entries of this class ("IOPCIDevice"), with the entries below them looked through for
  // drivers. Empty when there are none.
  virtual std::vector<IoEntry> entries(const std::string& io_class) = 0;
};

// This machine's. Only on macOS.
std::unique_ptr<IoRegistry> system_io_registry();

}  // namespace redbolt::probe
