// A mistake in what the user typed that the command line's parser cannot see: exit code 2.
#pragma once

#include <stdexcept>

namespace redbolt::llm::cli {

class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace redbolt::llm::cli
