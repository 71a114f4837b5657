#include "daemon_process.hpp"

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <chrono>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "program.hpp"
#include "redbolt/base/file_descriptor.hpp"
#include "redbolt/tools/synthetic_firmware.hpp"

namespace redbolt::test {
namespace {

using Clock = std::chrono::steady_clock;

bool accepts_connections(const std::filesystem::path& path) {
  const FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  return connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
}

}  // namespace

void write_firmware(const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  for (const auto& image : tools::make_navi31_images()) {
    std::ofstream file(folder / image.name, std::ios::binary);
    file.write(reinterpret_cast<const char*>(image.content.data()),
               static_cast<std::streamsize>(image.content.size()));
  }
}

DaemonProcess::DaemonProcess(const std::string& device,
                             const std::vector<std::string>& more_arguments)
    : card_(device) {
  write_firmware(firmware());
  arguments_ = {"--device", card_.spec(), "--socket", socket(), "--firmware", firmware()};
  // What interprets machine code takes its time, wherever it does it.
  if (card_.spec() != device) arguments_.insert(arguments_.end(), {"--hang-timeout", "300"});
  arguments_.insert(arguments_.end(), more_arguments.begin(), more_arguments.end());
  start();
}

void DaemonProcess::start() {
  pid_ = start_program(program_path("redboltd"), arguments_, "/dev/null", folder_.path() / "out",
                       folder_.path() / "err");
  const auto deadline = Clock::now() + std::chrono::minutes(1);
  while (!accepts_connections(socket())) {
    if (!is_running()) throw std::runtime_error("redboltd ended: " + log());
    if (Clock::now() > deadline) {
      stop();
      throw std::runtime_error("redboltd does not answer: " + log());
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

void DaemonProcess::kill() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

DaemonProcess::~DaemonProcess() {
  stop();
}

bool DaemonProcess::is_running() const {
  if (pid_ < 0) return false;
  siginfo_t info{};
  return waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == 0;
}

std::string DaemonProcess::log() const {
  return read_file(folder_.path() / "out") + read_file(folder_.path() / "err");
}

int DaemonProcess::stop() {
  if (pid_ < 0) return -1;
  ::kill(pid_, SIGTERM);
  const auto deadline = Clock::now() + std::chrono::seconds(10);
  while (is_running()) {
    if (Clock::now() > deadline) ::kill(pid_, SIGKILL);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace redbolt::test
