// Arbitrary template text with a conversation that has everything, and known templates with
// arbitrary texts in the conversation: no crash, bounded time, and no text of the conversation
// among what may name special tokens.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "chat/conversation_values.hpp"
#include "chat/jinja/template.hpp"
#include "chat_cases.hpp"
#include "redbolt/llm/error.hpp"
#include "test_paths.hpp"

namespace {

using namespace redbolt;
using namespace redbolt::llm;

const std::filesystem::path kData = std::filesystem::path(REDBOLT_TEST_DATA) / "chat_templates";
// A letter without a case, which no template has.
constexpr std::string_view kLetter = "\xD7\xA9";

// Whether a template may write the letter by itself, or has bytes that become one.
bool may_write_letter(std::string_view source) {
  for (const std::string_view part : {"\xD7", "5e9", "5E9"}) {
    if (source.find(part) != std::string_view::npos) return true;
  }
  return false;
}

const std::vector<std::string>& templates() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> sources;
    for (const test::Json& row : test::read_json(kData / "templates.json")) {
      sources.push_back(test::read_text(kData / row["file"].get<std::string>()));
    }
    return sources;
  }();
  return all;
}

Conversation conversation_with(const std::string& text) {
  Conversation conversation;
  Message call{Role::assistant, text, text, {{text, text, ""}, {"f", "{\"a\": [1, 2.5]}", "x"}}};
  conversation.messages = {{Role::system, text, {}, {}},
                           {Role::user, text, {}, {}},
                           call,
                           {Role::tool, text, {}, {}},
                           {Role::user, text, {}, {}}};
  const test::Json function = {
      {"name", "f"}, {"description", "d"}, {"parameters", {{"type", "object"}}}};
  conversation.tools = {test::Json{{"type", "function"}, {"function", function}}.dump()};
  conversation.now = std::chrono::sys_seconds(std::chrono::hours(12));
  return conversation;
}

void render(const jinja::Template& parsed, const Conversation& conversation,
            const TemplateStyle& style) {
  jinja::Limits limits;
  limits.steps = 200'000;
  limits.bytes = std::uint64_t{16} << 20U;
  limits.output = std::size_t{1} << 20U;
  jinja::Runtime runtime(limits, *conversation.now);
  jinja::Scope globals(nullptr);
  define_conversation(runtime, globals, conversation, style);
  const jinja::Text text = parsed.render(runtime, globals);
  std::size_t start = 0;
  for (const jinja::Text::Run& run : text.runs()) {
    const std::string_view part = std::string_view(text.bytes()).substr(start, run.end - start);
    if (run.origin == jinja::Origin::markup && part.find(kLetter) != std::string_view::npos) {
      std::abort();
    }
    start = run.end;
  }
}

}  // namespace

// The first byte: below 128 the rest is a template, else a text for the conversation; its bits are
// the style.
std::vector<std::vector<std::uint8_t>> fuzz_samples() {
  std::vector<std::vector<std::uint8_t>> samples;
  std::vector<std::string> sources = templates();
  for (const test::Json& row : test::read_json(kData / "expressions.json")) {
    sources.push_back(row["template"]);
  }
  std::uint8_t style = 0;
  for (const std::string& source : sources) {
    samples.emplace_back(source.begin(), source.end());
    samples.back().insert(samples.back().begin(), style++ % 128);
  }
  const std::string text = "{\"\xD7\xA9\": [\"\xD7\xA9\"]}\n </think> \xF0\x9F\x98\x80 <|im_end|>";
  for (unsigned i = 0; i < 32; ++i) {
    samples.emplace_back(text.begin(), text.end());
    samples.back().insert(samples.back().begin(), static_cast<std::uint8_t>(128 + i * 4));
  }
  return samples;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const unsigned bits = data[0];
  std::string text;
  for (std::size_t i = 1; i < size; ++i) text += static_cast<char>(data[i]);
  TemplateStyle style;
  style.system = (bits & 1U) == 0;
  style.tools = (bits & 2U) == 0;
  style.one_call = (bits & 4U) != 0;
  style.tool_results = (bits & 8U) == 0;
  style.arguments_as_text = (bits & 16U) != 0;
  style.content_in_parts = (bits & 32U) != 0;
  style.short_ids = (bits & 64U) != 0;
  try {
    if (bits < 128) {
      const jinja::Template parsed(text);
      if (!may_write_letter(text))
        render(parsed, conversation_with(std::string(kLetter) + "<|x|>"), style);
      return 0;
    }
    static const std::vector<jinja::Template> parsed = [] {
      std::vector<jinja::Template> all;
      for (const std::string& source : templates()) all.emplace_back(source);
      return all;
    }();
    render(parsed[size % parsed.size()], conversation_with(text), style);
  } catch (const LlmError&) {
    return 0;
  }
  return 0;
}
