// Runs a definition on one lane, or on a whole wave where the text goes through the lanes itself.
// Whoever calls it fills in what the text takes for granted (S0, VCC, ADDR ...) and reads what it
// has assigned (D0, RETURN_DATA ...).
#pragma once

#include <deque>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "syntax.hpp"

namespace redbolt::pseudocode {

// The text asks for something the evaluator does not know.
class EvaluationError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Variable {
  Value value;
  std::vector<Value> elements;       // of an array
  std::vector<std::uint32_t> words;  // instead of `value`: a register of more than 128 bits
  bool fixed = false;                // keeps its type: a register, or declared
  bool given = false;                // by the caller: a declaration does not make it anew
};

// What lies outside of the lane. Sizes in bits, up to 128.
class Surroundings {
 public:
  virtual ~Surroundings() = default;
  virtual u128 memory(std::uint64_t address, unsigned bits) = 0;
  virtual void set_memory(std::uint64_t address, unsigned bits, u128 value) = 0;
  virtual std::uint32_t vgpr(std::uint64_t lane, std::uint64_t number) = 0;
  virtual void set_vgpr(std::uint64_t lane, std::uint64_t number, std::uint32_t value) = 0;
  virtual std::uint32_t sgpr(std::uint64_t number) = 0;
  virtual void set_sgpr(std::uint64_t number, std::uint32_t value) = 0;
};

struct FloatControl {
  Direction f32 = Direction::nearest_even;
  Direction f64_f16 = Direction::nearest_even;
  Direction of(unsigned width) const { return width == 32 ? f32 : f64_f16; }
};

// The definition of an instruction by name ("V_MIN_F32"); nullptr when there is none.
using Definitions = std::function<const Block*(const std::string&)>;

class Evaluator {
 public:
  Evaluator(Surroundings& surroundings, const Definitions& definitions)
      : surroundings_(surroundings), definitions_(definitions) {}

  FloatControl control;
  // Integers that do not fit into D0 or tmp are bounded and not cut off (CLAMP).
  bool saturate = false;

  void set(const std::string& name, Type type, i128 value);
  void set_array(const std::string& name, Type type, const std::vector<i128>& values);
  void set_wide(const std::string& name, std::vector<std::uint32_t> words);
  // A register's bits, or an integer's.
  u128 bits(const std::string& name, unsigned width) const;
  const Variable& variable(const std::string& name) const;
  bool has(const std::string& name) const { return variables_.count(name) != 0; }

  void run(const Block& block);

 private:
  enum class Flow : std::uint8_t { onward, leave, give };

  // Something that can be read and written: bits of a variable, of memory, of a register.
  struct Place {
    enum class Kind : std::uint8_t { variable, memory, vgpr_file, vgpr, sgpr };
    Kind kind = Kind::variable;
    Variable* variable = nullptr;
    int element = -1;         // of an array
    std::uint64_t index = 0;  // address, lane or register number
    std::uint64_t number = 0;
    unsigned low = 0;
    Type type{};
    unsigned limit = 128;  // bits that there are: those of a slice, which views do not widen
    bool whole = true;     // no view yet
    bool reversed = false;
    bool saturates = false;
  };

  Flow execute(const Block& block);
  Flow execute(const Statement& statement);
  Flow branch(const Statement& statement);
  Flow loop(const Statement& statement);
  void declare(const Statement& statement);
  void assign(const Statement& statement);
  void assign_parts(const Expression& parts, Value value);

  Value evaluate(const Expression& e);
  Value unary(const Expression& e);
  Value binary(const std::string& op, const Value& a, const Value& b);
  Value float_binary(const std::string& op, const Value& a, const Value& b);
  Value cast(const Type& type, const Value& value);
  Value concatenation(const Expression& e);
  Value call(const Expression& e);
  Value call_function(const Function& function, const std::vector<Value>& arguments);
  Value call_instruction(const std::string& name, const std::vector<Value>& arguments);

  Place place(const Expression& e, bool create);
  Place named_place(const Expression& e, bool create);
  Place element_of(Place base, std::uint64_t index);
  Place slice_of(Place base, std::uint64_t high, std::uint64_t low);
  Value read(const Place& place);
  void write(const Place& place, const Value& value);
  u128 raw(const Place& place);
  void set_raw(const Place& place, u128 bits);

  Surroundings& surroundings_;
  const Definitions& definitions_;
  std::unordered_map<std::string, Variable> variables_;
  std::unordered_map<std::string, const Function*> functions_;
  std::deque<Variable> temporaries_;  // places point into it
  Value given_;                       // by "return"
};

// Functions of the language that need nothing but their arguments; false when there is none of that
// name.
bool call_builtin(const std::string& name, const std::vector<Value>& arguments,
                  const FloatControl& control, Value& result);
// The type that "f16", "u32", "i4" and so on name.
bool type_named(const std::string& text, Type& type);
// value as a float of another width; NaNs keep what fits of their bits, signaling ones stay so.
Value converted(const Value& value, Type type, const FloatControl& control);

}  // namespace redbolt::pseudocode
