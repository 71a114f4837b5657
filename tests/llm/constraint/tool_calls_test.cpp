// Forced calls of tools in every syntax: what random walks write is read back as whole calls whose
// arguments are valid; calls as models write them can be written.
#include <gtest/gtest.h>

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

const std::vector<ToolDeclaration>& tools() {
  static const std::vector<ToolDeclaration> all = {
      {"get_weather",
       R"({"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1, "maximum": 14},
           "unit": {"enum": ["celsius", "fahrenheit"]}}, "required": ["city", "unit"], "additionalProperties": false})",
       true},
      {"save",
       R"({"type": "object", "properties": {"tags": {"type": "array", "items": {"type": "string"}, "maxItems": 3},
           "deep": {"type": "object", "properties": {"on": {"type": "boolean"}}, "required": ["on"]},
           "note": {"type": ["string", "null"]}}, "required": ["tags", "deep"]})"},
      {"now", R"({"type": "object", "properties": {}, "additionalProperties": false})"},
      {"anything", ""},
      // Not strict and not supported: any object.
      {"loose", R"({"type": "object", "patternProperties": {"^x": {}}})"},
  };
  return all;
}

struct Read {
  std::string content;
  std::vector<std::pair<std::string, std::string>> calls;
  bool complete = true;
};

Read read_answer(ToolSyntax syntax, const std::string& text) {
  AnswerParser parser({.format = {.tools = syntax}, .tools = tools()});
  Read read;
  auto events = parser.push(text);
  for (const AnswerEvent& event : parser.finish()) events.push_back(event);
  for (const AnswerEvent& event : events) {
    if (const auto* content = std::get_if<ContentText>(&event)) read.content += content->text;
    if (const auto* begin = std::get_if<ToolCallBegin>(&event))
      read.calls.push_back({begin->name, ""});
    if (const auto* piece = std::get_if<ToolCallArguments>(&event)) {
      read.calls.back().second += piece->text;
    }
    if (const auto* end = std::get_if<ToolCallEnd>(&event)) read.complete &= end->complete;
  }
  return read;
}

const std::vector<std::string>& endings(ToolSyntax syntax) {
  static const std::vector<std::string> json = {"\"", "}", "]"};
  static const std::vector<std::string> tags = {"</", "parameter", "function>", "tool_call>"};
  return syntax == ToolSyntax::function_tags ? tags : json;
}

constexpr ToolSyntax kSyntaxes[] = {
    ToolSyntax::hermes,   ToolSyntax::function_tags,   ToolSyntax::llama_json,
    ToolSyntax::mistral,  ToolSyntax::mistral_args,    ToolSyntax::tagged_list,
    ToolSyntax::deepseek, ToolSyntax::deepseek_fenced, ToolSyntax::harmony};

TEST(ToolCallForms, AreReadBackAsWholeValidCalls) {
  std::mt19937 random(6);
  for (const ConstraintModel* model : {&test::demo_model(), &test::qwen3_model()}) {
    const unsigned rounds = model == &test::demo_model() ? 40 : 5;
    for (const ToolSyntax syntax : kSyntaxes) {
      unsigned ended = 0, several = 0;
      for (unsigned round = 0; round < rounds; ++round) {
        const auto constraint =
            model->compiler->tool_calls(tools(), {.syntax = syntax, .parallel = true});
        const auto walk =
            test::random_walk(*constraint, *model, random, endings(syntax), 600,
                              syntax == ToolSyntax::function_tags ? "</parameter>" : "\"");
        if (!walk.ended) continue;
        ++ended;
        const Read read = read_answer(syntax, walk.text);
        EXPECT_EQ(read.content, "") << walk.text;
        EXPECT_TRUE(read.complete) << walk.text;
        ASSERT_FALSE(read.calls.empty()) << walk.text;
        several += read.calls.size() > 1 ? 1 : 0;
        for (const auto& [name, text] : read.calls) {
          const Json arguments = Json::parse(text, nullptr, false);
          ASSERT_TRUE(arguments.is_object()) << walk.text;
          const auto tool = std::ranges::find(tools(), name, &ToolDeclaration::name);
          if (tool->parameters.empty() || name == "loose") continue;
          const Json schema = Json::parse(tool->parameters);
          EXPECT_EQ(test::find_violation(schema, schema, arguments), "") << walk.text;
        }
      }
      EXPECT_GT(ended, rounds / 2) << static_cast<int>(syntax);
      // In channels a call ends the answer. The few walks with the large vocabulary may all be
      // short.
      if (syntax == ToolSyntax::harmony) {
        EXPECT_EQ(several, 0U);
      } else if (model == &test::demo_model()) {
        EXPECT_GT(several, 0U) << static_cast<int>(syntax);
      }
    }
  }
}

