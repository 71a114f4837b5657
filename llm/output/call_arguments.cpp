#include "output/call_arguments.hpp"

namespace redbolt::llm {

ScanStep CallArguments::feed(char byte, CallSink& sink) {
  std::string out;
  const ScanStep step = reader_.feed(byte, out);
  if (step == ScanStep::rejected) return step;
  unsent_ += byte;
  if (!out.empty()) {
    sink.arguments(out);
    unsent_.clear();
  }
  complete_ = step == ScanStep::done;
  return step;
}

}  // namespace redbolt::llm
