// Calls as Qwen3-Coder writes them, from after "<function=" on:
// NAME> <parameter=KEY> value </parameter> … </function>
// A value loses one line break at either end. It ends at the closing tag that the next parameter or
// the end of the function follows, so that a value may hold such tags itself.
#pragma once

#include <string>
#include <string_view>

#include "output/call_reader.hpp"
#include "output/parameter_types.hpp"

namespace redbolt::llm {

class FunctionCallReader final : public CallReader {
 public:
  // `types` must outlive the reader.
  explicit FunctionCallReader(const ParameterTypes& types) : types_(types) {}

  ScanStep feed(char byte, CallSink& sink) override;
  bool complete() const override { return expect_ == Expect::finished; }
  std::string unsent() const override;

 private:
  enum class Expect { name, tag, key, value, finished };

  ScanStep feed_name(char byte, CallSink& sink);
  ScanStep feed_tag(char byte, CallSink& sink);
  ScanStep feed_key(char byte, CallSink& sink);
  ScanStep feed_value(char byte, CallSink& sink);
  void add_to_value(char byte);
  ScanStep end_value(bool another, CallSink& sink);
  ScanStep end_call(CallSink& sink);

  const ParameterTypes& types_;
  Expect expect_ = Expect::name;
  std::string name_, key_;
  std::string unsent_;  // outside of values
  std::string held_;    // what may be a tag
  std::string value_;   // of a value that is not a string: all of it
  std::string out_;     // JSON text that one byte settles
  ValueKinds kinds_;
  bool value_begun_ = false, any_ = false;
};

}  // namespace redbolt::llm
