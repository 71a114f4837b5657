// Calls written as JSON: {"name": …, "arguments": {…}}, in any order of keys; "parameters" for
// "arguments", and arguments as a string that holds JSON, are taken too. Other keys are skipped.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "output/call_reader.hpp"

namespace redbolt::llm {

// The arguments' value: an object, or a string that holds one, or null for none.
class ArgumentsReader {
 public:
  // Appends to `out` what the byte settles of the object's text.
  ScanStep feed(char byte, std::string& out);

 private:
  ScanStep feed_encoded(char byte, std::string& out);
  bool feed_inner(std::string_view decoded, std::string& out);

  enum class Form { unknown, object, encoded, null } form_ = Form::unknown;
  JsonScanner scanner_;
  JsonStringDecoder decoder_;
  bool object_begun_ = false, object_done_ = false;
};

class JsonCallReader final : public CallReader {
 public:
  // strict_start: the first key must be one that calls have, so that other JSON is told apart
  // early.
  explicit JsonCallReader(bool strict_start) : strict_start_(strict_start) {}

  ScanStep feed(char byte, CallSink& sink) override;
  bool complete() const override { return announced_ && arguments_done_; }
  std::string unsent() const override { return unsent_; }

 private:
  enum class Expect { open, first_key, key, in_key, colon, value, name, arguments, other, next };

  ScanStep step(char byte, CallSink& sink);
  ScanStep feed_key(char byte);
  ScanStep begin_value(char byte, CallSink& sink);
  ScanStep feed_name(char byte, CallSink& sink);
  ScanStep feed_arguments(char byte, CallSink& sink);
  ScanStep feed_other(char byte, CallSink& sink);
  ScanStep close(CallSink& sink);
  void send(std::string_view text, CallSink& sink);

  bool strict_start_;
  Expect expect_ = Expect::open;
  std::string key_, name_, early_arguments_, unsent_, scratch_;
  JsonStringDecoder string_;
  JsonScanner other_;
  std::optional<ArgumentsReader> arguments_;
  bool first_ = true, announced_ = false, arguments_done_ = false, sent_ = false;
};

}  // namespace redbolt::llm
