// Filters that compare the items of a list: order, extremes, groups, doubles.
#include <algorithm>
#include <array>
#include <string>
#include <unordered_set>

#include "chat/jinja/access.hpp"
#include "chat/jinja/characters.hpp"
#include "chat/jinja/failure.hpp"
#include "chat/jinja/function.hpp"
#include "chat/jinja/write.hpp"

namespace redbolt::llm::jinja {
namespace {

bool given_value(const Given& given, std::size_t index) {
  return given.find(index) != nullptr && !is_none(*given.find(index));
}

Value folded(Runtime& runtime, const Value& value, bool case_sensitive) {
  const Text* const text = as_text(value);
  if (text == nullptr || case_sensitive) return value;
  return runtime.text(change_characters(*text, to_lower));
}

// An item and what it is compared by.
struct Keyed {
  std::vector<Value> keys;
  Value item;
};

// `paths`: attributes with commas between them, or null.
std::vector<Keyed> with_keys(Runtime& runtime, const std::vector<Value>& items, const Value* paths,
                             bool case_sensitive) {
  std::vector<Value> parts;
  const Text* const text = paths == nullptr ? nullptr : as_text(*paths);
  if (text != nullptr) {
    std::string_view rest = text->bytes();
    for (std::size_t comma = 0; comma != std::string_view::npos;) {
      comma = rest.find(',');
      parts.push_back(runtime.markup(rest.substr(0, comma)));
      if (comma != std::string_view::npos) rest.remove_prefix(comma + 1);
    }
  } else if (paths != nullptr) {
    parts.push_back(*paths);
  }
  std::vector<Keyed> result;
  for (const Value& item : items) {
    Keyed& keyed = result.emplace_back(Keyed{{}, item});
    for (const Value& part : parts) {
      keyed.keys.push_back(folded(runtime, item_by_path(runtime, item, part), case_sensitive));
    }
    if (parts.empty()) keyed.keys.push_back(folded(runtime, item, case_sensitive));
  }
  return result;
}

bool comes_before(Runtime& runtime, const Keyed& a, const Keyed& b) {
  for (std::size_t i = 0; i < a.keys.size(); ++i) {
    if (!equal(runtime, a.keys[i], b.keys[i])) return less(runtime, a.keys[i], b.keys[i]);
  }
  return false;
}

// Equal ones keep their order, also when it is reversed.
void sort_keyed(Runtime& runtime, std::vector<Keyed>& items, bool reversed) {
  std::ranges::stable_sort(items, [&](const Keyed& a, const Keyed& b) {
    return reversed ? comes_before(runtime, b, a) : comes_before(runtime, a, b);
  });
}

Value unkeyed(Runtime& runtime, std::vector<Keyed> keyed) {
  std::vector<Value> items;
  for (Keyed& each : keyed) items.push_back(std::move(each.item));
  return runtime.list(std::move(items));
}

Value sort(Runtime& runtime, const Value& subject, const Given& given) {
  const Value* const paths = given_value(given, 2) ? given.find(2) : nullptr;
  auto keyed = with_keys(runtime, items_of(runtime, subject), paths, given.flag(1, false));
  sort_keyed(runtime, keyed, given.flag(0, false));
  return unkeyed(runtime, std::move(keyed));
}

Value dict_sort(Runtime& runtime, const Value& subject, const Given& given) {
  const std::string by = given.find(1) ? given.text(1).bytes() : "key";
  if (by != "key" && by != "value")
    throw Failure("You can only sort by either \"key\" or \"value\"");
  const Dict* const dict = as_dict(subject);
  if (dict == nullptr) throw Failure("dictsort needs a mapping");
  std::vector<Keyed> keyed;
  for (const auto& [key, value] : dict->entries()) {
    const Value& by_what = by == "key" ? key : value;
    keyed.push_back({{folded(runtime, by_what, given.flag(0, false))},
                     runtime.list({key, value}, List::Kind::tuple)});
  }
  sort_keyed(runtime, keyed, given.flag(2, false));
  return unkeyed(runtime, std::move(keyed));
}

Value unique(Runtime& runtime, const Value& subject, const Given& given) {
  const Value* const paths = given_value(given, 1) ? given.find(1) : nullptr;
  std::vector<Value> kept;
  Dict seen;
  for (Keyed& each : with_keys(runtime, items_of(runtime, subject), paths, given.flag(0, false))) {
    if (seen.find(each.keys.front()) != nullptr) continue;
    runtime.allocate(96);
    seen.set(each.keys.front(), true);
    kept.push_back(std::move(each.item));
  }
  return runtime.list(std::move(kept));
}

template <bool largest>
Value extreme(Runtime& runtime, const Value& subject, const Given& given) {
  const Value* const paths = given_value(given, 1) ? given.find(1) : nullptr;
  const auto keyed = with_keys(runtime, items_of(runtime, subject), paths, given.flag(0, false));
  if (keyed.empty()) return undefined("No aggregated item, sequence was empty.");
  const Keyed* best = &keyed.front();
  for (const Keyed& each : keyed) {
    const bool better =
        largest ? comes_before(runtime, *best, each) : comes_before(runtime, each, *best);
    if (better) best = &each;
  }
  return best->item;
}

Value group_by(Runtime& runtime, const Value& subject, const Given& given) {
  const Value& path = given.require(0);
  const bool case_sensitive = given.flag(2, false);
  std::vector<Keyed> keyed;
  for (const Value& item : items_of(runtime, subject)) {
    Value key = item_by_path(runtime, item, path);
    if (is_undefined(key) && given.find(1)) key = *given.find(1);
    keyed.push_back({{folded(runtime, key, case_sensitive), key}, item});
  }
  std::ranges::stable_sort(keyed, [&](const Keyed& a, const Keyed& b) {
    return less(runtime, a.keys.front(), b.keys.front());
  });
  std::vector<Value> groups;
  for (std::size_t i = 0; i < keyed.size();) {
    std::vector<Value> members;
    const std::size_t start = i;
    for (; i < keyed.size() && equal(runtime, keyed[i].keys.front(), keyed[start].keys.front());
         ++i) {
      members.push_back(keyed[i].item);
    }
    groups.emplace_back(runtime.list({keyed[start].keys.back(), runtime.list(std::move(members))},
                                     List::Kind::group));
  }
  return runtime.list(std::move(groups));
}

constexpr std::array<Function, 6> kFilters = {{
    {"sort", "reverse case_sensitive attribute", sort},
    {"dictsort", "case_sensitive by reverse", dict_sort},
    {"unique", "case_sensitive attribute", unique},
    {"min", "case_sensitive attribute", extreme<false>},
    {"max", "case_sensitive attribute", extreme<true>},
    {"groupby", "attribute default case_sensitive", group_by},
}};

}  // namespace

std::span<const Function> order_filters() {
  return kFilters;
}

}  // namespace redbolt::llm::jinja
