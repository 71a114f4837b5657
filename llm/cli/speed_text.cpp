#include "cli/speed_text.hpp"

#include "cli/terminal.hpp"

namespace redbolt::llm::cli {

std::string speed_text(const EndReport& report) {
  std::string line = std::to_string(report.prompt_tokens) + " prompt tokens in " +
                     fixed(report.prompt_time.count(), 2) + " s";
  if (report.cached_tokens != 0)
    line += " (" + std::to_string(report.cached_tokens) + " of them cached)";
  line += ", " + std::to_string(report.generated_tokens) + " generated";
  if (report.generated_tokens > 1 && report.decode_time.count() > 0) {
    line +=
        " at " + fixed((report.generated_tokens - 1) / report.decode_time.count(), 1) + " tokens/s";
  }
  return line;
}

}  // namespace redbolt::llm::cli
