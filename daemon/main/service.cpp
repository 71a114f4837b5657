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
#include "log.hpp"
#include "main/boot_log.hpp"
#include "main/device_factory.hpp"
#include "main/system/inherited_socket.hpp"
#include "main/system/notifier.hpp"
#include "main/system/watchdog.hpp"
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
  StopEvent(asio::io_context& context, SocketFile& socket, ServiceNotifier& notifier)
      : signals_(context, SIGTERM, SIGINT),
        happened_(context, asio::steady_timer::time_point::max()),
        socket_(socket),
        notifier_(notifier) {
    signals_.async_wait([this](const boost::system::error_code& error, int) {
      if (!error) trigger();
    });
  }

  // From then on clients are no longer invited, and the process ends within the deadline.
  void trigger() {
    if (triggered_) return;
    triggered_ = true;
    notifier_.stopping();
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
  ServiceNotifier& notifier_;
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
  const Log& log;
  ServiceNotifier& notifier;
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
  BootLog(service.log).summary(summary);
  if (service.stop.triggered()) co_return;  // asked to stop while the card was booting

  ServerOptions server_options;
  server_options.daemon_version = "redboltd " REDBOLT_VERSION;
  server_options.log = service.log;
  Server server(service.context.get_executor(), service.socket, service.device,
                std::move(server_options));
  asio::co_spawn(service.context, server.serve(), asio::detached);
  service.log.info(LogPart::service, "listening on " + service.socket.path().string());
  service.notifier.ready(card_text(summary.card));
  if (const auto interval = service.notifier.watchdog_interval())
    asio::co_spawn(service.context, feed_watchdog(service.notifier, service.device, *interval),
                   asio::detached);
  if (service.options.ready_fd) announce(*service.options.ready_fd);
  co_await service.stop.wait();
  co_await server.stop();
}

asio::awaitable<void> serve_and_end(Service& service, const DeviceChoice& choice,
                                    std::exception_ptr& failure) {
  try {
    co_await serve(service, choice);
  } catch (const std::exception& error) {
    service.notifier.status(error.what());
    failure = std::current_exception();
  }
  service.context.stop();
}

}  // namespace

void run_service(const Options& options, const Environment& environment) {
  check_open(options.ready_fd, "--ready-fd");
  check_open(options.exit_with_fd, "--exit-with-fd");
  std::signal(SIGPIPE, SIG_IGN);  // whoever read the log or waited for "ready" may be gone
  LogLevels levels(options.quiet ? LogLevel::error : LogLevel::info);
  if (!options.log.empty()) levels.apply(options.log);
  const Log log(levels, style_of_standard_error(environment("JOURNAL_STREAM")), STDERR_FILENO);
  ServiceNotifier notifier(environment);
  auto inherited = inherited_socket(environment);
  SocketFile socket = inherited ? SocketFile(std::move(*inherited)) : SocketFile(options.socket);
  const DeviceChoice choice = choose_device({options.device, options.firmware, options.arena,
                                             [&log, &notifier](const driver::BootStep& step) {
                                               BootLog(log).step(step);
                                               notifier.status("booting: " + step.name + " done");
                                             }});
  asio::io_context context(1);
  std::exception_ptr failure;
  {
    DeviceThread device;  // its end is the end of the card
    StopEvent stop(context, socket, notifier);
    std::optional<asio::posix::stream_descriptor> pipe;
    if (options.exit_with_fd) {
      pipe.emplace(context, *options.exit_with_fd);
      asio::co_spawn(context, watch_pipe(*pipe, stop), asio::detached);
    }
    Service service{options, log, notifier, context, socket, device, stop};
    asio::co_spawn(context, serve_and_end(service, choice, failure), asio::detached);
    context.run();
  }
  if (failure) std::rethrow_exception(failure);
  log.info(LogPart::service, "stopped");
}

}  // namespace redbolt::daemon
