// Text of clients made fit for other people's terminals and logs.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace redbolt::daemon {

// Printable ASCII, every other byte as '?', cut to max_size.
std::string printable(std::string_view text, std::size_t max_size = 1000);

}  // namespace redbolt::daemon
