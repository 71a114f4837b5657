#include <algorithm>
#include <utility>

#include "chat/jinja/access.hpp"
#include "chat/jinja/evaluator.hpp"
#include "chat/jinja/failure.hpp"
#include "chat/jinja/write.hpp"

namespace redbolt::llm::jinja {

// Variables are those of another scope for as long as it lives.
class Evaluator::InScope {
 public:
  InScope(Evaluator& evaluator, Scope* scope)
      : evaluator_(evaluator), before_(std::exchange(evaluator.scope_, scope)) {}
  InScope(const InScope&) = delete;
  InScope& operator=(const InScope&) = delete;
  ~InScope() { evaluator_.scope_ = before_; }

 private:
  Evaluator& evaluator_;
  Scope* before_;
};

// What statements write goes to a text of its own for as long as it lives.
class Evaluator::IntoText {
 public:
  IntoText(Evaluator& evaluator, Text& text)
      : evaluator_(evaluator), before_(std::exchange(evaluator.output_, &text)) {}
  IntoText(const IntoText&) = delete;
  IntoText& operator=(const IntoText&) = delete;
  ~IntoText() { evaluator_.output_ = before_; }

 private:
  Evaluator& evaluator_;
  Text* before_;
};

Evaluator::Evaluator(Runtime& runtime, const Scope& globals)
    : runtime_(runtime), scope_(runtime.scope(&globals)) {}

Text Evaluator::render(const Body& body) {
  Text text;
  const IntoText into(*this, text);
  run(body);
  return text;
}

Evaluator::Flow Evaluator::run(const Body& body) {
  const Runtime::Level level(runtime_);
  for (const Statement& statement : body) {
    const Flow flow = run_statement(statement);
    if (flow != Flow::normal) return flow;
  }
  return Flow::normal;
}

Evaluator::Flow Evaluator::run_statement(const Statement& statement) {
  runtime_.work(1);
  runtime_.at = statement.at;
  return std::visit([this](const auto& node) { return execute(node); }, statement.node);
}

Evaluator::Flow Evaluator::execute(const Data& node) {
  runtime_.scan(node.text.size());
  output_->append(node.text, Origin::markup);
  if (output_->size() > runtime_.limits().output) throw Failure("the output is too long");
  return Flow::normal;
}

Evaluator::Flow Evaluator::execute(const Output& node) {
  const Value value = evaluate(*node.value);
  const Text* const text = as_text(value);
  const Text written = text ? Text() : to_text(value);
  const Text& whole = text ? *text : written;
  runtime_.scan(whole.size());
  output_->append(whole);
  if (output_->size() > runtime_.limits().output) throw Failure("the output is too long");
  return Flow::normal;
}

void Evaluator::assign(const Target& target, const Value& value) {
  if (!target.parts.empty()) {
    const std::vector<Value> items = items_of(runtime_, value);
    if (items.size() != target.parts.size()) {
      throw Failure("cannot unpack " + std::to_string(items.size()) + " values into " +
                    std::to_string(target.parts.size()) + " names");
    }
    for (std::size_t i = 0; i < items.size(); ++i) assign(target.parts[i], items[i]);
    return;
  }
  if (target.attribute.empty()) {
    runtime_.allocate(sizeof(Value));
    return scope_->set(target.name, value);
  }
  const Value* const object = scope_->find(target.name);
  const auto* const dict = object == nullptr ? nullptr : as<Dict*>(*object);
  if (dict == nullptr || !(*dict)->is_namespace()) {
    throw Failure("cannot assign an attribute of '" + target.name + "', which is no namespace");
  }
  runtime_.set(**dict, runtime_.markup(target.attribute), value);
}

Evaluator::Flow Evaluator::execute(const Set& node) {
  assign(node.target, evaluate(*node.value));
  return Flow::normal;
}

Value Evaluator::text_of(const Body& body) {
  Text text;
  {
    const IntoText into(*this, text);
    const InScope in(*this, runtime_.scope(scope_));
    run(body);
  }
  return runtime_.text(std::move(text));
}

Evaluator::Flow Evaluator::execute(const SetBlock& node) {
  Value value = text_of(node.body);
  if (node.filter) {
    const Value* const before = std::exchange(filtered_, &value);
    Value result = evaluate(*node.filter);
    filtered_ = before;
    value = std::move(result);
  }
  assign(node.target, value);
  return Flow::normal;
}

// What the loop goes through; `if` in its head leaves items out before they are counted.
std::vector<Value> Evaluator::loop_items(const For& node) {
  std::vector<Value> items = items_of(runtime_, evaluate(*node.items));
  runtime_.allocate(items.size() * sizeof(Value));
  if (!node.condition) return items;
  const InScope in(*this, runtime_.scope(scope_));
  std::vector<Value> kept;
  for (const Value& item : items) {
    assign(node.target, item);
    if (truth(evaluate(*node.condition))) kept.push_back(item);
  }
  return kept;
}

Evaluator::Flow Evaluator::execute(const For& node) {
  const std::vector<Value> items = loop_items(node);
  if (items.empty()) {
    const InScope in(*this, runtime_.scope(scope_));
    return run(node.otherwise);
  }
  Loop* const loop = runtime_.loop();
  loop->items = &items;
  Scope* const scope = runtime_.scope(scope_);
  {
    const InScope in(*this, scope);
    for (; loop->index < items.size(); ++loop->index) {
      scope->clear();
      scope->set("loop", loop);
      assign(node.target, items[loop->index]);
      if (run(node.body) == Flow::leave_loop) break;
    }
  }
  // Whoever kept `loop` finds it where it ended, with nothing to go through.
  static const std::vector<Value> kNothing;
  loop->items = &kNothing;
  return Flow::normal;
}

Evaluator::Flow Evaluator::execute(const If& node) {
  for (const auto& [condition, body] : node.branches) {
    if (truth(evaluate(*condition))) return run(body);
  }
  return run(node.otherwise);
}

Callable* Evaluator::macro(const MacroDefinition& node) {
  const Scope* const defined_in = scope_;
  return runtime_.callable(node.name,
                           [this, &node, defined_in](Runtime&, const Arguments& arguments) {
                             return call_macro(node, defined_in, arguments);
                           });
}

Value Evaluator::call_macro(const MacroDefinition& node, const Scope* defined_in,
                            const Arguments& arguments) {
  const Runtime::Level level(runtime_);
  const InScope in(*this, runtime_.scope(defined_in));
  const auto given = [&](const std::string& name) {
    return std::ranges::find(arguments.named, name, &std::pair<std::string, Value>::first);
  };
  for (std::size_t i = 0; i < node.parameters.size(); ++i) {
    const Parameter& parameter = node.parameters[i];
    if (i < arguments.positional.size()) {
      scope_->set(parameter.name, arguments.positional[i]);
    } else if (const auto found = given(parameter.name); found != arguments.named.end()) {
      scope_->set(parameter.name, found->second);
    } else if (parameter.fallback) {
      scope_->set(parameter.name, evaluate(*parameter.fallback));
    } else {
      scope_->set(parameter.name, undefined("parameter '" + parameter.name + "' was not provided"));
    }
  }
  std::vector<Value> more;
  for (std::size_t i = node.parameters.size(); i < arguments.positional.size(); ++i) {
    more.push_back(arguments.positional[i]);
  }
  scope_->set("varargs", runtime_.list(std::move(more), List::Kind::tuple));
  Dict* const named = runtime_.dict();
  for (const auto& [name, value] : arguments.named) {
    if (name == "caller") {
      scope_->set(name, value);
    } else if (std::ranges::find(node.parameters, name, &Parameter::name) ==
               node.parameters.end()) {
      runtime_.set(*named, runtime_.markup(name), value);
    }
  }
  scope_->set("kwargs", named);
  Text text;
  const IntoText into(*this, text);
  run(node.body);
  return runtime_.text(std::move(text));
}

Evaluator::Flow Evaluator::execute(const MacroDefinition& node) {
  scope_->set(node.name, macro(node));
  return Flow::normal;
}

Evaluator::Flow Evaluator::execute(const CallBlock& node) {
  const auto& called = std::get<Call>(node.call->node);
  Arguments arguments = arguments_of(called.arguments);
  arguments.named.emplace_back("caller", macro(node.caller));
  output_->append(to_text(call(called, arguments)));
  return Flow::normal;
}

Evaluator::Flow Evaluator::execute(const FilterBlock& node) {
  const Value body = text_of(node.body);
  const Value* const before = std::exchange(filtered_, &body);
  const Value result = evaluate(*node.filter);
  filtered_ = before;
  output_->append(to_text(result));
  return Flow::normal;
}

Evaluator::Flow Evaluator::execute(const With& node) {
  std::vector<Value> values;
  for (const auto& [target, value] : node.variables) values.push_back(evaluate(*value));
  const InScope in(*this, runtime_.scope(scope_));
  for (std::size_t i = 0; i < values.size(); ++i) assign(node.variables[i].first, values[i]);
  return run(node.body);
}

Evaluator::Flow Evaluator::execute(const Generation& node) {
  const InScope in(*this, runtime_.scope(scope_));
  return run(node.body);
}

Evaluator::Flow Evaluator::execute(const Evaluate& node) {
  evaluate(*node.value);
  return Flow::normal;
}

}  // namespace redbolt::llm::jinja
