// Chat templates of real models, and ones of ours that use what the others do: prompts are those
// that Python's Jinja2 makes of the same conversations (tests/data/chat_templates/render.py).
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "chat_cases.hpp"
#include "redbolt/llm/chat/format.hpp"
#include "redbolt/llm/error.hpp"
#include "test_paths.hpp"

namespace redbolt::llm {
namespace {

using test::Json;

const std::filesystem::path kData = std::filesystem::path(REDBOLT_TEST_DATA) / "chat_templates";

std::map<std::string, std::unique_ptr<ChatFormat>> all_formats() {
  std::map<std::string, std::unique_ptr<ChatFormat>> formats;
  for (const Json& row : test::read_json(kData / "templates.json")) {
    const std::string file = row["file"];
    formats[file] = test::format_of(test::read_text(kData / file), row);
  }
  return formats;
}

std::unique_ptr<ChatFormat> format_named(const std::string& name) {
  return test::format_of(test::read_text(kData / "templates" / (name + ".jinja")),
                         {{"bos", "<s>"}, {"eos", "</s>"}});
}

TEST(ChatTemplates, MakeThePromptsThatPythonMakes) {
  std::map<std::string, Conversation> conversations;
  for (const Json& row : test::read_json(kData / "conversations.json")) {
    conversations[row["name"]] = test::conversation_of(row);
  }
  const auto formats = all_formats();
  const Json rows = test::read_json(kData / "renderings.json");
  ASSERT_GT(rows.size(), 200U);
  std::size_t prompts = 0;
  for (const Json& row : rows) {
    SCOPED_TRACE(row["template"].get<std::string>() + ", " +
                 row["conversation"].get<std::string>());
    try {
      const std::string prompt =
          join(formats.at(row["template"])->prompt(conversations.at(row["conversation"])));
      EXPECT_EQ(prompt, row.value("output", "none: the template fails"));
      ++prompts;
    } catch (const LlmError& error) {
      EXPECT_EQ(error.code(),
                row.contains("refused") ? ErrorCode::unsupported_chat : ErrorCode::bad_template)
          << error.what();
      EXPECT_FALSE(row.contains("output")) << error.what();
      const std::string reason = row.value("refused", "");
      EXPECT_NE(std::string(error.what()).find(reason), std::string::npos) << error.what();
    }
  }
  EXPECT_GT(prompts, 200U);
}

// Every text of a conversation, those of its tools included, is made of one letter that no template
// has; it must not turn up in what may name special tokens, however it was cut and put together.
TEST(ChatTemplates, NoTextOfTheConversationIsMarkup) {
  constexpr std::string_view kLetter = "\xD0\x96";  // Ж
  constexpr std::string_view kSmall = "\xD0\xB6";
  const auto text = [&](int n) {
    std::string result;
    for (int i = 0; i < n; ++i) result += std::string(kLetter) + (i % 3 == 1 ? "\n " : "");
    return result;
  };
  Conversation conversation;
  Message call{Role::assistant, text(3), text(4), {}};
  const std::string arguments = Json{{text(1), {text(2), 1.5, {{text(3), nullptr}}}}}.dump();
  call.tool_calls = {{text(2), arguments, text(9)}};
  Message result{Role::tool, text(5), {}, {}};
  result.name = text(2);
  result.tool_call_id = text(9);
  conversation.messages = {
      {Role::system, text(3), {}, {}},         {Role::user, text(4), {}, {}}, call, result,
      {Role::assistant, text(2), text(1), {}}, {Role::user, text(7), {}, {}}};
  const Json function = {{"name", text(2)},
                         {"description", text(6)},
                         {"parameters",
                          {{"type", "object"},
                           {"properties", {{text(1), {{"type", text(1)}, {"enum", {text(1)}}}}}},
                           {"required", {text(1)}}}}};
  conversation.tools = {Json{{"type", "function"}, {"function", function}}.dump()};
  conversation.reasoning_effort = text(1);
  conversation.template_arguments =
      Json{{"model_identity", text(2)}, {"date_string", text(2)}}.dump();
  for (const auto& [name, format] : all_formats()) {
    SCOPED_TRACE(name);
    std::size_t letters = 0;
    for (const TextSegment& segment : format->prompt(conversation)) {
      if (segment.special == SpecialTokens::none) {
        letters += segment.text.find(kLetter) != std::string::npos ? 1 : 0;
        continue;
      }
      EXPECT_EQ(segment.text.find(kLetter), std::string::npos) << segment.text;
      EXPECT_EQ(segment.text.find(kSmall), std::string::npos) << segment.text;
    }
    EXPECT_GT(letters, 4U);
  }
}

Conversation asked(std::string question) {
  Conversation conversation;
  conversation.messages = {{Role::user, std::move(question), {}, {}}};
  return conversation;
}

TEST(ChatTemplates, WhatTheyHaveNoPlaceForIsWrittenIntoMessages) {
  Conversation conversation = asked("12+34?");
  conversation.messages.insert(conversation.messages.begin(), {Role::system, "Be brief.", {}, {}});
  Message call{Role::assistant, "", {}, {{"calculator", R"({"x": 1})"}}};
  conversation.messages.push_back(call);
  conversation.messages.push_back({Role::tool, "46", {}, {}});
  conversation.messages.push_back({Role::tool, "47", {}, {}});
  conversation.tools = {R"({"name": "calculator"})"};
  EXPECT_EQ(join(format_named("own-gemma")->prompt(conversation)),
            "<s><start_of_turn>user\nBe brief.\n\n# Tools\n\nYou may call one or more functions to "
            "assist "
            "with the user query.\n\nYou are provided with function signatures within "
            "<tools></tools> XML "
            "tags:\n<tools>\n{\"name\": \"calculator\"}\n</tools>\n\nFor each function call, "
            "return a json "
            "object with function name and arguments within <tool_call></tool_call> XML "
            "tags:\n<tool_call>\n{\"name\": <function-name>, \"arguments\": "
            "<args-json-object>}\n</tool_call>\n\n12+34?<end_of_turn>\n<start_of_turn>model\n"
            "<tool_call>\n{\"name\": \"calculator\", \"arguments\": {\"x\": 1}}\n</tool_call>"
            "<end_of_turn>\n<start_of_turn>user\n<tool_response>\n46\n</tool_response>\n"
            "<tool_response>\n47\n</tool_response><end_of_turn>\n<start_of_turn>model\n");
}

TEST(ChatTemplates, SeveralCallsBecomeSeveralMessagesWhereOnlyOneIsAllowed) {
  Conversation conversation = asked("?");
  conversation.now = std::chrono::sys_seconds(std::chrono::hours(12));
  Message calls{Role::assistant, "", {}, {{"f", R"({"a":1})", "one"}, {"g", "{}", "two"}}};
  Message second{Role::tool, "22", {}, {}};
  second.tool_call_id = "two";
  Message first{Role::tool, "11", {}, {}};
  first.tool_call_id = "one";
  conversation.messages.insert(conversation.messages.end(), {calls, second, first});
  conversation.tools = {R"({"type": "function", "function": {"name": "f"}})"};
  const std::string prompt = join(format_named("own-llama")->prompt(conversation));
  const std::string head = "<|eot_id|><|start_header_id|>";
  const std::string expected =
      head + "assistant<|end_header_id|>\n\n{\"name\": \"f\", \"parameters\": {\"a\": 1}}" + head +
      "ipython<|end_header_id|>\n\n\"11\"" + head +
      "assistant<|end_header_id|>\n\n{\"name\": \"g\", \"parameters\": {}}" + head +
      "ipython<|end_header_id|>\n\n\"22\"" + head + "assistant<|end_header_id|>\n\n";
  EXPECT_TRUE(prompt.ends_with("\n\n?" + expected)) << prompt;
}

TEST(ChatTemplates, IdsHaveTheFormThatTheTemplateWants) {
  Conversation conversation = asked("?");
  Message calls{Role::assistant, "", {}, {{"f", "{}", "call_4mF9-x"}, {"f", "{}"}}};
  Message answer{Role::tool, "1", {}, {}};
  answer.tool_call_id = "call_4mF9-x";
  conversation.messages.insert(conversation.messages.end(),
                               {calls, answer, {Role::tool, "2", {}, {}}});
  const std::string prompt = join(format_named("own-mistral-tools")->prompt(conversation));
  std::vector<std::string> ids;
  for (std::size_t at = prompt.find("id\": \""); at != std::string::npos;
       at = prompt.find("id\": \"", at + 1)) {
    ids.push_back(prompt.substr(at + 6, prompt.find('"', at + 6) - at - 6));
  }
  ASSERT_EQ(ids.size(), 4U) << prompt;
  EXPECT_EQ(ids[0].size(), 9U);
  EXPECT_EQ(ids[1].size(), 9U);
  EXPECT_NE(ids[0], ids[1]);
  EXPECT_EQ(ids[2], ids[0]);
  EXPECT_EQ(ids[3], ids[1]);
}

TEST(ChatTemplates, AThoughtThatIsAlwaysOpenedIsClosedWhenNoneIsWanted) {
  const auto format = format_named("qwq");
  Conversation conversation = asked("Hi");
  EXPECT_TRUE(format->traits().opens_thinking);
  EXPECT_TRUE(ends_in_thought(format->prompt(conversation), format->traits()));
  conversation.thinking = Thinking::off;
  const auto prompt = format->prompt(conversation);
  EXPECT_TRUE(join(prompt).ends_with("<|im_start|>assistant\n<think>\n\n</think>\n\n"));
  EXPECT_FALSE(ends_in_thought(prompt, format->traits()));
}

TEST(ChatTemplates, TheLastMessageCanBeLeftOpen) {
  Conversation conversation = asked("Hi");
  conversation.messages.push_back({Role::assistant, "Hello, I am ", {}, {}});
  conversation.continue_final_message = true;
  EXPECT_EQ(join(format_named("phi4")->prompt(conversation)),
            "<|im_start|>user<|im_sep|>Hi<|im_end|><|im_start|>assistant<|im_sep|>Hello, I am");
}

TEST(ChatTemplates, TraitsSayWhatTheModelDoes) {
  struct Case {
    const char* name;
    bool tools, thinks, switched, opens;
    ToolSyntax syntax;
  };
  constexpr Case kCases[] = {
      {"qwen2.5", true, false, false, false, ToolSyntax::hermes},
      {"qwen3", true, true, true, false, ToolSyntax::hermes},
      {"qwen3-coder", true, false, false, false, ToolSyntax::function_tags},
      {"qwq", true, true, true, true, ToolSyntax::hermes},
      {"phi4", false, false, false, false, ToolSyntax::hermes},
      {"own-llama", true, false, false, false, ToolSyntax::llama_json},
      {"own-mistral-tools", true, false, false, false, ToolSyntax::mistral},
      {"own-harmony", true, true, false, false, ToolSyntax::harmony},
      {"granite3.3", true, true, true, false, ToolSyntax::tagged_list},
      {"own-gemma", false, false, false, false, ToolSyntax::hermes},
  };
  for (const Case& expected : kCases) {
    SCOPED_TRACE(expected.name);
    const auto format = format_named(expected.name);
    const ChatTraits& traits = format->traits();
    EXPECT_EQ(traits.renders_tools, expected.tools);
    EXPECT_EQ(traits.thinks, expected.thinks);
    EXPECT_EQ(traits.thinking_can_be_switched, expected.switched);
    EXPECT_EQ(traits.opens_thinking, expected.opens);
    EXPECT_EQ(traits.answer.tools, expected.syntax);
  }
}

ErrorCode code_of(const std::string& source, const Conversation& conversation) {
  try {
    test::format_of(source)->prompt(conversation);
  } catch (const LlmError& error) {
    return error.code();
  }
  ADD_FAILURE() << "no error";
  return ErrorCode::io;
}

TEST(ChatTemplates, ErrorsSayWhatIsWrongAndWhere) {
  try {
    test::format_of("{{ messages }}\n  {% for m in messages %}\n{{ m.content + 1 }}{% endfor %}")
        ->prompt(asked("Hi"));
    ADD_FAILURE();
  } catch (const LlmError& error) {
    EXPECT_EQ(error.code(), ErrorCode::bad_template);
    EXPECT_STREQ(error.what(),
                 "chat template, line 3, column 5: can only concatenate str (not \"int\") to str");
  }
  EXPECT_EQ(code_of("{{ raise_exception('no') }}", asked("Hi")), ErrorCode::unsupported_chat);
  EXPECT_THROW(test::format_of("{% if %}"), LlmError);
  Conversation conversation = asked("Hi");
  conversation.tools = {"[1]"};
  EXPECT_EQ(code_of("x", conversation), ErrorCode::bad_argument);
  conversation = asked("Hi");
  conversation.template_arguments = "{\"messages\": []}";
  EXPECT_EQ(code_of("x", conversation), ErrorCode::bad_argument);
  conversation.template_arguments = "nonsense";
  EXPECT_EQ(code_of("x", conversation), ErrorCode::bad_argument);
}

}  // namespace
}  // namespace redbolt::llm
