#include "main/service.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>

#include "device_thread.hpp"
#include "main/boot_log.hpp"
#include "main/device_factory.hpp"
#include "server.hpp"
#include "socket_file.hpp"

namespace redbolt::daemon {
namespace {

namespace asio = boost::asio;
constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);

// A card that does not answer must not keep the process from ending.
constexpr unsigned stop_deadline_seconds = 4;

void end_at_once(int) {
  constexpr char message[] = "redboltd: the card did not stop in time; ending anyway\n";
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, message, sizeof message - 1);
  ::_exit(1);
}

// The reasons to stop, as one event.
class StopEvent {
 public:
  explicit StopEvent(asio::io_context& context, SocketFile& socket)
      : signals_(context, SIGTERM, SIGINT),
        happened_(context, asio::steady_timer::time_point::max()),
        socket_(socket) {
    signals_.async_wait([this](const boost::system::error_code& error, int) {
      if (!error) trigger();
    });
  }

  // From then on clients are no longer invited, and the process ends within the deadline.
  void trigger() {
    if (triggered_) return;
    triggered_ = true;
    socket_.close();
    std::signal(SIGALRM, end_at_once);
    ::alarm(stop_deadline_seconds);
    happened_.cancel();
  }

  bool triggered() const { return triggered_; }

  asio::awaitable<void> wait() {
    while (!triggered_) co_await happened_.async_wait(as_tuple);
    signals_.cancel();
  }

 private:
  asio::signal_set signals_;
  asio::steady_timer happened_;
  SocketFile& socket_;
  bool triggered_ = false;
};

asio::awaitable<void> watch_pipe(asio::posix::stream_descriptor& pipe, StopEvent& stop) {
  std::array<char, 64> ignored;
  for (;;) {
    const auto [error, size] = co_await pipe.async_read_some(asio::buffer(ignored), as_tuple);
    if (error == asio::error::operation_aborted) co_return;
    if (error) break;
  }
  stop.trigger();
}

void check_open(const std::optional<int>& descriptor, const char* flag) {
  if (descriptor && ::fcntl(*descriptor, F_GETFD) < 0) {
    throw UsageError(std::string(flag) + " " + std::to_string(*descriptor) +
                     ": no such descriptor is open");
  }
}

void announce(int descriptor) {
  constexpr char message[] = "ready\n";
  [[maybe_unused]] const auto written = ::write(descriptor, message, sizeof message - 1);
  ::close(descriptor);
}

struct Service {
  const Options& options;
  BootLog& log;
  asio::io_context& context;
  SocketFile& socket;
  DeviceThread& device;
  StopEvent& stop;
};

asio::awaitable<void> serve(Service& service, const DeviceChoice& choice) {
  DeviceOptions device_options;
  device_options.hang_timeout = service.options.hang_timeout.value_or(choice.hang_timeout);
  device_options.emulated = choice.emulated;
  co_await service.device.boot(choice.factory, device_options);
  const auto summary = co_await service.device.run([](Device& device) {
    return BootSummary{device.info(), device.boot_report(), device.arena_status().size};
  });
  service.log.summary(summary);
  if (service.stop.triggered()) co_return;  // asked to stop while the card was booting

  ServerOptions server_options;
  server_options.daemon_version = "redboltd " REDBOLT_VERSION;
  server_options.log = [&log = service.log](const std::string& line) { log.line(line); };
  Server server(service.context.get_executor(), service.socket, service.device,
                std::move(server_options));
  asio::co_spawn(service.context, server.serve(), asio::detached);
  service.log.line("listening on " + service.socket.path().string());
  if (service.options.ready_fd) announce(*service.options.ready_fd);
  co_await service.stop.wait();
  co_await server.stop();
}

asio::awaitable<void> serve_and_end(Service& service, const DeviceChoice& choice,
                                    std::exception_ptr& failure) {
  try {
    co_await serve(service, choice);
  } catch (...) {
    failure = std::current_exception();
  }
  service.context.stop();
}

}  // namespace

void run_service(const Options& options) {
  check_open(options.ready_fd, "--ready-fd");
  check_open(options.exit_with_fd, "--exit-with-fd");
  std::signal(SIGPIPE, SIG_IGN);  // whoever read the log or waited for "ready" may be gone
  BootLog log(options.quiet);
  SocketFile socket(options.socket);
  const DeviceChoice choice =
      choose_device({options.device, options.firmware, options.arena,
                     [&log](const driver::BootStep& step) { log.step(step); }});
  asio::io_context context(1);
  std::exception_ptr failure;
  {
    DeviceThread device;  // its end is the end of the card
    StopEvent stop(context, socket);
    std::optional<asio::posix::stream_descriptor> pipe;
    if (options.exit_with_fd) {
      pipe.emplace(context, *options.exit_with_fd);
      asio::co_spawn(context, watch_pipe(*pipe, stop), asio::detached);
    }
    Service service{options, log, context, socket, device, stop};
    asio::co_spawn(context, serve_and_end(service, choice, failure), asio::detached);
    context.run();
  }
  if (failure) std::rethrow_exception(failure);
  log.line("stopped");
}

}  // namespace redbolt::daemon
