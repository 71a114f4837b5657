// A call as a bare JSON object, written exactly as forms write it: where an answer may be JSON as
// well, only this text tells a call from an answer that looks like one.
#pragma once

#include <string>
#include <string_view>

#include "output/call_reader.hpp"

namespace redbolt::llm {

// {"name": "NAME", "parameters": {…}}, the name as JSON writes it in the shortest way.
inline constexpr std::string_view kExactCallOpen = "{\"name\": ";
inline constexpr std::string_view kExactCallArguments = ", \"parameters\": ";
inline constexpr std::string_view kExactCallClose = "}";

class ExactCallReader final : public CallReader {
 public:
  ScanStep feed(char byte, CallSink& sink) override;
  bool complete() const override { return arguments_done_; }
  std::string unsent() const override { return unsent_; }

 private:
  enum class Expect { open, quote, name, keyword, arguments, close };

  ScanStep feed_fixed(char byte, std::string_view text, Expect then);
  ScanStep feed_name(char byte);
  ScanStep feed_arguments(char byte, CallSink& sink);

  Expect expect_ = Expect::open;
  std::size_t matched_ = 0;  // of a fixed text
  std::string name_, written_, unsent_;
  JsonStringDecoder string_;
  JsonScanner scanner_;
  bool announced_ = false, arguments_done_ = false;
};

}  // namespace redbolt::llm