std::optional<std::string> problem(const ConstraintModel& model, const ToolCallForm& form,
                                   const std::string& text) {
  const auto constraint = model.compiler->tool_calls(tools(), form);
  return test::feed_text(*constraint, model, text, SpecialTokens::all);
}

TEST(ToolCallForms, TakeCallsAsModelsWriteThem) {
  const ConstraintModel& model = test::qwen3_model();
  const std::string one =
      "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\", \"unit\": "
      "\"celsius\"}}\n</tool_call>";
  EXPECT_FALSE(problem(model, {}, one));
  EXPECT_FALSE(problem(model, {}, one + "\n" + one));
  EXPECT_TRUE(problem(model, {.parallel = false}, one + "\n" + one));
  EXPECT_FALSE(problem(model, {.named = "get_weather"}, one));
  EXPECT_TRUE(problem(model, {.named = "now"}, one));
  EXPECT_TRUE(problem(model, {}, "It is sunny."));
  EXPECT_FALSE(problem(model, {.syntax = ToolSyntax::function_tags},
                       "<tool_call>\n<function=get_weather>\n<parameter=city>\nSão\n<b>\n"
                       "</parameter>\n<parameter=unit>\ncelsius\n</parameter>\n</function>\n"
                       "</tool_call>"));
  EXPECT_TRUE(problem(model, {.syntax = ToolSyntax::function_tags},
                      "<tool_call>\n<function=get_weather>\n<parameter=city>\nx\n</parameter>\n"
                      "</function>\n</tool_call>"));  // a required parameter is missing
  EXPECT_FALSE(problem(model, {.syntax = ToolSyntax::llama_json},
                       "{\"name\": \"now\", \"parameters\": {}}"));
  EXPECT_FALSE(problem(model, {.syntax = ToolSyntax::mistral},
                       "[TOOL_CALLS][{\"name\": \"now\", \"arguments\": {}}]"));
  EXPECT_FALSE(problem(model, {.syntax = ToolSyntax::mistral_args},
                       "[TOOL_CALLS]now[ARGS]{}[TOOL_CALLS]now[ARGS]{}"));
  EXPECT_FALSE(problem(model, {.syntax = ToolSyntax::tagged_list},
                       "<|tool_call|>[{\"name\": \"now\", \"arguments\": {}}, {\"name\": \"now\", "
                       "\"arguments\": {}}]"));
}

// As their templates write what they have said before.
TEST(ToolCallForms, TakeDeepSeeksCallsAndGptOsss) {
  const ConstraintModel& model = test::qwen3_model();
  const std::string arguments = R"({"city": "Rome", "unit": "celsius"})";
  const std::string v31 =
      "<｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>" + arguments + "<｜tool▁call▁end｜>";
  const auto listed = [](const std::string& calls) {
    return "<｜tool▁calls▁begin｜>" + calls + "<｜tool▁calls▁end｜>";
  };
  EXPECT_FALSE(problem(model, {.syntax = ToolSyntax::deepseek}, listed(v31)));
  EXPECT_FALSE(problem(model, {.syntax = ToolSyntax::deepseek}, listed(v31 + v31)));
  EXPECT_TRUE(
      problem(model, {.syntax = ToolSyntax::deepseek, .parallel = false}, listed(v31 + v31)));
  const std::string v3 = "<｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather\n```json\n" +
                         arguments + "\n```<｜tool▁call▁end｜>";
  EXPECT_FALSE(problem(model, {.syntax = ToolSyntax::deepseek_fenced}, listed(v3)));
  EXPECT_FALSE(problem(model, {.syntax = ToolSyntax::deepseek_fenced}, listed(v3 + "\n" + v3)));
  EXPECT_TRUE(problem(model, {.syntax = ToolSyntax::deepseek_fenced}, listed(v31)));

  const ToolCallForm harmony{.syntax = ToolSyntax::harmony};
  const std::string call = "<|channel|>commentary to=functions.now <|constrain|>json<|message|>{}";
  EXPECT_FALSE(problem(model, harmony, call));
  EXPECT_FALSE(problem(model, harmony, "<|start|>assistant" + call));
  EXPECT_FALSE(problem(model, harmony,
                       " to=functions.now<|channel|>commentary <|constrain|>json<|message|>{}"));
  EXPECT_TRUE(problem(model, harmony, call + "<|start|>assistant" + call));
  EXPECT_TRUE(problem(model, harmony, "<|channel|>final<|message|>It is five."));
  EXPECT_TRUE(problem(model, harmony, "<|channel|>commentary to=functions.rm"));
}

