// Calls as newer Mistral models write them after "[TOOL_CALLS]": NAME[ARGS]{…}, or NAME{…}.
#pragma once

#include <string>

#include "output/json_call.hpp"

namespace redbolt::llm {

class NamedCallReader final : public CallReader {
 public:
  ScanStep feed(char byte, CallSink& sink) override;
  bool complete() const override { return done_; }
  std::string unsent() const override { return unsent_; }

 private:
  ScanStep feed_name(char byte, CallSink& sink);

  std::string name_, mark_, unsent_;
  ArgumentsReader arguments_;
  bool named_ = false, done_ = false;
};

}  // namespace redbolt::llm
