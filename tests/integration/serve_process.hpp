// redbolt-llm serve on an emulated card of its own, at a port that is free.
#pragma once

#include <signal.h>
#include <sys/wait.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "daemon_process.hpp"
#include "http_client.hpp"
#include "program.hpp"

namespace redbolt::test {

inline std::string demo_model() {
  return std::string(REDBOLT_DEMO_MODEL) + "/redbolt-demo-Q4_K_M.gguf";
}

class ServeProcess {
 public:
  static constexpr std::chrono::seconds kPatience{120};

  // `models`: the options that say what is served; `more`: the others.
  explicit ServeProcess(const std::vector<std::string>& more = {},
                        const std::vector<std::string>& models = {"-m", demo_model(), "--alias",
                                                                  "demo"}) {
    std::vector<std::string> arguments{"serve", "--socket", daemon_.socket(), "--port", "0"};
    arguments.insert(arguments.end(), models.begin(), models.end());
    arguments.insert(arguments.end(), more.begin(), more.end());
    pid_ = start_program(program_path("redbolt-llm"), arguments, "/dev/null",
                         folder_.path() / "out", folder_.path() / "log");
    port_ = wait_for_port();
    wait_until_ready();
  }
  ~ServeProcess() {
    if (pid_ > 0) stop(SIGKILL);
  }
  ServeProcess(const ServeProcess&) = delete;
  ServeProcess& operator=(const ServeProcess&) = delete;

  // The exit code; 128 + signal if one ended it.
  int stop(int signal) {
    ::kill(pid_, signal);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  std::uint16_t port() const { return port_; }
  std::string log() const { return read_file(folder_.path() / "log"); }
  Reply chat(const Json& body) const {
    return ask(port_, post("/v1/chat/completions", body.dump()));
  }
  DaemonProcess& daemon() { return daemon_; }

 private:
  using Clock = std::chrono::steady_clock;

  std::uint16_t wait_for_port() const {
    const std::string before = "listening at http://127.0.0.1:";
    for (const auto end = Clock::now() + kPatience; Clock::now() < end;) {
      const std::string text = log();
      const auto found = text.find(before);
      if (found != std::string::npos && text.find('\n', found) != std::string::npos) {
        return static_cast<std::uint16_t>(std::stoi(text.substr(found + before.size())));
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    throw std::runtime_error("redbolt-llm serve does not listen: " + log());
  }
  void wait_until_ready() const {
    for (const auto end = Clock::now() + kPatience; Clock::now() < end;) {
      if (ask(port_, get("/health")).status == 200) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    throw std::runtime_error("what is served is not loaded in time: " + log());
  }

  DaemonProcess daemon_;
  TemporaryFolder folder_;
  pid_t pid_ = -1;
  std::uint16_t port_ = 0;
};

}  // namespace redbolt::test
