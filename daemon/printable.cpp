#include "printable.hpp"

namespace redbolt::daemon {

std::string printable(std::string_view text, std::size_t max_size) {
  std::string result;
  for (const char c : text.substr(0, max_size)) result += c >= ' ' && c <= '~' ? c : '?';
  return result;
}

}  // namespace redbolt::daemon
