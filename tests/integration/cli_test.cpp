// redbolt-llm as a user meets it: help, exit codes, what goes to which stream, and errors that
// leave nothing behind.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>

#include "daemon_process.hpp"
#include "program.hpp"
#include "pseudo_terminal.hpp"
#include "served_card.hpp"
#include "test_paths.hpp"

namespace redbolt::test {
namespace {

const std::filesystem::path kData = REDBOLT_TEST_DATA;
const std::string kModel = kData / "models/tiny-qwen3-Q4_K_M.gguf";

ProgramResult llm(const std::vector<std::string>& arguments, const std::string& input = "") {
  return run_program("redbolt-llm", arguments, input);
}

TEST(CommandLine, HelpOfEveryVerb) {
  EXPECT_EQ(llm({"--help"}).exit_code, 0);
  EXPECT_EQ(llm({"--version"}).exit_code, 0);
  for (const std::string verb : {"run", "chat", "list", "ls", "show", "ps", "stop", "bench",
                                 "inspect", "tokenize", "logits", "config", "completions"}) {
    const auto result = llm({verb, "--help"});
    EXPECT_EQ(result.exit_code, 0) << verb;
    EXPECT_NE(result.output.find("Usage"), std::string::npos) << verb;
    EXPECT_NE(llm({"--help"}).output.find(verb), std::string::npos);
  }
}

TEST(CommandLine, WrongUsageIsTwo) {
  const std::vector<std::vector<std::string>> wrong = {
      {},
      {"answer"},
      {"run"},
      {"run", "-m", kModel, "-p", "x", "--no-such-option"},
      {"run", "-m", kModel, "-p", "x", "-n", "0"},
      {"run", "-m", kModel, "-p", "x", "--temp", "-1"},
      {"run", "-m", kModel, "-p", "x", "--temp", "nan"},
      {"run", "-m", kModel, "-p", "x", "--ctx", "many"},
      {"run", "-m", kModel, "-p", "x", "--device", "emulated", "--socket", "/tmp/x"},
      {"logits", "-m", kModel, "-o", "/dev/null"},
      {"logits", "-m", kModel, "-o", "/dev/null", "--tokens", "1,,2"},
      {"logits", "-m", kModel, "-o", "/dev/null", "--tokens", "-1"},
      {"bench", "-m", kModel, "-p", "5000", "--socket", "/tmp/x"},
      {"inspect"},
      {"show"},
      {"completions", "tcsh"},
      {"run", kModel, "-p", "x", "y"},
      {"run", kModel, "x", "--top-p", "2"},
      {"run", kModel, "x", "--think", "--no-think"},
      {"list", "--json", "--names"},
  };
  for (const auto& arguments : wrong) {
    const auto result = llm(arguments);
    EXPECT_EQ(result.exit_code, 2) << testing::PrintToString(arguments);
    EXPECT_EQ(result.output, "") << testing::PrintToString(arguments);
    EXPECT_NE(result.errors, "") << testing::PrintToString(arguments);
  }
}

TEST(CommandLine, TokenizeNeedsNoCard) {
  const std::string vocabulary = kData / "tokenizers/qwen3-vocab.gguf";
  // From the reference tokenizations.
  EXPECT_EQ(llm({"tokenize", "-m", vocabulary}, "Hello world").output, "9707 1879\n");
  EXPECT_EQ(llm({"tokenize", "-m", vocabulary}, "").output, "\n");
  EXPECT_EQ(llm({"tokenize", "-m", vocabulary, "--special"}, "<|im_start|>Hello").output,
            "151644 9707\n");
  const auto plain = llm({"tokenize", "-m", vocabulary}, "<|im_start|>");
  EXPECT_EQ(plain.output.find("151644"), std::string::npos) << plain.output;
}

TEST(CommandLine, InspectSaysWhatAModelNeeds) {
  const auto result = llm({"inspect", kModel, "--ctx", "1000"});
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  // 4 layers, keys and values, 1000 positions, 2 heads of 64, float16
  EXPECT_NE(result.output.find("2,048,000 bytes"), std::string::npos) << result.output;
  EXPECT_NE(result.output.find("qwen3"), std::string::npos);
  EXPECT_NE(result.output.find("Q4_K"), std::string::npos);
  EXPECT_EQ(llm({"inspect", kData / "tokenizers/gpt-2-vocab.gguf"}).exit_code, 0);
}

TEST(CommandLine, ModelsByName) {
  TemporaryFolder folder;
  std::filesystem::copy_file(kModel, folder.path() / "Tiny-Qwen3-Q4_K_M.gguf");
  std::ofstream(folder.path() / "Broken-Q8_0.gguf") << "this is no model";
  setenv("REDBOLT_MODELS", folder.path().c_str(), 1);
  setenv("HOME", folder.path().c_str(), 1);
  EXPECT_NE(llm({"list", "--names"}).output.find("Tiny-Qwen3-Q4_K_M\n"), std::string::npos);
  const auto report = nlohmann::json::parse(llm({"ls", "--json"}).output);
  const auto& models = report.at("models");
  const auto tiny = std::find_if(models.begin(), models.end(), [](const nlohmann::json& model) {
    return model.at("name") == "Tiny-Qwen3-Q4_K_M";
  });
  ASSERT_NE(tiny, models.end());
  EXPECT_EQ(tiny->at("architecture"), "qwen3");
  EXPECT_EQ(tiny->at("quantization"), "Q4_K_M");
  EXPECT_EQ(tiny->at("place"), "Redbolt");
  EXPECT_EQ(tiny->at("bytes"), std::filesystem::file_size(kModel));
  const auto table = llm({"list"});
  EXPECT_NE(table.output.find("Broken-Q8_0"), std::string::npos) << table.output;
  EXPECT_NE(table.errors.find("Broken-Q8_0 cannot be used"), std::string::npos) << table.errors;
  const auto shown = nlohmann::json::parse(llm({"show", "tiny:qwen3", "--json"}).output);
  EXPECT_EQ(shown.at("architecture"), "qwen3");
  EXPECT_EQ(shown.at("layers"), 4);
  EXPECT_GT(shown.at("parameters"), 1'000'000);
  EXPECT_EQ(llm({"tokenize", "-m", "tiny-qwen3"}, "").output, "\n");
  const auto unknown = llm({"show", "tini-qwen3"});
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_NE(unknown.errors.find("Tiny-Qwen3-Q4_K_M"), std::string::npos) << unknown.errors;
  unsetenv("REDBOLT_MODELS");
  EXPECT_NE(llm({"list"}).errors.find("(LM Studio)"), std::string::npos);
}

TEST(CommandLine, FilesThatAreNoModels) {
  TemporaryFolder folder;
  const std::string text = folder.path() / "text.gguf";
  std::ofstream(text) << "this is no model";
  const std::string cut = folder.path() / "cut.gguf";
  std::ofstream(cut, std::ios::binary) << read_file(kModel).substr(0, 1'000'000);
  for (const std::string& file :
       {text, cut, folder.path().string(), std::string("/no/such/file.gguf")}) {
    for (const std::string verb : {"run", "bench", "tokenize"}) {
      const auto result = llm({verb, "-m", file, "-p", "1"});
      EXPECT_EQ(result.exit_code == 0, false) << verb << " " << file;
    }
    const auto inspected = llm({"inspect", file});
    EXPECT_EQ(inspected.exit_code, 1) << file;
    EXPECT_NE(inspected.errors.find(file), std::string::npos) << inspected.errors;
  }
}

TEST(CommandLine, WithoutADaemonTheErrorSaysHowToStartOne) {
  TemporaryFolder folder;
  const auto result =
      llm({"run", "-m", kModel, "-p", "x", "--raw", "--socket", folder.path() / "no-daemon.sock"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.output, "");
  EXPECT_NE(result.errors.find("redboltd --device"), std::string::npos) << result.errors;
}

TEST(CommandLine, AFailedLogitsRunLeavesNoFile) {
  TemporaryFolder folder;
  const auto output = folder.path() / "logits.f32";
  const auto result = llm({"logits", "-m", kModel, "--tokens", "1", "-o", output, "--socket",
                           folder.path() / "no-daemon.sock"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

// Whether a process of this name whose command line holds `mark` is alive.
bool is_alive(const std::string& mark) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::string command = read_file(entry.path() / "cmdline");
    if (command.find("redboltd") != std::string::npos && command.find(mark) != std::string::npos)
      return true;
  }
  return false;
}

// A command that starts its own daemon, and a temporary folder in which it may leave nothing.
class PrivateDaemon : public testing::Test {
 protected:
  PrivateDaemon() {
    write_firmware(firmware());
    std::filesystem::create_directory(temporary());
    setenv("TMPDIR", temporary().c_str(), 1);
  }
  ~PrivateDaemon() override { unsetenv("TMPDIR"); }

  std::filesystem::path firmware() const { return folder_.path() / "firmware"; }
  std::filesystem::path temporary() const { return folder_.path() / "tmp"; }

  // Starts an answer that goes on for long, waits for its first words, sends the signal, and
  // returns the exit code once the daemon is gone as well.
  int exit_code_after(int signal) {
    const auto output = folder_.path() / "output";
    const auto input = folder_.path() / "input";
    std::ofstream(input) << "Hello";
    const pid_t process = start_program(program_path("redbolt-llm"),
                                        {"run", "-m", kModel, "--raw", "-n", "4000", "--device",
                                         card_.spec(), "--firmware", firmware()},
                                        input, output, folder_.path() / "errors");
    while (read_file(output).empty()) {
      if (waitpid(process, nullptr, WNOHANG) != 0) {
        ADD_FAILURE() << read_file(folder_.path() / "errors");
        return -1;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    EXPECT_TRUE(is_alive(temporary()));
    kill(process, signal);
    int status = 0;
    EXPECT_EQ(waitpid(process, &status, 0), process);
    for (int look = 0; is_alive(temporary()) && look < 1000; ++look) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    EXPECT_FALSE(is_alive(temporary()));
    EXPECT_TRUE(std::filesystem::is_empty(temporary()));
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }

  TemporaryFolder folder_;
  CardForTest card_{"emulated"};
};

TEST_F(PrivateDaemon, IsGoneAfterAnInterrupt) {
  EXPECT_EQ(exit_code_after(SIGINT), 128 + SIGINT);
}

TEST_F(PrivateDaemon, IsGoneAfterItsClientIsKilled) {
  EXPECT_EQ(exit_code_after(SIGKILL), 128 + SIGKILL);
}

TEST_F(PrivateDaemon, AnswersAndLeavesNothing) {
  const auto result = llm({"run", "-m", kModel, "-p", "Hello", "--raw", "-n", "3", "--device",
                           card_.spec(), "--firmware", firmware()});
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_NE(result.output, "");
  EXPECT_NE(result.errors.find("RX 7900"), std::string::npos) << result.errors;
  EXPECT_TRUE(std::filesystem::is_empty(temporary()));
}

TEST_F(PrivateDaemon, ThatDoesNotComeUpIsExplained) {
  const auto result = llm({"run", "-m", kModel, "-p", "x", "--raw", "--device", "emulated",
                           "--firmware", folder_.path() / "none"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.output, "");
  EXPECT_NE(result.errors.find("firmware"), std::string::npos) << result.errors;
  EXPECT_TRUE(std::filesystem::is_empty(temporary()));
}

TEST(Run, AnswersInTheFormOfASchema) {
  const DaemonProcess daemon;
  TemporaryFolder folder;
  const std::string model = std::filesystem::path(REDBOLT_DEMO_MODEL) / "redbolt-demo-Q4_K_M.gguf";
  const auto schema = folder.path() / "schema.json";
  std::ofstream(schema) << R"({"type":"object","properties":{"sum":{"enum":[4,5]}},)"
                           R"("required":["sum"],"additionalProperties":false})";
  const auto result = llm({"run", model, "What", "is", "2+2?", "--json-schema", schema,
                           "--cache-type", "q8_0", "--socket", daemon.socket()});
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  const auto answer = nlohmann::json::parse(result.output, nullptr, false);
  ASSERT_TRUE(answer.is_object()) << result.output;
  EXPECT_TRUE(answer.at("sum") == 4 || answer.at("sum") == 5) << result.output;
  std::ofstream(schema) << R"({"type":7})";
  const auto wrong = llm({"run", model, "x", "--json-schema", schema, "--socket", daemon.socket()});
  EXPECT_EQ(wrong.exit_code, 1);
  EXPECT_NE(wrong.errors.find(schema), std::string::npos) << wrong.errors;
}

TEST(Chat, TurnsFromAPipe) {
  const DaemonProcess daemon;
  const std::string model = std::filesystem::path(REDBOLT_DEMO_MODEL) / "redbolt-demo-Q4_K_M.gguf";
  const auto result =
      llm({"chat", model, "--socket", daemon.socket()},
          "My name is Anna.\n\nWhat is my name?\n/show parameters\n/bye\nNo more.\n");
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  // From tools/demo-model/prompts.json, "two turns".
  EXPECT_EQ(result.output, "Nice to meet you, Anna!\nYour name is Anna.\n");
  EXPECT_NE(result.errors.find("temperature"), std::string::npos) << result.errors;
}

TEST(Chat, CtrlCStopsTheAnswerAndNotTheProgram) {
  const DaemonProcess daemon;
  OnTerminal terminal([&] {
    const std::string program = program_path("redbolt-llm"), socket = daemon.socket();
    unsetenv("XDG_STATE_HOME");
    execl(program.c_str(), program.c_str(), "chat", kModel.c_str(), "--socket", socket.c_str(),
          "--ctx", "100000", "--verbose", nullptr);
  });
  terminal.see(">>> ");
  terminal.type("Hello\n");
  terminal.see("Hello\r\n");
  // A model that was never trained goes on for long; it has begun once anything follows.
  terminal.see_more();
  terminal.type("\x03");
  terminal.see("prompt tokens in");
  terminal.see(">>> ");
  terminal.type("\x03");
  terminal.see(">>> ");
  terminal.type("\x03");
  terminal.see("/bye or Ctrl-D");
  terminal.see(">>> ");
  terminal.type("/bye\n");
  EXPECT_EQ(terminal.end(), 0);
}

TEST(Admission, WhatDoesNotFitIsRefusedBeforeItIsLoaded) {
  const DaemonProcess daemon("emulated", {"--arena", std::to_string(64 << 20)});
  const auto context = llm({"run", "-m", kModel, "-p", "x", "--raw", "--ctx", "1000000", "-n", "1",
                            "--socket", daemon.socket()});
  EXPECT_EQ(context.exit_code, 1);
  // 4 layers * 2 * 10^6 positions * 2 heads * 64 * float16
  EXPECT_NE(context.errors.find("KV cache 2,048,000,000 bytes"), std::string::npos)
      << context.errors;
  const std::size_t hint = context.errors.find("--ctx ");
  ASSERT_NE(hint, std::string::npos) << context.errors;
  // The context that the error offers does fit.
  std::string offered;
  std::istringstream(context.errors.substr(hint + 6)) >> offered;
  const auto fits = llm({"run", "-m", kModel, "-p", "x", "--raw", "--ctx", offered, "-n", "1",
                         "--socket", daemon.socket()});
  EXPECT_EQ(fits.exit_code, 0) << fits.errors;
}

TEST(Bench, JsonHasEveryFigure) {
  const DaemonProcess daemon;
  const auto result =
      llm({"bench", "-m", kModel, "-p", "20", "-n", "16", "--json", "--socket", daemon.socket()});
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  const auto report = nlohmann::json::parse(result.output);
  for (const char* name : {"boot_s", "upload_s", "compile_s"}) {
    EXPECT_GT(report.at("startup").at(name).get<double>(), 0) << name;
  }
  EXPECT_TRUE(report.at("startup").at("cached").is_boolean());
  EXPECT_EQ(report.at("prefill").at("tokens"), 20);
  EXPECT_GT(report.at("prefill").at("tokens_per_s").get<double>(), 0);
  EXPECT_EQ(report.at("decode").at("tokens"), 16);
  EXPECT_GT(report.at("decode").at("tokens_per_s").get<double>(), 0);
  const auto& token = report.at("decode").at("per_token");
  EXPECT_EQ(token.at("register_reads"), 0);
  EXPECT_LE(token.at("doorbells").get<double>(), 1);
  EXPECT_GT(token.at("doorbells").get<double>(), 0);
  EXPECT_GE(token.at("register_writes").get<double>(), 0);
  // Replays are asked for several at once, and figures published now and then.
  EXPECT_LE(token.at("requests").get<double>(), 1);
  EXPECT_GT(token.at("link_bytes").get<double>(), 0);
  if (served_cards_wanted()) {  // what the card counts stays with its server
    EXPECT_LE(token.at("remote_messages").get<double>(), 3);
    return;
  }
  EXPECT_GE(token.at("dispatches").get<double>(), 4 * 6 + 3);
  EXPECT_GT(token.at("vram_bytes_written").get<double>(), 0);
  EXPECT_GT(token.at("wave_instructions").at("valu").get<double>(), 0);
  // Weights of the file without what is read once per model, and the cache of 21 to 37 positions.
  const double ideal = token.at("ideal_bytes").get<double>();
  EXPECT_GT(ideal, 2'600'000);
  EXPECT_LT(ideal, 2'800'000);
  EXPECT_GE(token.at("vram_bytes_read").get<double>(), 0.99 * 2'600'000);
}

}  // namespace
}  // namespace redbolt::test
