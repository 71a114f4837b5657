// Columns of text as wide as what is in them, for people.
#pragma once

#include <string>
#include <vector>

namespace redbolt::llm::cli {

class Table {
 public:
  explicit Table(std::vector<std::string> headings);

  // As many cells as there are headings.
  void row(std::vector<std::string> cells);
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace redbolt::llm::cli
