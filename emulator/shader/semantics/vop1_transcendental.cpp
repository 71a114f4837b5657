// Reciprocals, roots, exponentials, logarithms and circular functions. The card's are accurate to
// about one unit in the last place; these are rounded correctly nearly always. In float32 the
// card's do not know denormals, whatever MODE says: neither as operands nor as results.
#include <cmath>

#include "semantics/arithmetic.hpp"
#include "semantics/lanes.hpp"
#include "semantics/registry.hpp"
#include "semantics/transcendental.hpp"

namespace redbolt::emulator {
namespace {

float flushed(float value) {
  return std::bit_cast<float>(flush_f32(std::bit_cast<std::uint32_t>(value)));
}

float reciprocal(float x) {
  return flushed(1.0f / flushed(x));
}
float square_root(float x) {
  return std::sqrt(flushed(x));
}
float reciprocal_root(float x) {
  return static_cast<float>(1.0 / std::sqrt(static_cast<double>(flushed(x))));
}
float exponential(float x) {
  return quieted(flushed(static_cast<float>(exp2_of(static_cast<double>(flushed(x))))));
}
float logarithm(float x) {
  return log2_of(flushed(x));
}

// Double-precision reciprocals and roots are estimates, to be refined by the program; ours are
// exact.
double reciprocal(double x) {
  return 1.0 / x;
}
double reciprocal_root(double x) {
  return 1.0 / std::sqrt(x);
}

template <auto function>
constexpr Handler estimate = rounding_to_nearest<lanes<function>>;

constexpr auto kind = InstructionClass::transcendental;

constexpr Binding bindings[] = {
    {"V_RCP_F32", estimate<[](float a) { return reciprocal(a); }>, kind},
    {"V_RCP_IFLAG_F32", estimate<[](float a) { return reciprocal(a); }>, kind},
    {"V_RSQ_F32", estimate<[](float a) { return reciprocal_root(a); }>, kind},
    {"V_SQRT_F32", estimate<[](float a) { return square_root(a); }>, kind},
    {"V_EXP_F32", estimate<[](float a) { return exponential(a); }>, kind},
    {"V_LOG_F32", estimate<[](float a) { return logarithm(a); }>, kind},
    {"V_SIN_F32", estimate<[](float a) { return sine(a); }>, kind},
    {"V_COS_F32", estimate<[](float a) { return cosine(a); }>, kind},
    {"V_RCP_F64", estimate<[](double a) { return reciprocal(a); }>, kind},
    {"V_RSQ_F64", estimate<[](double a) { return reciprocal_root(a); }>, kind},
    {"V_SQRT_F64", estimate<[](double a) { return std::sqrt(a); }>, kind},
    {"V_RCP_F16", estimate<[](Half a) { return Half{1.0f / a.value}; }>, kind},
    {"V_SQRT_F16", estimate<[](Half a) { return Half{std::sqrt(a.value)}; }>, kind},
    {"V_RSQ_F16", estimate<[](Half a) { return Half{1.0f / std::sqrt(a.value)}; }>, kind},
    {"V_LOG_F16", estimate<[](Half a) { return Half{log2_of(a.value)}; }>, kind},
    {"V_EXP_F16", estimate<[](Half a) {
       return Half{static_cast<float>(exp2_of(static_cast<double>(a.value)))};
     }>,
     kind},
    {"V_SIN_F16", estimate<[](Half a) { return Half{sine(a.value)}; }>, kind},
    {"V_COS_F16", estimate<[](Half a) { return Half{cosine(a.value)}; }>, kind},
};

}  // namespace

std::span<const Binding> vop1_transcendental_bindings() {
  return bindings;
}

}  // namespace redbolt::emulator
