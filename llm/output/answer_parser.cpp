#include "redbolt/llm/output/answer_parser.hpp"

#include <optional>
#include <random>
#include <utility>

#include "output/harmony_scanner.hpp"
#include "output/thinking_scanner.hpp"
#include "output/tool_call_scanner.hpp"

namespace redbolt::llm {
namespace {

std::string random_call_id() {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  constexpr std::size_t kLength = 24;
  thread_local std::mt19937_64 random(std::random_device{}());
  std::uniform_int_distribution<std::size_t> letter(0, kAlphabet.size() - 1);
  std::string id = "call_";
  for (std::size_t i = 0; i < kLength; ++i) id += kAlphabet[letter(random)];
  return id;
}

// Makes events of what the scanners find; neighbours of one kind become one.
class EventList final : public AnswerSink {
 public:
  explicit EventList(std::function<std::string()> make_id)
      : make_id_(make_id ? std::move(make_id) : random_call_id) {}

  void reasoning(std::string_view text) override { add<ReasoningText>(text); }
  void content(std::string_view text) override { add<ContentText>(text); }
  void call_begin(std::string_view name) override {
    events_.emplace_back(ToolCallBegin{calls_++, make_id_(), std::string(name)});
  }
  void call_arguments(std::string_view text) override {
    if (auto* last = last_as<ToolCallArguments>()) {
      last->text += text;
    } else {
      events_.emplace_back(ToolCallArguments{calls_ - 1, std::string(text)});
    }
  }
  void call_end(bool complete) override { events_.emplace_back(ToolCallEnd{calls_ - 1, complete}); }

  std::vector<AnswerEvent> take() { return std::exchange(events_, {}); }
  std::uint32_t calls() const { return calls_; }

 private:
  template <typename Event>
  Event* last_as() {
    return events_.empty() ? nullptr : std::get_if<Event>(&events_.back());
  }
  template <typename Event>
  void add(std::string_view text) {
    if (text.empty()) return;
    if (auto* last = last_as<Event>()) {
      last->text += text;
    } else {
      events_.emplace_back(Event{std::string(text)});
    }
  }

  std::function<std::string()> make_id_;
  std::vector<AnswerEvent> events_;
  std::uint32_t calls_ = 0;
};

// Thoughts between tags at the beginning, then text and calls.
class TaggedScanner final : public AnswerScanner {
 public:
  TaggedScanner(const AnswerOptions& options, AnswerSink& sink)
      : sink_(sink), thinking_(options.format, options.starts_in_thinking), calls_(options, sink) {}

  void feed(char byte) override {
    reasoning_.clear();
    text_.clear();
    thinking_.feed(byte, reasoning_, text_);
    deliver();
  }
  void finish() override {
    reasoning_.clear();
    text_.clear();
    thinking_.finish(reasoning_, text_);
    deliver();
    calls_.finish();
  }
  bool in_thinking() const override { return thinking_.in_thinking(); }

 private:
  void deliver() {
    sink_.reasoning(reasoning_);
    if (thinking_.thought()) calls_.drop_leading_space();
    for (const char byte : text_) calls_.feed(byte);
  }

  AnswerSink& sink_;
  ThinkingScanner thinking_;
  ToolCallScanner calls_;
  std::string reasoning_, text_;  // what one byte settles
};

std::unique_ptr<AnswerScanner> make_scanner(const AnswerOptions& options, AnswerSink& sink) {
  if (options.format.tools == ToolSyntax::harmony) {
    return std::make_unique<HarmonyScanner>(options, sink);
  }
  return std::make_unique<TaggedScanner>(options, sink);
}

}  // namespace

class AnswerParser::State {
 public:
  explicit State(AnswerOptions options)
      : events_(std::move(options.make_call_id)), scanner_(make_scanner(options, events_)) {}

  AnswerScanner& scanner() { return *scanner_; }
  EventList& events() { return events_; }

 private:
  EventList events_;
  std::unique_ptr<AnswerScanner> scanner_;
};

AnswerParser::AnswerParser(AnswerOptions options)
    : state_(std::make_unique<State>(std::move(options))) {}
AnswerParser::AnswerParser(AnswerParser&&) noexcept = default;
AnswerParser& AnswerParser::operator=(AnswerParser&&) noexcept = default;
AnswerParser::~AnswerParser() = default;

std::vector<AnswerEvent> AnswerParser::push(std::string_view text) {
  for (const char byte : text) state_->scanner().feed(byte);
  return state_->events().take();
}

std::vector<AnswerEvent> AnswerParser::finish() {
  state_->scanner().finish();
  return state_->events().take();
}

bool AnswerParser::in_thinking() const {
  return state_->scanner().in_thinking();
}

std::uint32_t AnswerParser::tool_calls() const {
  return state_->events().calls();
}

}  // namespace redbolt::llm
