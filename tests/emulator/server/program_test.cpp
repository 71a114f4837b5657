// redbolt-emulator as a person starts it.
#include "program.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "options.hpp"
#include "remote_client.hpp"
#include "temporary_folder.hpp"
#include "test_card.hpp"

namespace redbolt::emulator::test {
namespace {

using redbolt::test::program_path;
using redbolt::test::read_file;
using redbolt::test::run_program;
using testing::HasSubstr;

constexpr const char* program = "redbolt-emulator";
constexpr std::uint64_t scratch_7 = 0xc047 * 4;

// A running redbolt-emulator; returns from construction when it is ready.
class EmulatorProcess {
 public:
  explicit EmulatorProcess(std::vector<std::string> arguments) {
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error("pipe");
    arguments.insert(arguments.end(), {"--vram", "256M", "--ready-fd", std::to_string(ends[1])});
    pid_ = redbolt::test::start_program(program_path(program), arguments, "/dev/null", out(),
                                        folder_.path() / "err");
    ::close(ends[1]);
    char ready[6] = {};
    const ssize_t size = ::read(ends[0], ready, sizeof ready);
    ::close(ends[0]);
    if (size != 6) {
      stop(SIGKILL);
      throw std::runtime_error("not ready: " + errors());
    }
  }
  ~EmulatorProcess() {
    if (pid_ > 0) stop(SIGKILL);
  }
  std::string output() const { return read_file(folder_.path() / "out"); }
  std::string errors() const { return read_file(folder_.path() / "err"); }
  void signal(int number) const { ::kill(pid_, number); }
  int stop(int number) {
    signal(number);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  // "tcp:127.0.0.1:PORT" as it says on standard output.
  std::string tcp_address() const {
    const std::string text = output();
    const auto begin = text.find("tcp:");
    return text.substr(begin, text.find('\n', begin) - begin);
  }

 private:
  std::filesystem::path out() const { return folder_.path() / "out"; }
  redbolt::test::TemporaryFolder folder_;
  pid_t pid_ = -1;
};

class ProgramTest : public testing::Test {
 protected:
  std::string socket() const { return "unix:" + (folder_.path() / "s").string(); }
  std::string file(const char* name) const { return folder_.path() / name; }
  redbolt::test::TemporaryFolder folder_;
};

TEST_F(ProgramTest, ServesBothKindsOfAddressAndEndsWhenTold) {
  for (const int number : {SIGTERM, SIGINT}) {
    EmulatorProcess process({"--listen", socket(), "--listen", "tcp:0"});
    RemoteClient(socket()).write32(5, scratch_7, 5);
    ASSERT_TRUE(eventually([&] { return RemoteClient(socket()).read32(5, scratch_7) == 5; }));
    EXPECT_EQ(RemoteClient(process.tcp_address()).read32(5, scratch_7), 5u);
    RemoteClient open(socket());
    EXPECT_EQ(process.stop(number), 0);
    EXPECT_FALSE(std::filesystem::exists(folder_.path() / "s"));
    EXPECT_EQ(process.errors(), "");
  }
}

TEST_F(ProgramTest, WritesCountersAndTrace) {
  EmulatorProcess process(
      {"--listen", socket(), "--counters", file("counters"), "--trace", file("trace")});
  {
    RemoteClient c(socket());
    c.write32(5, scratch_7, 0x55);
    EXPECT_EQ(c.read32(5, scratch_7), 0x55u);
    c.write(cmd_mmio_write, 0, 0x1000, std::vector<std::byte>(100));
    EXPECT_THROW(c.call(cmd_map_bar, 9), RemoteFailure);
    process.signal(SIGUSR1);
    EXPECT_TRUE(eventually([&] {
      return nlohmann::json::parse(read_file(file("counters")))["server_messages"] == 4;
    }));
  }
  EXPECT_EQ(process.stop(SIGTERM), 0);
  const auto counters = nlohmann::json::parse(read_file(file("counters")));
  EXPECT_EQ(counters["server_connections"], 1);
  EXPECT_EQ(counters["server_messages"], 4);
  EXPECT_EQ(counters["server_bytes_in"], 4 * 33 + 4 + 100);
  EXPECT_EQ(counters["server_errors"], 1);
  EXPECT_EQ(counters["bar0_bytes_written"], 100);
  EXPECT_EQ(counters["doorbells"], 0);

  std::ifstream lines(file("trace"));
  std::vector<nlohmann::json> trace;
  for (std::string line; std::getline(lines, line);) trace.push_back(nlohmann::json::parse(line));
  ASSERT_EQ(trace.size(), 6u);
  EXPECT_EQ(trace[0]["op"], "CONNECT");
  EXPECT_EQ(trace[1]["op"], "MMIO_WRITE");
  EXPECT_EQ(trace[1]["bar"], 5);
  EXPECT_EQ(trace[1]["off"], "0x3011c");
  EXPECT_EQ(trace[1]["n"], 4);
  EXPECT_EQ(trace[1]["v"], "0x55");
  EXPECT_EQ(trace[2]["op"], "MMIO_READ");
  EXPECT_EQ(trace[2]["v"], "0x55");
  EXPECT_EQ(trace[3]["n"], 100);
  EXPECT_EQ(trace[3]["zero"], true);
  EXPECT_EQ(trace[4]["op"], "MAP_BAR");
  EXPECT_THAT(trace[4]["error"].get<std::string>(), HasSubstr("BAR9"));
  EXPECT_EQ(trace[5]["op"], "DISCONNECT");
}

TEST_F(ProgramTest, FaultsHappenAsPlanned) {
  EmulatorProcess process({"--listen", socket(), "--fault", "unplug@1ms"});
  ASSERT_TRUE(
      eventually([&] { return RemoteClient(socket()).read32(5, scratch_7) == 0xffffffff; }));
}

TEST_F(ProgramTest, ASecondOneOnTheSameSocketSaysWhoHasIt) {
  EmulatorProcess process({"--listen", socket()});
  const auto second = run_program(program, {"--listen", socket(), "--vram", "256M"});
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_THAT(second.errors, HasSubstr("already listens on"));
  RemoteClient(socket()).call(cmd_ping);
}

TEST_F(ProgramTest, AKilledOneLeavesNothingInTheWay) {
  {
    EmulatorProcess process({"--listen", socket()});
    process.stop(SIGKILL);
  }
  ASSERT_TRUE(std::filesystem::exists(folder_.path() / "s"));
  EmulatorProcess process({"--listen", socket()});
  RemoteClient(socket()).call(cmd_ping);
}

TEST_F(ProgramTest, SaysWhatIsWrongWithItsArguments) {
  const std::vector<std::vector<std::string>> wrong = {
      {},
      {"--listen"},
      {"--listen", "somewhere"},
      {"--no-such-flag"},
      {"card.sock"},
      {"--listen", socket(), "--vram", "1"},
      {"--listen", socket(), "--bar0", "3G"},
      {"--listen", socket(), "--profile", "rx580"},
      {"--listen", socket(), "--fault", "earthquake"},
      {"--listen", socket(), "--scatter=1"},
      {"--listen", socket(), "--ready-fd", "999"}};
  for (const auto& arguments : wrong) {
    const auto result = run_program(program, arguments);
    EXPECT_EQ(result.exit_code, 2) << result.errors;
    EXPECT_EQ(result.output, "");
    EXPECT_THAT(result.errors, HasSubstr("redbolt-emulator: "));
  }
  const auto unwritable = run_program(
      program, {"--listen", socket(), "--vram", "256M", "--counters", file("no/such/folder/c")});
  EXPECT_EQ(unwritable.exit_code, 1);
  EXPECT_THAT(unwritable.errors, HasSubstr("no/such/folder"));
}

TEST_F(ProgramTest, HelpTellsOfEveryFlagAndItsVariable) {
  const auto help = run_program(program, {"--help"});
  EXPECT_EQ(help.exit_code, 0);
  for (const char* const flag :
       {"listen", "profile", "vram", "bar0", "scatter", "fault", "counters", "trace", "ready-fd"}) {
    EXPECT_THAT(help.output, HasSubstr(std::string("--") + flag));
  }
  EXPECT_THAT(help.output, HasSubstr("$REDBOLT_EMULATOR_LISTEN"));
  EXPECT_THAT(help.output, HasSubstr("Exit codes"));
}

TEST(ProgramOptions, ComeFromTheEnvironmentToo) {
  const std::map<std::string, std::string> variables = {
      {"REDBOLT_EMULATOR_LISTEN", "tcp:5"},    {"REDBOLT_EMULATOR_PROFILE", "rx7900xt"},
      {"REDBOLT_EMULATOR_SCATTER", "1"},       {"REDBOLT_EMULATOR_BAR0", "256M"},
      {"REDBOLT_EMULATOR_COUNTERS", "/tmp/c"}, {"REDBOLT_EMULATOR_FAULT", "hang-wave@n=5"},
      {"REDBOLT_EMULATOR_TRACE", "/tmp/t"},    {"REDBOLT_EMULATOR_PATIENCE", "7"}};
  const auto environment = [&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  };
  const auto options = parse_program_options({}, environment);
  ASSERT_EQ(options.listen.size(), 1u);
  EXPECT_EQ(std::get<TcpAddress>(options.listen[0]).port, 5);
  EXPECT_EQ(options.card.profile, Profile::rx7900xt);
  EXPECT_TRUE(options.card.scatter_host_pages);
  EXPECT_EQ(options.card.bar0, Bytes(256u << 20));
  EXPECT_TRUE(options.bar0_is_fixed);
  EXPECT_EQ(options.card.faults.clauses.size(), 1u);
  EXPECT_EQ(options.counters, "/tmp/c");
  EXPECT_EQ(options.trace, "/tmp/t");
  EXPECT_EQ(options.limits.patience, std::chrono::seconds(7));

  EXPECT_EQ(options.card.firmware, FirmwarePolicy::automatic);

  const char* const arguments[] = {"--listen=unix:/tmp/x", "--profile", "rx7900xtx", "--bar0-max",
                                   "32G"};
  const auto overridden = parse_program_options(arguments, environment);
  ASSERT_EQ(overridden.listen.size(), 1u);
  EXPECT_EQ(std::get<UnixAddress>(overridden.listen[0]).path, "/tmp/x");
  EXPECT_EQ(overridden.card.profile, Profile::rx7900xtx);
  EXPECT_FALSE(overridden.bar0_is_fixed);
}

}  // namespace
}  // namespace redbolt::emulator::test