TEST(ToolCallForms, RefuseWhatCannotBeForced) {
  const ConstraintCompiler& compiler = *test::demo_model().compiler;
  EXPECT_THROW(compiler.tool_calls({}, {}), LlmError);
  EXPECT_THROW(compiler.tool_calls(tools(), {.named = "absent"}), LlmError);
  const std::vector<ToolDeclaration> strict = {
      {"f", R"({"type": "object", "properties": {"a": {"not": {}}}})", true}};
  for (const ToolSyntax syntax : kSyntaxes) {
    try {
      compiler.tool_calls(strict, {.syntax = syntax});
      ADD_FAILURE() << static_cast<int>(syntax);
    } catch (const SchemaError& error) {
      EXPECT_EQ(error.path(), "/properties/a");
      EXPECT_EQ(error.keyword(), "not");
    }
  }
}

// Whatever a schema allows besides, arguments are an object.
TEST(ToolCallForms, ArgumentsAreObjects) {
  const ConstraintModel& model = test::qwen3_model();
  for (const char* schema : {"true", R"({"type": "string"})", R"({"type": ["object", "null"]})",
                             R"({"anyOf": [{"type": "string"}, {"type": "object"}]})"}) {
    const auto call = [&](const std::string& arguments) {
      const auto constraint =
          model.compiler->tool_calls(std::vector<ToolDeclaration>{{"f", schema}}, {});
      return test::feed_text(
          *constraint, model,
          "<tool_call>\n{\"name\": \"f\", \"arguments\": " + arguments + "}\n</tool_call>",
          SpecialTokens::all);
    };
    EXPECT_FALSE(call("{}")) << schema;
    EXPECT_TRUE(call("\"x\"")) << schema;
    EXPECT_TRUE(call("null")) << schema;
  }
  const std::vector<ToolDeclaration> strict = {{"f", R"({"type": "string"})", true}};
  EXPECT_THROW(model.compiler->tool_calls(strict, {}), SchemaError);
}

TEST(ToolCallForms, RefuseNamesThatASyntaxCannotWrite) {
  const ConstraintCompiler& compiler = *test::demo_model().compiler;
  for (const ToolSyntax syntax : kSyntaxes) {
    const bool quoted = syntax == ToolSyntax::hermes || syntax == ToolSyntax::llama_json ||
                        syntax == ToolSyntax::mistral || syntax == ToolSyntax::tagged_list;
    for (const char* name : {"a b", "f>", "<|message|>", "f\n"}) {
      const std::vector<ToolDeclaration> odd = {{name, ""}};
      if (quoted) {
        EXPECT_NO_THROW(compiler.tool_calls(odd, {.syntax = syntax})) << name;
      } else {
        EXPECT_THROW(compiler.tool_calls(odd, {.syntax = syntax}), SchemaError) << name;
      }
    }
    EXPECT_NO_THROW(compiler.tool_calls(std::vector<ToolDeclaration>{{"fs.read-file_2:é", ""}},
                                        {.syntax = syntax}));
  }
}

}  // namespace
}  // namespace redbolt::llm
