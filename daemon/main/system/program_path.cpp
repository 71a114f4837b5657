#include "main/system/program_path.hpp"

#ifdef __APPLE__
#include <mach-o/dyld.h>

#include <cstdint>
#include <string>
#endif

namespace redbolt::daemon {
#ifdef __APPLE__

std::filesystem::path program_path() {
  std::uint32_t size = 0;
  ::_NSGetExecutablePath(nullptr, &size);
  std::string path(size, '\0');
  ::_NSGetExecutablePath(path.data(), &size);
  return std::filesystem::canonical(path.c_str());
}

#else

std::filesystem::path program_path() {
  return std::filesystem::canonical("/proc/self/exe");
}

#endif
}  // namespace redbolt::daemon
