// What one run of a template owns, and how much it may take: the values that it makes, the
// variables, and the account of work and memory. Used by one thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "chat/jinja/failure.hpp"
#include "chat/jinja/value.hpp"

namespace redbolt::llm::jinja {

// Far above what real templates take for long conversations.
struct Limits {
  std::uint64_t steps = 20'000'000;               // nodes of the syntax tree, and work of that size
  std::uint64_t bytes = std::uint64_t{1} << 29U;  // of all values made, also those gone meanwhile
  std::size_t output = std::size_t{64} << 20U;    // bytes of the rendered text
  int depth = 600;  // statements, expressions and macros in each other
};

// The variables of a template, a loop or a macro.
class Scope {
 public:
  explicit Scope(const Scope* parent) : parent_(parent) {}

  // Looks in the parents too; null when nobody knows the name.
  const Value* find(std::string_view name) const;
  void set(std::string_view name, Value value);
  void clear() { variables_.clear(); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  const Scope* parent_;
  std::unordered_map<std::string, Value, Hash, std::equal_to<>> variables_;
};

class Runtime {
 public:
  Runtime(const Limits& limits, std::chrono::sys_seconds now) : limits_(limits), now_(now) {}
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;
  ~Runtime() = default;

  std::chrono::sys_seconds now() const { return now_; }
  const Limits& limits() const { return limits_; }

  // All throw Failure when the run has taken all it may.
  void work(std::uint64_t steps);
  // For reading so many bytes of text.
  void scan(std::size_t bytes) { work(1 + bytes / 32); }
  void allocate(std::uint64_t bytes);

  Value text(Text text);
  Value markup(std::string_view text) {
    return this->text(Text(std::string(text), Origin::markup));
  }
  List* list(std::vector<Value> items, List::Kind kind = List::Kind::list);
  Dict* dict(bool is_namespace = false);
  void append(List& list, Value item);
  void set(Dict& dict, const Value& key, Value value);
  Callable* callable(std::string name, std::function<Value(Runtime&, const Arguments&)> call);
  Loop* loop();
  Cycler* cycler(std::vector<Value> items);
  Scope* scope(const Scope* parent);

  // One level deeper, for as long as it lives.
  class Level {
   public:
    explicit Level(Runtime& runtime);
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;
    ~Level() { --runtime_.depth_; }

   private:
    Runtime& runtime_;
  };

  // What is being evaluated, for messages.
  Position at;

 private:
  Limits limits_;
  std::chrono::sys_seconds now_;
  std::uint64_t steps_ = 0;
  std::uint64_t bytes_ = 0;
  int depth_ = 0;
  std::deque<List> lists_;
  std::deque<Dict> dicts_;
  std::deque<Callable> callables_;
  std::deque<Loop> loops_;
  std::deque<Cycler> cyclers_;
  std::deque<Scope> scopes_;
};

}  // namespace redbolt::llm::jinja
