#include "reset.hpp"

#include <unistd.h>

#include <array>
#include <chrono>
#include <string>
#include <thread>

#include "lock_files.hpp"
#include "redbolt/client/connection.hpp"
#include "socket_file.hpp"

namespace redbolt::lock_reset {
namespace {

using client::LeaseHolder;
using tools::ExitCode;
using Clock = std::chrono::steady_clock;
constexpr auto look_interval = std::chrono::milliseconds(50);
constexpr const char* reason = "asked by redbolt-lock-reset";

class Report {
 public:
  Report(std::FILE* output, bool dry_run) : output_(output), dry_run_(dry_run) {}
  void say(const std::string& line) const {
    std::fprintf(output_, "%s\n", line.c_str());
    std::fflush(output_);
  }
  // What is about to be done; whether it is to be done.
  bool act(const std::string& what) const {
    say(dry_run_ ? "would now " + what : "now: " + what);
    return !dry_run_;
  }

 private:
  std::FILE* output_;
  bool dry_run_;
};

std::string duration_text(double seconds) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.0f s", seconds);
  return text.data();
}

std::string megabytes(Bytes size) {
  return std::to_string(size.count() >> 20) + " MiB";
}

std::string describe(const LeaseHolder& holder) {
  std::string text = holder.command;
  text += " (pid " + std::to_string(holder.pid) + ", uid " + std::to_string(holder.uid) + "), for ";
  text += duration_text(holder.age_seconds) + ", with " + megabytes(holder.arena_bytes) +
          " of video memory";
  return text;
}

bool still_holds(const client::DeviceStatus& status, client::LeaseId lease) {
  return status.holder && status.holder->lease == lease;
}

// Whether the lease has ended before the deadline.
bool wait_for_end(client::Connection& connection, client::LeaseId lease,
                  Clock::time_point deadline) {
  while (still_holds(connection.status(), lease)) {
    if (Clock::now() >= deadline) return false;
    std::this_thread::sleep_for(look_interval);
  }
  return true;
}

ExitCode let_go(client::Connection& connection, const Report& report) {
  const auto holder = connection.status().holder;
  report.say(holder ? "it has let go; the next in line has the card: " + describe(*holder)
                    : "it has let go; nobody holds the card");
  return ExitCode::ok;
}

ExitCode force_reset(client::Connection& connection, const Report& report,
                     const std::string& what) {
  if (!report.act(what)) return ExitCode::ok;
  const client::BootReport boot = connection.reset_card(true, reason);
  report.say("the card was reset and is ready, " + duration_text(boot.seconds) + " for its boot");
  return ExitCode::ok;
}

ExitCode take_back(client::Connection& connection, const LeaseHolder& holder,
                   const Options& options, const Report& report) {
  if (holder.uid != ::geteuid()) {
    report.say("that is another user's lease; only uid " + std::to_string(holder.uid) +
               " can end it");
    return ExitCode::permission;
  }
  if (report.act("ask it to let go, and wait for " +
                 duration_text(std::chrono::duration<double>(options.wait).count()))) {
    const auto deadline = Clock::now() + options.wait;
    try {
      connection.ask_release(holder.lease, reason);
    } catch (const client::ClientError& error) {
      // In the meantime it has.
      if (error.code() != client::ClientErrorCode::not_found) throw;
    }
    if (wait_for_end(connection, holder.lease, deadline)) return let_go(connection, report);
    report.say("it does not let go");
  }
  const std::string what = "take the card away from it, end its work, and reset the card";
  if (options.force) return force_reset(connection, report, what);
  report.say("with --force: " + what);
  return options.force || options.dry_run ? ExitCode::ok : ExitCode::busy;
}

ExitCode look_at_daemon(const Options& options, const Report& report) {
  client::Connection connection({options.socket, "redbolt-lock-reset"});
  const client::DeviceStatus status = connection.status();
  report.say(connection.daemon_version() + " on " + options.socket.string() + " has " +
             connection.device().bus_name);
  for (const LeaseHolder& waiting : status.waiting) report.say("waiting: " + describe(waiting));
  if (status.holder) {
    report.say("held by " + describe(*status.holder));
    return take_back(connection, *status.holder, options, report);
  }
  report.say("nobody holds the card");
  if (status.state == "ready") {
    report.say("nothing is wrong");
    return ExitCode::ok;
  }
  report.say("the card is not usable: " + status.state);
  if (options.force) return force_reset(connection, report, "reset the card");
  report.say("with --force: reset the card");
  return options.dry_run ? ExitCode::ok : ExitCode::other;
}

ExitCode look_at_socket(const Options& options, const Report& report) {
  const std::string path = options.socket.string();
  switch (daemon::look_at_socket(options.socket)) {
    case SocketFileState::absent:
      report.say("no daemon: there is no socket " + path);
      return ExitCode::ok;
    case SocketFileState::not_a_socket:
      report.say(path + " is not a socket; it is left alone");
      return ExitCode::other;
    case SocketFileState::alive:
      return look_at_daemon(options, report);
    case SocketFileState::dead:
      report.say("no daemon: " + path + " is what one that was killed left behind");
      if (report.act("remove it") && !daemon::remove_if_dead(options.socket))
        report.say("a daemon has taken its place in the meantime; it is left alone");
      return ExitCode::ok;
  }
  return ExitCode::other;
}

// Other programs that drive cards of this kind from user space.
ExitCode look_at_lock_files(const Options& options, const Report& report) {
  ExitCode code = ExitCode::ok;
  for (const LockFile& file : find_lock_files(options.lock_folder)) {
    if (!file.holder) {
      report.say(file.path.string() + ": held by nobody, keeps nobody out, is left");
      continue;
    }
    const bool is_ours = file.program == "redboltd";
    report.say(file.path.string() + ": held by " +
               (file.program.empty() ? "a program" : file.program) + " (pid " +
               std::to_string(*file.holder) + ")" +
               (is_ours ? "" : ", which drives a card; end it to free that card"));
    if (!is_ours) code = ExitCode::busy;
  }
  return code;
}

}  // namespace

ExitCode reset_lock(const Options& options, std::FILE* output) {
  const Report report(output, options.dry_run);
  const ExitCode daemon = look_at_socket(options, report);
  const ExitCode others = look_at_lock_files(options, report);
  return daemon != ExitCode::ok ? daemon : others;
}

}  // namespace redbolt::lock_reset
