// Filters that apply another filter or a test to each item of a list.
#include <algorithm>
#include <array>
#include <string>

#include "chat/jinja/access.hpp"
#include "chat/jinja/failure.hpp"
#include "chat/jinja/function.hpp"

namespace redbolt::llm::jinja {
namespace {

// Whatever comes after the first `count` positional arguments.
Arguments after(const Arguments& all, std::size_t count) {
  Arguments rest = all;
  const std::size_t dropped = std::min(count, rest.positional.size());
  rest.positional.erase(rest.positional.begin(),
                        rest.positional.begin() + static_cast<std::ptrdiff_t>(dropped));
  return rest;
}

const Value* named(const Arguments& arguments, std::string_view name) {
  const auto found =
      std::ranges::find(arguments.named, name, &std::pair<std::string, Value>::first);
  return found == arguments.named.end() ? nullptr : &found->second;
}

Value map(Runtime& runtime, const Value& subject, const Given& given) {
  const Arguments& all = given.all();
  std::vector<Value> result;
  if (const Value* const path = named(all, "attribute"); path && all.positional.empty()) {
    const Value* const fallback = named(all, "default");
    for (const Value& each : items_of(runtime, subject)) {
      Value value = item_by_path(runtime, each, *path);
      if (is_undefined(value) && fallback) value = *fallback;
      result.push_back(std::move(value));
    }
    return runtime.list(std::move(result));
  }
  if (all.positional.empty()) throw Failure("map requires a filter argument");
  const std::string& name = require_text(all.positional.front(), "map").bytes();
  const Function* const filter = find_filter(name);
  if (filter == nullptr) throw Failure("no filter named '" + name + "'");
  const Arguments rest = after(all, 1);
  for (const Value& each : items_of(runtime, subject)) {
    result.push_back(apply(runtime, *filter, each, rest));
  }
  return runtime.list(std::move(result));
}

// select, reject, selectattr and rejectattr.
template <bool keeps, bool by_attribute>
Value choose(Runtime& runtime, const Value& subject, const Given& given) {
  const Arguments& all = given.all();
  constexpr std::size_t kOwn = by_attribute ? 1 : 0;
  if (all.positional.size() < kOwn) throw Failure("Missing parameter for attribute name");
  const Function* test = nullptr;
  if (all.positional.size() > kOwn) {
    const std::string& name = require_text(all.positional[kOwn], "a test's name").bytes();
    test = find_test(name);
    if (test == nullptr) throw Failure("no test named '" + name + "'");
  }
  const Arguments rest = after(all, kOwn + 1);
  std::vector<Value> result;
  for (const Value& each : items_of(runtime, subject)) {
    const Value value = by_attribute ? item_by_path(runtime, each, all.positional.front()) : each;
    const bool holds = truth(test ? apply(runtime, *test, value, rest) : value);
    if (holds == keeps) result.push_back(each);
  }
  return runtime.list(std::move(result));
}

constexpr std::array<Function, 5> kFilters = {{
    {"map", "*", map},
    {"select", "*", choose<true, false>},
    {"reject", "*", choose<false, false>},
    {"selectattr", "*", choose<true, true>},
    {"rejectattr", "*", choose<false, true>},
}};

}  // namespace

std::span<const Function> selection_filters() {
  return kFilters;
}

}  // namespace redbolt::llm::jinja
