#include <algorithm>
#include <string>
#include <string_view>

#include "chat/jinja/characters.hpp"
#include "chat/jinja/failure.hpp"
#include "chat/jinja/format.hpp"
#include "chat/jinja/format_spec.hpp"
#include "chat/jinja/write.hpp"

namespace redbolt::llm::jinja {
namespace {

class PercentFormatter {
 public:
  PercentFormatter(Runtime& runtime, const Text& format, const Value& values)
      : runtime_(runtime), format_(format), bytes_(format.bytes()), values_(values) {}

  Text run() {
    while (at_ < bytes_.size()) {
      const std::size_t percent = std::min(bytes_.find('%', at_), bytes_.size());
      result_.append(format_, at_, percent - at_);
      at_ = percent;
      if (at_ < bytes_.size()) place();
      if (result_.size() > kLongest) throw Failure("a text grows beyond 64 MiB");
    }
    const List* const tuple = as_tuple();
    const bool all_used = tuple ? next_ == tuple->items.size() : next_ == 1 || as_dict(values_);
    if (!all_used && !as_list(values_)) {
      throw Failure("not all arguments converted during string formatting");
    }
    if (tuple && next_ < tuple->items.size()) {
      throw Failure("not all arguments converted during string formatting");
    }
    return std::move(result_);
  }

 private:
  const List* as_tuple() const {
    const List* const list = as_list(values_);
    return list && list->kind != List::Kind::list ? list : nullptr;
  }

  char take() {
    if (at_ >= bytes_.size()) throw Failure("incomplete format");
    return bytes_[at_++];
  }

  std::size_t number() {
    std::size_t value = 0;
    while (at_ < bytes_.size() && bytes_[at_] >= '0' && bytes_[at_] <= '9') {
      value = std::min<std::size_t>(value * 10 + static_cast<std::size_t>(bytes_[at_++] - '0'),
                                    kWidest + 1);
    }
    return value;
  }

  const Value& next_value() {
    if (const List* const tuple = as_tuple()) {
      if (next_ >= tuple->items.size()) throw Failure("not enough arguments for format string");
      return tuple->items[next_++];
    }
    if (next_++ > 0) throw Failure("not enough arguments for format string");
    return values_;
  }

  const Value& named_value() {
    const std::size_t end = bytes_.find(')', at_);
    if (end == std::string_view::npos) throw Failure("incomplete format key");
    const std::string_view key = bytes_.substr(at_, end - at_);
    at_ = end + 1;
    const Dict* const dict = as_dict(values_);
    if (dict == nullptr) throw Failure("format requires a mapping");
    const Value* const value = dict->find(key);
    if (value == nullptr)
      throw Failure("format names '" + std::string(key) + "', which is missing");
    return *value;
  }

  void place() {
    ++at_;
    const Value* value = nullptr;
    FormatSpec spec;
    if (at_ < bytes_.size() && bytes_[at_] == '(') {
      ++at_;
      value = &named_value();
    }
    char flag = take();
    for (; std::string_view("-+ #0").find(flag) != std::string_view::npos; flag = take()) {
      if (flag == '-') spec.align = '<';
      if (flag == '+' || (flag == ' ' && spec.sign == '-')) spec.sign = flag;
      if (flag == '#') spec.alternate = true;
      if (flag == '0' && spec.align == '\0') {
        spec.align = '=';
        spec.fill.assign(1, '0');
      }
    }
    --at_;
    spec.width = number();
    if (at_ < bytes_.size() && bytes_[at_] == '.') {
      ++at_;
      spec.precision = static_cast<int>(number());
    }
    const char kind = take();
    if (kind == '%') return result_.append("%", Origin::markup);
    write(kind, value != nullptr ? *value : next_value(), spec);
  }

  void write(char kind, const Value& value, FormatSpec& spec) {
    if (kind == 's' || kind == 'r') {
      spec.kind = 's';
      if (spec.align != '<') spec.align = '>';
      spec.fill.assign(1, ' ');
      const Value text = runtime_.text(kind == 's' ? to_text(value) : to_repr(value));
      return result_.append(format_value(runtime_, text, spec));
    }
    if (std::string_view("diuxXofFeEgG").find(kind) == std::string_view::npos) {
      throw Failure("unsupported format character '" + std::string(1, kind) + "'");
    }
    const bool integer = kind == 'd' || kind == 'i' || kind == 'u';
    spec.kind = integer ? 'd' : kind;
    const double* const number = as<double>(value);
    if (!integer || number == nullptr) return result_.append(format_value(runtime_, value, spec));
    if (!(*number > -9e18 && *number < 9e18)) throw Failure("an integer leaves 64 bits");
    result_.append(format_value(runtime_, static_cast<std::int64_t>(*number), spec));
  }

  Runtime& runtime_;
  const Text& format_;
  std::string_view bytes_;
  const Value& values_;
  std::size_t at_ = 0;
  std::size_t next_ = 0;
  Text result_;
};

}  // namespace

Text percent_format(Runtime& runtime, const Text& format, const Value& values) {
  return PercentFormatter(runtime, format, values).run();
}

}  // namespace redbolt::llm::jinja
