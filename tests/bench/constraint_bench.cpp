// How long a mask takes over a whole vocabulary: constraint_bench VOCABULARY.gguf
// Walks through forms at random; for each, the times of allow() and of compiling.
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "constraint_walk.hpp"

namespace {

using namespace redbolt;
// Processor time of this process, which has one thread: other work on the machine is not counted.
struct Clock {
  static std::clock_t now() { return std::clock(); }
};

double microseconds_since(std::clock_t start) {
  return static_cast<double>(std::clock() - start) * 1e6 / CLOCKS_PER_SEC;
}

// Passes everything on and keeps the time.
class Timed final : public llm::TokenConstraint {
 public:
  Timed(llm::TokenConstraint& inner, std::vector<double>& times) : inner_(inner), times_(times) {}
  bool restricts() const override { return inner_.restricts(); }
  void allow(std::span<std::uint32_t> mask) override {
    const auto start = Clock::now();
    inner_.allow(mask);
    times_.push_back(microseconds_since(start));
  }
  void accept(llm::TokenId token) override { inner_.accept(token); }

 private:
  llm::TokenConstraint& inner_;
  std::vector<double>& times_;
};

struct Form {
  const char* name;
  std::function<std::unique_ptr<llm::TokenConstraint>(const llm::ConstraintCompiler&)> make;
  std::vector<std::string> endings;
  std::string way_out;
};

const char* const kSteps =
    R"({"type":"object","properties":{"steps":{"type":"array","items":{"type":"object","properties":
    {"explanation":{"type":"string"},"output":{"type":"string"}},"required":["explanation","output"],
    "additionalProperties":false}},"final_answer":{"type":"string"},"score":{"type":"number"},
    "kind":{"enum":["easy","hard"]},"when":{"type":"string","format":"date-time"}},
    "required":["steps","final_answer","score","kind","when"],"additionalProperties":false})";

std::vector<llm::ToolDeclaration> many_tools() {
  std::vector<llm::ToolDeclaration> tools;
  for (int i = 0; i < 23; ++i) tools.push_back({"tool_" + std::to_string(i), kSteps});
  return tools;
}

void measure(const test::ConstraintModel& model, const Form& form) {
  std::mt19937 random(7);
  std::vector<double> times;
  double compiling = 0;
  std::size_t walks = 0;
  while (times.size() < 3000 && walks < 100) {
    const auto start = Clock::now();
    const auto constraint = form.make(*model.compiler);
    compiling += microseconds_since(start);
    Timed timed(*constraint, times);
    test::random_walk(timed, model, random, form.endings, 300, form.way_out);
    ++walks;
  }
  std::ranges::sort(times);
  const auto at = [&](double share) {
    return times[static_cast<std::size_t>(share * static_cast<double>(times.size() - 1))];
  };
  double sum = 0;
  for (const double time : times) sum += time;
  std::printf(
      "%-28s compile %7.0f us; mask: mean %6.0f us, median %6.0f, 99 %% %6.0f, most %6.0f (%zu)\n",
      form.name, compiling / static_cast<double>(walks), sum / static_cast<double>(times.size()),
      at(0.5), at(0.99), times.back(), times.size());
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: constraint_bench VOCABULARY.gguf\n");
    return 2;
  }
  const auto start = Clock::now();
  const test::ConstraintModel model(arguments[1]);
  const double loading = microseconds_since(start);
  const auto again = Clock::now();
  { const llm::ConstraintCompiler compiler(*model.tokenizer); }
  std::printf("%zu tokens; compiler made in %.0f ms (with the tokenizer %.0f ms)\n",
              model.pieces.size(), microseconds_since(again) / 1000, loading / 1000);
  const std::vector<std::string> json = {"\"", "}", "]"};
  const std::vector<llm::ToolDeclaration> tools = many_tools();
  const auto schema = [](const char* text) {
    return [text](const llm::ConstraintCompiler& compiler) { return compiler.json_schema(text); };
  };
  const auto calls = [&](llm::ToolSyntax syntax) {
    return [&tools, syntax](const llm::ConstraintCompiler& compiler) {
      return compiler.tool_calls(tools, {.syntax = syntax});
    };
  };
  const std::vector<Form> forms = {
      {"json_object", [](const auto& compiler) { return compiler.json_object(); }, json, "\""},
      {"schema of steps", schema(kSteps), json, "\""},
      {"string of 1..5000",
       schema(R"({"type":"string","minLength":1,"maxLength":5000})"),
       {},
       "\""},
      {"pattern", schema(R"({"type":"string","pattern":"^(\\w+ )*[^x]+$"})"), {}, "\""},
      {"number within bounds",
       schema(R"({"type":"array","items":{"type":"number","minimum":-1.5,"maximum":99.75}})"),
       {},
       "]"},
      {"23 tools, hermes", calls(llm::ToolSyntax::hermes), json, "\""},
      {"23 tools, function tags", calls(llm::ToolSyntax::function_tags), json, "</parameter>"},
  };
  for (const Form& form : forms) measure(model, form);
  return 0;
}
