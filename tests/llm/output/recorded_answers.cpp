#include "recorded_answers.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string_view>

#include "nlohmann/json.hpp"
#include "test_paths.hpp"

namespace redbolt::test {
namespace {

using nlohmann::json;

llm::ToolSyntax syntax_of(std::string_view name) {
  static const std::map<std::string_view, llm::ToolSyntax> kNames = {
      {"hermes", llm::ToolSyntax::hermes},
      {"function_tags", llm::ToolSyntax::function_tags},
      {"llama_json", llm::ToolSyntax::llama_json},
      {"mistral", llm::ToolSyntax::mistral},
      {"mistral_args", llm::ToolSyntax::mistral_args},
      {"tagged_list", llm::ToolSyntax::tagged_list},
      {"deepseek", llm::ToolSyntax::deepseek},
      {"deepseek_fenced", llm::ToolSyntax::deepseek_fenced},
      {"harmony", llm::ToolSyntax::harmony},
  };
  const auto found = kNames.find(name);
  if (found == kNames.end()) throw std::runtime_error("unknown syntax " + std::string(name));
  return found->second;
}

RecordedAnswer read_answer(const json& answer, const json& tools) {
  RecordedAnswer result;
  result.text = answer.at("text");
  result.reasoning = answer.at("reasoning");
  result.content = answer.at("content");
  result.options.format.tools = syntax_of(answer.at("syntax").get<std::string>());
  result.options.calls_or_text = answer.value("calls_or_text", false);
  result.options.starts_in_thinking = answer.value("starts_in_thinking", false);
  for (const llm::ThinkingTags& tags : llm::known_thinking_tags()) {
    if (tags.open == answer.value("tags", "")) result.options.format.thinking = tags;
  }
  for (const json& tool : answer.value("tools", tools)) {
    result.options.tools.push_back(llm::parse_tool(tool.dump()));
  }
  for (const json& call : answer.at("calls")) {
    const bool complete = call.contains("arguments");
    result.calls.push_back({call.at("name"),
                            complete ? call.at("arguments").dump() : std::string(call.at("text")),
                            complete});
  }
  return result;
}

}  // namespace

std::vector<RecordedAnswer> recorded_answers() {
  std::vector<RecordedAnswer> answers;
  for (const auto& file :
       std::filesystem::directory_iterator(std::filesystem::path(REDBOLT_TEST_DATA) / "answers")) {
    std::ifstream stream(file.path());
    const json content = json::parse(stream);
    for (const json& answer : content.at("answers")) {
      answers.push_back(read_answer(answer, content.at("tools")));
      answers.back().name = file.path().stem().string() + ": " + std::string(answer.at("name"));
    }
  }
  std::ranges::sort(answers, {}, &RecordedAnswer::name);
  return answers;
}

void JoinedAnswer::add(const std::vector<llm::AnswerEvent>& events) {
  const auto expect = [&](bool right, const char* what) {
    if (!right) problems.emplace_back(what);
  };
  for (const llm::AnswerEvent& event : events) {
    if (const auto* thought = std::get_if<llm::ReasoningText>(&event)) {
      expect(!thought->text.empty(), "empty thoughts");
      expect(in_channels_ || (content.empty() && calls.empty()),
             "thoughts after the answer has begun");
      reasoning += thought->text;
    } else if (const auto* text = std::get_if<llm::ContentText>(&event)) {
      expect(!text->text.empty(), "empty text");
      expect(!open_, "text within a call");
      content += text->text;
    } else if (const auto* begin = std::get_if<llm::ToolCallBegin>(&event)) {
      expect(!open_, "a call within a call");
      expect(begin->index == calls.size(), "calls are not numbered in order");
      expect(begin->id.starts_with("call_") && begin->id.size() == 29, "a call's id");
      calls.push_back({begin->name, "", false});
      open_ = true;
    } else if (const auto* piece = std::get_if<llm::ToolCallArguments>(&event)) {
      expect(open_ && piece->index + 1 == calls.size(), "arguments outside of their call");
      if (open_) calls.back().arguments += piece->text;
    } else if (const auto* end = std::get_if<llm::ToolCallEnd>(&event)) {
      expect(open_ && end->index + 1 == calls.size(), "the end of a call that is not open");
      if (open_) calls.back().complete = end->complete;
      open_ = false;
    }
  }
}

JoinedAnswer parse_in_pieces(const llm::AnswerOptions& options, std::string_view text,
                             const std::vector<std::size_t>& cuts) {
  llm::AnswerParser parser(options);
  JoinedAnswer joined(options.format.has_channels());
  std::size_t from = 0;
  for (const std::size_t cut : cuts) {
    joined.add(parser.push(text.substr(from, cut - from)));
    from = cut;
  }
  joined.add(parser.push(text.substr(from)));
  joined.add(parser.finish());
  if (parser.tool_calls() != joined.calls.size()) joined.problems.emplace_back("number of calls");
  return joined;
}

}  // namespace redbolt::test
