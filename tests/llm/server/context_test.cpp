// What the engine is told to keep of a prompt, should an answer fill the context.
#include <gtest/gtest.h>

#include <mutex>

#include "test_server.hpp"

namespace redbolt::test {
namespace {

TEST(Context, WhatTheSystemSaidIsKept) {
  std::mutex mutex;
  std::uint32_t keep = 0;
  std::vector<llm::TokenId> prompt;
  TestServer server([&](const llm::TokenRequest& request, const std::string&) {
    const std::lock_guard lock(mutex);
    keep = request.keep_tokens;
    prompt = request.prompt;
    return says("Yes.");
  });
  const auto ask = [&](const Json& messages) {
    EXPECT_EQ(server.chat({{"model", kModelName}, {"messages", messages}}).status, 200U);
    const std::lock_guard lock(mutex);
    std::string text;
    for (std::uint32_t i = 0; i < keep; ++i) {
      const std::string bytes = demo_tokenizer().bytes(prompt.at(i));
      text += bytes.empty() ? std::string(demo_tokenizer().vocabulary().text(prompt[i])) : bytes;
    }
    return text;
  };
  const Json user = {{"role", "user"}, {"content", "Is it?"}};
  EXPECT_EQ(ask({{{"role", "system"}, {"content", "Be brief."}}, user}),
            "<|im_start|>system\nBe brief.<|im_end|>\n");
  EXPECT_EQ(ask(Json::array({user})), "");
}

}  // namespace
}  // namespace redbolt::test
