#include "counters_file.hpp"

#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <system_error>

namespace redbolt::emulator {

void write_counters(const std::filesystem::path& path,
                    const std::map<std::string, std::uint64_t>& counters) {
  // Beside it, so that it is on the same file system.
  std::filesystem::path beside = path;
  beside += '.';
  beside += std::to_string(::getpid());
  std::ofstream file(beside, std::ios::trunc);
  const char* separator = "{\n";
  for (const auto& [name, value] : counters) {
    file << separator << "  \"" << name << "\": " << value;
    separator = ",\n";
  }
  file << "\n}\n";
  file.close();
  std::error_code error;
  if (file) std::filesystem::rename(beside, path, error);
  if (file && !error) return;
  const std::error_code reason = error ? error : std::error_code(errno, std::generic_category());
  std::filesystem::remove(beside, error);
  throw std::system_error(reason, "the counters " + path.string() + " cannot be written");
}

}  // namespace redbolt::emulator
