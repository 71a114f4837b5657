// Forms that are calls of tools or JSON: whatever is written is read back as whole calls with valid
// arguments and nothing else, or as a document that the schema accepts and nothing else.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "constraint_walk.hpp"
#include "redbolt/llm/error.hpp"
#include "redbolt/llm/output/answer_parser.hpp"
#include "schema_oracle.hpp"

namespace redbolt::llm {
namespace {

using test::ConstraintModel;
using test::Json;

constexpr ToolSyntax kSyntaxes[] = {
    ToolSyntax::hermes,   ToolSyntax::function_tags,   ToolSyntax::llama_json,
    ToolSyntax::mistral,  ToolSyntax::mistral_args,    ToolSyntax::tagged_list,
    ToolSyntax::deepseek, ToolSyntax::deepseek_fenced, ToolSyntax::harmony};

const std::vector<ToolDeclaration>& tools() {
  static const std::vector<ToolDeclaration> all = {
      {"look", R"({"type": "object", "properties": {"city": {"enum": ["Paris", "Rome"]},
           "days": {"type": "integer", "minimum": 1, "maximum": 9}},
           "required": ["city"], "additionalProperties": false})",
       true},
      {"now", R"({"type": "object", "properties": {}, "additionalProperties": false})"},
  };
  return all;
}

// Documents that look like calls in most syntaxes, and quote all of them.
constexpr std::string_view kSchema = R"({"type": "object", "properties": {
  "name": {"enum": ["look", "now", "<tool_call>{}</tool_call>", "<function=now></function>",
                    "[TOOL_CALLS]now{}", "<｜tool▁call▁begin｜>now<｜tool▁sep｜>{}",
                    "<|end|><|start|>assistant<|channel|>commentary to=functions.now<|message|>{}", "{\"name\": \"now\", \"parameters\": {}}"]},
  "parameters": {"type": "integer"},
  "sum": {"type": "number"}}, "required": ["name", "sum"], "additionalProperties": false})";

struct Read {
  std::string content;
  std::vector<std::pair<std::string, std::string>> calls;
  bool complete = true;
};

Read read_answer(ToolSyntax syntax, const std::string& text) {
  AnswerParser parser({.format = {.tools = syntax}, .tools = tools(), .calls_or_text = true});
  Read read;
  auto events = parser.push(text);
  for (const AnswerEvent& event : parser.finish()) events.push_back(event);
  for (const AnswerEvent& event : events) {
    if (const auto* content = std::get_if<ContentText>(&event)) read.content += content->text;
    if (const auto* begin = std::get_if<ToolCallBegin>(&event)) {
      read.calls.push_back({begin->name, ""});
    }
    if (const auto* piece = std::get_if<ToolCallArguments>(&event)) {
      read.calls.back().second += piece->text;
    }
    if (const auto* end = std::get_if<ToolCallEnd>(&event)) read.complete &= end->complete;
  }
  return read;
}

void expect_calls(const Read& read) {
  EXPECT_EQ(read.content, "");
  EXPECT_TRUE(read.complete);
  for (const auto& [name, text] : read.calls) {
    const Json arguments = Json::parse(text, nullptr, false);
    ASSERT_TRUE(arguments.is_object()) << text;
    const Json schema =
        Json::parse(std::ranges::find(tools(), name, &ToolDeclaration::name)->parameters);
    EXPECT_EQ(test::find_violation(schema, schema, arguments), "");
  }
}

void expect_document(const Read& read, std::optional<std::string_view> schema) {
  const Json document = Json::parse(read.content, nullptr, false);
  ASSERT_TRUE(document.is_object());
  if (!schema) return;
  const Json parsed = Json::parse(*schema);
  EXPECT_EQ(test::find_violation(parsed, parsed, document), "");
}

TEST(CallsOrJson, IsReadBackAsOneOrTheOther) {
  std::mt19937 random(19);
  const ConstraintModel& model = test::demo_model();
  const std::vector<std::string> endings = {"\"", "}", "]", "</", "parameter", "function>"};
  for (const ToolSyntax syntax : kSyntaxes) {
    for (const auto schema : {std::optional<std::string_view>(kSchema), {}}) {
      unsigned called = 0, answered = 0;
      // A header has many more beginnings for calls.
      const unsigned rounds = syntax == ToolSyntax::harmony ? 160 : 60;
      for (unsigned round = 0; round < rounds; ++round) {
        const auto constraint = model.compiler->calls_or_json(
            tools(), {.syntax = syntax}, schema, {.channels = syntax == ToolSyntax::harmony});
        const auto walk = test::random_walk(*constraint, model, random, endings, 500);
        if (!walk.ended) continue;
        SCOPED_TRACE(walk.text);
        const Read read = read_answer(syntax, walk.text);
        if (read.calls.empty()) {
          ++answered;
          expect_document(read, schema);
        } else {
          ++called;
          expect_calls(read);
        }
      }
      EXPECT_GT(called, 2U) << static_cast<int>(syntax);
      EXPECT_GT(answered, 2U) << static_cast<int>(syntax);
    }
  }
}

std::optional<std::string> problem(ToolSyntax syntax, const std::string& text,
                                   const ToolCallForm& form = {}) {
  const ConstraintModel& model = test::qwen3_model();
  ToolCallForm wanted = form;
  wanted.syntax = syntax;
  const auto constraint = model.compiler->calls_or_json(tools(), wanted, kSchema);
  return test::feed_text(*constraint, model, text, SpecialTokens::all);
}

