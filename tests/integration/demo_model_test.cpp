// The shipped model, asked through every layer: redbolt-llm, socket, redboltd, driver, emulated
// card. What it should say stands in tools/demo-model/prompts.json, which the training measured
// without us.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>

#include "daemon_process.hpp"
#include "program.hpp"

namespace redbolt::test {
namespace {

const std::filesystem::path kFolder = REDBOLT_DEMO_MODEL;

class DemoModel : public testing::TestWithParam<const char*> {};

TEST_P(DemoModel, AnswersItsPrompts) {
  const DaemonProcess daemon;
  const auto document = nlohmann::json::parse(std::ifstream(kFolder / "prompts.json"));
  ASSERT_GT(document.at("prompts").size(), 20U);
  for (const auto& prompt : document.at("prompts")) {
    SCOPED_TRACE(prompt.at("name").get<std::string>());
    std::vector<std::string> arguments{
        "run", "-m", kFolder / GetParam(), "--socket", daemon.socket(), "--temp",
        "0",   "-p", prompt.at("prompt")};
    for (const auto& flag : prompt.at("flags")) arguments.push_back(flag);
    const auto result = run_program("redbolt-llm", arguments);
    EXPECT_EQ(result.exit_code, 0) << result.errors;
    std::string answer = result.output;
    if (answer.ends_with('\n')) answer.pop_back();
    EXPECT_TRUE(std::regex_match(answer, std::regex(prompt.at("expected").get<std::string>())))
        << "answered: " << answer;
  }
}

INSTANTIATE_TEST_SUITE_P(BothFiles, DemoModel,
                         testing::Values("redbolt-demo-Q4_K_M.gguf", "redbolt-demo-F16.gguf"),
                         [](const auto& info) {
                           return std::string(info.param).find("F16") != std::string::npos
                                      ? "F16"
                                      : "Q4_K_M";
                         });

}  // namespace
}  // namespace redbolt::test
