#include "chat/jinja/runtime.hpp"

#include <utility>

#include "chat/jinja/write.hpp"

namespace redbolt::llm::jinja {
namespace {

// What an object costs beside what it holds, roughly.
constexpr std::uint64_t kObject = 96;

}  // namespace

const Value* Scope::find(std::string_view name) const {
  for (const Scope* scope = this; scope != nullptr; scope = scope->parent_) {
    const auto found = scope->variables_.find(name);
    if (found != scope->variables_.end()) return &found->second;
  }
  return nullptr;
}

void Scope::set(std::string_view name, Value value) {
  const auto found = variables_.find(name);
  if (found != variables_.end()) {
    found->second = std::move(value);
  } else {
    variables_.emplace(std::string(name), std::move(value));
  }
}

void Runtime::work(std::uint64_t steps) {
  steps_ += steps;
  if (steps_ > limits_.steps) throw Failure("the template does not come to an end");
}

void Runtime::allocate(std::uint64_t bytes) {
  bytes_ += bytes;
  if (bytes_ > limits_.bytes) throw Failure("the template takes too much memory");
}

Value Runtime::text(Text text) {
  if (text.size() > kLongest) throw Failure("a text grows beyond 64 MiB");
  scan(text.size());
  allocate(kObject + text.size() + text.runs().size() * sizeof(Text::Run));
  return std::make_shared<const Text>(std::move(text));
}

List* Runtime::list(std::vector<Value> items, List::Kind kind) {
  work(1 + items.size() / 8);
  allocate(kObject + items.size() * sizeof(Value));
  return &lists_.emplace_back(List{std::move(items), kind});
}

Dict* Runtime::dict(bool is_namespace) {
  allocate(kObject);
  return &dicts_.emplace_back(is_namespace);
}

void Runtime::append(List& list, Value item) {
  allocate(2 * sizeof(Value));
  list.items.push_back(std::move(item));
}

void Runtime::set(Dict& dict, const Value& key, Value value) {
  const Text* const text = as_text(key);
  scan(text ? text->size() : 0);
  allocate(kObject + 4 * sizeof(Value) + (text ? text->size() : 0));
  dict.set(key, std::move(value));
}

Callable* Runtime::callable(std::string name,
                            std::function<Value(Runtime&, const Arguments&)> call) {
  allocate(2 * kObject);
  return &callables_.emplace_back(Callable{std::move(name), std::move(call)});
}

Loop* Runtime::loop() {
  allocate(2 * kObject);
  return &loops_.emplace_back();
}

Cycler* Runtime::cycler(std::vector<Value> items) {
  allocate(kObject + items.size() * sizeof(Value));
  return &cyclers_.emplace_back(Cycler{std::move(items), 0});
}

Scope* Runtime::scope(const Scope* parent) {
  allocate(2 * kObject);
  return &scopes_.emplace_back(parent);
}

Runtime::Level::Level(Runtime& runtime) : runtime_(runtime) {
  if (++runtime_.depth_ > runtime_.limits_.depth) {
    --runtime_.depth_;
    throw Failure("the template is nested too deeply");
  }
}

}  // namespace redbolt::llm::jinja
