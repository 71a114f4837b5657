// redbolt-emulator.
//
// Threads: this one waits for signals and writes the counters; the server and the card have their
// own.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>

#include "counters_file.hpp"
#include "options.hpp"
#include "redbolt/base/file_descriptor.hpp"
#include "redbolt/emulator/card.hpp"
#include "redbolt/emulator/server.hpp"

namespace {

using namespace redbolt::emulator;

int signal_pipe = -1;

extern "C" void on_signal(int number) {
  const int error = errno;
  const auto byte = static_cast<unsigned char>(number);
  [[maybe_unused]] const auto written = ::write(signal_pipe, &byte, 1);
  errno = error;
}

// Signals as something to wait for.
class Signals {
 public:
  Signals() {
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error("a pipe cannot be had");
    read_ = redbolt::FileDescriptor(ends[0]);
    write_ = redbolt::FileDescriptor(ends[1]);
    for (const int end : ends) {
      ::fcntl(end, F_SETFD, FD_CLOEXEC);
      ::fcntl(end, F_SETFL, O_NONBLOCK);
    }
    signal_pipe = write_.get();
    std::signal(SIGPIPE, SIG_IGN);  // whoever read the log or waited for "ready" may be gone
    for (const int number : {SIGTERM, SIGINT, SIGUSR1}) {
      struct sigaction action {};
      action.sa_handler = on_signal;
      ::sigaction(number, &action, nullptr);
    }
  }

  // The signal that came, or 0 when none did within a second.
  int next() {
    pollfd state{read_.get(), POLLIN, 0};
    ::poll(&state, 1, 1000);
    unsigned char byte = 0;
    return ::read(read_.get(), &byte, 1) == 1 ? byte : 0;
  }

 private:
  redbolt::FileDescriptor read_, write_;
};

void announce(const ProgramOptions& options, const Server& server) {
  for (const std::string& address : server.addresses())
    std::printf("redbolt-emulator: listening on %s\n", address.c_str());
  std::fflush(stdout);
  for (const ListenAddress& address : options.listen) {
    if (is_local(address)) continue;
    std::fputs(
        "redbolt-emulator: warning: other machines can reach this address, and whoever does has "
        "the card\n",
        stderr);
  }
  if (!options.ready_fd) return;
  constexpr char message[] = "ready\n";
  [[maybe_unused]] const auto written = ::write(*options.ready_fd, message, sizeof message - 1);
  ::close(*options.ready_fd);
}

void check_open(const std::optional<int>& descriptor) {
  if (descriptor && ::fcntl(*descriptor, F_GETFD) < 0) {
    throw UsageError("--ready-fd " + std::to_string(*descriptor) + ": no such descriptor is open");
  }
}

void run(const ProgramOptions& options) {
  check_open(options.ready_fd);
  Signals signals;
  std::optional<AccessTrace> trace;
  if (!options.trace.empty()) trace.emplace(options.trace);
  Card card(options.card);
  ServerOptions server_options;
  server_options.limits = options.limits;
  server_options.bar0_is_fixed = options.bar0_is_fixed;
  server_options.trace = trace ? &*trace : nullptr;
  server_options.log = [quiet = options.quiet](const std::string& line) {
    if (!quiet) std::fprintf(stderr, "redbolt-emulator: %s\n", line.c_str());
  };
  Server server(card, options.listen, server_options);
  const auto record = [&] {
    if (!options.counters.empty()) write_counters(options.counters, server.counters());
    if (trace) trace->flush();
  };
  record();  // a file that cannot be written is found out now
  announce(options, server);
  for (int signal = 0; signal != SIGTERM && signal != SIGINT; record()) signal = signals.next();
  if (trace && !trace->complete()) throw std::runtime_error("the trace could not be written whole");
}

}  // namespace

int main(int argc, char** argv) try {
  const std::span<const char* const> arguments(argv + 1,
                                               static_cast<std::size_t>(std::max(argc - 1, 0)));
  const ProgramOptions options = parse_program_options(
      arguments, [](const char* name) -> const char* { return std::getenv(name); });
  if (options.help) {
    std::fputs(program_help().c_str(), stdout);
    return 0;
  }
  if (options.version) {
    std::puts("redbolt-emulator " REDBOLT_VERSION);
    return 0;
  }
  run(options);
  return 0;
} catch (const UsageError& error) {
  std::fprintf(stderr, "redbolt-emulator: %s\n", error.what());
  return 2;
} catch (const EmulatorError& error) {
  std::fprintf(stderr, "redbolt-emulator: %s\n", error.what());
  return error.code() == EmulatorErrorCode::no_host_resource ? 1 : 2;
} catch (const std::exception& error) {
  std::fprintf(stderr, "redbolt-emulator: %s\n", error.what());
  return 1;
}
