// Weights that stay on the card: a second run does not upload, a killed one leaves nothing, a model
// that needs the room gets it, and one in use keeps it. With ps and stop, as a user sees it.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "daemon_process.hpp"
#include "program.hpp"
#include "redbolt/client/connection.hpp"
#include "sparse_model.hpp"
#include "test_paths.hpp"

namespace redbolt::test {
namespace {

using namespace std::chrono_literals;

const std::filesystem::path kModels = std::filesystem::path(REDBOLT_TEST_DATA) / "models";

class Residents : public testing::Test {
 protected:
  // Of kernels and of weight hashes; the kernels of all tests of this program together.
  static void SetUpTestSuite() {
    cache_ = std::make_unique<TemporaryFolder>();
    ::setenv("REDBOLT_CACHE", cache_->path().c_str(), 1);
  }
  static void TearDownTestSuite() {
    ::unsetenv("REDBOLT_CACHE");
    cache_.reset();
  }

  static ProgramResult llm(std::vector<std::string> arguments, const DaemonProcess& daemon) {
    arguments.insert(arguments.end(), {"--socket", daemon.socket()});
    return run_program("redbolt-llm", arguments);
  }
  static nlohmann::json bench(const DaemonProcess& daemon, const std::filesystem::path& model) {
    const auto result =
        llm({"bench", "-m", model, "-p", "4", "-n", "4", "--ctx", "64", "--json"}, daemon);
    EXPECT_EQ(result.exit_code, 0) << result.errors;
    return nlohmann::json::parse(result.output).at("startup");
  }
  static nlohmann::json ps(const DaemonProcess& daemon) {
    const auto result = llm({"ps", "--json"}, daemon);
    EXPECT_EQ(result.exit_code, 0) << result.errors;
    return nlohmann::json::parse(result.output);
  }
  static std::uint64_t bytes_to_card(const DaemonProcess& daemon) {
    return client::Connection({daemon.socket(), "observer"}).counters().daemon.at("bytes_to_card");
  }

