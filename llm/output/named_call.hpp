// Calls as newer Mistral models write them after "[TOOL_CALLS]": NAME[ARGS]{…}, or NAME{…}.
#pragma once

#include <string>

#include "output/call_arguments.hpp"

namespace redbolt::llm {

class NamedCallReader final : public CallReader {
 public:
  ScanStep feed(char byte, CallSink& sink) override;
  bool complete() const override { return arguments_.complete(); }
  std::string unsent() const override { return arguments_.unsent(); }

 private:
  ScanStep feed_name(char byte, CallSink& sink);

  std::string name_, mark_;
  CallArguments arguments_;
  bool named_ = false;
};

}  // namespace redbolt::llm
