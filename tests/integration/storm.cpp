#include "storm.hpp"

#include <sys/wait.h>

#include <algorithm>
#include <optional>
#include <sstream>

#include "daemon_process.hpp"
#include "killed_clients.hpp"
#include "program.hpp"

namespace redbolt::test {
namespace {

using Clock = std::chrono::steady_clock;

enum class Blow : std::uint8_t { client, daemon, unplug };

constexpr auto longest_absence = std::chrono::minutes(1);  // of a card that was plugged in again

// RssAnon: memory of the process itself, in bytes.
std::uint64_t own_memory_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string name;
    std::uint64_t kibibytes = 0;
    if (words >> name >> kibibytes && name == "RssAnon:") return kibibytes << 10;
  }
  return 0;
}

class Storm {
 public:
  explicit Storm(const StormPlan& plan) : plan_(plan), random_(plan.seed) {}

  StormReport run() {
    const auto start = Clock::now();
    check();
    // Daemons first: what the last of them holds in the end is measured over everything else.
    strike(shuffled({{Blow::client, plan_.client_kills / 2}, {Blow::daemon, plan_.daemon_kills}}));
    for (int i = 0; i < 10; ++i) strike_client();
    report_.descriptors_before = settled_descriptors_of(daemon_.pid());
    report_.resident_before = own_memory_of(daemon_.pid());
    strike(shuffled({{Blow::client, plan_.client_kills - plan_.client_kills / 2},
                     {Blow::unplug, plan_.unplugs}}));
    report_.descriptors_after = settled_descriptors_of(daemon_.pid());
    report_.resident_after = own_memory_of(daemon_.pid());
    ask_model();
    if (!daemon_.is_running()) problem("the daemon ended by itself: " + daemon_.log());
    if (daemon_.stop() != 0) problem("the daemon did not stop cleanly");
    report_.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    return report_;
  }

 private:
  std::vector<Blow> shuffled(std::initializer_list<std::pair<Blow, unsigned>> counts) {
    std::vector<Blow> blows;
    for (const auto& [blow, count] : counts) blows.insert(blows.end(), count, blow);
    std::shuffle(blows.begin(), blows.end(), random_);
    return blows;
  }

  void strike(const std::vector<Blow>& blows) {
    for (const Blow blow : blows) {
      if (report_.problems.size() > 10) return;
      if (blow == Blow::client) strike_client();
      if (blow == Blow::daemon) strike_daemon();
      if (blow == Blow::unplug) strike_card();
      if (++done_ % 50 == 0) plan_.progress(std::to_string(done_) + " blows");
    }
  }

  pid_t start_victim() {
    const pid_t victim = ::fork();
    if (victim == 0) live(daemon_.socket(), static_cast<unsigned>(random_()));
    pause(60ms);
    return victim;
  }

  void end_victim(pid_t victim) {
    ::kill(victim, SIGKILL);
    ::waitpid(victim, nullptr, 0);
  }

  void strike_client() {
    end_victim(start_victim());
    check();
  }

  void strike_daemon() {
    const pid_t victim = start_victim();
    daemon_.kill();
    try {
      daemon_.start();
    } catch (const std::exception& error) {
      problem(std::string("the next daemon does not start: ") + error.what());
    }
    end_victim(victim);
    check();
  }

  void strike_card() {
    const pid_t victim = start_victim();
    card_.kill();
    pause(300ms);
    card_.start();
    end_victim(victim);
    if (!wait_until_ready()) problem("the card did not come back: " + daemon_.log());
    check();
  }

  void pause(std::chrono::microseconds longest) {
    std::this_thread::sleep_for(
        std::chrono::microseconds(random_() % static_cast<unsigned>(longest.count())));
  }

  // Until the daemon has noticed and has booted the card: it may be ready still.
  bool wait_until_ready() {
    const auto deadline = Clock::now() + longest_absence;
    while (Clock::now() < deadline) {
      try {
        client::Connection connection({daemon_.socket(), "observer"});
        connection.acquire_lease(30s);
        connection.create_buffer(Bytes(4096), "probe");
        connection.create_shared(Bytes(4096), "probe");
        return true;
      } catch (const client::ClientError&) {
        std::this_thread::sleep_for(20ms);
      }
    }
    return false;
  }

  void check() {
    try {
      if (const auto trouble =
              find_trouble(daemon_.socket(), static_cast<std::uint32_t>(random_())))
        problem(*trouble);
    } catch (const std::exception& error) {
      problem(std::string("a client was not served: ") + error.what());
    }
  }

  void ask_model() {
    const auto result = run_program(
        "redbolt-llm", {"run", "-m", std::string(REDBOLT_DEMO_MODEL) + "/redbolt-demo-Q4_K_M.gguf",
                        "-p", "What is 2+2?", "--temp", "0", "--socket", daemon_.socket()});
    report_.answer = result.output;
    if (result.exit_code != 0) problem("the next prompt was not answered: " + result.errors);
  }

  void problem(const std::string& text) {
    plan_.progress("PROBLEM after " + std::to_string(done_) + " blows: " + text);
    report_.problems.push_back(text);
  }

  const StormPlan& plan_;
  std::mt19937 random_;
  ServedCard card_{"vram=1G,latency=0.1"};
  DaemonProcess daemon_{card_.spec(), {"--hang-timeout", "300"}};
  StormReport report_;
  unsigned done_ = 0;
};

}  // namespace

StormReport run_storm(const StormPlan& plan) {
  return Storm(plan).run();
}

}  // namespace redbolt::test