  static std::unique_ptr<TemporaryFolder> cache_;
};

std::unique_ptr<TemporaryFolder> Residents::cache_;

TEST_F(Residents, ASecondRunDoesNotUpload) {
  const DaemonProcess daemon("emulated:vram=1G");
  const auto model = kModels / "tiny-qwen3-f16.gguf";
  const auto first = bench(daemon, model);
  EXPECT_GT(first.at("uploaded_bytes").get<std::uint64_t>(), 8'000'000u);
  const std::uint64_t of_first = bytes_to_card(daemon);
  EXPECT_GE(of_first, first.at("uploaded_bytes").get<std::uint64_t>());
  const auto second = bench(daemon, model);
  EXPECT_EQ(second.at("uploaded_bytes"), 0);
  EXPECT_LT(static_cast<double>(bytes_to_card(daemon) - of_first),
            0.05 * static_cast<double>(of_first));
  EXPECT_LT(second.at("upload_s").get<double>(), first.at("upload_s").get<double>());
  // The same answer from both.
  const std::vector<std::string> run{"run",   "-m", model, "--raw", "-p",
                                     "Hello", "-n", "8",   "--ctx", "64"};
  const auto warm = llm(run, daemon);
  EXPECT_NE(warm.errors.find("on the card already"), std::string::npos) << warm.errors;
  const DaemonProcess fresh("emulated:vram=1G");
  const auto cold = llm(run, fresh);
  EXPECT_NE(cold.errors.find("uploaded"), std::string::npos) << cold.errors;
  EXPECT_EQ(warm.output, cold.output);
  EXPECT_NE(cold.output, "");
}

TEST_F(Residents, AFileThatWasChangedIsUploadedAgain) {
  const DaemonProcess daemon("emulated:vram=1G");
  TemporaryFolder folder;
  const auto model = folder.path() / "model.gguf";
  std::filesystem::copy_file(kModels / "tiny-qwen3-Q4_K_M.gguf", model);
  std::this_thread::sleep_for(200ms);  // what is only just written is not recognised by its times
  bench(daemon, model);
  EXPECT_EQ(bench(daemon, model).at("uploaded_bytes"), 0);
  std::string content = read_file(model);
  content[content.size() - 100] = static_cast<char>(content[content.size() - 100] ^ 1);
  std::ofstream(model, std::ios::binary) << content;
  EXPECT_GT(bench(daemon, model).at("uploaded_bytes"), 0);
  EXPECT_EQ(ps(daemon).at("residents").size(), 2u);
  // A copy has the same weights; that is known once they have been read, and they are kept once.
  std::filesystem::copy_file(model, folder.path() / "copy.gguf");
  bench(daemon, folder.path() / "copy.gguf");
  EXPECT_EQ(ps(daemon).at("residents").size(), 2u);
}

TEST_F(Residents, OfAClientThatIsKilledInTheMiddleOfTheUploadAreNotThere) {
  const DaemonProcess daemon("emulated:vram=4G");
  TemporaryFolder folder;
  const auto model = folder.path() / "large.gguf";
  const std::uint64_t size = write_sparse_model(
      model, {.layers = 24, .width = 2048, .feed_forward = 6144, .vocabulary = 32768});
  client::Connection observer({daemon.socket(), "observer"});
  const auto free = observer.status().arena.free;
  const pid_t victim = start_program(
      program_path("redbolt-llm"),
      {"bench", "-m", model, "--ctx", "64", "-p", "1", "-n", "1", "--socket", daemon.socket()},
      "/dev/null", folder.path() / "out", folder.path() / "err");
  // In the middle: some of it is on the card, and not all.
  std::uint64_t moved = 0;
  for (int look = 0; moved < size / 16 && look < 60'000; ++look) {
    moved = observer.counters().daemon.at("bytes_to_card");
    std::this_thread::sleep_for(1ms);
  }
  ::kill(victim, SIGKILL);
  int status = 0;
  ASSERT_EQ(::waitpid(victim, &status, 0), victim);
  ASSERT_TRUE(WIFSIGNALED(status)) << read_file(folder.path() / "err");
  ASSERT_GE(moved, size / 16);
  ASSERT_LT(observer.counters().daemon.at("bytes_to_card"), size) << "it was too late";
  observer.acquire_lease(30s);  // once everything of it is gone
  EXPECT_TRUE(observer.status().residents.empty());
  EXPECT_EQ(observer.status().arena.free, free);
}

TEST_F(Residents, GiveWayToAModelThatNeedsTheRoom) {
  // Room for the largest with its cache and scratch memory, and not for the weights of all.
  const DaemonProcess daemon("emulated:vram=1G", {"--arena", "20M"});
  bench(daemon, kModels / "tiny-qwen3-f16.gguf");
  for (const char* other : {"tiny-qwen3-Q8_0.gguf", "tiny-llama-Q4_K_M.gguf",
                            "tiny-qwen2-Q4_K_M.gguf", "tiny-qwen3-Q4_K_M.gguf"}) {
    EXPECT_GT(bench(daemon, kModels / other).at("uploaded_bytes"), 0) << other;
  }
  EXPECT_GT(bench(daemon, kModels / "tiny-qwen3-f16.gguf").at("uploaded_bytes"), 0) << "gave way";
  const auto residents = ps(daemon).at("residents");
  ASSERT_FALSE(residents.empty());
  EXPECT_EQ(residents.at(0).at("name"), "tiny-qwen3-f16.gguf");
}

TEST_F(Residents, AreListedAndStopped) {
  const DaemonProcess daemon("emulated:vram=1G");
  bench(daemon, kModels / "tiny-qwen3-Q8_0.gguf");
  bench(daemon, kModels / "tiny-qwen2-Q4_K_M.gguf");
  client::Connection holder({daemon.socket(), "the holder"});
  holder.acquire_lease(30s);
  const auto listed = ps(daemon);
  EXPECT_EQ(listed.at("schema_version"), 1);
  EXPECT_EQ(listed.at("holder").at("command"), "the holder");
  EXPECT_EQ(listed.at("holder").at("pid"), ::getpid());
  ASSERT_EQ(listed.at("residents").size(), 2u);
  const auto& last = listed.at("residents").at(0);
  EXPECT_EQ(last.at("name"), "tiny-qwen2-Q4_K_M.gguf");
  EXPECT_TRUE(last.at("users").empty());
  EXPECT_EQ(listed.at("arena").at("map").at(0).at("use"), "resident");
  const auto people = llm({"ps"}, daemon);
  EXPECT_EQ(people.exit_code, 0);
  EXPECT_NE(people.output.find("tiny-qwen3-Q8_0.gguf"), std::string::npos) << people.output;
  EXPECT_NE(people.output.find("the holder"), std::string::npos) << people.output;

  EXPECT_EQ(llm({"stop", "no-such-model"}, daemon).exit_code, 1);
  EXPECT_EQ(llm({"stop"}, daemon).exit_code, 2);
  EXPECT_EQ(llm({"stop", last.at("hash").get<std::string>().substr(0, 12)}, daemon).exit_code, 0);
  EXPECT_EQ(ps(daemon).at("residents").size(), 1u);
  EXPECT_EQ(llm({"stop", "tiny-qwen3-Q8_0.gguf"}, daemon).exit_code, 0);
  EXPECT_TRUE(ps(daemon).at("residents").empty());
  EXPECT_EQ(llm({"stop", "--all"}, daemon).exit_code, 0);
}

TEST_F(Residents, ARunGivesTheCardBackWhenItIsAskedTo) {
  const DaemonProcess daemon("emulated:vram=1G");
  TemporaryFolder folder;
  const pid_t runner = start_program(program_path("redbolt-llm"),
                                     {"run", "-m", kModels / "tiny-qwen3-Q4_K_M.gguf", "--raw",
                                      "-p", "Hello", "-n", "4000", "--socket", daemon.socket()},
                                     "/dev/null", folder.path() / "out", folder.path() / "err");
  client::Connection tool({daemon.socket(), "redbolt-lock-reset"});
  // Once it publishes its speed it is between tokens.
  std::vector<client::Gauge> gauges;
  for (int look = 0; gauges.empty() && look < 60'000; ++look) {
    gauges = tool.status().gauges;
    std::this_thread::sleep_for(1ms);
  }
  ASSERT_FALSE(gauges.empty()) << read_file(folder.path() / "err");
  EXPECT_EQ(gauges[0].name, "tokens_per_second");
  EXPECT_GT(gauges[0].value, 0);
  tool.ask_release(client::LeaseId(0), "somebody needs it");
  int status = 0;
  ASSERT_EQ(::waitpid(runner, &status, 0), runner);
  EXPECT_EQ(WEXITSTATUS(status), 1);
  const std::string errors = read_file(folder.path() / "err");
  EXPECT_NE(errors.find("redbolt-lock-reset (pid "), std::string::npos) << errors;
  EXPECT_NE(errors.find("somebody needs it"), std::string::npos) << errors;
  EXPECT_NE(read_file(folder.path() / "out"), "");
  tool.acquire_lease(30s);
}

TEST_F(Residents, WithoutADaemonPsSaysHowToStartOne) {
  TemporaryFolder folder;
  const auto result = run_program("redbolt-llm", {"ps", "--socket", folder.path() / "none.sock"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.output, "");
  EXPECT_NE(result.errors.find("redboltd --device"), std::string::npos) << result.errors;
}

}  // namespace
}  // namespace redbolt::test
