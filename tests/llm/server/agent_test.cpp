// What a coding agent sends: 23 tools, a long system prompt, turns with calls and their results, in
// a context of 16k (tests/data/clients/agent_request.json). It reaches the model as it came.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "test_paths.hpp"
#include "test_server.hpp"

namespace redbolt::test {
namespace {

constexpr std::uint32_t kContext = 16384;

// The system prompt repeated until it has at least as many bytes.
Json agent_request(std::size_t system_bytes) {
  std::ifstream file(REDBOLT_TEST_DATA "/clients/agent_request.json");
  Json request = Json::parse(file);
  request["model"] = kModelName;
  const auto once = request["messages"][0]["content"].get<std::string>();
  std::string system;
  while (system.size() < system_bytes) system += once;
  request["messages"][0]["content"] = system;
  return request;
}

TestServerOptions with_context(std::uint32_t context) {
  TestServerOptions options;
  options.engine.context = context;
  return options;
}

// The lines between <tools> and </tools>, as Qwen's templates write them.
std::vector<Json> tools_in(const std::string& prompt) {
  const std::string open = "<tools>\n";
  const std::size_t begin = prompt.find(open) + open.size();
  std::istringstream lines(prompt.substr(begin, prompt.find("\n</tools>") - begin));
  std::vector<Json> tools;
  for (std::string line; std::getline(lines, line);) tools.push_back(Json::parse(line));
  return tools;
}

struct Gathered {
  std::string content = {}, name = {}, arguments = {}, finish = {};
  Json usage = {};
};

Gathered gather(const Reply& reply) {
  const Events events = events_of(reply.body);
  EXPECT_EQ(events.data.back(), "[DONE]");
  Gathered gathered;
  for (std::size_t i = 0; i + 1 < events.data.size(); ++i) {
    const Json chunk = Json::parse(events.data[i]);
    if (chunk.contains("usage") && !chunk["usage"].is_null()) gathered.usage = chunk["usage"];
    if (chunk.at("choices").empty()) continue;
    const Json& choice = chunk["choices"][0];
    const Json& delta = choice.at("delta");
    gathered.content += delta.value("content", "");
    for (const Json& call : delta.value("tool_calls", Json::array())) {
      gathered.name += call.at("function").value("name", "");
      gathered.arguments += call.at("function").value("arguments", "");
    }
    if (choice.at("finish_reason").is_string()) gathered.finish = choice["finish_reason"];
  }
  return gathered;
}

TEST(Agent, ItsRequestReachesTheModelUnchanged) {
  TestServer server(
      always(says("I will look.\n<tool_call>\n{\"name\": \"read_file\", \"arguments\": "
                  "{\"path\": \"CMakeLists.txt\", \"limit\": 20}}\n</tool_call>")),
      with_context(kContext));
  const Json request = agent_request(24'000);
  const Reply reply = server.chat(request);
  ASSERT_EQ(reply.status, 200U) << reply.body;
  const Gathered answer = gather(reply);
  EXPECT_EQ(answer.content, "I will look.");
  EXPECT_EQ(answer.name, "read_file");
  EXPECT_EQ(Json::parse(answer.arguments), Json::parse(R"({"path":"CMakeLists.txt","limit":20})"));
  EXPECT_EQ(answer.finish, "tool_calls");
  EXPECT_GT(answer.usage.at("prompt_tokens").get<std::uint32_t>(), kContext / 2);
  EXPECT_LT(answer.usage.at("prompt_tokens").get<std::uint32_t>(), kContext);

  const std::string prompt = server.engine().last_prompt();
  EXPECT_NE(prompt.find(request["messages"][0]["content"].get<std::string>()), std::string::npos);
  const std::vector<Json> tools = tools_in(prompt);
  ASSERT_EQ(request["tools"].size(), 23U);
  ASSERT_EQ(tools.size(), 23U);
  for (std::size_t i = 0; i < tools.size(); ++i) EXPECT_EQ(tools[i], request["tools"][i]) << i;
  for (const char* text : {"Look at the build.", "cwd: /home/user/project", "list_folder",
                           "nothing to commit", "The tree is clean.", "What is 123+456?"}) {
    EXPECT_NE(prompt.find(text, prompt.find("</tools>")), std::string::npos) << text;
  }
  EXPECT_EQ(server.engine().last_limit(), 128U);
}

TEST(Agent, MoreThanTheContextIsToldInTokens) {
  TestServer server(always(says("x")), with_context(kContext));
  const Reply reply = server.chat(agent_request(100'000));
  EXPECT_EQ(reply.status, 400U);
  const Json error = reply.json().at("error");
  EXPECT_EQ(error.at("code"), "context_length_exceeded");
  EXPECT_NE(error.at("message").get<std::string>().find("16384"), std::string::npos) << error;
}

}  // namespace
}  // namespace redbolt::test
