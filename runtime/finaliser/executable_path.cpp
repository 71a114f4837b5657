#include "finaliser/executable_path.hpp"

#include <string>
#include <system_error>

#ifdef __APPLE__
#include <mach-o/dyld.h>
#endif

namespace redbolt::runtime {

std::filesystem::path executable_path() {
  std::error_code error;
#ifdef __APPLE__
  std::uint32_t size = 0;
  _NSGetExecutablePath(nullptr, &size);
  std::string path(size, '\0');
  if (_NSGetExecutablePath(path.data(), &size) != 0) return {};
  auto result = std::filesystem::canonical(path.c_str(), error);
#else
  auto result = std::filesystem::read_symlink("/proc/self/exe", error);
#endif
  return error ? std::filesystem::path() : result;
}

}  // namespace redbolt::runtime
