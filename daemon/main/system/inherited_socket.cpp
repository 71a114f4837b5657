#include "main/system/inherited_socket.hpp"

#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <string_view>

#ifdef __APPLE__
#include <launch.h>
#endif

namespace redbolt::daemon {
#ifdef __APPLE__

// The key of the agent's Sockets dictionary (launchd_files()).
std::optional<FileDescriptor> inherited_socket(const Environment&) {
  int* descriptors = nullptr;
  std::size_t count = 0;
  if (::launch_activate_socket("Listeners", &descriptors, &count) != 0) return std::nullopt;
  std::optional<FileDescriptor> first;
  for (std::size_t i = 0; i < count; ++i) {
    FileDescriptor descriptor(descriptors[i]);
    if (!first) first = std::move(descriptor);
  }
  std::free(descriptors);
  return first;
}

#else
namespace {

constexpr int first_descriptor = 3;  // SD_LISTEN_FDS_START
constexpr int most_descriptors = 16;

int number_of(const Environment& environment, const char* name) {
  const char* text = environment(name);
  if (text == nullptr) return 0;
  const std::string_view view(text);
  int value = 0;
  const auto [end, error] = std::from_chars(view.data(), view.data() + view.size(), value);
  return error == std::errc() && end == view.data() + view.size() ? value : 0;
}

}  // namespace

std::optional<FileDescriptor> inherited_socket(const Environment& environment) {
  if (number_of(environment, "LISTEN_PID") != ::getpid()) return std::nullopt;
  const int count = number_of(environment, "LISTEN_FDS");
  if (count < 1 || count > most_descriptors) return std::nullopt;
  for (int i = 1; i < count; ++i) FileDescriptor(first_descriptor + i);
  return FileDescriptor(first_descriptor);
}

#endif

}  // namespace redbolt::daemon
