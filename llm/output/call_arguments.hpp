// The arguments of a call while they are read: each piece is given out once it is sure, and what is
// not yet given out is kept, should the call turn out broken.
#pragma once

#include <string>

#include "output/json_call.hpp"

namespace redbolt::llm {

class CallArguments {
 public:
  ScanStep feed(char byte, CallSink& sink);
  // Belongs to the call without being an argument.
  void keep(char byte) { unsent_ += byte; }
  bool complete() const { return complete_; }
  const std::string& unsent() const { return unsent_; }

 private:
  ArgumentsReader reader_;
  std::string unsent_;
  bool complete_ = false;
};

}  // namespace redbolt::llm
