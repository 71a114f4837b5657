// Calls as DeepSeek's models write them, from after "<｜tool▁call▁begin｜>" on: the name and the
// arguments with a separator between them (V3.1), or with the name on a line of its own behind the
// word "function", and the arguments in a block of code (V3, R1).
#pragma once

#include <string>
#include <string_view>

#include "output/call_arguments.hpp"

namespace redbolt::llm {

inline constexpr std::string_view kCallSeparator = "<｜tool▁sep｜>";

class SeparatedCallReader final : public CallReader {
 public:
  ScanStep feed(char byte, CallSink& sink) override;
  bool complete() const override { return arguments_.complete(); }
  std::string unsent() const override { return arguments_.unsent(); }

 private:
  enum class Expect { head, after_separator, name_line, fence, arguments };

  ScanStep feed_head(char byte);
  ScanStep feed_after_separator(char byte, CallSink& sink);
  ScanStep feed_name_line(char byte, CallSink& sink);
  ScanStep feed_fence(char byte, CallSink& sink);
  ScanStep begin(std::string_view name, CallSink& sink);

  Expect expect_ = Expect::head;
  std::string head_, separator_, name_, fence_;
  CallArguments arguments_;
};

}  // namespace redbolt::llm
