#include "chat/jinja/text.hpp"

#include <algorithm>
#include <utility>

namespace redbolt::llm::jinja {

Text::Text(std::string bytes, Origin origin) : bytes_(std::move(bytes)) {
  if (!bytes_.empty()) runs_.push_back({bytes_.size(), origin});
}

Origin Text::origin_at(std::size_t position) const {
  return std::ranges::upper_bound(runs_, position, {}, &Run::end)->origin;
}

void Text::append(std::string_view bytes, Origin origin) {
  if (bytes.empty()) return;
  bytes_ += bytes;
  if (!runs_.empty() && runs_.back().origin == origin) {
    runs_.back().end = bytes_.size();
  } else {
    runs_.push_back({bytes_.size(), origin});
  }
}

void Text::append(const Text& other, std::size_t from, std::size_t count) {
  const std::size_t end = from + count;
  auto run = std::ranges::upper_bound(other.runs_, from, {}, &Run::end);
  while (from < end) {
    const std::size_t stop = std::min(run->end, end);
    append(std::string_view(other.bytes_).substr(from, stop - from), run->origin);
    from = stop;
    ++run;
  }
}

Text Text::slice(std::size_t from, std::size_t count) const {
  Text part;
  part.append(*this, from, count);
  return part;
}

}  // namespace redbolt::llm::jinja
