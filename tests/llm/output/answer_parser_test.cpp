// Recorded answers in the formats of their models, whole and cut in every place.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "nlohmann/json.hpp"
#include "recorded_answers.hpp"

namespace redbolt::llm {
namespace {

using nlohmann::json;
using test::JoinedAnswer;
using test::RecordedAnswer;

class Answers : public testing::Test {
 protected:
  static const std::vector<RecordedAnswer>& all() {
    static const std::vector<RecordedAnswer> answers = test::recorded_answers();
    return answers;
  }
};

void expect_same(const JoinedAnswer& is, const JoinedAnswer& expected, const std::string& where) {
  ASSERT_TRUE(is.problems.empty()) << where << ": " << is.problems.front();
  ASSERT_EQ(is.reasoning, expected.reasoning) << where;
  ASSERT_EQ(is.content, expected.content) << where;
  ASSERT_EQ(is.calls.size(), expected.calls.size()) << where;
  for (std::size_t i = 0; i < is.calls.size(); ++i) {
    ASSERT_EQ(is.calls[i].name, expected.calls[i].name) << where;
    ASSERT_EQ(is.calls[i].arguments, expected.calls[i].arguments) << where;
    ASSERT_EQ(is.calls[i].complete, expected.calls[i].complete) << where;
  }
}

TEST_F(Answers, AreTakenApartAsWritten) {
  ASSERT_GT(all().size(), 170U);
  for (const RecordedAnswer& answer : all()) {
    SCOPED_TRACE(answer.name);
    const JoinedAnswer joined = test::parse_in_pieces(answer.options, answer.text, {});
    EXPECT_TRUE(joined.problems.empty()) << joined.problems.front();
    EXPECT_EQ(joined.reasoning, answer.reasoning);
    EXPECT_EQ(joined.content, answer.content);
    ASSERT_EQ(joined.calls.size(), answer.calls.size());
    for (std::size_t i = 0; i < joined.calls.size(); ++i) {
      EXPECT_EQ(joined.calls[i].name, answer.calls[i].name);
      EXPECT_EQ(joined.calls[i].complete, answer.calls[i].complete);
      const std::string& text = joined.calls[i].arguments;
      if (answer.calls[i].complete) {
        EXPECT_EQ(json::parse(text, nullptr, false), json::parse(answer.calls[i].arguments))
            << text;
      } else {
        EXPECT_EQ(text, answer.calls[i].arguments);
        EXPECT_FALSE(json::accept(text));
      }
    }
  }
}

TEST_F(Answers, DoNotDependOnWhereTheyAreCutInTwo) {
  for (const RecordedAnswer& answer : all()) {
    const JoinedAnswer whole = test::parse_in_pieces(answer.options, answer.text, {});
    for (std::size_t cut = 0; cut <= answer.text.size(); ++cut) {
      const std::string where = answer.name + ", cut at " + std::to_string(cut);
      ASSERT_NO_FATAL_FAILURE(
          expect_same(test::parse_in_pieces(answer.options, answer.text, {cut}), whole, where));
    }
  }
}

TEST_F(Answers, DoNotDependOnWhereTheyAreCutAtRandom) {
  std::mt19937 random(41);
  for (const RecordedAnswer& answer : all()) {
    const JoinedAnswer whole = test::parse_in_pieces(answer.options, answer.text, {});
    for (unsigned round = 0; round < 40; ++round) {
      std::vector<std::size_t> cuts(random() % 20);
      for (std::size_t& cut : cuts) cut = random() % (answer.text.size() + 1);
      std::ranges::sort(cuts);
      ASSERT_NO_FATAL_FAILURE(expect_same(test::parse_in_pieces(answer.options, answer.text, cuts),
                                          whole, answer.name));
    }
  }
}

// What has come out after each byte of a text.
std::vector<std::string> settled(const AnswerOptions& options, std::string_view text) {
  AnswerParser parser(options);
  JoinedAnswer joined;
  std::vector<std::string> result;
  for (const char byte : text) {
    joined.add(parser.push(std::string_view(&byte, 1)));
    std::string out = joined.reasoning + joined.content;
    for (const auto& call : joined.calls) out += call.name + call.arguments;
    result.push_back(out);
  }
  return result;
}

TEST(AnswerParser, HoldsBackOnlyWhatMayBecomeATag) {
  const ToolDeclaration tool{"f"};
  const auto text = settled({.tools = {tool}}, "a <b <tool_x y");
  EXPECT_EQ(text[0], "a");
  EXPECT_EQ(text[2], "a");  // "<" may open a call
  EXPECT_EQ(text[3], "a <b");
  EXPECT_EQ(text[10], "a <b");  // "<tool_"
  EXPECT_EQ(text[11], "a <b <tool_x");
  const auto thoughts = settled({}, "<think>ab</thx");
  EXPECT_EQ(thoughts[7], "a");
  EXPECT_EQ(thoughts[8], "ab");
  EXPECT_EQ(thoughts[12], "ab");
  EXPECT_EQ(thoughts[13], "ab</thx");
  const auto plain = settled({}, "x < y\n");
  EXPECT_EQ(plain.back(), "x < y\n");  // without tools nothing is looked for
}

TEST(AnswerParser, StreamsCallsByteByByte) {
  const AnswerOptions options{.tools = {{"f", R"({"properties": {"s": {"type": "string"}}})"}}};
  const std::string head = R"(<tool_call>{"name": "f)";
  const std::string text = head + R"(", "arguments": {"s": "hello"}}</tool_call>)";
  const auto out = settled(options, text);
  EXPECT_EQ(out[head.size() - 1], "");
  EXPECT_EQ(out[head.size()], "f");  // the name's closing quote
  EXPECT_EQ(out[text.find("llo")], R"(f{"s": "hel)");

  AnswerOptions tags = options;
  tags.format.tools = ToolSyntax::function_tags;
  const std::string call =
      "<tool_call><function=f><parameter=s>\nhello\nyou\n</parameter></function>";
  const auto pieces = settled(tags, call);
  EXPECT_EQ(pieces[call.find("><parameter")], "f");
  EXPECT_EQ(pieces[call.find("llo")], R"(f{"s": "hel)");
  EXPECT_EQ(pieces[call.find("you")], R"(f{"s": "hello\ny)");
  EXPECT_EQ(pieces.back(), R"(f{"s": "hello\nyou"})");
}

