#include "operations/checks.hpp"

#include "redbolt/base/checked.hpp"
#include "redbolt/runtime/runtime_error.hpp"

namespace redbolt::runtime {

void refuse(const std::string& operation, const std::string& what) {
  throw RuntimeError(RuntimeErrorCode::invalid_argument, operation + ": " + what);
}

std::uint64_t checked_bytes(const std::string& operation, std::uint64_t a, std::uint64_t b,
                            std::uint64_t c) {
  const auto ab = checked_multiply(a, b);
  const auto abc = ab ? checked_multiply(*ab, c) : std::nullopt;
  if (!abc) refuse(operation, "the sizes are too large");
  return *abc;
}

std::uint64_t matrix_bytes(const std::string& operation, const WeightMatrix& matrix) {
  if (matrix.rows == 0 || matrix.columns == 0) refuse(operation, "a matrix without elements");
  const auto row = row_bytes(matrix.type, matrix.columns);
  if (!row)
    refuse(operation, "rows of " + std::to_string(matrix.columns) + " are not whole blocks of " +
                          std::string(info(matrix.type).name));
  return checked_bytes(operation, *row, matrix.rows, 1);
}

std::uint64_t weight_alignment(WeightType type) {
  return type == WeightType::f32 ? 4 : 2;
}

void check_capacity(const std::string& operation, std::uint32_t capacity, StepRows step) {
  if (capacity == 0) refuse(operation, "the capacity must be 1 at least");
  if (step == StepRows::slots && capacity > max_step_slots)
    refuse(operation,
           "a step feeds at most " + std::to_string(max_step_slots) + " sequences at once");
}

}  // namespace redbolt::runtime
