#include "served_card.hpp"

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <thread>

#include "program.hpp"
#include "redbolt/base/file_descriptor.hpp"

namespace redbolt::test {
namespace {

constexpr std::string_view emulated = "emulated";

bool accepts_connections(const std::filesystem::path& path) {
  const FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
}

}  // namespace

ServedCard::ServedCard(const std::string& options, Way way) : options_(options), way_(way) {
  address_ = way == Way::tcp ? "tcp:127.0.0.1:0" : "unix:" + socket().string();
  start();
}

ServedCard::~ServedCard() {
  kill();
}

void ServedCard::start() {
  std::vector<std::string> arguments{"--listen", address_};
  if (!options_.empty()) arguments.insert(arguments.end(), {"--card", options_});
  const auto log = folder_.path() / "log";
  const auto said = folder_.path() / "said";
  pid_ = start_program(program_path("redbolt-emulator"), arguments, "/dev/null", said, log);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  const auto listens = [&] {
    if (way_ == Way::unix_socket) return accepts_connections(socket());
    const std::string line = read_file(said);
    const std::size_t at = line.find("tcp:");
    if (at == std::string::npos || line.find('\n', at) == std::string::npos) return false;
    address_ = line.substr(at, line.find('\n', at) - at);
    return true;
  };
  while (!listens()) {
    if (::waitpid(pid_, nullptr, WNOHANG) == pid_) {
      pid_ = -1;
      throw std::runtime_error("redbolt-emulator ended: " + read_file(log));
    }
    if (std::chrono::steady_clock::now() > deadline) {
      kill();
      throw std::runtime_error("redbolt-emulator does not answer: " + read_file(log));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

void ServedCard::kill() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

bool served_cards_wanted() {
  const char* const wanted = std::getenv("REDBOLT_TEST_SERVED");
  return wanted != nullptr && std::string_view(wanted) == "1";
}

CardForTest::CardForTest(const std::string& spec) : spec_(spec) {
  if (!served_cards_wanted() || !spec.starts_with(emulated)) return;
  const std::size_t colon = spec.find(':');
  server_ = std::make_unique<ServedCard>(colon == std::string::npos ? "" : spec.substr(colon + 1));
  spec_ = server_->spec();
}

}  // namespace redbolt::test
