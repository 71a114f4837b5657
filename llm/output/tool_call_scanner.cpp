#include "output/tool_call_scanner.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "output/exact_call.hpp"
#include "output/function_call.hpp"
#include "output/json_call.hpp"
#include "output/named_call.hpp"

namespace redbolt::llm {
namespace {

std::string_view skip_space(std::string_view text) {
  while (!text.empty() && is_json_space(text.front())) text.remove_prefix(1);
  return text;
}

}  // namespace

enum class CallReaderKind { json, strict_json, exact, function, named };

// What stands around the calls of a syntax. A lead is what a call begins with, after an opening tag
// or after another call; it belongs to what the reader is fed, except a function's own tag.
struct CallSyntax {
  struct Lead {
    std::string_view text;
    CallReaderKind reader;
  };
  ToolSyntax syntax;
  std::array<std::string_view, 2> openers;
  std::string_view first_only;  // opens a call only as the very first text
  std::string_view list;        // may stand between an opening tag and the first call
  std::array<Lead, 2> leads;
  bool named = false;  // where nothing else fits, a bare name leads
  std::string_view separator;
  std::string_view closer;
};

namespace {

constexpr std::array<CallSyntax, 4> kSyntaxes = {{
    {.syntax = ToolSyntax::hermes,
     .openers = {"<tool_call>"},
     .first_only = {},
     .list = {},
     .leads = {{{"{", CallReaderKind::json}, {"<function=", CallReaderKind::function}}},
     .separator = {},
     .closer = "</tool_call>"},
    {.syntax = ToolSyntax::function_tags,
     .openers = {"<tool_call>", "<function="},
     .first_only = {},
     .list = {},
     .leads = {{{"<function=", CallReaderKind::function}, {"{", CallReaderKind::json}}},
     .separator = {},
     .closer = "</tool_call>"},
    {.syntax = ToolSyntax::llama_json,
     .openers = {"<|python_tag|>"},
     .first_only = "{",
     .list = {},
     .leads = {{{"{", CallReaderKind::strict_json}, {}}},
     .separator = ";",
     .closer = {}},
    {.syntax = ToolSyntax::mistral,
     .openers = {"[TOOL_CALLS]"},
     .first_only = {},
     .list = "[",
     .leads = {{{"{", CallReaderKind::json}, {}}},
     .named = true,
     .separator = ",",
     .closer = "]"},
}};

const CallSyntax& syntax_row(ToolSyntax syntax) {
  return *std::ranges::find(kSyntaxes, syntax, &CallSyntax::syntax);
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
  closed_ = announced_ = false;
  // An opening tag that is itself what a call begins with.
  const std::string opener = std::exchange(held_, {});
  if (const LeadFit fit = fit_lead(syntax_, opener); fit.lead != nullptr) {
    raw_ = opener;
    start_reader(fit.lead->reader, opener);
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
  const CallReaderKind kind = fit.lead != nullptr ? fit.lead->reader : CallReaderKind::named;
  const std::string lead(text);
  raw_ += std::exchange(held_, {});
  start_reader(kind, lead);
}

// `lead` is part of raw_ already.
void ToolCallScanner::start_reader(CallReaderKind kind, std::string_view lead) {
  const bool exact = kind == CallReaderKind::strict_json && calls_or_text_;
  reader_ = make_reader(exact ? CallReaderKind::exact : kind, types_);
  announced_ = false;
  where_ = Where::call;
  if (lead == "<function=") return;  // the reader starts after its tag
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
  if (!closed_ && waits) {
    if (!syntax_.closer.empty() && text == syntax_.closer) {
      closed_ = true;
      held_.clear();
      return;
    }
    if (syntax_.closer.starts_with(text)) return;
    if (!syntax_.separator.empty() && text.starts_with(syntax_.separator)) {
      text = skip_space(text.substr(syntax_.separator.size()));
    }
    const LeadFit fit = fit_lead(syntax_, text);
    if (fit.lead != nullptr) {
      const std::string lead(text);
      raw_ = std::exchange(held_, {});
      return start_reader(fit.lead->reader, lead);
    }
    if (fit.partly) return;
  }
  where_ = Where::text;
  for (const char again : std::exchange(held_, {})) feed(again);
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
