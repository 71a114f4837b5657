#include <utility>

#include "chat/jinja/access.hpp"
#include "chat/jinja/evaluator.hpp"
#include "chat/jinja/failure.hpp"
#include "chat/jinja/function.hpp"
#include "chat/jinja/operators.hpp"
#include "chat/jinja/write.hpp"

namespace redbolt::llm::jinja {

Value Evaluator::evaluate(const Expression& expression) {
  const Runtime::Level level(runtime_);
  runtime_.work(1);
  runtime_.at = expression.at;
  return std::visit([this](const auto& node) { return value_of(node); }, expression.node);
}

Value Evaluator::value_of(const Name& node) {
  if (const Value* const value = scope_->find(node.name)) return *value;
  return undefined("'" + node.name + "' is undefined");
}

Value Evaluator::value_of(const ListLiteral& node) {
  std::vector<Value> items;
  items.reserve(node.items.size());
  for (const auto& item : node.items) items.push_back(evaluate(*item));
  return runtime_.list(std::move(items), node.tuple ? List::Kind::tuple : List::Kind::list);
}

Value Evaluator::value_of(const DictLiteral& node) {
  Dict* const dict = runtime_.dict();
  for (const auto& [key, value] : node.entries) {
    const Value name = evaluate(*key);
    runtime_.set(*dict, name, evaluate(*value));
  }
  return dict;
}

Value Evaluator::value_of(const Attribute& node) {
  const Position at = runtime_.at;
  const Value object = evaluate(*node.object);
  runtime_.at = at;
  return attribute(runtime_, object, node.name);
}

Value Evaluator::value_of(const Subscript& node) {
  const Position at = runtime_.at;
  const Value object = evaluate(*node.object);
  const Value index = evaluate(*node.index);
  runtime_.at = at;
  return item(runtime_, object, index);
}

Value Evaluator::value_of(const Slice& node) {
  const Position at = runtime_.at;
  const auto bound = [&](const ExpressionPointer& part) {
    return part ? evaluate(*part) : Value(None());
  };
  const Value object = evaluate(*node.object);
  const Value start = bound(node.start);
  const Value stop = bound(node.stop);
  const Value step = bound(node.step);
  runtime_.at = at;
  return slice(runtime_, object, start, stop, step);
}

Arguments Evaluator::arguments_of(const std::vector<Argument>& arguments) {
  Arguments result;
  for (const Argument& argument : arguments) {
    Value value = evaluate(*argument.value);
    switch (argument.kind) {
      case Argument::Kind::positional:
        result.positional.push_back(std::move(value));
        break;
      case Argument::Kind::named:
        result.named.emplace_back(argument.name, std::move(value));
        break;
      case Argument::Kind::spread:
        for (Value& item : items_of(runtime_, value)) result.positional.push_back(std::move(item));
        break;
      case Argument::Kind::named_spread: {
        const Dict* const dict = as_dict(value);
        if (dict == nullptr) throw Failure("the argument after ** must be a mapping");
        runtime_.work(dict->entries().size());
        for (const auto& [key, held] : dict->entries()) {
          result.named.emplace_back(require_text(key, "**").bytes(), held);
        }
        break;
      }
    }
  }
  return result;
}

Value Evaluator::value_of(const Call& node) {
  const Position at = runtime_.at;
  const Arguments arguments = arguments_of(node.arguments);
  runtime_.at = at;
  return call(node, arguments);
}

Value Evaluator::call(const Call& node, const Arguments& arguments) {
  const Position at = runtime_.at;
  if (const auto* const member = std::get_if<Attribute>(&node.callee->node)) {
    // A method is called without being made a value first.
    const Value object = evaluate(*member->object);
    runtime_.at = at;
    require_defined(object);
    if (const Function* const method = find_method(object, member->name)) {
      return apply(runtime_, *method, object, arguments);
    }
    const Value callee = attribute(runtime_, object, member->name);
    require_defined(callee);
    if (const auto* const function = as<Callable*>(callee)) {
      return (*function)->call(runtime_, arguments);
    }
    throw Failure("'" + std::string(type_name(callee)) + "' object is not callable");
  }
  const Value callee = evaluate(*node.callee);
  runtime_.at = at;
  require_defined(callee);
  const auto* const function = as<Callable*>(callee);
  if (function == nullptr) {
    throw Failure("'" + std::string(type_name(callee)) + "' object is not callable");
  }
  return (*function)->call(runtime_, arguments);
}

Value Evaluator::value_of(const Filter& node) {
  const Position at = runtime_.at;
  const Value subject = node.subject ? evaluate(*node.subject) : *filtered_;
  const Arguments arguments = arguments_of(node.arguments);
  runtime_.at = at;
  const Function* const filter = find_filter(node.name);
  if (filter == nullptr) throw Failure("no filter named '" + node.name + "'");
  return apply(runtime_, *filter, subject, arguments);
}

Value Evaluator::value_of(const Test& node) {
  const Position at = runtime_.at;
  const Value subject = evaluate(*node.subject);
  const Arguments arguments = arguments_of(node.arguments);
  runtime_.at = at;
  const Function* const test = find_test(node.name);
  if (test == nullptr) throw Failure("no test named '" + node.name + "'");
  return truth(apply(runtime_, *test, subject, arguments)) != node.negated;
}

Value Evaluator::value_of(const Unary& node) {
  const Position at = runtime_.at;
  const Value operand = evaluate(*node.operand);
  runtime_.at = at;
  return unary(node.operation, operand);
}

Value Evaluator::value_of(const Binary& node) {
  const Position at = runtime_.at;
  Value left = evaluate(*node.left);
  if (node.operation == BinaryOperator::logical_and) {
    return truth(left) ? evaluate(*node.right) : std::move(left);
  }
  if (node.operation == BinaryOperator::logical_or) {
    return truth(left) ? std::move(left) : evaluate(*node.right);
  }
  const Value right = evaluate(*node.right);
  runtime_.at = at;
  return binary(runtime_, node.operation, left, right);
}

Value Evaluator::value_of(const Compare& node) {
  const Position at = runtime_.at;
  Value left = evaluate(*node.first);
  for (const auto& [comparison, operand] : node.rest) {
    Value right = evaluate(*operand);
    runtime_.at = at;
    if (!compare(runtime_, comparison, left, right)) return false;
    left = std::move(right);
  }
  return true;
}

Value Evaluator::value_of(const Concatenation& node) {
  Text text;
  for (const auto& item : node.items) {
    text.append(to_text(evaluate(*item)));
    if (text.size() > kLongest) throw Failure("a text grows beyond 64 MiB");
  }
  return runtime_.text(std::move(text));
}

Value Evaluator::value_of(const Conditional& node) {
  if (truth(evaluate(*node.condition))) return evaluate(*node.value);
  if (node.otherwise) return evaluate(*node.otherwise);
  return undefined("the inline if has no else, and its condition is false");
}

}  // namespace redbolt::llm::jinja