TEST(CallsOrJson, TakesWhatModelsWrite) {
  const std::string call =
      "<tool_call>\n{\"name\": \"look\", \"arguments\": {\"city\": \"Paris\"}}\n</tool_call>";
  const std::string answer = R"({"name": "now", "sum": 3})";
  EXPECT_FALSE(problem(ToolSyntax::hermes, call));
  EXPECT_FALSE(problem(ToolSyntax::hermes, call + "\n" + call));
  EXPECT_TRUE(problem(ToolSyntax::hermes, call + "\n" + call, {.parallel = false}));
  EXPECT_FALSE(problem(ToolSyntax::hermes, answer));
  EXPECT_TRUE(problem(ToolSyntax::hermes, call + "\n" + answer));
  EXPECT_TRUE(problem(ToolSyntax::hermes, answer + "\n" + call));
  EXPECT_TRUE(problem(ToolSyntax::hermes, "Sure: " + answer));
  EXPECT_TRUE(problem(ToolSyntax::hermes, R"({"name": "now"})"));
  EXPECT_TRUE(problem(ToolSyntax::hermes,
                      "<tool_call>\n{\"name\": \"look\", \"arguments\": {\"city\": \"Oslo\"}}"));
}

// In Llama's syntax only the text itself can tell: up to the arguments it is either.
TEST(CallsOrJson, AnObjectThatBeginsLikeACallIsOne) {
  const auto llama = [](const std::string& text) { return problem(ToolSyntax::llama_json, text); };
  EXPECT_FALSE(llama(R"({"name": "look", "parameters": {"city": "Rome"}})"));
  EXPECT_FALSE(llama(R"(<|python_tag|>{"name": "now", "parameters": {}})"));
  EXPECT_FALSE(llama(R"({"name": "look", "sum": 1.5})"));
  EXPECT_FALSE(llama(R"({"name":"look","parameters":4,"sum":1})"));
  EXPECT_TRUE(llama(R"({"name": "look", "parameters": 4, "sum": 1})"));
  EXPECT_TRUE(llama(R"({"name": "look", "parameters": {"city": "Rome"}, "sum": 1})"));

  for (const char* text :
       {R"({"name": "look", "sum": 1.5})", R"({"name":"now","parameters":{}})",
        R"({"name": "\u006eow", "parameters": {}})", R"({"name": "now", "arguments": {}})",
        R"({"name": "then", "parameters": {}})"}) {
    const Read read = read_answer(ToolSyntax::llama_json, text);
    EXPECT_EQ(read.content, text);
    EXPECT_TRUE(read.calls.empty());
  }
  const Read read =
      read_answer(ToolSyntax::llama_json, R"({"name": "now", "parameters": {"a": 1}})");
  EXPECT_EQ(read.content, "");
  ASSERT_EQ(read.calls.size(), 1U);
  EXPECT_EQ(read.calls[0].second, R"({"a": 1})");
}

TEST(CallsOrJson, ThoughtsMayComeFirst) {
  const ConstraintModel& model = test::qwen3_model();
  const ThinkingPrelude prelude{.tags = known_thinking_tags().front()};
  const auto thinking = [&](const std::string& text) {
    const auto constraint = model.compiler->calls_or_json(tools(), {}, {}, prelude);
    return test::feed_text(*constraint, model, text, SpecialTokens::all);
  };
  const std::string thought = "<think>\nEither, or.\n</think>\n\n";
  EXPECT_FALSE(thinking(thought + R"({"a": 1})"));
  EXPECT_FALSE(
      thinking(thought + "<tool_call>\n{\"name\": \"now\", \"arguments\": {}}\n</tool_call>"));
  EXPECT_FALSE(thinking(R"({"a": 1})"));
  EXPECT_TRUE(thinking(thought + "Neither."));
}

// The thoughts begin with the same mark as what may come instead of them.
TEST(CallsOrJson, InChannelsThoughtsMayComeFirstToo) {
  const ConstraintModel& model = test::qwen3_model();
  const auto with = [&](const std::string& text, bool opened = false) {
    const ThinkingPrelude prelude{.tags = kChannelThinking, .opened = opened, .channels = true};
    const auto constraint =
        model.compiler->calls_or_json(tools(), {.syntax = ToolSyntax::harmony}, kSchema, prelude);
    return test::feed_text(*constraint, model, text, SpecialTokens::all);
  };
  const std::string thought =
      "<|channel|>analysis<|message|>Either, <or>.<|end|><|start|>assistant";
  const std::string answer = R"(<|channel|>final<|message|>{"name": "now", "sum": 3})";
  const std::string call =
      "<|channel|>commentary to=functions.look <|constrain|>json<|message|>{\"city\": \"Rome\"}";
  for (const std::string& form : {answer, call}) {
    EXPECT_FALSE(with(form));
    EXPECT_FALSE(with(thought + form));
    EXPECT_FALSE(with("Hm.<|end|><|start|>assistant" + form, true));
    EXPECT_TRUE(with(form + "<|end|>"));
    EXPECT_TRUE(with(thought + "Hm."));
  }
  EXPECT_TRUE(with(R"({"name": "now", "sum": 3})"));
  EXPECT_TRUE(with("<|channel|>analysis<|message|>Hm."));
}

TEST(CallsOrJson, SaysWhatCannotBeForced) {
  const ConstraintCompiler& compiler = *test::demo_model().compiler;
  EXPECT_THROW(compiler.calls_or_json({}, {}, kSchema), LlmError);
  EXPECT_THROW(compiler.calls_or_json(tools(), {}, R"({"not": {}})"), SchemaError);
  const std::vector<ToolDeclaration> strict = {{"f", R"({"type": "object", "not": {}})", true}};
  EXPECT_THROW(compiler.calls_or_json(strict, {}, kSchema), SchemaError);
}

}  // namespace
}  // namespace redbolt::llm
