#include "output/tool_call_scanner.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "output/exact_call.hpp"
#include "output/function_call.hpp"
#include "output/json_call.hpp"
#include "output/named_call.hpp"
#include "output/separated_call.hpp"

namespace redbolt::llm {
namespace {

std::string_view skip_space(std::string_view text) {
  while (!text.empty() && is_json_space(text.front())) text.remove_prefix(1);
  return text;
}

}  // namespace

enum class CallReaderKind { json, strict_json, exact, function, named, separated };

// What stands around the calls of a syntax. A lead is what a call begins with, after an opening tag
// or after another call. Closers follow a call in this order, each once, and any may be missing.
struct CallSyntax {
  struct Lead {
    std::string_view text;
    CallReaderKind reader;
    bool is_tag = false;  // the reader starts after it
  };
  struct Closer {
    std::string_view text;
    bool last = true;  // another call needs an opening tag of its own
  };
  std::array<ToolSyntax, 2> syntaxes;
  std::array<std::string_view, 2> openers;
  std::string_view first_only = {};  // opens a call only as the very first text
  std::string_view list = {};        // may stand between an opening tag and the first call
  std::array<Lead, 2> leads;
  bool named = false;  // where nothing else fits, a bare name leads
  std::string_view separator = {};
  std::array<Closer, 3> closers = {};
};

namespace {

constexpr std::array<CallSyntax, 6> kSyntaxes = {{
    {.syntaxes = {ToolSyntax::hermes, ToolSyntax::hermes},
     .openers = {"<tool_call>"},
     .leads = {{{"{", CallReaderKind::json}, {"<function=", CallReaderKind::function, true}}},
     .closers = {{{"</tool_call>"}}}},
    {.syntaxes = {ToolSyntax::function_tags, ToolSyntax::function_tags},
     .openers = {"<tool_call>", "<function="},
     .leads = {{{"<function=", CallReaderKind::function, true}, {"{", CallReaderKind::json}}},
     .closers = {{{"</tool_call>"}}}},
    {.syntaxes = {ToolSyntax::llama_json, ToolSyntax::llama_json},
     .openers = {"<|python_tag|>"},
     .first_only = "{",
     .leads = {{{"{", CallReaderKind::strict_json}, {}}},
     .separator = ";"},
    {.syntaxes = {ToolSyntax::mistral, ToolSyntax::mistral_args},
     .openers = {"[TOOL_CALLS]"},
     .list = "[",
     .leads = {{{"{", CallReaderKind::json}, {}}},
     .named = true,
     .separator = ",",
     .closers = {{{"]"}}}},
    {.syntaxes = {ToolSyntax::tagged_list, ToolSyntax::tagged_list},
     .openers = {"<|tool_call|>", "<tool_call>"},
     .list = "[",
     .leads = {{{"{", CallReaderKind::json}, {}}},
     .separator = ",",
     .closers = {{{"]"}, {"<|/tool_call|>"}, {"</tool_call>"}}}},
    {.syntaxes = {ToolSyntax::deepseek, ToolSyntax::deepseek_fenced},
     .openers = {"<｜tool▁calls▁begin｜>", "<｜tool▁call▁begin｜>"},
     .leads = {{{"<｜tool▁call▁begin｜>", CallReaderKind::separated, true}, {}}},
     .closers = {{{"```", false}, {"<｜tool▁call▁end｜>", false}, {"<｜tool▁calls▁end｜>"}}}},
}};

const CallSyntax& syntax_row(ToolSyntax syntax) {
  return *std::ranges::find_if(kSyntaxes, [&](const CallSyntax& row) {
    return std::ranges::find(row.syntaxes, syntax) != row.syntaxes.end();
  });
}

// How a text relates to what a call begins with.
struct LeadFit {
  const CallSyntax::Lead* lead = nullptr;  // it is one
  bool partly = false;                     // it may become one
};

LeadFit fit_lead(const CallSyntax& syntax, std::string_view text) {
  LeadFit fit{.partly = text.empty()};
  for (const auto& lead : syntax.leads) {
    if (lead.text.empty()) continue;
    if (lead.text == text) fit.lead = &lead;
    if (lead.text.starts_with(text)) fit.partly = true;
  }
  return fit;
}

std::unique_ptr<CallReader> make_reader(CallReaderKind kind, const ParameterTypes& types) {
  switch (kind) {
    case CallReaderKind::function:
      return std::make_unique<FunctionCallReader>(types);
    case CallReaderKind::named:
      return std::make_unique<NamedCallReader>();
    case CallReaderKind::exact:
      return std::make_unique<ExactCallReader>();
    case CallReaderKind::separated:
      return std::make_unique<SeparatedCallReader>();
    default:
      return std::make_unique<JsonCallReader>(kind == CallReaderKind::strict_json);
  }
}

}  // namespace

ToolCallScanner::ToolCallScanner(const AnswerOptions& options, AnswerSink& sink)
    : syntax_(syntax_row(options.format.tools)),
      types_(options.tools),
      sink_(sink),
      enabled_(!options.tools.empty()),
      calls_or_text_(options.calls_or_text),
      calls_left_(options.most_calls) {}

void ToolCallScanner::feed(char byte) {
  switch (where_) {
    case Where::text:
      return feed_text(byte);
    case Where::body:
      return feed_body(byte);
    case Where::call:
      return feed_call(byte);
    case Where::between:
      return feed_between(byte);
  }
}

void ToolCallScanner::finish() {
  if (where_ == Where::call) {
    announced_ ? end_call() : give_up();
  } else if (where_ == Where::body) {
    give_up();
  }
  for (const char byte : std::exchange(held_, {})) emit_text(byte);
  if (!after_call_) release_space();
}

bool ToolCallScanner::is_opener(std::string_view text, bool whole) const {
  const auto fits = [&](std::string_view opener) {
    return !opener.empty() && (whole ? opener == text : opener.starts_with(text));
  };
  if (any_content_ && calls_or_text_) return false;
  if (!any_content_ && !any_call_ && fits(syntax_.first_only)) return true;
  return std::ranges::any_of(syntax_.openers, fits);
}

void ToolCallScanner::feed_text(char byte) {
  if (!enabled_) {
    emit_text(byte);
    if (any_content_ || !drops_leading_space_) release_space();
    return;
  }
  held_ += byte;
  while (!held_.empty() && !is_opener(held_, false)) {
    const char front = held_.front();
    held_.erase(0, 1);
    emit_text(front);
  }
  if (held_.empty() || !is_opener(held_, true)) return;
  raw_.clear();
  announced_ = false;
  // An opening tag that is itself what a call begins with.
  const std::string opener = std::exchange(held_, {});
  if (const LeadFit fit = fit_lead(syntax_, opener); fit.lead != nullptr) {
    raw_ = opener;
    start_reader(fit.lead->reader, opener, fit.lead->is_tag);
  } else {
    raw_ = opener;
    where_ = Where::body;
  }
}

void ToolCallScanner::feed_body(char byte) {
  held_ += byte;
  std::string_view text = skip_space(held_);
  bool listed = false;
  if (!syntax_.list.empty() && text.starts_with(syntax_.list)) {
    listed = true;
    text = skip_space(text.substr(syntax_.list.size()));
  }
  const LeadFit fit = fit_lead(syntax_, text);
  const bool waits = fit.partly && held_.size() <= kMaximumSpaceBeforeTag;
  if (fit.lead == nullptr && waits) return;
  if (fit.lead == nullptr && (!syntax_.named || listed || text.empty())) {
    const std::string again = std::exchange(held_, {});
    give_up();
    for (const char one : again) feed(one);
    return;
  }
  const std::string lead(text);
  raw_ += std::exchange(held_, {});
  if (fit.lead == nullptr) return start_reader(CallReaderKind::named, lead, false);
  start_reader(fit.lead->reader, lead, fit.lead->is_tag);
}

// What the call begins with is part of raw_ already.
void ToolCallScanner::start_reader(CallReaderKind kind, std::string_view lead, bool is_tag) {
  const bool exact = kind == CallReaderKind::strict_json && calls_or_text_;
  reader_ = make_reader(exact ? CallReaderKind::exact : kind, types_);
  announced_ = closed_ = false;
  next_closer_ = 0;
  where_ = Where::call;
  if (is_tag) return;
  for (const char byte : lead) {
    raw_.pop_back();
    feed_call(byte);
  }
}

void ToolCallScanner::feed_call(char byte) {
  const ScanStep step = reader_->feed(byte, *this);
  if (step == ScanStep::rejected) {
    announced_ ? end_call() : give_up();
    where_ = Where::text;
    return feed_text(byte);
  }
  if (!announced_) raw_ += byte;
  if (step == ScanStep::done) end_call();
}

// The call was announced; it is over, whole or not.
void ToolCallScanner::end_call() {
  const bool complete = reader_->complete();
  const std::string unsent = complete ? std::string() : reader_->unsent();
  reader_.reset();
  sink_.call_end(complete);
  after_call_ = true;
  where_ = complete ? Where::between : Where::text;
  for (const char byte : unsent) emit_text(byte);
}

// What looked like a call is none: all of it is text.
void ToolCallScanner::give_up() {
  reader_.reset();
  where_ = Where::text;
  release_space();
  for (const char byte : std::exchange(raw_, {}) + std::exchange(held_, {})) emit_text(byte);
}

void ToolCallScanner::feed_between(char byte) {
  held_ += byte;
  std::string_view text = skip_space(held_);
  const bool waits = held_.size() <= kMaximumSpaceBeforeTag;
  if (text.empty() && waits) return;
  if (waits && fits_closer(text)) return;
  if (waits && !closed_) {
    if (!syntax_.separator.empty() && text.starts_with(syntax_.separator)) {
      text = skip_space(text.substr(syntax_.separator.size()));
    }
    const LeadFit fit = fit_lead(syntax_, text);
    if (fit.lead != nullptr) {
      const std::string lead(text);
      raw_ = std::exchange(held_, {});
      return start_reader(fit.lead->reader, lead, fit.lead->is_tag);
    }
    if (fit.partly) return;
  }
  where_ = Where::text;
  for (const char again : std::exchange(held_, {})) feed(again);
}

// The text is one of the closers that may still come, which is then done with, or may become one.
bool ToolCallScanner::fits_closer(std::string_view text) {
  bool partly = false;
  for (std::size_t i = next_closer_; i < syntax_.closers.size(); ++i) {
    const CallSyntax::Closer& closer = syntax_.closers[i];
    if (closer.text.empty()) break;
    if (closer.text == text) {
      next_closer_ = i + 1;
      closed_ = closed_ || closer.last;
      held_.clear();
      return true;
    }
    partly = partly || closer.text.starts_with(text);
  }
  return partly;
}

bool ToolCallScanner::begin(std::string_view name) {
  if (calls_left_ == 0 || !types_.has_tool(name)) return false;
  --calls_left_;
  announced_ = any_call_ = true;
  space_.clear();
  raw_.clear();
  sink_.call_begin(name);
  return true;
}

void ToolCallScanner::arguments(std::string_view text) {
  sink_.call_arguments(text);
}

void ToolCallScanner::emit_text(char byte) {
  if (is_json_space(byte)) {
    space_ += byte;
    return;
  }
  release_space();
  any_content_ = true;
  after_call_ = false;
  sink_.content(std::string_view(&byte, 1));
}

void ToolCallScanner::release_space() {
  const bool drops = !any_content_ && (drops_leading_space_ || any_call_);
  if (!space_.empty() && !drops) sink_.content(space_);
  space_.clear();
}

}  // namespace redbolt::llm
