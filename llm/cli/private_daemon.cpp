#include "cli/private_daemon.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <system_error>
#include <thread>
#include <vector>

#ifdef __APPLE__
#include <mach-o/dyld.h>
#endif

#include "cli/interrupt.hpp"
#include "redbolt/base/file_descriptor.hpp"
#include "redbolt/llm/error.hpp"

namespace redbolt::llm::cli {
namespace {

constexpr std::chrono::seconds kStartTimeout{60};
constexpr std::chrono::seconds kStopTimeout{10};
constexpr std::chrono::milliseconds kLook{10};
// What fits into a socket address on every system, with the name of the socket behind it.
constexpr std::size_t kLongestFolder = 80;

LlmError daemon_error(const std::string& message) {
  return {ErrorCode::daemon, message};
}

std::filesystem::path own_path() {
#ifdef __APPLE__
  std::array<char, 4096> buffer{};
  std::uint32_t size = buffer.size();
  if (_NSGetExecutablePath(buffer.data(), &size) != 0)
    throw daemon_error("cannot find this program's own path");
  return std::filesystem::canonical(buffer.data());
#else
  return std::filesystem::canonical("/proc/self/exe");
#endif
}

std::filesystem::path find_daemon() {
  const std::filesystem::path path = own_path().parent_path() / "redboltd";
  if (!std::filesystem::exists(path)) {
    throw daemon_error("redboltd is not next to this program (" + path.string() +
                       "); install both, or start a daemon and give its --socket");
  }
  return path;
}

// A new folder that only this user can enter.
std::filesystem::path make_folder() {
  std::error_code error;
  std::filesystem::path base = std::filesystem::temp_directory_path(error);
  if (error || base.native().size() > kLongestFolder) base = "/tmp";
  std::string pattern = (base / "redbolt-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) {
    throw daemon_error("cannot create a folder in " + base.string() + ": " + std::strerror(errno));
  }
  return pattern;
}

struct Pipe {
  FileDescriptor read_end, write_end;
};

// Both ends are closed in a program that is started, unless it is told otherwise.
Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0)
    throw daemon_error(std::string("cannot create a pipe: ") + std::strerror(errno));
  Pipe result{FileDescriptor(ends[0]), FileDescriptor(ends[1])};
  for (const int end : ends) fcntl(end, F_SETFD, FD_CLOEXEC);
  return result;
}

// What the daemon inherits: where it writes, where it says that it is ready, and the pipe that
// tells it when to end.
struct Inherited {
  int log, ready, alive;
};

// What happens in the child between fork and exec; only calls that are safe there.
[[noreturn]] void become_daemon(const std::vector<char*>& arguments, const Inherited& inherited) {
  // Ctrl-C in the terminal is for the client, which then ends the daemon in order.
  setpgid(0, 0);
  signal(SIGPIPE, SIG_DFL);
  const int nothing = open("/dev/null", O_RDONLY);
  const bool redirected = nothing >= 0 && dup2(nothing, STDIN_FILENO) >= 0 &&
                          dup2(inherited.log, STDOUT_FILENO) >= 0 &&
                          dup2(inherited.log, STDERR_FILENO) >= 0;
  const bool kept =
      fcntl(inherited.ready, F_SETFD, 0) == 0 && fcntl(inherited.alive, F_SETFD, 0) == 0;
  if (redirected && kept) execv(arguments.front(), arguments.data());
  _exit(127);
}

}  // namespace

PrivateDaemon::PrivateDaemon(const PrivateDaemonOptions& options) : folder_(make_folder()) {
  try {
    wait_until_ready(start(options));
  } catch (...) {
    stop();
    throw;
  }
}

PrivateDaemon::~PrivateDaemon() {
  stop();
}

FileDescriptor PrivateDaemon::start(const PrivateDaemonOptions& options) {
  Pipe ready = make_pipe();
  Pipe alive = make_pipe();
  std::vector<std::string> words = {find_daemon().string(),
                                    "--device",
                                    options.device,
                                    "--socket",
                                    socket().string(),
                                    "--ready-fd",
                                    std::to_string(ready.write_end.get()),
                                    "--exit-with-fd",
                                    std::to_string(alive.read_end.get())};
  if (!options.firmware.empty()) {
    words.insert(words.end(), {"--firmware", options.firmware.string()});
  }
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const FileDescriptor log(
      open((folder_ / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!log.valid())
    throw daemon_error("cannot write in " + folder_.string() + ": " + std::strerror(errno));
  process_ = fork();
  if (process_ < 0)
    throw daemon_error(std::string("cannot start redboltd: ") + std::strerror(errno));
  if (process_ == 0) {
    become_daemon(arguments, {log.get(), ready.write_end.get(), alive.read_end.get()});
  }
  alive_ = std::move(alive.write_end);
  return std::move(ready.read_end);
}

void PrivateDaemon::wait_until_ready(const FileDescriptor& ready) {
  const auto deadline = std::chrono::steady_clock::now() + kStartTimeout;
  while (std::chrono::steady_clock::now() < deadline) {
    check_interrupt();
    pollfd readable{ready.get(), POLLIN, 0};
    if (poll(&readable, 1, static_cast<int>(kLook.count())) <= 0) continue;
    char first = 0;
    if (read(ready.get(), &first, 1) == 1) return;
    // The daemon's end is closed without a word: it has ended, or is about to.
    throw daemon_error("redboltd ended before it was ready:\n" + last_words());
  }
  throw daemon_error("redboltd was not ready after " + std::to_string(kStartTimeout.count()) +
                     " s:\n" + last_words());
}

bool PrivateDaemon::has_ended() noexcept {
  if (process_ < 0) return true;
  if (waitpid(process_, &exit_status_, WNOHANG) != process_) return false;
  process_ = -1;
  return true;
}

void PrivateDaemon::stop() noexcept {
  if (process_ > 0) {
    kill(process_, SIGTERM);
    const auto deadline = std::chrono::steady_clock::now() + kStopTimeout;
    while (!has_ended() && std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(kLook);
    if (process_ > 0) {
      kill(process_, SIGKILL);
      waitpid(process_, &exit_status_, 0);
    }
  }
  hide();
}

void PrivateDaemon::hide() noexcept {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string PrivateDaemon::last_words() const {
  constexpr std::size_t kMost = 2000;
  std::ifstream file(folder_ / "log", std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (text.size() > kMost) text.erase(0, text.size() - kMost);
  while (text.ends_with('\n')) text.pop_back();
  return text.empty() ? "(it wrote nothing)" : text;
}

}  // namespace redbolt::llm::cli
