#include "chat/jinja/globals.hpp"

#include <array>
#include <ctime>
#include <string>

#include "chat/jinja/access.hpp"
#include "chat/jinja/failure.hpp"
#include "chat/jinja/function.hpp"
#include "chat/jinja/write.hpp"

namespace redbolt::llm::jinja {
namespace {

// As Jinja's sandbox limits it.
constexpr std::int64_t kLongestRange = 100'000;

Value range(Runtime& runtime, const Arguments& arguments) {
  const std::vector<Value>& given = arguments.positional;
  if (given.empty() || given.size() > 3) throw Failure("range takes one to three arguments");
  const auto bound = [&](std::size_t index) { return require_integer(given[index], "range"); };
  const std::int64_t start = given.size() > 1 ? bound(0) : 0;
  const std::int64_t stop = given.size() > 1 ? bound(1) : bound(0);
  const std::int64_t step = given.size() > 2 ? bound(2) : 1;
  if (step == 0) throw Failure("range() arg 3 must not be zero");
  std::vector<Value> items;
  for (std::int64_t at = start; step > 0 ? at < stop : at > stop;) {
    if (static_cast<std::int64_t>(items.size()) >= kLongestRange) {
      throw Failure("Range too big. The sandbox blocks ranges larger than MAX_RANGE (100000).");
    }
    items.emplace_back(at);
    if (__builtin_add_overflow(at, step, &at)) break;
  }
  return runtime.list(std::move(items));
}

Dict* fill(Runtime& runtime, Dict* dict, const Arguments& arguments) {
  for (const Value& given : arguments.positional) {
    if (const Dict* const other = as_dict(given)) {
      for (const auto& [key, value] : other->entries()) runtime.set(*dict, key, value);
      continue;
    }
    for (const Value& pair : items_of(runtime, given)) {
      const std::vector<Value> parts = items_of(runtime, pair);
      if (parts.size() != 2) throw Failure("a mapping is made of pairs");
      runtime.set(*dict, parts[0], parts[1]);
    }
  }
  for (const auto& [name, value] : arguments.named) {
    runtime.set(*dict, runtime.markup(name), value);
  }
  return dict;
}

Value make_namespace(Runtime& runtime, const Arguments& arguments) {
  return fill(runtime, runtime.dict(true), arguments);
}

Value make_dict(Runtime& runtime, const Arguments& arguments) {
  return fill(runtime, runtime.dict(), arguments);
}

Value make_cycler(Runtime& runtime, const Arguments& arguments) {
  if (arguments.positional.empty()) throw Failure("at least one item has to be provided");
  return runtime.cycler(arguments.positional);
}

Value raise_exception(Runtime&, const Arguments& arguments) {
  const bool silent = arguments.positional.empty();
  throw Failure(silent ? "it gives no reason" : to_text(arguments.positional.front()).bytes(),
                Failure::Kind::refused);
}

Value strftime_now(Runtime& runtime, const Arguments& arguments) {
  if (arguments.positional.size() != 1) throw Failure("strftime_now takes one argument");
  const std::string& format = require_text(arguments.positional.front(), "strftime_now").bytes();
  const std::time_t now = std::chrono::system_clock::to_time_t(runtime.now());
  std::tm local{};
  localtime_r(&now, &local);
  std::array<char, 1024> buffer{};
  const std::size_t size = std::strftime(buffer.data(), buffer.size(), format.c_str(), &local);
  if (size == 0 && !format.empty()) throw Failure("strftime_now: the format is too long");
  return runtime.markup(std::string_view(buffer.data(), size));
}

struct Global {
  std::string_view name;
  Value (*call)(Runtime& runtime, const Arguments& arguments);
};

constexpr std::array<Global, 6> kGlobals = {{
    {"range", range},
    {"namespace", make_namespace},
    {"dict", make_dict},
    {"cycler", make_cycler},
    {"raise_exception", raise_exception},
    {"strftime_now", strftime_now},
}};

}  // namespace

void define_functions(Runtime& runtime, Scope& globals) {
  for (const Global& global : kGlobals) {
    globals.set(global.name, runtime.callable(std::string(global.name), global.call));
  }
}

}  // namespace redbolt::llm::jinja
