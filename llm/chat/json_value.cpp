#include "chat/json_value.hpp"

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace redbolt::llm {
namespace {

using jinja::Value;

constexpr std::size_t kDeepestJson = 100;

// What nlohmann's parser calls, in the order of the text.
class Builder final : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Builder(jinja::Runtime& runtime) : runtime_(runtime) {}

  Value take() { return std::move(root_); }

  bool null() override { return add(jinja::None()); }
  bool boolean(bool flag) override { return add(flag); }
  bool number_integer(number_integer_t number) override { return add(std::int64_t{number}); }
  bool number_unsigned(number_unsigned_t number) override {
    constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (number <= kMost) return add(static_cast<std::int64_t>(number));
    return add(long_integer(std::to_string(number)));
  }
  bool number_float(number_float_t number, const string_t& text) override {
    const bool integer = text.find_first_of(".eE") == string_t::npos;
    return add(integer ? Value(long_integer(text)) : Value(number));
  }
  bool string(string_t& text) override { return add(input(text)); }
  bool binary(binary_t&) override { return false; }
  bool key(string_t& text) override {
    open_.back().key = input(text);
    return true;
  }
  bool start_object(std::size_t) override { return open({runtime_.dict(), nullptr, {}}); }
  bool start_array(std::size_t) override { return open({nullptr, runtime_.list({}), {}}); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

 private:
  // An object or an array that is not complete yet.
  struct Container {
    jinja::Dict* dict;
    jinja::List* list;
    Value key;  // of the value that comes next
  };

  Value input(const std::string& text) {
    return runtime_.text(jinja::Text(text, jinja::Origin::input));
  }
  static jinja::LongInteger long_integer(std::string digits) {
    return {std::make_shared<const std::string>(std::move(digits))};
  }

  bool open(Container container) {
    open_.push_back(std::move(container));
    return open_.size() <= kDeepestJson;
  }
  bool close() {
    const Container whole = std::move(open_.back());
    open_.pop_back();
    return add(whole.dict != nullptr ? Value(whole.dict) : Value(whole.list));
  }
  bool add(Value value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (open_.back().dict != nullptr) {
      runtime_.set(*open_.back().dict, open_.back().key, std::move(value));
    } else {
      runtime_.append(*open_.back().list, std::move(value));
    }
    return true;
  }

  jinja::Runtime& runtime_;
  std::vector<Container> open_;
  Value root_;
};

}  // namespace

std::optional<jinja::Value> value_of_json(jinja::Runtime& runtime, std::string_view text) {
  Builder builder(runtime);
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &builder)) return std::nullopt;
  return builder.take();
}

}  // namespace redbolt::llm
