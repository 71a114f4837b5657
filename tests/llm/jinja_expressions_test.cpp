// Templates whose outcome Python's Jinja2 has written down (tests/data/chat_templates/render.py).
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "chat/jinja/template.hpp"
#include "chat/json_value.hpp"
#include "redbolt/llm/error.hpp"
#include "test_paths.hpp"

namespace redbolt::llm {
namespace {

const std::filesystem::path kData = std::filesystem::path(REDBOLT_TEST_DATA) / "chat_templates";

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string render(const std::string& source, const std::string& variables) {
  jinja::Runtime runtime(jinja::Limits{}, std::chrono::sys_seconds(std::chrono::seconds(0)));
  jinja::Scope globals(nullptr);
  const auto value = value_of_json(runtime, variables);
  for (const auto& [key, held] : jinja::as_dict(*value)->entries()) {
    globals.set(jinja::as_text(key)->bytes(), held);
  }
  return jinja::Template(source).render(runtime, globals).bytes();
}

TEST(JinjaExpressions, GiveWhatPythonGives) {
  const std::string variables = read_file(kData / "variables.json");
  const auto rows = nlohmann::json::parse(read_file(kData / "expressions.json"));
  ASSERT_GT(rows.size(), 200U);
  for (const auto& row : rows) {
    const std::string source = row["template"];
    SCOPED_TRACE(source);
    try {
      const std::string output = render(source, variables);
      EXPECT_TRUE(row.contains("output")) << "written: " << output << "\nPython: " << row;
      if (row.contains("output")) {
        EXPECT_EQ(output, row["output"].get<std::string>());
      }
    } catch (const LlmError& error) {
      const bool refused = error.code() == ErrorCode::unsupported_chat;
      EXPECT_TRUE(row.contains(refused ? "refused" : "error")) << error.what();
      if (refused) {
        EXPECT_TRUE(std::string(error.what()).ends_with(row["refused"].get<std::string>()));
      } else {
        EXPECT_EQ(error.code(), ErrorCode::bad_template);
      }
    }
  }
}

}  // namespace
}  // namespace redbolt::llm
