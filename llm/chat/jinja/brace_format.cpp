#include <algorithm>
#include <string>
#include <string_view>

#include "chat/jinja/access.hpp"
#include "chat/jinja/characters.hpp"
#include "chat/jinja/failure.hpp"
#include "chat/jinja/format.hpp"
#include "chat/jinja/format_spec.hpp"
#include "chat/jinja/write.hpp"

namespace redbolt::llm::jinja {
namespace {

bool is_align(char c) {
  return c == '<' || c == '>' || c == '^' || c == '=';
}

std::size_t take_number(std::string_view& text) {
  std::size_t value = 0;
  while (!text.empty() && is_digit(static_cast<unsigned char>(text.front()))) {
    value = std::min(value * 10 + static_cast<std::size_t>(text.front() - '0'), kWidest + 1);
    text.remove_prefix(1);
  }
  return value;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

// [[fill]align][sign][#][0][width][,][.precision][kind]
FormatSpec parse_spec(std::string_view text) {
  FormatSpec spec;
  if (text.empty()) return spec;
  const std::size_t first = character_at(text, 0).length;
  if (text.size() > first && is_align(text[first])) {
    spec.fill = text.substr(0, first);
    spec.align = text[first];
    text.remove_prefix(first + 1);
  } else if (is_align(text.front())) {
    spec.align = text.front();
    text.remove_prefix(1);
  }
  if (!text.empty() && std::string_view("+- ").find(text.front()) != std::string_view::npos) {
    spec.sign = text.front();
    text.remove_prefix(1);
  }
  spec.alternate = take(text, '#');
  if (take(text, '0') && spec.align == '\0') {
    spec.align = '=';
    spec.fill.assign(1, '0');
  }
  spec.width = take_number(text);
  spec.grouped = take(text, ',');
  if (take(text, '.')) spec.precision = static_cast<int>(take_number(text));
  if (!text.empty() &&
      std::string_view("sdxXobfFeEgG%").find(text.front()) != std::string_view::npos) {
    spec.kind = text.front();
    text.remove_prefix(1);
  }
  if (!text.empty()) throw Failure("a format specification is none");
  return spec;
}

class BraceFormatter {
 public:
  BraceFormatter(Runtime& runtime, const Text& format, const Arguments& arguments)
      : runtime_(runtime), format_(format), arguments_(arguments) {}

  Text run() {
    const std::string_view bytes = format_.bytes();
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t brace = std::min(bytes.find_first_of("{}", at), bytes.size());
      result_.append(format_, at, brace - at);
      at = brace;
      if (at == bytes.size()) break;
      if (at + 1 < bytes.size() && bytes[at + 1] == bytes[at]) {
        result_.append(format_, at, 1);
        at += 2;
        continue;
      }
      const std::size_t end = bytes.find('}', at);
      if (bytes[at] == '}' || end == std::string_view::npos) {
        throw Failure("a single brace in a format string");
      }
      place(bytes.substr(at + 1, end - at - 1));
      if (result_.size() > kLongest) throw Failure("a text grows beyond 64 MiB");
      at = end + 1;
    }
    return std::move(result_);
  }

 private:
  void place(std::string_view field) {
    if (field.find('{') != std::string_view::npos)
      throw Failure("nested formats are not supported");
    const std::size_t colon = field.find(':');
    const std::string_view spec =
        colon == std::string_view::npos ? std::string_view() : field.substr(colon + 1);
    std::string_view name = field.substr(0, colon);
    bool repr = false;
    if (name.ends_with("!r") || name.ends_with("!s")) {
      repr = name.ends_with("!r");
      name.remove_suffix(2);
    }
    const Value value = find(name);
    const Value written = repr ? runtime_.text(to_repr(value)) : value;
    const bool flag = as<bool>(written) != nullptr;
    if (spec.empty() || flag) return result_.append(to_text(written));
    result_.append(format_value(runtime_, written, parse_spec(spec)));
  }

  Value find(std::string_view name) {
    const std::size_t end = std::min(name.find_first_of(".["), name.size());
    std::string_view first = name.substr(0, end);
    std::string_view rest = name.substr(end);
    Value value;
    if (first.empty()) {
      value = positional(next_++);
    } else if (is_digit(static_cast<unsigned char>(first.front()))) {
      value = positional(take_number(first));
    } else {
      value = named(first);
    }
    while (!rest.empty()) value = step(value, rest);
    return value;
  }

  const Value& positional(std::size_t index) const {
    if (index >= arguments_.positional.size()) {
      throw Failure("a format string names an argument that is not given");
    }
    return arguments_.positional[index];
  }

  const Value& named(std::string_view name) const {
    const auto found =
        std::ranges::find(arguments_.named, name, &std::pair<std::string, Value>::first);
    if (found == arguments_.named.end()) {
      throw Failure("a format string names '" + std::string(name) + "', which is not given");
    }
    return found->second;
  }

  // .name or [key]
  Value step(const Value& value, std::string_view& rest) {
    const bool is_item = rest.front() == '[';
    rest.remove_prefix(1);
    const std::size_t end =
        std::min(is_item ? rest.find(']') : rest.find_first_of(".["), rest.size());
    const std::string_view key = rest.substr(0, end);
    rest.remove_prefix(std::min(is_item ? end + 1 : end, rest.size()));
    if (key.starts_with('_'))
      throw Failure("access to attribute '" + std::string(key) + "' is not allowed");
    if (!is_item) return attribute(runtime_, value, key);
    std::string_view digits = key;
    const std::size_t number = take_number(digits);
    if (!key.empty() && digits.empty()) {
      return item(runtime_, value, static_cast<std::int64_t>(number));
    }
    return item(runtime_, value, runtime_.markup(key));
  }

  Runtime& runtime_;
  const Text& format_;
  const Arguments& arguments_;
  std::size_t next_ = 0;
  Text result_;
};

}  // namespace

Text brace_format(Runtime& runtime, const Text& format, const Arguments& arguments) {
  return BraceFormatter(runtime, format, arguments).run();
}

}  // namespace redbolt::llm::jinja
