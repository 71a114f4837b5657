#include "main/system/notifier.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstring>

namespace redbolt::daemon {
namespace {

std::string_view text_of(const Environment& environment, const char* name) {
  const char* value = environment(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

std::optional<long long> number_of(const Environment& environment, const char* name) {
  const std::string_view text = text_of(environment, name);
  long long value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::chrono::microseconds> interval_of(const Environment& environment) {
  const auto limit = number_of(environment, "WATCHDOG_USEC");
  const auto process = number_of(environment, "WATCHDOG_PID");
  if (!limit || *limit < 2 || (process && *process != ::getpid())) return std::nullopt;
  return std::chrono::microseconds(*limit / 2);
}

FileDescriptor datagram_socket() {
  FileDescriptor socket(::socket(AF_UNIX, SOCK_DGRAM, 0));
  if (socket.valid()) ::fcntl(socket.get(), F_SETFD, FD_CLOEXEC);
  return socket;
}

// A status is one line.
std::string one_line(std::string_view text) {
  std::string line(text);
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line;
}

}  // namespace

ServiceNotifier::ServiceNotifier(const Environment& environment) {
  const std::string_view name = text_of(environment, "NOTIFY_SOCKET");
  // A path, or the name of an abstract socket after '@'.
  if (name.size() < 2 || (name[0] != '/' && name[0] != '@') ||
      name.size() >= sizeof address_.sun_path)
    return;
  address_.sun_family = AF_UNIX;
  std::memcpy(address_.sun_path, name.data(), name.size());
  if (name[0] == '@') address_.sun_path[0] = '\0';
  length_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() +
                                   (name[0] == '@' ? 0 : 1));
  socket_ = datagram_socket();
  watchdog_interval_ = interval_of(environment);
}

void ServiceNotifier::tell(std::string_view lines) const {
  if (!active()) return;
  // A manager that does not read must not hold the daemon up; a lost line is no loss.
  ::sendto(socket_.get(), lines.data(), lines.size(), MSG_DONTWAIT,
           reinterpret_cast<const sockaddr*>(&address_), length_);
}

void ServiceNotifier::ready(std::string_view status) {
  tell("READY=1\nSTATUS=" + one_line(status) + "\n");
}

void ServiceNotifier::status(std::string_view text) {
  tell("STATUS=" + one_line(text) + "\n");
}

void ServiceNotifier::stopping() {
  tell("STOPPING=1\nSTATUS=stopping\n");
}

void ServiceNotifier::alive() {
  tell("WATCHDOG=1\n");
}

}  // namespace redbolt::daemon
