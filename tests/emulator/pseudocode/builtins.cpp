// The functions that definitions call by name.
#include <algorithm>
#include <cmath>
#include <limits>

#include "division.hpp"
#include "evaluator.hpp"

namespace redbolt::pseudocode {
namespace {

using Arguments = std::vector<Value>;
constexpr Type boolean{Kind::unsigned_integer, 1};
constexpr Type i32{Kind::signed_integer, 32};
constexpr double infinity = std::numeric_limits<double>::infinity();

struct Call {
  const Arguments& arguments;
  const FloatControl& control;
  const Value& operator[](std::size_t n) const { return arguments.at(n); }
  Number number(std::size_t n) const { return number_of(arguments.at(n)); }
  double real(std::size_t n) const { return to_double(number(n)); }
};

Value packed(const Number& number, Type type, const FloatControl& control) {
  return {type, static_cast<i128>(pack(number, format_of(type), control.of(type.width)))};
}

// A function of one real number, of which the float nearest to the result is taken; NaNs come back
// quieted.
template <double (*function)(double)>
Value of_real(const Call& call) {
  const Number number = call.number(0);
  if (number.kind == Number::Kind::nan) return packed(quieted(number), call[0].type, call.control);
  FloatControl nearest;
  return packed(from_double(function(to_double(number))), call[0].type, nearest);
}

double round_to_even(double x) {
  const double whole = std::floor(x);
  const double rest = x - whole;
  const bool up = rest > 0.5 || (rest == 0.5 && std::fmod(whole, 2.0) != 0.0);
  return std::copysign(up ? whole + 1 : whole, x);
}
double exp2_of(double x) {
  return std::exp2(x);
}
double log2_of(double x) {
  return std::log2(x);
}
double floor_of(double x) {
  return std::floor(x);
}
double trunc_of(double x) {
  return std::trunc(x);
}
double sqrt_of(double x) {
  return std::sqrt(x);
}
double reciprocal(double x) {
  return 1.0 / x;
}
double reciprocal_root(double x) {
  return x == 0 ? std::copysign(infinity, x) : 1.0 / std::sqrt(x);
}

// Turns beyond 256 have no meaning for the hardware.
double sine_of_turns(double x) {
  if (x == 0) return x;
  if (std::isinf(x)) return std::nan("");
  if (std::fabs(x) > 256) return 0.0;
  return std::sin((x - std::floor(x)) * 6.283185307179586476925);
}
double cosine_of_turns(double x) {
  if (std::isinf(x)) return std::nan("");
  if (std::fabs(x) > 256) return 1.0;
  return std::cos((x - std::floor(x)) * 6.283185307179586476925);
}

Value fused(const Call& call) {
  const Type type = call[0].type;
  const Direction direction = call.control.of(type.width);
  return packed(fused_multiply_add(call.number(0), call.number(1), call.number(2), direction), type,
                call.control);
}

Value absolute(const Call& call) {
  Value value = call[0];
  if (value.type.is_float()) value.number &= (i128{1} << (value.type.width - 1)) - 1;
  return value;
}

Value biased_exponent(const Call& call) {
  const FloatFormat& format = format_of(call[0].type);
  return make_integer(call[0].number >> format.mantissa_bits & format.largest_exponent());
}

// Of a finite number that is not 0: number = mantissa * 2^exponent, mantissa in [0.5, 1).
Value binary_exponent(const Call& call) {
  int exponent = 0;
  const double x = call.real(0);
  if (std::isfinite(x)) static_cast<void>(std::frexp(x, &exponent));
  return make_integer(exponent);
}
Value mantissa(const Call& call) {
  int exponent = 0;
  return packed(from_double(std::frexp(call.real(0), &exponent)), call[0].type, call.control);
}

Value is_nan(const Call& call) {
  return make_bool(call.number(0).kind == Number::Kind::nan);
}
Value is_signaling_nan(const Call& call) {
  return make_bool(is_signaling(call.number(0)));
}
Value is_quiet_nan(const Call& call) {
  return make_bool(call.number(0).kind == Number::Kind::nan && !is_signaling(call.number(0)));
}
Value quiet(const Call& call) {
  return packed(quieted(call.number(0)), call[0].type, call.control);
}
Value is_even(const Call& call) {
  return make_bool(std::fmod(call.real(0), 2.0) == 0.0);
}
Value sign(const Call& call) {
  return make_bool(call.number(0).negative);
}

Value sign_extend(const Call& call) {
  return make_integer(
      reinterpreted(call[0].number, {Kind::signed_integer, call[0].type.width}).number,
      {Kind::signed_integer, 64});
}
Value sign_extend_from(const Call& call) {
  const auto width = static_cast<unsigned>(call[1].number);
  if (width >= call[0].type.width) return call[0];
  const i128 number =
      width == 0 ? 0 : reinterpreted(call[0].number, {Kind::signed_integer, width}).number;
  return {call[0].type, number};
}

Value load_exponent(const Call& call) {
  return packed(scaled(call.number(0), call[1].number), call[0].type, call.control);
}

// The first lane of a mask.
Value first_one(const Call& call) {
  for (int i = 0; i < 64; ++i) {
    if ((call[0].number >> i & 1) != 0) return make_integer(i);
  }
  return make_integer(-1);
}
Value ones(const Call& call) {
  int count = 0;
  for (int i = 0; i < 64; ++i) count += static_cast<int>(call[0].number >> i & 1);
  return make_integer(count);
}

// A table or scale with 1.0 as the largest integer, to the nearest.
Value normalised(const Call& call, double low, double scale, Type type) {
  const double x = call.real(0);
  const double bounded = std::isnan(x) ? 0.0 : std::clamp(x, low, 1.0);
  return {type, static_cast<i128>(round_to_even(bounded * scale))};
}
Value to_snorm(const Call& call) {
  return normalised(call, -1.0, 32767.0, {Kind::signed_integer, 16});
}
Value to_unorm(const Call& call) {
  return normalised(call, 0.0, 65535.0, {Kind::unsigned_integer, 16});
}

Value flush_denormal(const Call& call) {
  const FloatFormat& format = format_of(call[0].type);
  const bool denormal = (call[0].number >> format.mantissa_bits & format.largest_exponent()) == 0;
  const i128 sign = i128{1} << (format.width - 1);
  return {call[0].type, denormal ? call[0].number & sign : call[0].number};
}
// The number itself, or the largest below 1.
Value one_at_most(const Call& call) {
  const i128 one =
      static_cast<i128>(pack(from_double(1.0), format_of(call[0].type), Direction::nearest_even));
  return {call[0].type, call[0].number == one ? one - 1 : call[0].number};
}

std::uint64_t bits_of(const Value& value) {
  return static_cast<std::uint64_t>(value.number);
}
ScaledOperand scaled_operand(const Value& value, const Value& denominator, const Value& numerator) {
  return scaled_for_division(bits_of(value), bits_of(denominator), bits_of(numerator),
                             format_of(value.type));
}
Value division_operand(const Call& call) {
  return packed(scaled_operand(call[0], call[1], call[2]).number, call[0].type, call.control);
}
Value division_is_scaled(const Call& call) {
  return make_bool(scaled_operand(call[0], call[1], call[2]).quotient_is_scaled);
}
Value division_refined(const Call& call) {
  const Type type = call[0].type;
  return packed(refined_quotient(call.number(0), call.number(1), bits_of(call[2]), format_of(type),
                                 call.control.of(type.width)),
                type, call.control);
}
Value division_finished(const Call& call) {
  return packed(finished_quotient(call.number(0), bits_of(call[1]), bits_of(call[2]),
                                  format_of(call[0].type)),
                call[0].type, call.control);
}

Value nothing(const Call&) {
  return make_integer(0);
}
Value all_bits(const Call&) {
  return {{Kind::bits, 32}, 0xffffffff};
}
Value quiet_nan(const Call&) {
  return {{Kind::floating, 64}, 0x7ff8000000000000};
}

using Builtin = Value (*)(const Call&);
const std::unordered_map<std::string, Builtin>& builtins() {
  static const std::unordered_map<std::string, Builtin> table{
      {"fma", fused},
      {"abs", absolute},
      {"sign", sign},
      {"exponent", biased_exponent},
      {"mantissa", mantissa},
      {"isNAN", is_nan},
      {"isSignalNAN", is_signaling_nan},
      {"isQuietNAN", is_quiet_nan},
      {"cvtToQuietNAN", quiet},
      {"isEven", is_even},
      {"signext", sign_extend},
      {"signext_from_bit", sign_extend_from},
      {"ldexp", load_exponent},
      {"floor", of_real<floor_of>},
      {"trunc", of_real<trunc_of>},
      {"sqrt", of_real<sqrt_of>},
      {"log2", of_real<log2_of>},
      {"f16_to_snorm", to_snorm},
      {"f16_to_unorm", to_unorm},
      {"f32_to_snorm", to_snorm},
      {"f32_to_unorm", to_unorm},
      {"s_ff1_i32_b32", first_one},
      {"writeableBitMask", all_bits},
      {"nop", nothing},
      {"s_nop", nothing},
      // Of the definitions in own_definitions.cpp.
      {"roundeven", of_real<round_to_even>},
      {"flush", flush_denormal},
      {"one_at_most", one_at_most},
      {"exp2", of_real<exp2_of>},
      {"sine_of_turns", of_real<sine_of_turns>},
      {"cosine_of_turns", of_real<cosine_of_turns>},
      {"reciprocal", of_real<reciprocal>},
      {"reciprocal_root", of_real<reciprocal_root>},
      {"binary_exponent", binary_exponent},
      {"ones", ones},
      {"quiet_nan", quiet_nan},
      {"division_operand", division_operand},
      {"division_is_scaled", division_is_scaled},
      {"division_refined", division_refined},
      {"division_finished", division_finished},
  };
  return table;
}

i128 lowest(Type type) {
  return type.kind == Kind::signed_integer ? -(i128{1} << (type.width - 1)) : 0;
}
i128 highest(Type type) {
  return (i128{1} << (type.kind == Kind::signed_integer ? type.width - 1 : type.width)) - 1;
}

// u32_to_f16, f32_to_i32 and all the others. To integers: towards zero, bounded, NaN gives 0.
bool convert_by_name(std::string name, const Value& value, const FloatControl& control,
                     Value& result) {
  if (name.starts_with("v_cvt_")) {  // v_cvt_i16_f32: there is no such instruction
    const std::string target = name.substr(6, name.rfind('_') - 6);
    name = name.substr(name.rfind('_') + 1).append("_to_").append(target);
  }
  const std::size_t middle = name.find("_to_");
  Type from, to;
  if (middle == std::string::npos || !type_named(name.substr(0, middle), from) ||
      !type_named(name.substr(middle + 4), to)) {
    return false;
  }
  if (from.is_float() && to.is_float()) {
    result = packed(quieted(number_of(value)), to, control);
  } else if (to.is_float()) {
    result = packed(from_integer(value.number), to, control);
  } else {
    const i128 number = from.is_float() ? to_integer(number_of(value)) : value.number;
    result = {to, std::clamp(number, lowest(to), highest(to))};
  }
  return true;
}

}  // namespace

bool type_named(const std::string& text, Type& type) {
  static constexpr std::pair<std::string_view, Kind> kinds[] = {{"bf", Kind::brain_float},
                                                                {"f", Kind::floating},
                                                                {"u", Kind::unsigned_integer},
                                                                {"i", Kind::signed_integer},
                                                                {"b", Kind::bits}};
  for (const auto& [letter, kind] : kinds) {
    if (!text.starts_with(letter)) continue;
    unsigned width = 0;
    for (const char c : text.substr(letter.size())) {
      if (c < '0' || c > '9') return false;
      width = width * 10 + static_cast<unsigned>(c - '0');
    }
    type = {kind, width};
    return width > 0 && width <= 128;
  }
  return false;
}

Value converted(const Value& value, Type type, const FloatControl& control) {
  return packed(number_of(value), type, control);
}

bool call_builtin(const std::string& name, const std::vector<Value>& arguments,
                  const FloatControl& control, Value& result) {
  const auto found = builtins().find(name);
  if (found != builtins().end()) {
    result = found->second({arguments, control});
    return true;
  }
  return arguments.size() == 1 && convert_by_name(name, arguments[0], control, result);
}

}  // namespace redbolt::pseudocode