TEST(AnswerParser, TellsWhetherItIsInThoughts) {
  AnswerParser parser({});
  EXPECT_FALSE(parser.in_thinking());
  parser.push("<think>a");
  EXPECT_TRUE(parser.in_thinking());
  parser.push("</think>");
  EXPECT_FALSE(parser.in_thinking());
  EXPECT_TRUE(AnswerParser({.starts_in_thinking = true}).in_thinking());
}

TEST(AnswerParser, StreamsChannelsByteByByte) {
  const AnswerOptions options{.format = {.tools = ToolSyntax::harmony},
                              .tools = {{"f", R"({"properties": {"s": {"type": "string"}}})"}}};
  const std::string text =
      "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>commentary "
      "to=functions.f <|constrain|>json<|message|>{\"s\": \"hello\"}<|call|>";
  const auto out = settled(options, text);
  EXPECT_EQ(out[text.find("hm")], "h");
  EXPECT_EQ(out[text.find("{\"s") - 1], "hmf");  // the mark after which the arguments come
  EXPECT_EQ(out[text.find("llo")], R"(hmf{"s": "hel)");
  EXPECT_EQ(out.back(), R"(hmf{"s": "hello"})");
  AnswerParser parser(options);
  parser.push("<|channel|>analysis<|message|>h");
  EXPECT_TRUE(parser.in_thinking());
  parser.push("m<|end|><|start|>assistant<|channel|>final<|message|>");
  EXPECT_FALSE(parser.in_thinking());
}

TEST(AnswerParser, AnnouncesAtMostSoManyCalls) {
  const std::string hermes = R"(<tool_call>{"name": "f"}</tool_call>)";
  const std::string harmony = "<|channel|>commentary to=functions.f<|message|>{}<|call|>";
  const std::pair<ToolSyntax, std::string> cases[] = {{ToolSyntax::hermes, hermes},
                                                      {ToolSyntax::harmony, harmony}};
  for (const auto& [syntax, call] : cases) {
    AnswerParser parser({.format = {.tools = syntax}, .tools = {{"f"}}, .most_calls = 1});
    JoinedAnswer joined(true);
    joined.add(parser.push(call + call));
    joined.add(parser.finish());
    ASSERT_EQ(joined.calls.size(), 1U);
    EXPECT_TRUE(joined.calls[0].complete);
    EXPECT_EQ(joined.content, call);
  }
}

TEST(AnswerParser, GivesEveryCallItsOwnId) {
  AnswerParser parser({.tools = {{"f"}}});
  std::vector<std::string> ids;
  for (const AnswerEvent& event :
       parser.push(R"(<tool_call>{"name":"f"}</tool_call><tool_call>{"name":"f"}</tool_call>)")) {
    if (const auto* begin = std::get_if<ToolCallBegin>(&event)) ids.push_back(begin->id);
  }
  ASSERT_EQ(ids.size(), 2U);
  EXPECT_NE(ids[0], ids[1]);
}

// The content of an answer without calls. What cannot be one is looked at a bounded number of
// times, byte by byte, or this would not end within the test's time limit.
std::string content_of(const std::string& text, ToolSyntax syntax = ToolSyntax::hermes) {
  AnswerParser parser({.format = {.tools = syntax}, .tools = {{"f"}}});
  std::string content;
  const auto add = [&](const std::vector<AnswerEvent>& events) {
    for (const AnswerEvent& event : events) {
      const auto* part = std::get_if<ContentText>(&event);
      if (part != nullptr) content += part->text;
    }
  };
  add(parser.push(text));
  add(parser.finish());
  return content;
}

TEST(AnswerParser, TakesTimeInProportionToTheAnswer) {
  std::string text;
  for (unsigned i = 0; i < 60000; ++i) text += R"(<tool_call>{"x": "<tool_call>)";
  EXPECT_EQ(content_of(text), text);
  const std::string space(1'000'000, ' ');
  EXPECT_EQ(content_of(space), space);
  EXPECT_EQ(content_of("<tool_call>" + space + "{"), "<tool_call>" + space + "{");
  EXPECT_EQ(content_of(R"(<tool_call>{"name": "f"})" + space + "x"), "x");
  std::string marks;
  for (unsigned i = 0; i < 20000; ++i) marks += "<|end|> <|start|>assistant to=functions.";
  const std::string header = "<|channel|>final<|message|>";
  EXPECT_TRUE(content_of(header + marks + " .", ToolSyntax::harmony) == marks + " .");
  const std::string name(300'000, 'f');
  const std::string start = "<|start|>assistant to=" + name;
  EXPECT_TRUE(content_of(header + start, ToolSyntax::harmony) == start);
  const std::string call = "<｜tool▁call▁begin｜>" + name;
  EXPECT_TRUE(content_of(call, ToolSyntax::deepseek) == call);
}

}  // namespace
}  // namespace redbolt::llm
