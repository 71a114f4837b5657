// A string that remembers which of its bytes the template wrote and which came from outside:
// only the former may name special tokens. Whatever is cut out of a string, or put together from
// several, keeps the marks; comparisons ignore them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace redbolt::llm::jinja {

enum class Origin : std::uint8_t { markup, input };

class Text {
 public:
  // A stretch of one origin; it begins where the one before it ends.
  struct Run {
    std::size_t end;
    Origin origin;
  };

  Text() = default;
  Text(std::string bytes, Origin origin);

  const std::string& bytes() const { return bytes_; }
  std::size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }
  // In order; they cover all bytes, neighbours differ, none is empty.
  const std::vector<Run>& runs() const { return runs_; }
  // For positions below size().
  Origin origin_at(std::size_t position) const;

  void append(std::string_view bytes, Origin origin);
  void append(const Text& other) { append(other, 0, other.size()); }
  // The bytes [from, from + count) of another string, which must have them.
  void append(const Text& other, std::size_t from, std::size_t count);
  Text slice(std::size_t from, std::size_t count) const;

 private:
  std::string bytes_;
  std::vector<Run> runs_;
};

}  // namespace redbolt::llm::jinja
